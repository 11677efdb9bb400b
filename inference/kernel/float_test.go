package kernel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"
)

// ulp is half the distance of float32 numbers at 1: what one rounding may add.
const ulp = 0x1p-24

// randoms returns n numbers around 0 of very different size.
func randoms(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64() * math.Exp(rng.NormFloat64()))
	}
	return x
}

// stored returns x rounded to a format, and its bytes at an odd address.
func stored(f format, x []float32) (rounded []float32, b []byte) {
	b = make([]byte, 1, 1+4*len(x))
	rounded = make([]float32, len(x))
	for i, v := range x {
		switch f {
		case f32:
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
			rounded[i] = v
		case f16:
			h := float16.Fromfloat32(v)
			b = binary.LittleEndian.AppendUint16(b, h.Bits())
			rounded[i] = h.Float32()
		case bf16:
			h := math.Float32bits(v) >> 16
			b = binary.LittleEndian.AppendUint16(b, uint16(h))
			rounded[i] = math.Float32frombits(h << 16)
		}
	}
	return rounded, b[1:]
}

func halves(b []byte) []uint16 {
	h := make([]uint16, len(b)/2)
	for i := range h {
		h[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return h
}

// exactDot returns Σ a·b and Σ |a·b| in float64.
func exactDot(a, b []float32) (sum, size float64) {
	for i := range a {
		p := float64(a[i]) * float64(b[i])
		sum += p
		size += math.Abs(p)
	}
	return sum, size
}

// dotBound is the error that a sum of n products in four or more partial sums
// can have, for products of total size.
func dotBound(n int, size float64) float64 { return float64(n/4+5) * ulp * size }

var lengths = []int{1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 31, 33, 64, 80, 96, 100, 127, 128, 300, 1365, 1536}

func TestMatVecFloat(t *testing.T) {
	matVecs := map[format]func(y []float32, w []byte, cols int, x []float32){
		f32: MatVecF32, f16: MatVecF16, bf16: MatVecBF16,
	}
	eachPath(t, func(t *testing.T) {
		rng := source()
		for f, matVec := range matVecs {
			for _, cols := range lengths {
				for _, rows := range []int{0, 1, 2, 3, 4, 5, 9} {
					w, b := stored(f, randoms(rng, rows*cols))
					x := randoms(rng, cols+1)[1:]
					y := make([]float32, rows)
					matVec(y, b, cols, x)
					for r := range y {
						want, size := exactDot(w[r*cols:][:cols], x)
						if math.Abs(float64(y[r])-want) > dotBound(cols, size) {
							t.Fatalf("format %d, %d×%d: row %d is %v, want %v", f, rows, cols, r, y[r], want)
						}
					}
					// Any cut of the rows gives the same bits.
					cut := make([]float32, rows)
					at := rng.IntN(rows + 1)
					matVec(cut[:at], b[:at*cols*f.size()], cols, x)
					matVec(cut[at:], b[at*cols*f.size():], cols, x)
					if !slices.Equal(cut, y) {
						t.Fatalf("format %d, %d×%d: cut at row %d differs", f, rows, cols, at)
					}
				}
			}
		}
	})
}

func TestScores(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, dim := range lengths {
			for _, n := range []int{0, 1, 3, 4, 6, 37} {
				k, b := stored(f16, randoms(rng, n*dim))
				q := randoms(rng, dim)
				s, h, cut := make([]float32, n), make([]float32, n), make([]float32, n)
				Scores(s, q, k, 0.125)
				ScoresF16(h, q, halves(b), 0.125)
				for i := range s {
					want, size := exactDot(k[i*dim:][:dim], q)
					bound := 0.125 * max(dotBound(dim, size), float64(dim)*ulp*size)
					if math.Abs(float64(s[i])-0.125*want) > bound {
						t.Fatalf("%d × %d: f32 score %d is %v, want %v", n, dim, i, s[i], 0.125*want)
					}
					if math.Abs(float64(h[i])-0.125*want) > bound {
						t.Fatalf("%d × %d: f16 score %d is %v, want %v", n, dim, i, h[i], 0.125*want)
					}
				}
				at := rng.IntN(n + 1)
				ScoresF16(cut[:at], q, halves(b)[:at*dim], 0.125)
				ScoresF16(cut[at:], q, halves(b)[at*dim:], 0.125)
				if !slices.Equal(cut, h) {
					t.Fatalf("%d × %d: cut at %d differs", n, dim, at)
				}
			}
		}
	})
}

func TestWeightedSum(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, dim := range lengths {
			for _, n := range []int{0, 1, 3, 37} {
				v, b := stored(f16, randoms(rng, n*dim))
				p, start := randoms(rng, n), randoms(rng, dim)
				out, h := slices.Clone(start), slices.Clone(start)
				WeightedSum(out, p, v)
				WeightedSumF16(h, p, halves(b))
				for d := range out {
					column := make([]float32, n)
					for i := range column {
						column[i] = v[i*dim+d]
					}
					want, size := exactDot(p, column)
					want += float64(start[d])
					bound := float64(n+2) * ulp * (size + math.Abs(float64(start[d])))
					if math.Abs(float64(out[d])-want) > bound {
						t.Fatalf("%d × %d: column %d is %v, want %v", n, dim, d, out[d], want)
					}
				}
				if !slices.Equal(out, h) {
					t.Fatalf("%d × %d: f16 differs from f32", n, dim)
				}
				// The order of i is kept wherever the sum is cut.
				cut, at := slices.Clone(start), rng.IntN(n+1)
				WeightedSumF16(cut, p[:at], halves(b)[:at*dim])
				WeightedSumF16(cut, p[at:], halves(b)[at*dim:])
				if !slices.Equal(cut, h) {
					t.Fatalf("%d × %d: cut at %d differs", n, dim, at)
				}
			}
		}
	})
}
