package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// The scan of 4-bit codes: see the layout in scan.go of the package. A line holds four
// bytes, eight columns, of each of 16 rows, so every 32-bit lane is a row and nothing is
// added across a register. Activations are broadcast.
const (
	scanLine   = 64
	scanLines  = 8                    // of a group of a band
	scanBytes  = scanLines * scanLine // the group
	scanRows   = 16
	scanAhead  = 8192 // into L2, from where the caches fetch by themselves
	groupBytes = 12   // of what belongs to a group of the vector: minus, step, square

	scanSignature = "func(lower, upper *float32, codes *byte, scales *uint16, q *int8, group *byte, bands, groups int, slack, tiny float32)"
	scanDoc       = "stores the bounds of bands ≥ 1 bands of groups ≥ 1 groups."
	scanSlackAt   = 64
	scanTinyAt    = 68
)

// columns is where the four columns of a field stand in the activations of a group, in
// the lower plane; the higher is 16 bytes on.
func columns(line, field int) int { return line/2*32 + (line%2*2+field)*4 }

// scan512 takes the high nibbles as sixteen times their value, in sums of their own.
func scan512() {
	function("scanAVX512", scanSignature, scanDoc)
	lower, upper, codes, scales, bands := param("lower"), param("upper"), param("codes"), param("scales"), param("bands")
	nibbles := []VecVirtual{pattern(0x0f), pattern(0xf0)}
	Label("band")
	q, group, groups := param("q"), param("group"), param("groups")
	sum, square := ZMM(), ZMM()
	zeroZ(sum, square)
	loop("group", groups, func() {
		acc := [2][]VecVirtual{zmms(2), zmms(2)} // [plane][nibble]
		VPBROADCASTD(at(group, 0), acc[0][0])
		zeroZ(acc[0][1], acc[1][0], acc[1][1])
		PREFETCHT0(at(scales, 512))
		for l := range scanLines {
			w := ZMM()
			PREFETCHT1(at(codes, scanAhead+scanLine*l))
			VMOVDQU64(at(codes, scanLine*l), w)
			for n, mask := range nibbles {
				c := ZMM()
				VPANDD(mask, w, c)
				for p := range acc {
					VPDPBUSD_BCST(at(q, columns(l, n)+16*p), c, acc[p][n])
				}
			}
		}
		for _, plane := range acc {
			VPSRAD(U8(4), plane[1], plane[1]) // a multiple of 16: exact
			VPADDD(plane[1], plane[0], plane[0])
		}
		dot, s := acc[0][0], ZMM()
		VPSLLD(U8(8), acc[1][0], acc[1][0])
		VPADDD(acc[1][0], dot, dot)
		VCVTDQ2PS(dot, dot)
		VMULPS_BCST(at(group, 4), dot, dot)
		VPMOVZXWD(at(scales, 0), s)
		VPSLLD(U8(16), s, s)
		VMULPS(s, dot, dot)
		VADDPS(dot, sum, sum)
		VMULPS(s, s, s)
		VMULPS_BCST(at(group, 8), s, s)
		VADDPS(s, square, square)
		advance(scanBytes, codes)
		advance(2*scanRows, scales)
		advance(128, q)
		advance(groupBytes, group)
	})
	VSQRTPS(square, square)
	VMULPS_BCST(NewParamAddr("slack", scanSlackAt), square, square)
	VADDPS_BCST(NewParamAddr("tiny", scanTinyAt), square, square)
	low := ZMM()
	VSUBPS(square, sum, low)
	VADDPS(square, sum, sum)
	// Of two operands, one of them a NaN, these give the first here.
	VMAXPS_BCST(float(math.Inf(-1)), low, low)
	VMINPS_BCST(float(math.Inf(1)), sum, sum)
	VMOVUPS(low, at(lower, 0))
	VMOVUPS(sum, at(upper, 0))
	advance(4*scanRows, lower, upper)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// scanEach512 is scan512 of n vectors, 2 to 4, for which each line is read once.
func scanEach512(n int) {
	function(fmt.Sprintf("scan%dAVX512", n), "func(rows *byte, codes *byte, scales *uint16, bands, groups int)",
		fmt.Sprintf("stores the bounds of %d vectors for bands ≥ 1 bands of groups ≥ 1 groups.", n))
	const size, qAt, groupAt, lowerAt, upperAt, slackAt, tinyAt = 40, 0, 8, 16, 24, 32, 36 // of scanRow
	rows, codes, scales, bands, done := param("rows"), param("codes"), param("scales"), param("bands"), GP64()
	XORQ(done, done)
	nibbles, w, c, s, s2 := z512[24:26], Z26, z512[27:29], Z29, Z30
	for i, v := range nibbles {
		VPBROADCASTD(bits(0x0f0f0f0f<<(4*i)), v)
	}
	sum, square := z512[16:], z512[20:]
	clear := func(r reg.VecPhysical) { VPXORD(r, r, r) }
	Label("band")
	q, groups, group, at12 := make([]Register, n), param("groups"), GP64(), GP64()
	XORQ(at12, at12)
	for i := range q {
		v := GP64()
		MOVQ(at(rows, size*i+qAt), v)
		q[i] = v
		clear(sum[i])
		clear(square[i])
	}
	of := func(i, offset int) Mem { // the group of a vector
		MOVQ(at(rows, size*i+groupAt), group)
		return Mem{Base: group, Index: at12, Scale: 1, Disp: offset}
	}
	loop("group", groups, func() {
		acc := func(i, plane, nibble int) reg.VecPhysical { return z512[4*i+2*plane+nibble] }
		for i := range n {
			VPBROADCASTD(of(i, 0), acc(i, 0, 0))
			for k := 1; k < 4; k++ {
				clear(acc(i, k/2, k%2))
			}
		}
		PREFETCHT0(at(scales, 512))
		for l := range scanLines {
			PREFETCHT1(at(codes, scanAhead+scanLine*l))
			VMOVDQU64(at(codes, scanLine*l), w)
			for k, mask := range nibbles {
				VPANDD(mask, w, c[k])
			}
			for i := range n {
				for k := range c {
					for p := range 2 {
						VPDPBUSD_BCST(at(q[i], columns(l, k)+16*p), c[k], acc(i, p, k))
					}
				}
			}
		}
		VPMOVZXWD(at(scales, 0), s)
		VPSLLD(U8(16), s, s)
		VMULPS(s, s, s2)
		for i := range n {
			for p := range 2 {
				VPSRAD(U8(4), acc(i, p, 1), acc(i, p, 1)) // a multiple of 16: exact
				VPADDD(acc(i, p, 1), acc(i, p, 0), acc(i, p, 0))
			}
			dot, high := acc(i, 0, 0), acc(i, 1, 0)
			VPSLLD(U8(8), high, high)
			VPADDD(high, dot, dot)
			VCVTDQ2PS(dot, dot)
			VMULPS_BCST(of(i, 4), dot, dot)
			VMULPS(s, dot, dot)
			VADDPS(dot, sum[i], sum[i])
			VMULPS_BCST(of(i, 8), s2, w)
			VADDPS(w, square[i], square[i])
		}
		advance(scanBytes, codes)
		advance(2*scanRows, scales)
		advance(128, q...)
		advance(groupBytes, at12)
	})
	for i := range n {
		VSQRTPS(square[i], square[i])
		VMULPS_BCST(at(rows, size*i+slackAt), square[i], square[i])
		VADDPS_BCST(at(rows, size*i+tinyAt), square[i], square[i])
		VSUBPS(square[i], sum[i], w)
		VADDPS(square[i], sum[i], sum[i])
		// Of two operands, one of them a NaN, these give the first here.
		VMAXPS_BCST(float(math.Inf(-1)), w, w)
		VMINPS_BCST(float(math.Inf(1)), sum[i], sum[i])
		MOVQ(at(rows, size*i+lowerAt), group)
		VMOVUPS(w, Mem{Base: group, Index: done, Scale: 1})
		MOVQ(at(rows, size*i+upperAt), group)
		VMOVUPS(sum[i], Mem{Base: group, Index: done, Scale: 1})
	}
	advance(4*scanRows, done)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// scan256 takes half a band at a time, group by group: the second half of a line comes
// from L1. Sums of floats are kept in lower and upper meanwhile. With AVX2 products are
// added up in 16 bits, which hold eight pairs of neighbours: 8·2·15·128 = 30720.
func scan256(i isa) {
	function("scan"+i.name, scanSignature, scanDoc)
	lower, upper, codes, scales, bands := param("lower"), param("upper"), param("codes"), param("scales"), param("bands")
	half := func(p reg.Register, h int) Mem { return at(p, 32*h) }
	w, a, low, zero := Y8, Y9, Y10, Y11
	c := []reg.VecPhysical{Y12, Y13}
	one := bits(0x00010001)
	VPBROADCASTB(nibble(), low)
	VPXOR(zero, zero, zero)
	Label("band")
	for h := range 2 {
		VMOVUPS(zero, half(lower, h))
		VMOVUPS(zero, half(upper, h))
	}
	q, group, groups := param("q"), param("group"), param("groups")
	loop("group", groups, func() {
		for h := range 2 {
			acc := []reg.VecPhysical{Y0, Y1} // [plane], 32 bits
			few := []reg.VecPhysical{Y2, Y3} // the same in 16 bits
			VPBROADCASTD(at(group, 0), acc[0])
			VPXOR(acc[1], acc[1], acc[1])
			into := few
			if i.vnni {
				into = acc
			} else {
				for _, f := range few {
					VPXOR(f, f, f)
				}
			}
			for l := range scanLines {
				if h == 0 {
					PREFETCHT1(at(codes, scanAhead+scanLine*l))
				}
				VMOVDQU(at(codes, scanLine*l+32*h), w)
				VPAND(low, w, c[0])
				VPSRLW(U8(4), w, c[1])
				VPAND(low, c[1], c[1])
				for n := range c {
					for p := range into {
						VPBROADCASTD(at(q, columns(l, n)+16*p), a)
						i.product(a, c[n], into[p])
					}
				}
				if !i.vnni && l%4 == 3 {
					for p, f := range few {
						VPMADDWD(one, f, f)
						VPADDD(f, acc[p], acc[p])
						if l < scanLines-1 {
							VPXOR(f, f, f)
						}
					}
				}
			}
			dot, s := acc[0], Y4
			VPSLLD(U8(8), acc[1], acc[1])
			VPADDD(acc[1], dot, dot)
			VCVTDQ2PS(dot, dot)
			VBROADCASTSS(at(group, 4), a)
			VMULPS(a, dot, dot)
			VPMOVZXWD(at(scales, scanRows*h), s)
			VPSLLD(U8(16), s, s)
			VMULPS(s, dot, dot)
			VADDPS(half(upper, h), dot, dot)
			VMOVUPS(dot, half(upper, h))
			VMULPS(s, s, s)
			VBROADCASTSS(at(group, 8), a)
			VMULPS(a, s, s)
			VADDPS(half(lower, h), s, s)
			VMOVUPS(s, half(lower, h))
		}
		advance(scanBytes, codes)
		advance(2*scanRows, scales)
		advance(128, q)
		advance(groupBytes, group)
	})
	VBROADCASTSS(NewParamAddr("slack", scanSlackAt), w)
	VBROADCASTSS(NewParamAddr("tiny", scanTinyAt), a)
	for h := range 2 {
		VSQRTPS(half(lower, h), Y0)
		VMULPS(w, Y0, Y0)
		VADDPS(a, Y0, Y0)
		VMOVUPS(half(upper, h), Y1)
		VSUBPS(Y0, Y1, Y2)
		VADDPS(Y0, Y1, Y1)
		VMAXPS(float(math.Inf(-1)), Y2, Y2) // of a NaN and this, this
		VMINPS(float(math.Inf(1)), Y1, Y1)
		VMOVUPS(Y2, half(lower, h))
		VMOVUPS(Y1, half(upper, h))
	}
	advance(4*scanRows, lower, upper)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// nibble is the address of bytes 15.
func nibble() Mem { return bits(0x0f0f0f0f) }
