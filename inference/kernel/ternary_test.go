package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"tern/model/ternary"
)

// randomMatrix returns a matrix and its weights.
func randomMatrix(rng *rand.Rand, rows, cols int) (*ternary.Matrix, [][]int8) {
	return matrixOf(rows, cols, func() int8 { return int8(rng.IntN(3) - 1) })
}

func matrixOf(rows, cols int, next func() int8) (*ternary.Matrix, [][]int8) {
	m := ternary.New(rows, cols)
	w := make([][]int8, rows)
	for r := range w {
		w[r] = make([]int8, cols)
		for c := range w[r] {
			w[r][c] = next()
		}
		m.PackRow(r, w[r])
	}
	return &m, w
}

// activations returns padded activation rows and their sums.
func activations(m *ternary.Matrix, tokens int, next func() int8) (q []int8, sums []int32) {
	q = make([]int8, tokens*m.PaddedCols())
	sums = make([]int32, tokens)
	for t := range sums {
		for c := range m.Cols {
			v := next()
			q[t*m.PaddedCols()+c] = v
			sums[t] += int32(v)
		}
	}
	return q, sums
}

// wantDot is Σ w·q as the formula reads.
func wantDot(w, q []int8) (acc int32) {
	for c, v := range w {
		acc += int32(v) * int32(q[c])
	}
	return acc
}

var sizes = [][2]int{
	{1, 1}, {2, 31}, {3, 127}, {4, 128}, {5, 129}, {7, 1024}, {8, 1152}, {15, 1536}, {16, 1537},
	{17, 2048}, {7, 1365}, {33, 2176}, {6, 4096}, {19, 5460}, {9, 8640},
}

func TestMatVec(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, size := range sizes {
			m, w := randomMatrix(rng, size[0], size[1])
			q, sums := activations(m, 1, func() int8 { return int8(rng.IntN(256) - 128) })
			const untouched = -12345.5
			for g0 := 0; g0 <= m.Groups(); g0 += 1 + rng.IntN(2) {
				g1 := g0 + rng.IntN(m.Groups()-g0+1)
				y := slices.Repeat([]float32{untouched}, m.Rows)
				MatVec(y, m, g0, g1, q, sums[0], 0.37)
				for r := range w {
					want := float32(untouched)
					if r/groupRows >= g0 && r/groupRows < g1 {
						want = float32(wantDot(w[r], q)) * 0.37
					}
					if y[r] != want {
						t.Fatalf("%s groups [%d,%d): row %d is %v, want %v", sizeName(size), g0, g1, r, y[r], want)
					}
				}
			}
		}
	})
}

func TestMatMul(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		scratch := NewScratch()
		for _, size := range sizes {
			m, w := randomMatrix(rng, size[0], size[1])
			for _, tokens := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 25, 69} {
				q, sums := activations(m, tokens, func() int8 { return int8(rng.IntN(256) - 128) })
				muls := randoms(rng, tokens)
				const untouched = -12345.5
				stride := m.Rows + rng.IntN(3)
				g0 := rng.IntN(m.Groups() + 1)
				g1 := g0 + rng.IntN(m.Groups()-g0+1)
				y := slices.Repeat([]float32{untouched}, tokens*stride)
				MatMul(y, stride, m, g0, g1, q, sums, muls, scratch)
				for i, got := range y {
					tok, r := i/stride, i%stride
					want := float32(untouched)
					if r < m.Rows && r/groupRows >= g0 && r/groupRows < g1 {
						want = float32(wantDot(w[r], q[tok*m.PaddedCols():])) * muls[tok]
					}
					if got != want {
						t.Fatalf("%s, %d tokens, groups [%d,%d): y[%d][%d] is %v, want %v",
							sizeName(size), tokens, g0, g1, tok, r, got, want)
					}
				}
			}
		}
	})
}

// TestMatMulMany has as many rows and tokens as the tiles take, with and without
// products by lookup, which not every processor prefers.
func TestMatMulMany(t *testing.T) {
	eachLookup(t, func(t *testing.T) {
		rng := source()
		scratch := NewScratch()
		for _, size := range [][2]int{{32, 128}, {75, 300}, {130, 300}, {200, 256}, {279, 700}, {1700, 129}} {
			m, w := randomMatrix(rng, size[0], size[1])
			for _, tokens := range []int{31, 32, 33, 40, 65, 130} {
				if m.Rows > 1000 && tokens != 65 {
					continue
				}
				least := -127
				if tokens == 33 {
					least = -128
				}
				q, sums := activations(m, tokens, func() int8 { return int8(least + rng.IntN(128-least)) })
				muls := randoms(rng, tokens)
				y := make([]float32, tokens*m.Rows)
				for g := 0; g < m.Groups(); {
					next := g + 1 + rng.IntN(m.Groups()-g)
					if tokens%5 == 0 { // all at once
						next = m.Groups()
					}
					MatMul(y, m.Rows, m, g, next, q, sums, muls, scratch)
					g = next
				}
				for i, got := range y {
					tok, r := i/m.Rows, i%m.Rows
					if want := float32(wantDot(w[r], q[tok*m.PaddedCols():])) * muls[tok]; got != want {
						t.Fatalf("%s, %d tokens: y[%d][%d] is %v, want %v", sizeName(size), tokens, tok, r, got, want)
					}
				}
			}
		}
	})
}

// TestExtremes drives every 16-bit sum of the assembly to its edge: the code 2
// times -128 in every column reaches -32768, the last value that fits, after 64
// byte pairs. The numbers of tokens reach each kernel of each path.
func TestExtremes(t *testing.T) {
	eachLookup(t, func(t *testing.T) {
		scratch := NewScratch()
		for _, size := range [][2]int{{34, 1024}, {34, 2048}, {34, 4096}, {34, 8640}, {131, 1024}} {
			rows, cols := size[0], size[1]
			for _, w := range []int8{-1, 0, 1} {
				for _, a := range []int8{-128, -127, 127} {
					m, _ := matrixOf(rows, cols, func() int8 { return w })
					q, sums := activations(m, 40, func() int8 { return a })
					want := float32(cols) * float32(w) * float32(a)
					for _, tokens := range []int{1, 5, 27, 40} {
						y := make([]float32, tokens*m.Rows)
						MatMul(y, m.Rows, m, 0, m.Groups(), q[:tokens*m.PaddedCols()], sums[:tokens], slices.Repeat([]float32{1}, tokens), scratch)
						for i := range y {
							if y[i] != want {
								t.Fatalf("%d tokens: %d times %d·%d is %v, want %v", tokens, cols, w, a, y[i], want)
							}
						}
					}
				}
			}
		}
	})
}

// TestWide has sums of more than 24 bits, which are rounded once.
func TestWide(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		m, w := matrixOf(5, 140001, func() int8 { return int8(min(rng.IntN(9), 2)) - 1 })
		for _, tokens := range []int{1, 2, 17} {
			q, sums := activations(m, tokens, func() int8 { return int8(-128 + rng.IntN(2)) })
			y := make([]float32, tokens*m.Rows)
			MatMul(y, m.Rows, m, 0, m.Groups(), q, sums, slices.Repeat([]float32{0.37}, tokens), NewScratch())
			for i, got := range y {
				dot := wantDot(w[i%m.Rows], q[i/m.Rows*m.PaddedCols():])
				if dot > -1<<23 {
					t.Fatalf("a sum of %d is not a wide one", dot)
				}
				if want := float32(dot) * 0.37; got != want {
					t.Fatalf("%d tokens: %d is %v, want %v", tokens, i, got, want)
				}
			}
		}
	})
}

func TestQuantize(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachPath(t, func(t *testing.T) {
		for _, c := range []struct {
			name string
			x    []float32
			s    float32
			q    []int8
		}{
			{"none", nil, 127 / float32(1e-5), nil},
			{"ties to even", []float32{127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5}, 1, []int8{127, 0, 2, 2, 0, -2, -2, 126}},
			{"largest is negative", []float32{-254, 127, 1}, 0.5, []int8{-127, 64, 0}},
			{"zeros", []float32{0, 0}, 127 / float32(1e-5), []int8{0, 0}},
			{"below the smallest scale", []float32{1e-6, -5e-6}, 127 / float32(1e-5), []int8{13, -64}},
			{"largest float32", []float32{math.MaxFloat32, 0}, float32(127) / math.MaxFloat32, []int8{127, 0}},
			{"NaN", []float32{1, nan, 2}, nan, []int8{0, 0, 0}},
			{"+Inf", []float32{1, inf, 2}, nan, []int8{0, 0, 0}},
			{"-Inf", []float32{1, -inf, 2}, nan, []int8{0, 0, 0}},
			{"NaN and Inf", []float32{inf, nan, -inf}, nan, []int8{0, 0, 0}},
		} {
			// Each case alone and among zeros, for the assembly and for its rest.
			for _, zeros := range [][2]int{{0, 0}, {32, 0}, {37, 0}, {0, 64}, {61, 67}} {
				name := fmt.Sprintf("%s among %v zeros", c.name, zeros)
				x := slices.Concat(make([]float32, zeros[0]), c.x, make([]float32, zeros[1]))
				full := slices.Concat(make([]int8, zeros[0]), c.q, make([]int8, zeros[1]))
				q := slices.Repeat([]int8{99}, ternary.PadCols(len(x)))
				s, sum := Quantize(q, x)
				var want int32
				for _, v := range c.q {
					want += int32(v)
				}
				if math.Float32bits(s) != math.Float32bits(c.s) && !(s != s && c.s != c.s) || sum != want {
					t.Errorf("%s: s %v, sum %d, want %v, %d", name, s, sum, c.s, want)
				}
				if !slices.Equal(q[:len(x)], full) {
					t.Errorf("%s: q %v, want %v", name, q[:len(x)], full)
				}
				if i := slices.IndexFunc(q[len(x):], func(v int8) bool { return v != 0 }); i >= 0 {
					t.Errorf("%s: padding %d is not 0", name, i)
				}
			}
		}
		// One such value anywhere is found, whichever element of a vector it is.
		const n = 100
		for i := range n {
			for _, v := range []float32{nan, inf, -inf} {
				x := make([]float32, n)
				x[i] = v
				if s, sum := Quantize(make([]int8, ternary.PadCols(n)), x); s == s || sum != 0 {
					t.Errorf("%v at %d gives s %v, sum %d", v, i, s, sum)
				}
			}
		}
	})
}

func TestQuantizeRandom(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for n := 1; n < 6000; n += 1 + n/3 {
			x := randoms(rng, n+1)[1:] // no 32-byte boundary
			q := make([]int8, ternary.PadCols(n))
			s, sum := Quantize(q, x)
			amax := float32(1e-5)
			for _, v := range x {
				amax = max(amax, float32(math.Abs(float64(v))))
			}
			if s != 127/amax {
				t.Fatalf("%d values: s %v, want %v", n, s, 127/amax)
			}
			for i, v := range x {
				want := min(max(math.RoundToEven(float64(v*s)), -128), 127)
				if float64(q[i]) != want {
					t.Fatalf("%d values: q[%d] is %d, want %v", n, i, q[i], want)
				}
				sum -= int32(q[i])
			}
			if sum != 0 {
				t.Fatalf("%d values: the sum is off by %d", n, sum)
			}
		}
	})
}
