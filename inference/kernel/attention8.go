package kernel

import (
	"fmt"
	"math"
)

// Attention over keys and values of 8 bits: a key is scale·k for k [dim] of int8. A key or
// a value is read and converted once for up to MaxQueries queries, whose results are those
// of each alone, bit for bit. Queries and the weights of values are rounded to 16 bits, so that
// scores and weighted values are sums of integers.

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

// Vector16 is a query for keys of 8 bits, or weights for values, rounded to 16 bits.
type Vector16 struct {
	codes []int16 // with room for one more where their number is odd
	scale float32 // a value is scale·code
}

// NewVectors16 returns n vectors of dim values.
func NewVectors16(n, dim int) []Vector16 {
	even := (dim + 1) &^ 1
	v, codes := make([]Vector16, n), make([]int16, n*even)
	for i := range v {
		v[i].codes = codes[i*even:][:dim:even]
	}
	return v
}

// Set rounds x, to nearest even, so that the largest magnitude is that of the largest code
// with which no sum overflows, 32767 up to 512 values. A NaN or an infinity makes
// all results NaN.
func (v *Vector16) Set(x []float32) {
	mustLen(len(v.codes), len(x), "Vector16: codes")
	v.round(x, absMax(x))
}

// SetWeights rounds p[i]·scales[i], weights for values with scales, and zeros after them.
// It overwrites p.
func (v *Vector16) SetWeights(p, scales []float32) {
	mustLen(len(scales), len(p), "Vector16: scales")
	v.round(p, scaleMax(p, scales))
	clear(v.codes[len(p):cap(v.codes)])
}

// SetExponentials is [Exponentials] of s and SetWeights of these, in one pass where there is a
// kernel for it, which fetches values meanwhile: those that are weighted, whose beginning is
// fetched with the keys. It overwrites s.
func (v *Vector16) SetExponentials(s, scales []float32, values []int8) (top, sum float32) {
	mustLen(len(scales), len(s), "Vector16: scales")
	top, sum, most, ok := exponentialWeights(s, scales, values)
	if !ok {
		top, sum = Exponentials(s)
		most = scaleMax(s, scales)
	}
	v.round(s, most)
	clear(v.codes[len(s):cap(v.codes)])
	return top, sum
}

func (v *Vector16) round(x []float32, top float32) {
	codes, most := v.codes[:len(x)], float32(min(math.MaxInt16, math.MaxInt32/128/max(1, len(x))))
	switch {
	case !(top <= math.MaxFloat32):
		clear(codes)
		v.scale = float32(math.NaN())
	case top < 1e-30:
		clear(codes)
		v.scale = 0
	default:
		quantize16(codes, x, most/top)
		v.scale = top / most
	}
}

// ScoresEach8 computes s[i][r] = scale·scales[r]·Σ_d q[i][d]·k[r][d] for up to MaxQueries
// queries. k is [len(scales)][dimensions]; all s[i] are of one length, and all q[i]. next
// is where what is read after k begins, or nil.
func ScoresEach8(s [][]float32, q []Vector16, k []int8, scales []float32, scale float32, next *int8) {
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

// WeightedSumEach8 stores Σ_r w[i][r]·v[r][d] in out[i][d], where w[i] holds the weights times
// the scales of rows rows, or more. next is where what is read after v begins, or nil.
func WeightedSumEach8(out [][]float32, w []Vector16, v []int8, rows int, next *int8) {
	mustLen(len(w), len(out), "WeightedSumEach8: w")
	if len(out) > MaxQueries {
		panic(fmt.Sprintf("kernel: WeightedSumEach8: %d queries", len(out)))
	}
	for i := range out {
		mustLen(len(out[i]), len(out[0]), "WeightedSumEach8: out")
		mustLen(len(v), rows*len(out[i]), "WeightedSumEach8: v")
		_ = w[i].codes[:rows]
	}
	if len(out) > 0 && (len(v) == 0 || !weightedSum8(out, w, v, rows, next)) {
		weightedSum8Generic(out, w, v, rows)
	}
}

func scaleMaxGeneric(x, scales []float32) float32 {
	for i, s := range scales {
		x[i] *= s
	}
	return absMaxGeneric(x)
}

func quantize16Generic(q []int16, x []float32, scale float32) {
	for i, v := range x {
		q[i] = int16(math.RoundToEven(float64(v * scale)))
	}
}

func scores8Generic(s [][]float32, q []Vector16, k []int8, scales []float32, muls *[MaxQueries]float32) {
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

func weightedSum8Generic(out [][]float32, w []Vector16, v []int8, rows int) {
	for i, o := range out {
		var sums [64]int32
		for d := 0; d < len(o); d += len(sums) {
			sums := sums[:min(len(sums), len(o)-d)]
			clear(sums)
			for r, c := range w[i].codes[:rows] {
				for j, x := range v[r*len(o)+d:][:len(sums)] {
					sums[j] += int32(c) * int32(x)
				}
			}
			for j, sum := range sums {
				o[d+j] = float32(sum) * w[i].scale
			}
		}
	}
}
