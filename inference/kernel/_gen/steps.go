package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// eights emits a loop over n ≥ 8 values, n a multiple of 8: body handles eight
// of them at offset 32 of each pointer, which are then advanced.
func eights(n Register, pointers []GPVirtual, body func()) {
	SHRQ(U8(3), n)
	loop("next", n, func() {
		body()
		for _, p := range pointers {
			advance(32, p)
		}
	})
}

func sumSquares() {
	function("sumSquaresAsm", "func(x *float32, n int) float64",
		"returns Σ x² in float64. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	acc := ymms(2)
	zero(acc...)
	eights(n, []GPVirtual{x}, func() {
		for i, a := range acc {
			v := YMM()
			VCVTPS2PD(at(x, 16*i), v)
			VFMADD231PD(v, v, a) // the square of a float32 is exact
		}
	})
	VADDPD(acc[1], acc[0], acc[0])
	sum := sumOfDoubles(acc[0])
	VZEROUPPER()
	Store(sum, ReturnIndex(0))
	RET()
}

// sumOfDoubles is the sum of four float64.
func sumOfDoubles(v VecVirtual) VecVirtual {
	hi := XMM()
	VEXTRACTF128(U8(1), v, hi)
	VADDPD(hi, v.AsX(), hi)
	VHADDPD(hi, hi, hi)
	return hi
}

// sumSquaresFour emits sumSquares of four rows side by side: alone, additions wait for each
// other.
func sumSquaresFour() {
	f := squaresOfFour("sumSquaresFourAVX2")
	acc := ymms(8)
	zero(acc...)
	eights(f.n, f.pointers[:], func() {
		for i, a := range acc {
			v := YMM()
			VCVTPS2PD(f.at(i/2, 16*(i%2)), v)
			VFMADD231PD(v, v, a)
		}
	})
	for r := range 4 {
		a := acc[2*r]
		VADDPD(acc[2*r+1], a, a)
		f.store(r, a)
	}
	VZEROUPPER()
	RET()
}

// fourSquares are four rows whose squares are added up.
type fourSquares struct {
	n, sums, stride GPVirtual
	pointers        [2]GPVirtual // to the first and the last row
}

// squaresOfFour emits the beginning of a function that stores the sums of squares of four rows.
func squaresOfFour(name string) (f fourSquares) {
	function(name, "func(x *float32, n int, sums *float64)",
		"stores Σ x² of each of four rows of n values, a positive multiple of 8, in sums.")
	x, last := param("x"), GP64()
	f = fourSquares{param("n"), param("sums"), GP64(), [2]GPVirtual{x, last}}
	MOVQ(f.n, f.stride)
	SHLQ(U8(2), f.stride)
	LEAQ(Mem{Base: f.stride, Index: f.stride, Scale: 2}, last)
	ADDQ(x, last)
	return f
}

// at is offset bytes into what comes next of row r.
func (f fourSquares) at(r, offset int) Mem {
	if r == 3 {
		return at(f.pointers[1], offset)
	}
	return row(f.pointers[0], f.stride, r, offset)
}

// store stores the sum of row r, whose parts are in v.
func (f fourSquares) store(r int, v VecVirtual) { VMOVSD(sumOfDoubles(v), at(f.sums, 8*r)) }

func normalize() {
	function("normalizeAsm", "func(y, x, w *float32, n int, scale float32)",
		"stores w·(x·scale) in y. n is a positive multiple of 8.")
	y, x, w, n := param("y"), param("x"), param("w"), param("n")
	scale := broadcast("scale")
	eights(n, []GPVirtual{y, x, w}, func() {
		v := YMM()
		VMULPS(at(x, 0), scale, v)
		VMULPS(at(w, 0), v, v)
		VMOVUPS(v, at(y, 0))
	})
	VZEROUPPER()
	RET()
}

func relu2Mul() {
	function("relu2MulAsm", "func(y, gate, up *float32, n int)",
		"stores max(gate,0)²·up in y. n is a positive multiple of 8.")
	y, gate, up, n := param("y"), param("gate"), param("up"), param("n")
	z := YMM()
	zero(z)
	eights(n, []GPVirtual{y, gate, up}, func() {
		v := YMM()
		VMAXPS(at(gate, 0), z, v) // the second operand when either is a NaN: gate
		VMULPS(v, v, v)
		VMULPS(at(up, 0), v, v)
		VMOVUPS(v, at(y, 0))
	})
	VZEROUPPER()
	RET()
}

func add() {
	function("addAsm", "func(y, x *float32, n int)", "adds x to y. n is a positive multiple of 8.")
	y, x, n := param("y"), param("x"), param("n")
	eights(n, []GPVirtual{y, x}, func() {
		v := YMM()
		VMOVUPS(at(y, 0), v)
		VADDPS(at(x, 0), v, v)
		VMOVUPS(v, at(y, 0))
	})
	VZEROUPPER()
	RET()
}

func ropeHalf() {
	function("ropeHalfAsm", "func(lo, hi, cos, sin *float32, n int)",
		"turns the pairs (lo[j], hi[j]). n is a positive multiple of 8.")
	lo, hi, cos, sin, n := param("lo"), param("hi"), param("cos"), param("sin"), param("n")
	eights(n, []GPVirtual{lo, hi, cos, sin}, func() {
		a, b, c, s, t, u := YMM(), YMM(), YMM(), YMM(), YMM(), YMM()
		VMOVUPS(at(lo, 0), a)
		VMOVUPS(at(hi, 0), b)
		VMOVUPS(at(cos, 0), c)
		VMOVUPS(at(sin, 0), s)
		VMULPS(c, a, t)
		VMULPS(s, b, u)
		VSUBPS(u, t, t)
		VMOVUPS(t, at(lo, 0))
		VMULPS(c, b, t)
		VMULPS(s, a, u)
		VADDPS(u, t, t)
		VMOVUPS(t, at(hi, 0))
	})
	VZEROUPPER()
	RET()
}

func ropeAdjacent() {
	function("ropeAdjacentAsm", "func(x, cos, sin *float32, n int)",
		"turns the pairs (x[2j], x[2j+1]), n of them, a positive multiple of 4.")
	x, cos, sin, n := param("x"), param("cos"), param("sin"), param("n")
	SHRQ(U8(2), n)
	loop("next", n, func() {
		v, c, s, swapped := YMM(), YMM(), YMM(), YMM()
		VMOVUPS(at(x, 0), v)
		for _, d := range []struct {
			from GPVirtual
			to   VecVirtual
		}{{cos, c}, {sin, s}} { // each of four values twice
			VPMOVZXDQ(at(d.from, 0), d.to)
			VMOVSLDUP(d.to, d.to)
		}
		VPERMILPS(U8(0xb1), v, swapped)
		VMULPS(c, v, v)
		VMULPS(s, swapped, swapped)
		VADDSUBPS(swapped, v, v)
		VMOVUPS(v, at(x, 0))
		advance(32, x)
		advance(16, cos, sin)
	})
	VZEROUPPER()
	RET()
}

func toF16() {
	function("toF16Asm", "func(dst *uint16, src *float32, n int)",
		"rounds src to binary16. n is a positive multiple of 8.")
	dst, src, n := param("dst"), param("src"), param("n")
	SHRQ(U8(3), n)
	loop("next", n, func() {
		v := YMM()
		VMOVUPS(at(src, 0), v)
		VCVTPS2PH(U8(0), v, at(dst, 0)) // 0: to nearest even
		advance(32, src)
		advance(16, dst)
	})
	VZEROUPPER()
	RET()
}

func decode(name string, f format) {
	function(name, "func(dst *float32, src *byte, n int)", "reads n values, a positive multiple of 8.")
	dst, src, n := param("dst"), param("src"), param("n")
	SHRQ(U8(3), n)
	loop("next", n, func() {
		v := YMM()
		f.load(at(src, 0), v)
		VMOVUPS(v, at(dst, 0))
		advance(32, dst)
		advance(8*f.size, src)
	})
	VZEROUPPER()
	RET()
}

// fetch emits the fetching of memory that is read soon.
func fetch() {
	function("fetchAsm", "func(b *byte, lines int)", "fetches lines ≥ 1 cache lines.")
	b, lines := param("b"), param("lines")
	loop("line", lines, func() {
		PREFETCHT0(at(b, 0))
		advance(64, b)
	})
	RET()
}

// readSum emits the reading of memory at full speed: four streams side by side.
func readSum() {
	function("readSumAVX2", "func(b *byte, n int) uint64",
		"adds up 64-bit words. n is a positive multiple of 256.")
	b, stride, lines := param("b"), param("n"), GP64()
	SHRQ(U8(2), stride)
	MOVQ(stride, lines)
	SHRQ(U8(6), lines)
	b3 := GP64()
	LEAQ(Mem{Base: b, Index: stride, Scale: 2}, b3)
	ADDQ(stride, b3)
	acc := ymms(4)
	zero(acc...)
	loop("line", lines, func() {
		for i, a := range acc {
			from := func(offset int) Mem {
				if i == 3 {
					return at(b3, offset)
				}
				return row(b, stride, i, offset)
			}
			VPADDQ(from(0), a, a)
			VPADDQ(from(32), a, a)
		}
		advance(64, b, b3)
	})
	for _, a := range acc[1:] {
		VPADDQ(a, acc[0], acc[0])
	}
	hi, t := XMM(), XMM()
	VEXTRACTI128(U8(1), acc[0], hi)
	VPADDQ(hi, acc[0].AsX(), hi)
	VPSHUFD(U8(0x4e), hi, t)
	VPADDQ(t, hi, hi)
	r := GP64()
	VMOVQ(hi, r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}
