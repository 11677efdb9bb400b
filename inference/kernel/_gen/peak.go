package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// What registers alone reach: the products of a kernel without anything else.

func peak512() {
	function("peakAVX512", "func(n int)", "does 16·64 products of bytes n ≥ 1 times.")
	n, acc, v := param("n"), zmms(16), ZMM()
	zeroZ(v)
	zeroZ(acc...)
	loop("next", n, func() {
		for _, a := range acc {
			VPDPBUSD(v, v, a)
		}
	})
	VZEROUPPER()
	RET()
}

func peak() {
	function("peakAVX2", "func(n int)", "does 8·32 products of bytes n ≥ 1 times.")
	n, acc, v := param("n"), ymms(8), YMM()
	zero(v)
	zero(acc...)
	loop("next", n, func() {
		for _, a := range acc {
			p := YMM()
			VPMADDUBSW(v, v, p)
			VPADDW(p, a, a)
		}
	})
	VZEROUPPER()
	RET()
}

func peakVNNI() {
	function("peakVNNI", "func(n int)", "does 12·32 products of bytes n ≥ 1 times.")
	n := param("n")
	for _, v := range y256 {
		VPXOR(v, v, v)
	}
	loop("next", n, func() {
		for _, a := range y256[:12] {
			dpbusd(Y15, Y14, a)
		}
	})
	VZEROUPPER()
	RET()
}
