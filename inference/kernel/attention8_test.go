package kernel

import (
	"math"
	"slices"
	"testing"

	"tern/model/ternary"
)

// TestEach8: the attention of 8 bits is that of the decoded keys and values within
// rounding, that of each query alone bit for bit, wherever the rows are cut, and the same
// with registers of 256 bits as with those of 512.
func TestEach8(t *testing.T) {
	rng := source()
	for _, dim := range []int{8, 16, 48, 64, 80, 96, 128, 144, 256} {
		for _, rows := range []int{0, 1, 3, 4, 7, 61} {
			k, scales := make([]int8, rows*dim), make([]float32, rows)
			floats := make([]float32, rows*dim)
			for r := range rows {
				x := randoms(rng, dim)
				scales[r] = Quantize8(k[r*dim:][:dim], x)
				for d, v := range k[r*dim:][:dim] {
					floats[r*dim+d] = float32(v) * scales[r]
					if diff := math.Abs(float64(floats[r*dim+d] - x[d])); diff > 0.501*float64(scales[r]) {
						t.Fatalf("%g of scale %g becomes %g", x[d], scales[r], floats[r*dim+d])
					}
				}
			}
			for n := range MaxQueries + 1 {
				var q, p, start [][]float32
				for range n {
					q, p, start = append(q, randoms(rng, dim)), append(p, randoms(rng, rows)), append(start, randoms(rng, dim))
				}
				run := func(cut int, each bool) (s, out [][]float32) {
					for i := range n {
						s, out = append(s, make([]float32, rows)), append(out, slices.Clone(start[i]))
					}
					part := func(lo, hi, a, b int) {
						cutOf := func(v [][]float32) (c [][]float32) {
							for _, x := range v[a:b] {
								c = append(c, x[lo:hi])
							}
							return c
						}
						ScoresEach8(cutOf(s), q[a:b], k[lo*dim:hi*dim], scales[lo:hi], 0.125)
						WeightedSumEach8(out[a:b], cutOf(p), k[lo*dim:hi*dim], scales[lo:hi])
					}
					if each {
						for i := range n {
							part(0, cut, i, i+1)
							part(cut, rows, i, i+1)
						}
						return s, out
					}
					part(0, cut, 0, n)
					part(cut, rows, 0, n)
					return s, out
				}
				var before [][]float32 // of the path before, in assembly
				eachPath(t, func(t *testing.T) {
					s, out := run(rows, false)
					s1, out1 := run(rows/3, true)
					for i := range n {
						if !slices.Equal(s[i], s1[i]) || !slices.Equal(out[i], out1[i]) {
							t.Fatalf("%d × %d, %d queries: query %d differs from itself alone and cut", rows, dim, n, i)
						}
						wantS, wantOut := make([]float32, rows), slices.Clone(start[i])
						Scores(wantS, q[i], floats, 0.125)
						WeightedSum(wantOut, p[i], floats)
						if !close32(s[i], wantS, 1e-4) || !close32(out[i], wantOut, 1e-4) {
							t.Fatalf("%d × %d: %v %v, want %v %v", rows, dim, s[i], out[i], wantS, wantOut)
						}
					}
					if running == generic || running == neon || running == neonDot {
						return
					}
					all := slices.Concat(slices.Concat(s...), slices.Concat(out...))
					if before != nil && !slices.Equal(all, before[0]) {
						t.Fatalf("%d × %d, %d queries: differs from another path", rows, dim, n)
					}
					before = [][]float32{all}
				})
			}
		}
	}
}

func close32(a, b []float32, by float64) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool {
		return math.Abs(float64(a-b)) <= by*(1+math.Abs(float64(b)))
	})
}

func TestQuantize8Specials(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		q := []int8{1, 2, 3}
		if s := Quantize8(q, []float32{1, float32(math.Inf(1)), 2}); s == s {
			t.Errorf("a scale of %g with an infinity", s)
		}
		if s := Quantize8(q, make([]float32, 3)); s != 0 || !slices.Equal(q, make([]int8, 3)) {
			t.Errorf("zeros become %v of scale %g", q, s)
		}
	})
}

func BenchmarkAttention8(b *testing.B) {
	for _, c := range []struct{ dim, n int }{{96, 1}, {128, 1}, {128, 4}} {
		for _, rows := range []int{256, 256 << 10} {
			k, scales := ternary.Alloc[int8](rows*c.dim), ternary.Alloc[float32](rows)
			for i := range k {
				k[i] = int8(i)
			}
			var q, p, out [][]float32
			for range c.n {
				q, p, out = append(q, make([]float32, c.dim)), append(p, make([]float32, rows)), append(out, make([]float32, c.dim))
			}
			for _, path := range offered() {
				if path == generic {
					continue
				}
				on(path, func() {
					name := path.String() + "/" + sizeName([2]int{rows, c.dim}) + "/" + string(rune('0'+c.n))
					b.Run(name+"/scores", func(b *testing.B) {
						b.SetBytes(int64(len(k)))
						for b.Loop() {
							ScoresEach8(p, q, k, scales, 1)
						}
					})
					b.Run(name+"/sum", func(b *testing.B) {
						b.SetBytes(int64(len(k)))
						for b.Loop() {
							WeightedSumEach8(out, p, k, scales)
						}
					})
				})
			}
		}
	}
}
