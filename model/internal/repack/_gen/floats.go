package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// This file looks at floats: magnitudes, their narrow form, and whether all are finite.

// words fills a register with a 16-bit word.
func words(v uint16) VecVirtual {
	g, y := GP32(), YMM()
	MOVL(U32(uint32(v)*0x10001), g)
	VMOVD(g, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

func widest() {
	function("widestAVX2", "func(bits *uint16, n int) uint16", "is the largest magnitude of n times 16 numbers, of which 0xffff is none.")
	bits, n := param("bits"), param("n")
	magnitude, none, top := words(0x7fff), words(0xffff), YMM()
	VPXOR(top, top, top)
	loop("next", n, func() {
		x, t := YMM(), YMM()
		VMOVDQU(at(bits, 0), x)
		VPCMPEQW(none, x, t)
		VPANDN(x, t, x)
		VPAND(magnitude, x, x)
		VPMAXUW(x, top, top)
		ADDQ(U8(32), bits)
	})
	t := XMM()
	VEXTRACTI128(U8(1), top, t)
	VPMAXUW(t, top.AsX(), t)
	VPXOR(none.AsX(), t, t) // the least of the complements
	VPHMINPOSUW(t, t)
	VPXOR(none.AsX(), t, t)
	r := GP32()
	VMOVD(t, r)
	VZEROUPPER()
	Store(r.As16(), ReturnIndex(0))
	RET()
}

func narrow() {
	function("narrowAVX2", "func(low, high *byte, bits *uint16, n int, limit uint32) bool",
		"keeps n times 32 numbers in 12 bits. It returns whether one has none; limit is in both halves.")
	low, high, bits, n := param("low"), param("high"), param("bits"), param("n")
	limit, magnitude, none, mask, all := YMM(), words(0x7fff), words(0xffff), words(2047), YMM()
	VMOVD(Load(Param("limit"), GP32()), limit.AsX())
	VPBROADCASTD(limit.AsX(), limit)
	VPXOR(all, all, all)
	loop("next", n, func() {
		var v []VecVirtual
		for i := range 2 {
			x, m, below, odd, zero := YMM(), YMM(), YMM(), YMM(), YMM()
			VMOVDQU(at(bits, 32*i), x)
			VPAND(magnitude, x, m)
			VPSUBW(m, limit, below)
			VPMAXUW(mask, below, odd) // at least 2047 below, none among them
			VPCMPEQW(odd, below, odd)
			VPCMPEQW(none, x, zero)
			VPOR(zero, odd, odd)
			VPXOR(zero, zero, zero)
			VPCMPEQW(m, zero, zero)
			t := YMM()
			VPANDN(odd, zero, t)
			VPOR(t, all, all)
			VPOR(zero, odd, odd)
			VPBLENDVB(odd, mask, below, below)
			VPSUBW(below, limit, below)
			VPAND(mask, below, below)
			VPANDN(x, magnitude, x) // the sign
			VPSRLW(U8(4), x, x)
			VPOR(x, below, below)
			v = append(v, below)
		}
		h, t := YMM(), YMM()
		VPSRLW(U8(8), v[0], h)
		VPSRLW(U8(8), v[1], t)
		VPSLLW(U8(4), t, t)
		VPOR(t, h, h)
		VPACKUSWB(h, h, h)
		VPERMQ(U8(0x08), h, h)
		VMOVDQU(h.AsX(), at(high, 0))
		VPSLLW(U8(8), v[0], v[0])
		VPSRLW(U8(8), v[0], v[0])
		VPSLLW(U8(8), v[1], v[1])
		VPSRLW(U8(8), v[1], v[1])
		VPACKUSWB(v[1], v[0], v[0])
		VPERMQ(U8(0xd8), v[0], v[0])
		VMOVDQU(v[0], at(low, 0))
		ADDQ(U8(64), bits)
		ADDQ(U8(32), low)
		ADDQ(U8(16), high)
	})
	VPTEST(all, all)
	r := GP8()
	SETNE(r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

func shorten() {
	function("shortenAVX2", "func(bits *uint16, src *byte, n int)",
		"turns n times 16 binary16 numbers into bfloat16, 0xffff where that would round.")
	bits, src, n := param("bits"), param("src"), param("n")
	low, zero := YMM(), YMM()
	VPCMPEQD(low, low, low)
	VPSRLD(U8(16), low, low)
	VPXOR(zero, zero, zero)
	loop("next", n, func() {
		var v []VecVirtual
		for i := range 2 {
			x, t := YMM(), YMM()
			VCVTPH2PS(at(src, 16*i), x)
			VPAND(low, x, t)
			VPCMPEQD(zero, t, t) // all bits where nothing is lost
			VPSRLD(U8(16), x, x)
			VPANDN(low, t, t)
			VPOR(t, x, x)
			v = append(v, x)
		}
		VPACKUSDW(v[1], v[0], v[0])
		VPERMQ(U8(0xd8), v[0], v[0])
		VMOVDQU(v[0], at(bits, 0))
		ADDQ(U8(32), src)
		ADDQ(U8(32), bits)
	})
	VZEROUPPER()
	RET()
}

// finite compares exponents with one that is all ones.
func finite(name string, equal func(...Op)) {
	function(name, "func(src *byte, n int, exponent uint32) bool",
		"returns whether no number in n times 64 bytes has this exponent, twice the bits for two of them.")
	src, n := param("src"), param("n")
	e, all := YMM(), YMM()
	VMOVD(Load(Param("exponent"), GP32()), e.AsX())
	VPBROADCASTD(e.AsX(), e)
	VPXOR(all, all, all)
	loop("next", n, func() {
		for i := range 2 {
			x := YMM()
			VPAND(at(src, 32*i), e, x)
			equal(e, x, x)
			VPOR(x, all, all)
		}
		ADDQ(U8(64), src)
	})
	VPTEST(all, all)
	r := GP8()
	SETEQ(r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}
