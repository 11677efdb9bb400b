// Command gen writes the assembly of package kernel: `gen TOPIC` that of one topic,
// ../TOPIC_amd64.s, and its declarations. The generic Go code there says what each
// function computes; the comments here say how.
package main

import (
	"log"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

var topics = map[string]func(){
	"ternary": func() {
		// ternary.go
		absMax()
		quantize()
		// steps512.go
		absMax512()
		quantize512()
		// ternary.go
		matVec()
		direct()
		finish()
		// tiles.go
		unpack()
		for _, i := range []isa{onAVX2, onVNNI} {
			tileStarts(i)
			tiles(i)
		}
		// ternaryvnni.go
		matVecVNNI()
		// vnni.go
		matVec512()
		matVecFour512()
		double512()
		tile512()
		// few.go
		few512()
		unpack512()
		tile8()
	},
	"float": func() {
		// float.go
		dots("dotRowsF32Asm", f32)
		dots("dotRowsF16Asm", f16)
		dots("dotRowsBF16Asm", bf16)
		weightedSum("weightedSumF32Asm", f32)
		weightedSum("weightedSumF16Asm", f16)
		// exp.go
		maximum()
		expSum()
		scale()
		siluMul()
		siluMul512()
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
	},
	"lookup": func() {
		// lookup.go
		lookupIndices()
		lookupTables()
		lookupTile()
		// joint.go
		jointCodesOf()
		jointTile()
	},
	"memory": func() {
		// steps.go
		readSum()
		fetch()
		// vnni.go
		readSum512()
	},
	"hybrid": func() {
		// hadamard.go
		hadamardFirst(4, true)
		hadamardFirst(8, true)
		hadamardFirst(8, false)
		hadamardRest("AVX2", YMM)
		hadamardRest("AVX512", ZMM)
		// delta.go
		deltaStep("AVX2", 4, YMM)
		deltaStep("AVX512", 8, ZMM)
		convolve()
		sigmoidMul()
	},
	"attention": func() {
		for _, w := range []wide{with256, with512} {
			// attention.go
			scoresOf(w, half16)
			scoresOf(w, float32s)
			weightedSumsOf(w, half16)
			weightedSumsOf(w, float32s)
			// attention8.go
			scores8(w)
			// values8.go
			values8(w, false)
		}
		// attentionfour.go
		weightedSumsFour(half16)
		scoresFour(half16)
		scoresFour8()
		// values8.go
		values8(with512, true)
		scaleMax()
		expWeights()
		quantize16()
		quantize16Wide()
		// steps.go
		sumSquaresFour()
		// steps512.go
		sumSquaresFour512()
		normalize512()
		// exp.go
		expSum512()
	},
	"scan": func() {
		// scan.go
		scan512()
		scanFour512()
		for n := 2; n <= 8; n++ {
			scanEach512(n)
		}
		scan256(onVNNI)
		scan256(onAVX2)
		// narrow.go
		scanEncode()
		decodeNarrow("narrowF16AVX2", true)
		decodeNarrow("narrowBF16AVX2", false)
	},
	"forms": func() {
		// forms.go
		oneBit512()
		oneBitAVX2()
		oneBitVNNI()
		tritsVBMI()
	},
	"grouped": func() {
		// peak.go
		peak()
		peakVNNI()
		peak512()
		// grouped.go
		fix(2)
		fix(3)
		// outliers.go
		peaks()
		// grouped256.go
		unpackGrouped()
		starts()
		for _, i := range []isa{onAVX2, onVNNI} {
			groupedVec256(i, 2)
			groupedVec256(i, 3)
			groupedTile256(i, 2)
			groupedTile256(i, 3)
		}
		// grouped512.go
		groupedVec512(2)
		groupedVec512(3)
		groupedVecFour512()
		groupedTile512(2)
		groupedTile512(3)
	},
}

func main() {
	topic := os.Args[len(os.Args)-1]
	emit, ok := topics[topic]
	if !ok {
		log.Fatalf("gen: no topic %q", topic)
	}
	// Generate takes what it writes from the command line.
	os.Args = append(os.Args[:1], "-out", "../"+topic+"_amd64.s", "-stubs", "../stubs_"+topic+"_amd64.go", "-pkg", "kernel")
	ConstraintExpr("!purego")
	emit()
	Generate()
}
