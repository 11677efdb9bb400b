package kernel

import (
	"fmt"
	"math"
)

// Attention over keys and values of 8 bits: a key is scale·k for k [dim] of int8. A key or
// a value is read and converted once for up to MaxQueries queries, whose results are those
// of each alone, bit for bit. Queries are rounded to 16 bits, so that scores are sums of
// integers.

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

// Query8 is a query for keys of 8 bits.
type Query8 struct {
	codes []int16
	scale float32 // a value is scale·code
}

// NewQueries8 returns n queries of dim values.
func NewQueries8(n, dim int) []Query8 {
	q, codes := make([]Query8, n), make([]int16, n*dim)
	for i := range q {
		q[i].codes = codes[i*dim:][:dim:dim]
	}
	return q
}

// Set rounds x, to nearest even, so that the largest magnitude is that of the largest code
// with which no sum overflows, 32767 up to 512 dimensions. A NaN or an infinity makes
// all scores NaN.
func (q *Query8) Set(x []float32) {
	mustLen(len(q.codes), len(x), "Query8: codes")
	top, most := absMax(x), float32(min(math.MaxInt16, math.MaxInt32/128/max(1, len(x))))
	switch {
	case !(top <= math.MaxFloat32):
		clear(q.codes)
		q.scale = float32(math.NaN())
	case top < 1e-30:
		clear(q.codes)
		q.scale = 0
	default:
		quantize16(q.codes, x, most/top)
		q.scale = top / most
	}
}

// ScoresEach8 computes s[i][r] = scale·scales[r]·Σ_d q[i][d]·k[r][d] for up to MaxQueries
// queries. k is [len(scales)][dimensions]; all s[i] are of one length, and all q[i]. next
// is where what is read after k begins, or nil.
func ScoresEach8(s [][]float32, q []Query8, k []int8, scales []float32, scale float32, next *int8) {
	mustLen(len(q), len(s), "ScoresEach8: q")
	if len(s) > MaxQueries {
		panic(fmt.Sprintf("kernel: ScoresEach8: %d queries", len(s)))
	}
	var muls [MaxQueries]float32
	for i := range s {
		mustLen(len(s[i]), len(scales), "ScoresEach8: s")
		mustLen(len(q[i].codes), len(q[0].codes), "ScoresEach8: q")
		mustLen(len(k), len(scales)*len(q[i].codes), "ScoresEach8: k")
		muls[i] = scale * q[i].scale
	}
	if len(s) > 0 && len(k) > 0 && !scores8(s, q, k, scales, &muls, next) {
		scores8Generic(s, q, k, scales, &muls)
	}
}

// WeightedSumEach8 adds p[i][r]·scales[r]·v[r][d] to out[i][d], strictly in the order of r.
// next is where what is read after v begins, or nil.
func WeightedSumEach8(out, p [][]float32, v []int8, scales []float32, next *int8) {
	mustMatch(p, out, len(v), "WeightedSumEach8")
	for i := range p {
		mustLen(len(scales), len(p[i]), "WeightedSumEach8: scales")
	}
	if len(p) > 0 && len(v) > 0 && !weightedSum8(out, p, v, scales, next) {
		weightedSum8Generic(out, p, v, scales)
	}
}

func quantize16Generic(q []int16, x []float32, scale float32) {
	for i, v := range x {
		q[i] = int16(math.RoundToEven(float64(v * scale)))
	}
}

func scores8Generic(s [][]float32, q []Query8, k []int8, scales []float32, muls *[MaxQueries]float32) {
	for i := range s {
		codes := q[i].codes
		for r := range s[i] {
			var sum int32
			for d, v := range k[r*len(codes):][:len(codes)] {
				sum += int32(codes[d]) * int32(v)
			}
			s[i][r] = float32(sum) * float32(scales[r]*muls[i])
		}
	}
}

func weightedSum8Generic(out, p [][]float32, v []int8, scales []float32) {
	for i := range out {
		for r, w := range p[i] {
			w = float32(w * scales[r])
			for d, x := range v[r*len(out[i]):][:len(out[i])] {
				out[i][d] += float32(w * float32(x))
			}
		}
	}
}
