package kernel

import (
	"fmt"
	"math"
)

// Attention over keys and values of 8 bits: a key is scale·k for k [dim] of int8. A key or
// a value is read and converted once for up to MaxQueries queries, whose results are those
// of each alone, bit for bit.

// Quantize8 rounds a key or a value to int8, to nearest even, and returns the scale: the
// largest magnitude is 127 times that. What holds a NaN or an infinity has the scale NaN.
func Quantize8(q []int8, x []float32) (scale float32) {
	mustLen(len(q), len(x), "Quantize8: q")
	top := absMax(x)
	switch {
	case !(top <= math.MaxFloat32):
		clear(q)
		return float32(math.NaN())
	case top < 1e-30:
		clear(q)
		return 0
	}
	quantize(q, x, 127/top)
	return top / 127
}

// ScoresEach8 computes s[i][r] = scale·scales[r]·Σ_d q[i][d]·k[r][d] for up to MaxQueries
// queries. k is [len(scales)][len(q[i])]; all s[i] are of one length, and all q[i].
func ScoresEach8(s, q [][]float32, k []int8, scales []float32, scale float32) {
	mustMatch8(s, q, len(k), len(scales), "ScoresEach8")
	if len(s) > 0 && len(k) > 0 && !scores8(s, q, k, scales, scale) {
		scoresEach8Generic(s, q, k, scales, scale)
	}
}

// WeightedSumEach8 adds p[i][r]·scales[r]·v[r][d] to out[i][d], strictly in the order of r.
func WeightedSumEach8(out, p [][]float32, v []int8, scales []float32) {
	mustMatch8(p, out, len(v), len(scales), "WeightedSumEach8")
	if len(p) > 0 && len(v) > 0 && !weightedSum8(out, p, v, scales) {
		weightedSumEach8Generic(out, p, v, scales)
	}
}

func mustMatch8(positions, dimensions [][]float32, n, rows int, what string) {
	mustLen(len(positions), len(dimensions), what)
	if len(positions) > MaxQueries {
		panic(fmt.Sprintf("kernel: %s: %d queries", what, len(positions)))
	}
	for i := range positions {
		mustLen(len(positions[i]), rows, what)
		mustLen(len(dimensions[i]), len(dimensions[0]), what)
		mustLen(n, rows*len(dimensions[i]), what)
	}
}

func scoresEach8Generic(s, q [][]float32, k []int8, scales []float32, scale float32) {
	var buf [256]float32
	for i := range s {
		dim := len(q[i])
		for r := range s[i] {
			var sum float32
			for c := 0; c < dim; c += len(buf) {
				a := q[i][c:min(c+len(buf), dim)]
				for j, v := range k[r*dim+c:][:len(a)] {
					buf[j] = float32(v)
				}
				sum += dot(a, buf[:len(a)])
			}
			s[i][r] = sum * float32(scales[r]*scale)
		}
	}
}

func weightedSumEach8Generic(out, p [][]float32, v []int8, scales []float32) {
	for i := range out {
		for r, w := range p[i] {
			w = float32(w * scales[r])
			for d, x := range v[r*len(out[i]):][:len(out[i])] {
				out[i][d] += float32(w * float32(x))
			}
		}
	}
}
