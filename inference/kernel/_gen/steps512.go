package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Steps on 512 bits that give the same bits as those on 256.

// absMax512 emits absMax.
func absMax512() {
	function("absMaxAVX512", "func(x *float32, n int) uint32", "returns the largest of the bits of |x|. n is a positive multiple of 32.")
	x, n := param("x"), param("n")
	SHRQ(U8(5), n)
	mask, m := ZMM(), zmms(2)
	VPTERNLOGD(U8(0xff), mask, mask, mask)
	VPSRLD(U8(1), mask, mask)
	zeroZ(m...)
	loop("next", n, func() {
		for i, m := range m {
			v := ZMM()
			VPANDD(at(x, 64*i), mask, v)
			VPMAXUD(v, m, m)
		}
		advance(128, x)
	})
	VPMAXUD(m[1], m[0], m[0])
	half := YMM()
	VEXTRACTI64X4(U8(1), m[0], half)
	VPMAXUD(m[0].AsY(), half, half)
	largestBits(half)
}

// quantize512 emits quantize of 64 values at a time.
func quantize512() {
	order := make([]uint32, 16) // packs work inside 128 bits: the runs of each value stand apart
	for i := range order {
		order[i] = uint32(i%4*4 + i/4)
	}
	function("quantizeAVX512", "func(q *int8, x *float32, n int, s float32) int32", "is quantizeGeneric. n is a positive multiple of 64.")
	q, x, n := param("q"), param("x"), param("n")
	SHRQ(U8(6), n)
	s, sums, perm := ZMM(), zmms(2), ZMM()
	VBROADCASTSS(address("s"), s)
	VMOVDQU64(vector("quantOrder512", order...), perm)
	zeroZ(sums...)
	loop("next", n, func() {
		v := zmms(4)
		for i, v := range v {
			VMULPS(at(x, 64*i), s, v)
			VCVTPS2DQ(v, v) // to nearest even, as MXCSR says in Go
			VPADDD(v, sums[i%2], sums[i%2])
		}
		VPACKSSDW(v[1], v[0], v[0])
		VPACKSSDW(v[3], v[2], v[2])
		VPACKSSWB(v[2], v[0], v[0])
		VPERMD(v[0], perm, v[0])
		VMOVDQU64(v[0], at(q, 0))
		advance(64, q)
		advance(256, x)
	})
	VPADDD(sums[1], sums[0], sums[0])
	half := YMM()
	VEXTRACTI64X4(U8(1), sums[0], half)
	VPADDD(sums[0].AsY(), half, half)
	sumOfInts(half)
}

// normalize512 emits normalize.
func normalize512() {
	function("normalizeAVX512", "func(y, x, w *float32, n int, scale float32)",
		"stores w·(x·scale) in y. n is a positive multiple of 32.")
	y, x, w, n := param("y"), param("x"), param("w"), param("n")
	scale := ZMM()
	VBROADCASTSS(address("scale"), scale)
	SHRQ(U8(5), n)
	loop("next", n, func() {
		for offset := 0; offset < 128; offset += 64 {
			v := ZMM()
			VMULPS(at(x, offset), scale, v)
			VMULPS(at(w, offset), v, v)
			VMOVUPS(v, at(y, offset))
		}
		advance(128, y, x, w)
	})
	VZEROUPPER()
	RET()
}

// sumSquaresFour512 emits sumSquaresFour: the eight sums of a row are one register.
func sumSquaresFour512() {
	f := squaresOfFour("sumSquaresFourAVX512")
	acc := zmms(4)
	zeroZ(acc...)
	eights(f.n, f.pointers[:], func() {
		for r, a := range acc {
			v := ZMM()
			VCVTPS2PD(f.at(r, 0), v)
			VFMADD231PD(v, v, a) // the square of a float32 is exact
		}
	})
	for r, a := range acc {
		half := YMM()
		VEXTRACTF64X4(U8(1), a, half)
		VADDPD(half, a.AsY(), half)
		f.store(r, half)
	}
	VZEROUPPER()
	RET()
}
