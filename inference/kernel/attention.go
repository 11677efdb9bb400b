package kernel

import "unsafe"

// Attention of several queries over the same keys and values. The assembly reads
// and converts those once for MaxQueries of them; the results are, bit for bit,
// those of Scores and WeightedSum for each query alone.
//
// Each function is told where what is read after the keys or values begins, next, nil
// for nowhere: the processor fetches that while it comes to their end.

// MaxQueries is how many queries share one reading of keys and values.
const MaxQueries = 4

// stepDims is what the assembly wants the number of dimensions to be a multiple of.
const stepDims = 16

// fetchAhead is how many bytes ahead of what is read others are fetched.
const fetchAhead = 8 << 10

// ScoresEach is Scores for up to MaxQueries queries: s[i] = scale·K·q[i]. All
// s[i] are of one length, and all q[i].
func ScoresEach(s, q [][]float32, k []float32, scale float32, next *float32) {
	mustMatch(s, q, len(k), "ScoresEach")
	if len(s) > 0 && len(k) > 0 && !scoresTogether(s, q, unsafe.Pointer(&k[0]), f32, scale, unsafe.Pointer(next)) {
		for i := range s {
			scores(s[i], q[i], k, scale)
		}
	}
}

// ScoresEachF16 is ScoresEach for keys held as binary16.
func ScoresEachF16(s, q [][]float32, k []uint16, scale float32, next *uint16) {
	mustMatch(s, q, len(k), "ScoresEachF16")
	if len(s) > 0 && len(k) > 0 && !scoresTogether(s, q, unsafe.Pointer(&k[0]), f16, scale, unsafe.Pointer(next)) {
		for i := range s {
			scoresF16(s[i], q[i], k, scale)
		}
	}
}

// WeightedSumEach is WeightedSum for up to MaxQueries queries: out[i] += Vᵀ·p[i].
// All out[i] are of one length, and all p[i].
func WeightedSumEach(out, p [][]float32, v []float32, next *float32) {
	mustMatch(p, out, len(v), "WeightedSumEach")
	if len(p) > 0 && len(v) > 0 && !weightedSumTogether(out, p, unsafe.Pointer(&v[0]), f32, unsafe.Pointer(next)) {
		for i := range out {
			weightedSum(out[i], p[i], v)
		}
	}
}

// WeightedSumEachF16 is WeightedSumEach for values held as binary16.
func WeightedSumEachF16(out, p [][]float32, v []uint16, next *uint16) {
	mustMatch(p, out, len(v), "WeightedSumEachF16")
	if len(p) > 0 && len(v) > 0 && !weightedSumTogether(out, p, unsafe.Pointer(&v[0]), f16, unsafe.Pointer(next)) {
		for i := range out {
			weightedSumF16(out[i], p[i], v)
		}
	}
}

// Scores computes the attention scores of one query against len(s) keys:
// s[i] = scale·Σ_d q[d]·k[i][d]. k is [len(s)][len(q)].
func Scores(s, q, k []float32, scale float32) {
	ScoresEach([][]float32{s}, [][]float32{q}, k, scale, nil)
}

// ScoresF16 is Scores for keys held as binary16.
func ScoresF16(s, q []float32, k []uint16, scale float32) {
	ScoresEachF16([][]float32{s}, [][]float32{q}, k, scale, nil)
}

// WeightedSum adds p[i]·v[i][d] to out[d] for every i, strictly in the order
// of i for each d, so that a sum may be cut into calls anywhere. v is
// [len(p)][len(out)].
func WeightedSum(out, p, v []float32) {
	WeightedSumEach([][]float32{out}, [][]float32{p}, v, nil)
}

// WeightedSumF16 is WeightedSum for values held as binary16.
func WeightedSumF16(out, p []float32, v []uint16) {
	WeightedSumEachF16([][]float32{out}, [][]float32{p}, v, nil)
}

// Scale multiplies x by a number.
func Scale(x []float32, by float32) { scale(x, by) }

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
