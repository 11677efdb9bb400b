package kernel

import (
	"math"
	"slices"
	"testing"

	"tern/model/ternary"
)

// TestEach8: the attention of 8 bits is that of the decoded keys and values within
// rounding, that of each query alone bit for bit, wherever the keys are cut, and the same
// on every path.
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
				var q, p [][]float32
				for range n {
					q, p = append(q, randoms(rng, dim)), append(p, randoms(rng, rows))
				}
				queries, weights := NewVectors16(n, dim), NewVectors16(n, rows)
				run := func(cut int, each bool) (s, out [][]float32) {
					for i := range n {
						queries[i].Set(q[i])
						weights[i].SetWeights(slices.Clone(p[i]), scales)
						s, out = append(s, make([]float32, rows)), append(out, randoms(rng, dim))
					}
					part := func(lo, hi, a, b int) {
						cutOf := func(v [][]float32) (c [][]float32) {
							for _, x := range v[a:b] {
								c = append(c, x[lo:hi])
							}
							return c
						}
						ScoresEach8(cutOf(s), queries[a:b], k[lo*dim:hi*dim], scales[lo:hi], 0.125, nil)
					}
					if each {
						for i := range n {
							part(0, cut, i, i+1)
							part(cut, rows, i, i+1)
							WeightedSumEach8(out[i:i+1], weights[i:i+1], k, rows, nil)
						}
						return s, out
					}
					part(0, cut, 0, n)
					part(cut, rows, 0, n)
					WeightedSumEach8(out, weights, k, rows, nil)
					return s, out
				}
				var scores, sums []float32 // of the path before
				eachPath(t, func(t *testing.T) {
					s, out := run(rows, false)
					s1, out1 := run(rows/3, true)
					for i := range n {
						if !slices.Equal(s[i], s1[i]) || !slices.Equal(out[i], out1[i]) {
							t.Fatalf("%d × %d, %d queries: query %d differs from itself alone and cut", rows, dim, n, i)
						}
						wantS, wantOut := make([]float32, rows), make([]float32, dim)
						Scores(wantS, rounded(t, &queries[i], q[i]), floats, 0.125)
						WeightedSum(wantOut, p[i], floats)
						step := float64(weights[i].scale) * 127 * float64(rows) // of all weights
						if !close32(s[i], wantS, 1e-4, 1e-4) || !close32(out[i], wantOut, 1e-4+0.51*step, 1e-4) {
							t.Fatalf("%d × %d: the scores of %v differ from %v, or sums %v from %v", rows, dim, s[i], wantS, out[i], wantOut)
						}
					}
					if all := slices.Concat(s...); scores != nil && !slices.Equal(all, scores) {
						t.Fatalf("%d × %d, %d queries: scores differ from another path", rows, dim, n)
					} else {
						scores = all
					}
					all := slices.Concat(out...)
					if sums != nil && !slices.Equal(all, sums) {
						t.Fatalf("%d × %d, %d queries: sums differ from another path", rows, dim, n)
					}
					sums = all
				})
			}
		}
	}
}

// rounded is q in 16 bits.
func rounded(t *testing.T, q *Vector16, x []float32) []float32 {
	y := make([]float32, len(x))
	for i, c := range q.codes {
		y[i] = float32(c) * q.scale
		if diff := math.Abs(float64(y[i] - x[i])); diff > 0.51*float64(q.scale) {
			t.Fatalf("%g of scale %g becomes %g", x[i], q.scale, y[i])
		}
	}
	return y
}

func close32(a, b []float32, by, relative float64) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool {
		return math.Abs(float64(a-b)) <= by+relative*math.Abs(float64(b))
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

// TestWeights8: weights are rounded to 2⁻¹⁶ of the greatest, the sums of 256 of the largest
// values do not overflow, and weights after the last position of a query are zeros.
func TestWeights8(t *testing.T) {
	const rows, dim = 256, 32
	rng := source()
	v, scales := make([]int8, rows*dim), make([]float32, rows)
	for i := range v {
		v[i] = [...]int8{127, -127, -128}[i%dim%3]
	}
	for r := range scales {
		scales[r] = 1
	}
	eachPath(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 7, 255, 256} {
			w, out := NewVectors16(1, rows), [][]float32{make([]float32, dim)}
			all := make([]float32, rows)
			for i := range all {
				all[i] = 1
			}
			w[0].SetWeights(slices.Clone(all), scales) // what stood there before
			w[0].SetWeights(slices.Clone(all[:n]), scales[:n])
			WeightedSumEach8(out, w, v, rows, nil)
			for d, got := range out[0] {
				if want := float64(n) * float64(v[d]); math.Abs(float64(got)-want) > 1e-6*math.Abs(want) {
					t.Fatalf("%d weights of 1: column %d is %g, want %g", n, d, got, want)
				}
			}
			p := randoms(rng, n)
			for i := range p {
				p[i] = float32(math.Abs(float64(p[i])))
			}
			top := slices.Max(p)
			w[0].SetWeights(slices.Clone(p), scales[:n])
			for i, x := range p {
				if off := math.Abs(float64(float32(w[0].codes[i])*w[0].scale - x)); off > float64(top)/65000 {
					t.Fatalf("a weight of %g beside %g is off by %g", x, top, off)
				}
			}
			bad := slices.Clone(scales[:n])
			bad[n-1] = float32(math.NaN())
			w[0].SetWeights(make([]float32, n), bad)
			if WeightedSumEach8(out, w, v, rows, nil); out[0][0] == out[0][0] {
				t.Fatalf("a value that holds a NaN gives %g", out[0][0])
			}
		}
	})
}

// TestExponentialWeights: SetExponentials gives the bits of Exponentials and then SetWeights,
// whatever the scores, and wherever the values that it fetches end.
func TestExponentialWeights(t *testing.T) {
	rng := source()
	inf := float32(math.Inf(1))
	special := []float32{0, float32(math.Copysign(0, -1)), -200, 1e30, -1e30, -inf, inf, float32(math.NaN())}
	same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }
	eachPath(t, func(t *testing.T) {
		for _, n := range []int{1, 8, 15, 16, 17, 32, 48, 112, 240, 255, 256} {
			for what := range len(special) + 3 {
				s, scales := randoms(rng, n), randoms(rng, n)
				for i := range s {
					s[i] *= 8
				}
				switch i := rng.IntN(n); {
				case what < len(special):
					s[i] = special[what]
				case what == len(special):
					scales[i] = float32(math.NaN())
				case what == len(special)+1:
					clear(scales)
				}
				want, got := NewVectors16(1, 256), NewVectors16(1, 256)
				got[0].SetWeights(randoms(rng, 256), randoms(rng, 256)) // what stood there before
				p := slices.Clone(s)
				top, sum := Exponentials(p)
				want[0].SetWeights(p, scales)
				number := !slices.ContainsFunc(s, func(x float32) bool { return x != x })
				for _, values := range [][]int8{nil, make([]int8, 100), make([]int8, runsBytes)} {
					gotTop, gotSum := got[0].SetExponentials(slices.Clone(s), scales, values)
					if number && !same(top, gotTop) || !same(sum, gotSum) || !same(want[0].scale, got[0].scale) || !slices.Equal(want[0].codes, got[0].codes) {
						t.Fatalf("%d scores, kind %d: greatest %g and sum %g, want %g and %g; scale %g, want %g; codes\n%v, want\n%v", n, what, gotTop, gotSum, top, sum, got[0].scale, want[0].scale, got[0].codes, want[0].codes)
					}
				}
			}
		}
	})
}

// runsBytes are the values of a head of 96 dimensions in a chunk.
const runsBytes = 256 * 96

func BenchmarkAttention8(b *testing.B) {
	for _, c := range []struct{ dim, n int }{{96, 1}, {128, 1}, {128, 4}} {
		for _, rows := range []int{256, 256 << 10} {
			k, scales := ternary.Alloc[int8](rows*c.dim), ternary.Alloc[float32](rows)
			for i := range k {
				k[i] = int8(i)
			}
			var p, out [][]float32
			q, w := NewVectors16(c.n, c.dim), NewVectors16(c.n, rows)
			for i := range c.n {
				q[i].Set(make([]float32, c.dim))
				p, out = append(p, make([]float32, rows)), append(out, make([]float32, c.dim))
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
							ScoresEach8(p, q, k, scales, 1, nil)
						}
					})
					b.Run(name+"/sum", func(b *testing.B) {
						b.SetBytes(int64(len(k)))
						for b.Loop() {
							WeightedSumEach8(out, w, k, rows, nil)
						}
					})
				})
			}
		}
	}
}
