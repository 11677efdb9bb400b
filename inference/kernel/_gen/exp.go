package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Where e^x begins and ends to be a number, the two parts of ln 2, and the series of e^x
// from its last but one term on, which follows expLast.
const (
	expLeast = -87.33654
	expMost  = 88
	ln2High  = 0x1.63p-1
	expLast  = 1.0 / 5040
)

var expTerms = []float64{1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2, 1, 1}

// exp replaces x by e^x, like the function exp of the generic code but with
// fused steps. A NaN stays one.
func exp(x VecVirtual) {
	const notLess = 5 // also true for a NaN
	keep, n, p := YMM(), YMM(), YMM()
	VCMPPS(U8(notLess), float(expLeast), x, keep)
	limit := YMM()
	VMOVUPS(float(expMost), limit)
	VMINPS(x, limit, x) // the second operand, x, when it is a NaN
	VMULPS(float(math.Log2E), x, n)
	VROUNDPS(U8(0), n, n)
	VFNMADD231PS(float(ln2High), n, x)
	VFNMADD231PS(float(math.Ln2-ln2High), n, x)
	VMOVUPS(float(expLast), p)
	for _, c := range expTerms {
		VFMADD213PS(float(c), x, p)
	}
	VCVTPS2DQ(n, n)
	VPADDD(bits(127), n, n)
	VPSLLD(U8(23), n, n)
	VMULPS(n, p, x)
	VANDPS(keep, x, x)
}

func maximum() {
	function("maxAsm", "func(x *float32, n int) float32",
		"returns the largest x. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	m := YMM()
	VMOVUPS(at(x, 0), m)
	eights(n, []GPVirtual{x}, func() { VMAXPS(at(x, 0), m, m) })
	hi := XMM()
	VEXTRACTF128(U8(1), m, hi)
	hi = largestFloat(m.AsX().(VecVirtual), hi)
	VZEROUPPER()
	Store(hi, ReturnIndex(0))
	RET()
}

// largestFloat is the largest of the floats of both, which it overwrites.
func largestFloat(low, high VecVirtual) VecVirtual {
	VMAXPS(high, low, high)
	VPSHUFD(U8(0x4e), high, low)
	VMAXPS(low, high, high)
	VPSHUFD(U8(0xb1), high, low)
	VMAXPS(low, high, high)
	return high
}

const expSumDoc = "replaces x by exp(x-shift) and returns the sum. n is a positive multiple of 8."

// expSum emits sixteen sums, in two registers, and those of eight more in the first.
func expSum() {
	function("expSumAsm", "func(x *float32, n int, shift float32) float32", expSumDoc)
	x, n, count := param("x"), param("n"), GP64()
	shift, low, high := broadcast("shift"), YMM(), YMM()
	zero(low, high)
	eight := func(offset int, sum VecVirtual) {
		v := YMM()
		VMOVUPS(at(x, offset), v)
		VSUBPS(shift, v, v)
		exp(v)
		VADDPS(v, sum, sum)
		VMOVUPS(v, at(x, offset))
	}
	MOVQ(n, count)
	SHRQ(U8(4), count)
	JZ(LabelRef("left"))
	loop("sixteen", count, func() {
		eight(0, low)
		eight(32, high)
		advance(64, x)
	})
	Label("left")
	TESTQ(U32(8), n)
	JZ(LabelRef("sum"))
	eight(0, low)
	Label("sum")
	VADDPS(high, low, low)
	sumOfEight(low, 0)
}

// sumOfEight emits the end of expSum, which returns the sum as result i.
func sumOfEight(sum VecVirtual, i int) {
	hi := XMM()
	VEXTRACTF128(U8(1), sum, hi)
	VADDPS(hi, sum.AsX(), hi)
	VHADDPS(hi, hi, hi)
	VHADDPS(hi, hi, hi)
	VZEROUPPER()
	Store(hi, ReturnIndex(i))
	RET()
}

// exp512 is exp on 512 bits.
func exp512(x VecVirtual) {
	const notLess = 5
	keep, n, p := K(), ZMM(), ZMM()
	VCMPPS_BCST(U8(notLess), float(expLeast), x, keep)
	limit := ZMM()
	VBROADCASTSS(float(expMost), limit)
	VMINPS(x, limit, x)
	VMULPS_BCST(float(math.Log2E), x, n)
	VRNDSCALEPS(U8(0), n, n)
	VFNMADD231PS_BCST(float(ln2High), n, x)
	VFNMADD231PS_BCST(float(math.Ln2-ln2High), n, x)
	VBROADCASTSS(float(expLast), p)
	for _, c := range expTerms {
		VFMADD213PS_BCST(float(c), x, p)
	}
	VCVTPS2DQ(n, n)
	VPADDD_BCST(bits(127), n, n)
	VPSLLD(U8(23), n, n)
	VMULPS_Z(n, p, keep, x)
}

// expSum512 emits what gives the bits of expSum.
func expSum512() {
	function("expSumAVX512", "func(x *float32, n int, shift float32) float32", expSumDoc)
	x, n, count := param("x"), param("n"), GP64()
	shift, sum := ZMM(), ZMM()
	VBROADCASTSS(address("shift"), shift)
	VPXORD(sum, sum, sum)
	MOVQ(n, count)
	SHRQ(U8(4), count)
	JZ(LabelRef("left"))
	loop("sixteen", count, func() {
		v := ZMM()
		VMOVUPS(at(x, 0), v)
		VSUBPS(shift, v, v)
		exp512(v)
		VADDPS(v, sum, sum)
		VMOVUPS(v, at(x, 0))
		advance(64, x)
	})
	Label("left")
	high := YMM()
	VEXTRACTF64X4(U8(1), sum, high)
	low := YMM()
	VMOVUPS(sum.AsY(), low)
	TESTQ(U32(8), n)
	JZ(LabelRef("sum"))
	v := YMM()
	VMOVUPS(at(x, 0), v)
	VSUBPS(shift.AsY(), v, v)
	exp(v)
	VADDPS(v, low, low)
	VMOVUPS(v, at(x, 0))
	Label("sum")
	VADDPS(high, low, low)
	sumOfEight(low, 0)
}

func scale() {
	function("scaleAsm", "func(x *float32, n int, scale float32)",
		"multiplies x by scale. n is a positive multiple of 8.")
	x, n := param("x"), param("n")
	scale := broadcast("scale")
	eights(n, []GPVirtual{x}, func() {
		v := YMM()
		VMULPS(at(x, 0), scale, v)
		VMOVUPS(v, at(x, 0))
	})
	VZEROUPPER()
	RET()
}

func siluMul() {
	function("siluMulAsm", "func(y, gate, up *float32, n int)",
		"stores gate/(1+exp(-gate))·up in y. n is a positive multiple of 8.")
	y, gate, up, n := param("y"), param("gate"), param("up"), param("n")
	eights(n, []GPVirtual{y, gate, up}, func() {
		g, v := YMM(), YMM()
		VMOVUPS(at(gate, 0), g)
		VXORPS(bits(1<<31), g, v)
		exp(v)
		VADDPS(float(1), v, v)
		VDIVPS(v, g, v)
		VMULPS(at(up, 0), v, v)
		VMOVUPS(v, at(y, 0))
	})
	VZEROUPPER()
	RET()
}

// siluMul512 emits siluMul on 512 bits, which gives the same bits.
func siluMul512() {
	function("siluMulAVX512", "func(y, gate, up *float32, n int)",
		"stores gate/(1+exp(-gate))·up in y. n is a positive multiple of 16.")
	y, gate, up, n := param("y"), param("gate"), param("up"), param("n")
	SHRQ(U8(4), n)
	loop("next", n, func() {
		g, v := ZMM(), ZMM()
		VMOVUPS(at(gate, 0), g)
		VPXORD_BCST(bits(1<<31), g, v)
		exp512(v)
		VADDPS_BCST(float(1), v, v)
		VDIVPS(v, g, v)
		VMULPS(at(up, 0), v, v)
		VMOVUPS(v, at(y, 0))
		advance(64, y, gate, up)
	})
	VZEROUPPER()
	RET()
}
