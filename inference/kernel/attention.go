package kernel

import "unsafe"

// Attention of several queries over the same keys and values. The assembly reads
// and converts those once for MaxQueries of them; the results are, bit for bit,
// those of Scores and WeightedSum for each query alone.

// MaxQueries is how many queries share one reading of keys and values; where registers
// do not suffice for as many, two by two.
const MaxQueries = 4

// ScoresEach is Scores for up to MaxQueries queries: s[i] = scale·K·q[i]. All
// s[i] are of one length, and all q[i].
func ScoresEach(s, q [][]float32, k []float32, scale float32) {
	mustMatch(s, q, len(k), "ScoresEach")
	done := scoresTogether(s, q, unsafe.Pointer(unsafe.SliceData(k)), f32, scale)
	for i := range s {
		Scores(s[i][done:], q[i], k[done*len(q[i]):], scale)
	}
}

// ScoresEachF16 is ScoresEach for keys held as binary16.
func ScoresEachF16(s, q [][]float32, k []uint16, scale float32) {
	mustMatch(s, q, len(k), "ScoresEachF16")
	done := scoresTogether(s, q, unsafe.Pointer(unsafe.SliceData(k)), f16, scale)
	for i := range s {
		ScoresF16(s[i][done:], q[i], k[done*len(q[i]):], scale)
	}
}

// WeightedSumEach is WeightedSum for up to MaxQueries queries: out[i] += Vᵀ·p[i].
// All out[i] are of one length, and all p[i].
func WeightedSumEach(out, p [][]float32, v []float32) {
	mustMatch(p, out, len(v), "WeightedSumEach")
	if weightedSumTogether(out, p, unsafe.Pointer(unsafe.SliceData(v)), f32) {
		return
	}
	for i := range out {
		WeightedSum(out[i], p[i], v)
	}
}

// WeightedSumEachF16 is WeightedSumEach for values held as binary16.
func WeightedSumEachF16(out, p [][]float32, v []uint16) {
	mustMatch(p, out, len(v), "WeightedSumEachF16")
	if weightedSumTogether(out, p, unsafe.Pointer(unsafe.SliceData(v)), f16) {
		return
	}
	for i := range out {
		WeightedSumF16(out[i], p[i], v)
	}
}

// mustMatch checks the vectors of each query, one value for each position and one
// for each dimension, against the n values of a matrix [position][dimension].
func mustMatch(positions, dimensions [][]float32, n int, what string) {
	mustLen(len(positions), len(dimensions), what)
	if len(positions) > MaxQueries {
		panic("kernel: " + what + ": more than MaxQueries")
	}
	for i := range positions {
		mustLen(len(positions[i]), len(positions[0]), what)
		mustLen(len(dimensions[i]), len(dimensions[0]), what)
		mustLen(n, len(positions[i])*len(dimensions[i]), what)
	}
}
