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

// columns is where the four columns of a field stand in the activations of a group.
func columns(line, field int) int { return line/2*16 + (line%2*2+field)*4 }

// scan512 takes the high nibbles as sixteen times their value, in a sum of their own.
func scan512() {
	function("scanAVX512", scanSignature, scanDoc)
	lower, upper, codes, scales, bands := param("lower"), param("upper"), param("codes"), param("scales"), param("bands")
	nibbles := []VecVirtual{pattern(0x0f), pattern(0xf0)}
	Label("band")
	q, group, groups := param("q"), param("group"), param("groups")
	sum, square := ZMM(), ZMM()
	zeroZ(sum, square)
	loop("group", groups, func() {
		acc := zmms(2) // of each nibble
		VPBROADCASTD(at(group, 0), acc[0])
		zeroZ(acc[1])
		PREFETCHT0(at(scales, 512))
		for l := range scanLines {
			w := ZMM()
			PREFETCHT1(at(codes, scanAhead+scanLine*l))
			VMOVDQU64(at(codes, scanLine*l), w)
			for n, mask := range nibbles {
				c := ZMM()
				VPANDD(mask, w, c)
				VPDPBUSD_BCST(at(q, columns(l, n)), c, acc[n])
			}
		}
		dot, s := acc[0], ZMM()
		VPSRAD(U8(4), acc[1], acc[1]) // a multiple of 16: exact
		VPADDD(acc[1], dot, dot)
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
		advance(64, q)
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

// scanFour512 is scan512 for four parts of the bands side by side. In place of the lines past
// their ends it fetches the first ones of next, of parts of the same size: see matVecFour512.
func scanFour512() {
	function("scanFourAVX512", "func(lower, upper *float32, codes *byte, scales *uint16, q *int8, group *byte, bands, groups int, slack, tiny float32, next *byte, nextScales *uint16)",
		"stores the bounds of 4·bands bands of groups ≥ 1 groups, and fetches the first lines of as many bands at next. bands ≥ 1.")
	const aheadGroups, aheadScales = 3, 512
	codes, scales, bands := param("codes"), param("scales"), param("bands")
	part, part3, quarter, quarter3 := GP64(), GP64(), GP64(), GP64() // bytes of codes and of scales
	done, rows := AllocLocal(8), AllocLocal(8)                       // bytes of bounds: of the bands before, and of a part
	MOVQ(bands, part)
	SHLQ(U8(6), part)
	MOVQ(part, rows)
	MOVQ(U32(0), done)
	MOVQ(bands, part)
	IMULQ(address("groups"), part)
	MOVQ(part, quarter)
	SHLQ(U8(5), quarter)
	SHLQ(U8(9), part)
	LEAQ(Mem{Base: part, Index: part, Scale: 2}, part3)
	LEAQ(Mem{Base: quarter, Index: quarter, Scale: 2}, quarter3)
	ahead := GP64()
	LEAQ(at(codes, aheadGroups*scanBytes), ahead)
	of := func(p, one, three Register, i, offset int) Mem {
		if i == 3 {
			return Mem{Base: p, Index: three, Scale: 1, Disp: offset}
		}
		return row(p, one, i, offset)
	}
	acc := func(i, nibble int) reg.VecPhysical { return z512[2*i+nibble] }
	sum, square, nibbles, a, c, s := z512[8:12], z512[12:16], z512[16:18], Z18, Z19, Z20
	for i, v := range nibbles {
		VPBROADCASTD(bits(0x0f0f0f0f<<(4*i)), v)
	}
	Label("band")
	q, group, groups, last := param("q"), param("group"), param("groups"), GP64() // last: groups for which next is fetched
	XORQ(last, last)
	for _, v := range z512[8:16] {
		VPXORD(v, v, v)
	}
	CMPQ(bands, U8(1))
	JNE(LabelRef("group"))
	cutLast(groups, last, aheadGroups)
	loop("group", groups, func() {
		for i := range sum {
			VPBROADCASTD(at(group, 0), acc(i, 0))
			VPXORD(acc(i, 1), acc(i, 1), acc(i, 1))
			PREFETCHT0(of(scales, quarter, quarter3, i, aheadScales))
		}
		for l := range scanLines {
			for n, mask := range nibbles {
				VPBROADCASTD(at(q, columns(l, n)), a)
				for i := range sum {
					if n == 0 {
						PREFETCHT0(of(ahead, part, part3, i, scanLine*l))
					}
					VPANDD(of(codes, part, part3, i, scanLine*l), mask, c)
					VPDPBUSD(a, c, acc(i, n))
				}
			}
		}
		for i := range sum {
			dot, high := acc(i, 0), acc(i, 1)
			VPSRAD(U8(4), high, high) // a multiple of 16: exact
			VPADDD(high, dot, dot)
			VCVTDQ2PS(dot, dot)
			VMULPS_BCST(at(group, 4), dot, dot)
			VPMOVZXWD(of(scales, quarter, quarter3, i, 0), s)
			VPSLLD(U8(16), s, s)
			VMULPS(s, dot, dot)
			VADDPS(dot, sum[i], sum[i])
			VMULPS(s, s, s)
			VMULPS_BCST(at(group, 8), s, s)
			VADDPS(s, square[i], square[i])
		}
		advance(scanBytes, codes, ahead)
		advance(2*scanRows, scales)
		advance(64, q)
		advance(groupBytes, group)
	})
	TESTQ(last, last)
	JZ(LabelRef("bounds"))
	Label("next")
	MOVQ(address("nextScales"), ahead)
	for i := range sum {
		for offset := 0; offset < aheadScales; offset += 64 {
			PREFETCHT0(of(ahead, quarter, quarter3, i, offset))
		}
	}
	MOVQ(address("next"), ahead)
	MOVQ(last, groups)
	XORQ(last, last)
	JMP(LabelRef("group"))

	Label("bounds")
	lower, upper := param("lower"), param("upper")
	ADDQ(done, lower)
	ADDQ(done, upper)
	for i := range sum {
		low := a
		VSQRTPS(square[i], square[i])
		VMULPS_BCST(address("slack"), square[i], square[i])
		VADDPS_BCST(address("tiny"), square[i], square[i])
		VSUBPS(square[i], sum[i], low)
		VADDPS(square[i], sum[i], sum[i])
		// Of two operands, one of them a NaN, these give the first here.
		VMAXPS_BCST(float(math.Inf(-1)), low, low)
		VMINPS_BCST(float(math.Inf(1)), sum[i], sum[i])
		VMOVUPS(low, at(lower, 0))
		VMOVUPS(sum[i], at(upper, 0))
		ADDQ(rows, lower)
		ADDQ(rows, upper)
	}
	ADDQ(U8(4*scanRows), done)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// scanEach512 is scan512 of n vectors, 2 to 8, for which each line is read and split into
// nibbles once. The high ones are shifted, so that a vector has one sum.
func scanEach512(n int) {
	function(fmt.Sprintf("scan%dAVX512", n), "func(rows *byte, codes *byte, scales *uint16, bands, groups int, next *byte)",
		fmt.Sprintf("stores the bounds of %d vectors for bands ≥ 1 bands of groups ≥ 1 groups, and fetches from next on at their end.", n))
	const size, qAt, groupAt, lowerAt, upperAt, slackAt, tinyAt = 40, 0, 8, 16, 24, 32, 36 // of scanRow
	rows, codes, scales := param("rows"), param("codes"), param("scales")
	// General registers are few: these stand in memory.
	bands, done, groups, end := AllocLocal(8), AllocLocal(8), AllocLocal(8), AllocLocal(8)
	soon := param("bands") // what is fetched, until it comes to the end
	MOVQ(soon, bands)
	IMULQ(NewParamAddr("groups", 32), soon)
	SHLQ(U8(9), soon)
	ADDQ(codes, soon)
	MOVQ(soon, end)
	LEAQ(at(codes, scanAhead), soon)
	MOVQ(U32(0), done)
	acc, sum, square := z512[:n], z512[8:], z512[16:]
	low, w, c, s, s2 := Z24, Z25, z512[26:28], Z28, Z29
	VPBROADCASTD(bits(0x0f0f0f0f), low)
	Label("band")
	q, group, at12 := make([]Register, n), GP64(), GP64()
	MOVQ(NewParamAddr("groups", 32), group)
	MOVQ(group, groups)
	XORQ(at12, at12)
	for i := range q {
		v := GP64()
		MOVQ(at(rows, size*i+qAt), v)
		q[i] = v
		VPXORD(sum[i], sum[i], sum[i])
		VPXORD(square[i], square[i], square[i])
	}
	of := func(i, offset int) Mem { // the group of a vector
		MOVQ(at(rows, size*i+groupAt), group)
		return Mem{Base: group, Index: at12, Scale: 1, Disp: offset}
	}
	loop("group", groups, func() {
		for i, a := range acc {
			VPBROADCASTD(of(i, 0), a)
		}
		PREFETCHT0(at(scales, 512))
		for l := range scanLines {
			PREFETCHT1(at(soon, scanLine*l))
			VMOVDQU64(at(codes, scanLine*l), w)
			VPANDD(low, w, c[0])
			VPSRLD(U8(4), w, w)
			VPANDD(low, w, c[1])
			for k := range c {
				for i, a := range acc {
					VPDPBUSD_BCST(at(q[i], columns(l, k)), c[k], a)
				}
			}
		}
		VPMOVZXWD(at(scales, 0), s)
		VPSLLD(U8(16), s, s)
		VMULPS(s, s, s2)
		for i, dot := range acc {
			VCVTDQ2PS(dot, dot)
			VMULPS_BCST(of(i, 4), dot, dot)
			VMULPS(s, dot, dot)
			VADDPS(dot, sum[i], sum[i])
			VMULPS_BCST(of(i, 8), s2, w)
			VADDPS(w, square[i], square[i])
		}
		advance(scanBytes, codes, soon)
		CMPQ(soon, end)
		JNE(LabelRef("fetched"))
		MOVQ(NewParamAddr("next", 40), soon)
		Label("fetched")
		advance(2*scanRows, scales)
		advance(64, q...)
		advance(groupBytes, at12)
	})
	at64 := at12
	MOVQ(done, at64)
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
		VMOVUPS(w, Mem{Base: group, Index: at64, Scale: 1})
		MOVQ(at(rows, size*i+upperAt), group)
		VMOVUPS(sum[i], Mem{Base: group, Index: at64, Scale: 1})
	}
	advance(4*scanRows, at64)
	MOVQ(at64, done)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// scan256 has sums of its own for each half of a band and each nibble, as every addition to
// one must wait for that before. With AVX-VNNI, whose additions take longer, every other line
// has sums of its own, too, and high nibbles are taken as sixteen times their value. With AVX2
// sums have 16 bits, which hold the eight lines of a group: 8·2·15·128 = 30720.
func scan256(i isa) {
	function("scan"+i.name, scanSignature, scanDoc)
	lower, upper, codes, scales, bands := param("lower"), param("upper"), param("codes"), param("scales"), param("bands")
	sum, square, low, a, c := y256[0:2], y256[2:4], Y4, Y5, Y6
	acc := [2][]reg.VecPhysical{y256[7:9], y256[9:11]}       // [half][nibble]
	others := [2][]reg.VecPhysical{y256[11:13], y256[13:15]} // the same of every other line
	high, w, s := Y15, Y11, Y12
	VPBROADCASTB(nibble(), low)
	if i.vnni {
		VPSLLD(U8(4), low, high)
	}
	Label("band")
	for _, v := range y256[:4] {
		VPXOR(v, v, v)
	}
	q, group, groups := param("q"), param("group"), param("groups")
	loop("group", groups, func() {
		for h := range acc {
			for n, v := range acc[h] {
				VPXOR(v, v, v)
				if i.vnni {
					VPXOR(others[h][n], others[h][n], others[h][n])
				}
			}
		}
		PREFETCHT0(at(scales, 512))
		for l := range scanLines {
			PREFETCHT1(at(codes, scanAhead+scanLine*l))
			line := func(h int) Mem { return at(codes, scanLine*l+32*h) }
			into := acc
			if i.vnni && l%2 == 1 {
				into = others
			}
			for n, mask := range []reg.VecPhysical{low, high} {
				VPBROADCASTD(at(q, columns(l, n)), a)
				for h := range into {
					switch {
					case i.vnni || n == 0:
						VPAND(line(h), mask, c)
					default:
						VMOVDQU(line(h), c)
						VPSRLW(U8(4), c, c)
						VPAND(low, c, c)
					}
					i.product(a, c, into[h][n])
				}
			}
		}
		for h, v := range acc {
			dot, t := v[0], v[1]
			if i.vnni {
				for n, o := range others[h] {
					VPADDD(o, v[n], v[n])
				}
				VPSRAD(U8(4), t, t) // a multiple of 16: exact
			} else {
				for _, v := range v {
					VPMADDWD(bits(0x00010001), v, v)
				}
			}
			VPADDD(t, dot, dot)
			VPBROADCASTD(at(group, 0), a)
			VPADDD(a, dot, dot)
			VCVTDQ2PS(dot, dot)
			VBROADCASTSS(at(group, 4), a)
			VMULPS(a, dot, dot)
			VPMOVZXWD(at(scales, scanRows*h), s)
			VPSLLD(U8(16), s, s)
			VMULPS(s, dot, dot)
			VADDPS(dot, sum[h], sum[h])
			VMULPS(s, s, s)
			VBROADCASTSS(at(group, 8), a)
			VMULPS(a, s, s)
			VADDPS(s, square[h], square[h])
		}
		advance(scanBytes, codes)
		advance(2*scanRows, scales)
		advance(64, q)
		advance(groupBytes, group)
	})
	VBROADCASTSS(NewParamAddr("slack", scanSlackAt), w)
	VBROADCASTSS(NewParamAddr("tiny", scanTinyAt), a)
	for h := range sum {
		VSQRTPS(square[h], c)
		VMULPS(w, c, c)
		VADDPS(a, c, c)
		VSUBPS(c, sum[h], s)
		VADDPS(c, sum[h], c)
		VMAXPS(float(math.Inf(-1)), s, s) // of a NaN and this, this
		VMINPS(float(math.Inf(1)), c, c)
		VMOVUPS(s, at(lower, 32*h))
		VMOVUPS(c, at(upper, 32*h))
	}
	advance(4*scanRows, lower, upper)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// nibble is the address of bytes 15.
func nibble() Mem { return bits(0x0f0f0f0f) }
