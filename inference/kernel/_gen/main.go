// Command gen writes the assembly of package kernel. The generic Go code
// there says what each function computes; the comments here say how.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")

	// ternary.go
	absMax()
	quantize()
	matVec()
	direct()
	unpack()
	tiles()
	finish()

	// float.go
	dots("dotRowsF32Asm", f32)
	dots("dotRowsF16Asm", f16)
	dots("dotRowsBF16Asm", bf16)
	weightedSum("weightedSumF32Asm", f32)
	weightedSum("weightedSumF16Asm", f16)

	// attention.go
	dotsOf(2, "dotRows2F32AVX2", f32)
	dotsOf(3, "dotRows3F32AVX2", f32)
	dotsOf(2, "dotRows2F16AVX2", f16)
	dotsOf(3, "dotRows3F16AVX2", f16)
	weightedSumOf(2, "weightedSum2F32AVX2", f32)
	weightedSumOf(3, "weightedSum3F32AVX2", f32)
	weightedSumOf(2, "weightedSum2F16AVX2", f16)
	weightedSumOf(3, "weightedSum3F16AVX2", f16)

	// scan.go
	scan()

	// exp.go
	maximum()
	expSum()
	scale()
	siluMul()

	// steps.go
	sumSquares()
	normalize()
	relu2Mul()
	add()
	ropeHalf()
	ropeAdjacent()
	toF16()
	decode("decodeF16Asm", f16)
	decode("decodeBF16Asm", bf16)
	readSum()

	// vnni.go
	matVec512()
	tile512()
	scan512()
	readSum512()

	// peak.go
	peak()
	peakVNNI()
	peak512()

	// grouped.go
	fix(2)
	fix(3)

	// grouped256.go
	unpackGrouped()
	for _, i := range []isa{onAVX2, onVNNI} {
		groupedVec256(i, 2)
		groupedVec256(i, 3)
		groupedTile256(i, 2)
		groupedTile256(i, 3)
	}

	// grouped512.go
	groupedVec512(2)
	groupedVec512(3)
	groupedTile512(2)
	groupedTile512(3)

	Generate()
}
