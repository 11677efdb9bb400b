package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Attention of two or three queries over the same keys and values, each of which
// is then read and converted once. Every sum is made as dots and weightedSum make
// it for one query alone.

// queries loads n of the pointers, one of each query, that a parameter points at.
func queries(name string, n int) []Register {
	from, p := param(name), make([]Register, n)
	for i := range p {
		v := GP64()
		MOVQ(at(from, 8*i), v)
		p[i] = v
	}
	return p
}

// dotsOf emits dots for n queries, in tiles of four rows, one of each quarter.
func dotsOf(n int, name string, f format) {
	function(name, "func(y, x *[4]*float32, w *byte, rows, cols int, scale float32)",
		fmt.Sprintf("stores scale·(w[r]·x) in y for each of %d x, of rows rows, a multiple of 4, of cols values, a multiple of 8.", n))
	y, x := queries("y", n), queries("x", n)
	w, stride := param("w"), param("cols")
	SHLQ(U8(f.size/2), stride)
	quarter := quartersOf(w, param("rows"), stride)
	count := GP64()
	MOVQ(quarter.n, count)
	loop("rows", count, func() {
		acc := ymms(4 * n) // [query][row]
		zero(acc...)
		left, at8 := param("cols"), GP64() // at8: bytes into the queries
		SHRQ(U8(3), left)
		XORQ(at8, at8)
		loop("step", left, func() {
			quarter.prefetch(w)
			q := ymms(n)
			for i := range q {
				VMOVUPS(Mem{Base: x[i], Index: at8, Scale: 1}, q[i])
			}
			for r := range 4 {
				v := YMM()
				f.load(quarter.row(w, r, 0), v)
				for i := range q {
					VFMADD231PS(q[i], v, acc[4*i+r])
				}
			}
			advance(32, at8)
			advance(8*f.size, w, quarter.w3)
		})
		scale := XMM()
		VBROADCASTSS(NewParamAddr("scale", 40), scale)
		for i := range n {
			sums := scaled(acc[4*i:][:4], scale)
			VMOVSS(sums, at(y[i], 0))
			for r := 1; r < 4; r++ {
				VEXTRACTPS(U8(uint8(r)), sums, quarter.result(y[i], r))
			}
			advance(4, y[i])
		}
	})
	VZEROUPPER()
	RET()
}

// weightedSumOf emits weightedSum for n queries, 32 columns at a time.
func weightedSumOf(n int, name string, f format) {
	function(name, "func(out, p *[4]*float32, v *byte, rows, cols int)",
		fmt.Sprintf("adds p[i]·v[i] of rows ≥ 1 rows of cols columns, a multiple of 32, to each of %d out, in the order of i.", n))
	out, v, columns := queries("out", n), param("v"), param("cols")
	stride := GP64()
	Load(Param("cols"), stride)
	SHLQ(U8(f.size/2), stride)
	SHRQ(U8(5), columns)
	loop("columns", columns, func() {
		acc := ymms(4 * n) // [query][vector]
		for i, a := range acc {
			VMOVUPS(at(out[i/4], 32*(i%4)), a)
		}
		p, rows, w := queries("p", n), param("rows"), GP64()
		MOVQ(v, w)
		loop("row", rows, func() {
			weight := ymms(n)
			for i := range weight {
				VBROADCASTSS(at(p[i], 0), weight[i])
			}
			for c := range 4 {
				x := YMM()
				f.load(at(w, 8*f.size*c), x)
				for i := range weight {
					VFMADD231PS(x, weight[i], acc[4*i+c])
				}
			}
			advance(4, p...)
			ADDQ(stride, w)
		})
		for i, a := range acc {
			VMOVUPS(a, at(out[i/4], 32*(i%4)))
		}
		advance(128, out...)
		advance(32*f.size, v)
	})
	VZEROUPPER()
	RET()
}
