package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// oneBit512 emits the product with bits. The four bits of half a byte are taken where they
// are and summed apart: as 1, 2, 4 and 8 times the bit, where the code is twice the bit.
func oneBit512() {
	function("oneBitVecAVX512", formSignature, formDoc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	var masks [4]VecVirtual
	for i := range masks {
		masks[i] = pattern(1 << i)
	}
	Label("band")
	q, s, groups := param("q"), param("scale"), param("groups")
	sum := zmms(2)
	zeroZ(sum...)
	loop("group", groups, func() {
		var acc [2][4][]VecVirtual // [half of the rows][bit][plane]
		for i := range acc {
			for b := range acc[i] {
				acc[i][b] = zmms(2)
			}
		}
		for i := range acc {
			VPBROADCASTD(at(s, minusAt), acc[i][1][0])
			zeroZ(acc[i][1][1])
			for _, b := range []int{0, 2, 3} {
				zeroZ(acc[i][b]...)
			}
		}
		PREFETCHT0(at(scales, aheadScales))
		for l := range oneBitLines {
			w := zmms(2)
			for i := range w {
				PREFETCHT1(at(data, aheadCodes+lineBytes*l+64*i))
				VMOVDQU64(at(data, lineBytes*l+64*i), w[i])
			}
			for b := range 8 {
				c := zmms(2)
				for i := range c {
					if b == 4 {
						VPSRLW(U8(4), w[i], w[i])
					}
					VPANDD(masks[b%4], w[i], c[i])
				}
				for plane := range 2 {
					a := ZMM()
					VPBROADCASTD(fieldAt(q, 2*l+b%2, b/2, plane), a)
					for i := range c {
						VPDPBUSD(a, c[i], acc[i][b%4][plane])
					}
				}
			}
		}
		top := zmms(2)
		outliers("", s, 0, func() { zeroZ(top...) }, func(o Register) {
			count, a, c := XMM(), ZMM(), ZMM()
			line := bitLineOf(o, data, count)
			VPBROADCASTD(at(o, 0), a)
			for i := range top {
				VMOVDQU64(at(line, 64*i), c)
				VPSRLD(count, c, c)
				VPANDD(masks[0], c, c)
				VPDPBUSD(a, c, top[i])
			}
		}, func() {
			for i, v := range top {
				VPSLLD(U8(9), v, v) // a code is twice the bit
				VPADDD(v, acc[i][1][1], acc[i][1][1])
			}
		})
		advance(oneBitLines*lineBytes, data)
		advance(groupQuantised, q)
		d := zmms(2)
		scalesOf("", NewParamAddr("wide", wideAt), scales, d...)
		for i, sum := range sum {
			for plane := range 2 {
				a := acc[i]
				VPSRAD(U8(2), a[3][plane], a[3][plane]) // multiples: exact
				VPSRAD(U8(1), a[2][plane], a[2][plane])
				VPADDD(a[0][plane], a[0][plane], a[0][plane])
				VPADDD(a[3][plane], a[2][plane], a[2][plane])
				VPADDD(a[0][plane], a[1][plane], a[1][plane])
				VPADDD(a[2][plane], a[1][plane], a[1][plane])
			}
			addForm(acc[i][1], s, d[i], sum)
		}
		advance(scaleBytes, s)
	})
	endForm(sum, y, bands)
}

// bitLineOf is lineOf for bits.
func bitLineOf(o, group Register, count Vec) (line GPVirtual) {
	line, shift, odd := GP64(), GP32(), GP32()
	MOVWLZX(at(o, outlierLine), odd)
	MOVBLZX(at(o, outlierShift), shift)
	MOVL(odd, line.As32())
	SHRL(U8(1), line.As32())
	ANDL(I8(-lineBytes), line.As32())
	ADDQ(group, line)
	ANDL(U32(lineBytes), odd)
	SHRL(U8(7), odd)
	ADDL(odd, shift)
	VMOVD(shift, count.AsX())
	return line
}

// oneBitAVX2 emits the product with bits, a line of a whole band at a time.
func oneBitAVX2() {
	function("oneBitVecAVX2", formSignature, formDoc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	sums, w, c, lo, hi, t := y256[:8], y256[8:12], Y12, Y13, Y14, Y15
	beginBand(y, t)
	q, s, groups := param("q"), param("scale"), param("groups")
	loop("group", groups, func() {
		PREFETCHT1(at(scales, aheadScales))
		for _, sum := range sums {
			VPXOR(sum, sum, sum)
		}
		n, group := GP64(), GP64()
		MOVQ(U32(oneBitLines), n)
		MOVQ(data, group)
		loop("line", n, func() {
			for r, v := range w {
				VMOVDQU(at(data, 32*r), v)
			}
			PREFETCHT1(at(data, aheadCodes))
			PREFETCHT1(at(data, aheadCodes+64))
			for b := range 8 {
				VPBROADCASTD(fieldAt(q, b%2, b/2, 0), lo)
				VPBROADCASTD(fieldAt(q, b%2, b/2, 1), hi)
				for r, v := range w {
					VPAND(bits(0x01010101), v, c)
					if b < 7 {
						VPSRLW(U8(1), v, v)
					}
					VPMADDUBSW(lo, c, t)
					VPADDW(t, sums[2*r], sums[2*r])
					VPMADDUBSW(hi, c, t)
					VPADDW(t, sums[2*r+1], sums[2*r+1])
				}
			}
			advance(lineBytes, data)
			advance(2*2*pieceBytes, q)
		})
		VMOVDQU(bits(0x00010001), t)
		for r := range 4 {
			v := sums[2*r+1]
			VPMADDWD(t, sums[2*r], sums[2*r])
			VPMADDWD(t, v, v)
			VPSLLD(U8(8), v, v)
			VPADDD(sums[2*r], v, v)
		}
		top := []reg.VecPhysical{sums[0], sums[2], sums[4], sums[6]}
		outliers("", s, 0, func() {
			for _, v := range top {
				VPXOR(v, v, v)
			}
		}, func(o Register) {
			line := bitLineOf(o, group, hi)
			VPBROADCASTD(at(o, 0), lo)
			for r, v := range top {
				VMOVDQU(at(line, 32*r), c)
				VPSRLD(hi.AsX(), c, c)
				VPAND(bits(0x01010101), c, c)
				VPMADDUBSW(lo, c, c)
				VPADDW(c, v, v)
			}
		}, func() {
			for r, v := range top {
				VPMADDWD(t, v, v)
				VPSLLD(U8(16), v, v)
				VPADDD(v, sums[2*r+1], sums[2*r+1])
			}
		})
		VPBROADCASTD(at(s, minusAt), lo)
		VBROADCASTSS(at(s, 0), hi)
		for r := range 4 {
			v := sums[2*r+1]
			VPADDD(v, v, v) // a code is twice the bit
			VPADDD(lo, v, v)
			VCVTDQ2PS(v, v)
			VMULPS(hi, v, v)
		}
		term := func(r int) {
			VADDPS(at(y, 32*r), sums[2*r+1], sums[2*r+1])
			VMOVUPS(sums[2*r+1], at(y, 32*r))
		}
		CMPQ(NewParamAddr("wide", wideAt), U8(0))
		JNE(LabelRef("wide"))
		for r := range 4 {
			VCVTPH2PS(at(scales, 16*r), w[r])
			VMULPS(w[r], sums[2*r+1], sums[2*r+1])
			term(r)
		}
		advance(2*bandRows, scales)
		JMP(LabelRef("added"))
		Label("wide")
		for r := range 4 {
			VMULPS(at(scales, 32*r), sums[2*r+1], sums[2*r+1])
			term(r)
		}
		advance(4*bandRows, scales)
		Label("added")
		advance(scaleBytes, s)
	})
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// oneBitVNNI emits the same with AVX-VNNI, half a band at a time. Odd bits are taken as
// twice the bit, which is the code, and summed apart.
func oneBitVNNI() {
	function("oneBitVecVNNI", formSignature, formDoc)
	local := AllocLocal(4 * bandRows)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	sum := func(r, odd, plane int) reg.VecPhysical { return y256[r*4+odd*2+plane] } // of 8 rows
	c, masks, w, a := y256[8:10], y256[10:12], y256[12:14], Y14
	VMOVDQU(bits(0x01010101), masks[0])
	VMOVDQU(bits(0x02020202), masks[1])
	beginBand(y, a)
	q, s, groups := param("q"), param("scale"), param("groups")
	loop("group", groups, func() {
		scalesToStack("", NewParamAddr("wide", wideAt), scales, local)
		PREFETCHT1(at(scales, aheadScales))
		second := GP64() // 0, then 64
		XORQ(second, second)
		from := GP64()
		Label("half")
		LEAQ(Mem{Base: data, Index: second, Scale: 1}, from)
		for _, v := range y256[:8] {
			VPXOR(v, v, v)
		}
		for l := range oneBitLines {
			PREFETCHT1(at(from, aheadCodes+lineBytes*l))
			for r, v := range w {
				VMOVDQU(at(from, lineBytes*l+32*r), v)
			}
			for k := range 4 {
				for odd := range 2 {
					for r, v := range w {
						VPAND(masks[odd], v, c[r])
						if odd == 1 && k < 3 {
							VPSRLW(U8(2), v, v)
						}
					}
					for plane := range 2 {
						VPBROADCASTD(fieldAt(q, 2*l+odd, k, plane), a)
						for r, v := range c {
							dpbusd(a, v, sum(r, odd, plane))
						}
					}
				}
			}
		}
		for r := range 2 {
			for plane := range 2 {
				even := sum(r, 0, plane)
				VPADDD(even, even, even)
				VPADDD(sum(r, 1, plane), even, even)
			}
		}
		top := []reg.VecPhysical{sum(0, 1, 0), sum(1, 1, 0)}
		outliers("", s, 0, func() {
			for _, v := range top {
				VPXOR(v, v, v)
			}
		}, func(o Register) {
			line := bitLineOf(o, data, w[0])
			ADDQ(second, line)
			VPBROADCASTD(at(o, 0), a)
			for r, v := range top {
				VMOVDQU(at(line, 32*r), c[r])
				VPSRLD(w[0].AsX(), c[r], c[r])
				VPAND(masks[0], c[r], c[r])
				dpbusd(a, c[r], v)
			}
		}, func() {
			for r, v := range top {
				VPSLLD(U8(9), v, v) // a code is twice the bit
				VPADDD(v, sum(r, 0, 1), sum(r, 0, 1))
			}
		})
		for r := range 2 {
			at := func(m Mem) Mem { m.Index, m.Scale = second, 1; return m.Offset(32 * r) }
			v := onVNNI.whole([]reg.VecPhysical{sum(r, 0, 0), sum(r, 0, 1)})
			addTerm(v, a, s, 0, at(local), at(Mem{Base: y}))
		}
		ADDQ(U8(64), second)
		CMPQ(second, U8(64))
		JE(LabelRef("half"))
		advance(oneBitLines*lineBytes, data)
		advance(groupQuantised, q)
		advance(scaleBytes, s)
	})
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}
