package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// This file takes codes out of blocks: base-3 digits, pairs of bits and signs.

// base3 takes digits out of bytes, which are fractions b/256: 3b has the digit in
// front of the point and the rest behind it.
type base3 struct{ one, two VecVirtual }

func newBase3() base3 { return base3{fill(86), fill(171)} } // 3b ≥ 256, 3b ≥ 512

// digit is 0, 1 or 2 in each byte. x may be digits.
func (c base3) digit(x VecVirtual) VecVirtual {
	a, b, d := YMM(), YMM(), YMM()
	VPMAXUB(c.one, x, a)
	VPCMPEQB(x, a, a)
	VPMAXUB(c.two, x, b)
	VPCMPEQB(x, b, b)
	VPADDB(a, b, b)
	VPXOR(d, d, d)
	VPSUBB(b, d, d)
	return d
}

// times3 multiplies bytes by three, in place.
func times3(x VecVirtual) {
	t := YMM()
	VPADDB(x, x, t)
	VPADDB(t, x, x)
}

// digits16 are five digits of each of 16 bytes, two digits to a register.
func (c base3) digits16(x VecVirtual) []VecVirtual {
	VINSERTI128(U8(1), x.AsX(), x, x)
	t := YMM()
	high := YMM()
	VMOVDQA(x, high)
	times3(high)
	VPBLENDD(U8(0xf0), high, x, t) // x | 3x
	var out []VecVirtual
	for range 3 {
		out = append(out, c.digit(t))
		times3(t)
		times3(t)
	}
	return out
}

func tq1() {
	function("tq1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of TQ1_0 to blocks of TQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	c := newBase3()
	loop("block", blocks, func() {
		x, first, second := YMM(), YMM(), YMM()
		VMOVDQU(at(src, 0), x)
		for n := range 4 {
			d := c.digit(x)
			if n == 0 {
				VMOVDQA(d, first)
			} else {
				VPSLLW(U8(2*n), d, d)
				VPOR(d, first, first)
			}
			times3(x)
		}
		VMOVDQU(first, at(dst, 0))
		VMOVDQA(c.digit(x), second)

		z := YMM()
		VMOVDQU(at(src, 32), z.AsX())
		five := c.digits16(z)
		// The upper half of the last: four digits of each of four bytes.
		w := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VMOVD(at(src, 48), w[0].AsX())
		for n := 1; n < 4; n++ {
			VMOVDQA(w[n-1], w[n])
			times3(w[n])
		}
		VPUNPCKLDQ(w[1].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLDQ(w[3].AsX(), w[2].AsX(), w[2].AsX())
		VPUNPCKLQDQ(w[2].AsX(), w[0].AsX(), w[0].AsX())
		VINSERTI128(U8(1), c.digit(w[0]).AsX(), five[2], five[2])
		for n, d := range five {
			VPSLLW(U8(2+2*n), d, d)
			VPOR(d, second, second)
		}
		VMOVDQU(second, at(dst, 32))
		s := GP32()
		MOVWLZX(at(src, 52), s)
		MOVW(s.As16(), at(dst, 64))
		ADDQ(U8(54), src)
		ADDQ(U8(66), dst)
	})
	VZEROUPPER()
	RET()
}

// packer packs a code from each byte, four to a byte.
type packer struct{ pairs, quads, order VecVirtual }

func newPacker() packer {
	p := packer{YMM(), YMM(), YMM()}
	g := GP32()
	MOVL(U32(0x04010401), g)
	VMOVD(g, p.pairs.AsX())
	VPBROADCASTD(p.pairs.AsX(), p.pairs)
	MOVL(U32(0x00100001), g)
	VMOVD(g, p.quads.AsX())
	VPBROADCASTD(p.quads.AsX(), p.quads)
	VMOVDQU(packOrder(), p.order)
	return p
}

var packOrderAt *Mem

// packOrder undoes that packs of AVX2 work in halves.
func packOrder() Mem {
	if packOrderAt == nil {
		m := table("packOrder",
			0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0,
			2, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0)
		packOrderAt = &m
	}
	return *packOrderAt
}

// pack returns the 128 codes in four registers in one.
func (p packer) pack(v []VecVirtual) VecVirtual {
	for _, y := range v {
		VPMADDUBSW(p.pairs, y, y)
		VPMADDWD(p.quads, y, y)
	}
	VPACKUSDW(v[1], v[0], v[0])
	VPACKUSDW(v[3], v[2], v[2])
	VPACKUSWB(v[2], v[0], v[0])
	VPERMD(v[0], p.order, v[0])
	return v[0]
}

func tq2() {
	function("tq2AVX2", "func(dst, src *byte, blocks int) bool",
		"turns each block of TQ2_0 into two of PQ2_0. It returns whether a code is 3.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	p, mask, all := newPacker(), fill(3), YMM()
	VPXOR(all, all, all)
	loop("block", blocks, func() {
		s := GP32()
		MOVWLZX(at(src, 64), s)
		for half := range 2 {
			x := YMM()
			VMOVDQU(at(src, 32*half), x)
			threes(x, all)
			var v []VecVirtual
			for k := range 4 {
				y := YMM()
				if k == 0 {
					VPAND(mask, x, y)
				} else {
					VPSRLW(U8(2*k), x, y)
					VPAND(mask, y, y)
				}
				v = append(v, y)
			}
			MOVW(s.As16(), at(dst, 34*half))
			VMOVDQU(p.pack(v), at(dst, 34*half+2))
		}
		ADDQ(U8(66), src)
		ADDQ(U8(68), dst)
	})
	anyThree(all)
}

func ptq1() {
	function("ptq1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of PTQ1_0 to blocks of PQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	c, p := newBase3(), newPacker()
	loop("block", blocks, func() {
		x := YMM()
		VMOVDQU(at(src, 0), x.AsX())
		v := c.digits16(x) // 80 codes, and something in the upper half of the last

		// Eight bytes: b | 3b, then 9b | 27b, then 81b.
		b, b3, w := YMM(), YMM(), []VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VMOVQ(at(src, 16), b.AsX())
		VMOVDQA(b, b3)
		times3(b3)
		VPUNPCKLQDQ(b3.AsX(), b.AsX(), b.AsX())
		VINSERTI128(U8(1), c.digit(b).AsX(), v[2], v[2])
		times3(b)
		times3(b)
		last := YMM()
		VMOVDQA(c.digit(b), last)
		times3(b)
		times3(b)
		// Two bytes, four digits of each.
		g := GP32()
		MOVWLZX(at(src, 24), g)
		VMOVD(g, w[0].AsX())
		for n := 1; n < 4; n++ {
			VMOVDQA(w[n-1], w[n])
			times3(w[n])
		}
		VPUNPCKLWD(w[1].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLWD(w[3].AsX(), w[2].AsX(), w[2].AsX())
		VPUNPCKLDQ(w[2].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLQDQ(w[0].AsX(), b.AsX(), b.AsX())
		VINSERTI128(U8(1), c.digit(b).AsX(), last, last)

		VMOVDQU(p.pack(append(v, last)), at(dst, 2))
		MOVWLZX(at(src, 26), g)
		MOVW(g.As16(), at(dst, 0))
		ADDQ(U8(28), src)
		ADDQ(U8(34), dst)
	})
	VZEROUPPER()
	RET()
}

func q1() {
	function("q1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of Q1_0 to blocks of PQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	var spread []uint8 // of a nibble, bit i to bit 2i+1
	for n := range uint8(16) {
		spread = append(spread, n&1<<1|n&2<<2|n&4<<3|n&8<<4)
	}
	lut, mask := XMM(), fill(15)
	VMOVDQU(table("spread", spread...), lut)
	loop("block", blocks, func() {
		x, h, y := XMM(), XMM(), XMM()
		VMOVDQU(at(src, 2), x)
		VPSRLW(U8(4), x, h)
		VPAND(mask.AsX(), x, x)
		VPAND(mask.AsX(), h, h)
		VPSHUFB(x, lut, x)
		VPSHUFB(h, lut, h)
		VPUNPCKLBW(h, x, y)
		VMOVDQU(y, at(dst, 2))
		VPUNPCKHBW(h, x, y)
		VMOVDQU(y, at(dst, 18))
		s := GP32()
		MOVWLZX(at(src, 0), s)
		MOVW(s.As16(), at(dst, 0))
		ADDQ(U8(18), src)
		ADDQ(U8(34), dst)
	})
	VZEROUPPER()
	RET()
}
