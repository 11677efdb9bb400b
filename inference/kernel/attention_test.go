package kernel

import (
	"slices"
	"testing"
)

// TestEach: several queries together give the bits of each alone, and the next run, which is
// fetched meanwhile, changes nothing.
func TestEach(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, dim := range append([]int{32, 64, 96, 128}, lengths...) {
			for _, n := range []int{0, 1, 4, 5, 39} {
				m, b := stored(f16, randoms(rng, n*dim))
				for queries := range MaxQueries + 1 {
					var q, p [][]float32
					for range queries {
						q, p = append(q, randoms(rng, dim)), append(p, randoms(rng, n))
					}
					check := func(name string, size int, each func(results [][]float32), alone func(result []float32, i int)) {
						t.Helper()
						start := randoms(rng, size) // what sums are added to
						var got [][]float32
						for range queries {
							got = append(got, slices.Clone(start))
						}
						each(got)
						for i := range got {
							want := slices.Clone(start)
							alone(want, i)
							if !slices.Equal(got[i], want) {
								t.Fatalf("%s, %d × %d, %d queries: %d differs from itself alone", name, n, dim, queries, i)
							}
						}
					}
					check("ScoresEach", n, func(s [][]float32) { ScoresEach(s, q, m, 0.125, nil) },
						func(s []float32, i int) { Scores(s, q[i], m, 0.125) })
					check("ScoresEachF16", n, func(s [][]float32) { ScoresEachF16(s, q, halves(b), 0.125, nil) },
						func(s []float32, i int) { ScoresF16(s, q[i], halves(b), 0.125) })
					check("WeightedSumEach", dim, func(out [][]float32) { WeightedSumEach(out, p, m, nil) },
						func(out []float32, i int) { WeightedSum(out, p[i], m) })
					check("WeightedSumEachF16", dim, func(out [][]float32) { WeightedSumEachF16(out, p, halves(b), nil) },
						func(out []float32, i int) { WeightedSumF16(out, p[i], halves(b)) })
				}
			}
		}
	})
}

// TestEachWidth: registers of 256 and of 512 bits give the same bits.
func TestEachWidth(t *testing.T) {
	rng := source()
	for _, dim := range []int{16, 48, 96, 128, 256} {
		for _, n := range []int{1, 4, 39, 150} {
			m, b := stored(f16, randoms(rng, n*dim))
			var q, p [][]float32
			for range MaxQueries {
				q, p = append(q, randoms(rng, dim)), append(p, randoms(rng, n))
			}
			var before []float32
			eachOffer(func(path path) {
				if path == generic || path == neon || path == neonDot { // which take other steps
					return
				}
				all := []float32{}
				for queries := 1; queries <= MaxQueries; queries++ {
					s, out := [][][]float32{{}, {}}, [][][]float32{{}, {}}
					for i := range s {
						for range queries {
							s[i], out[i] = append(s[i], make([]float32, n)), append(out[i], make([]float32, dim))
						}
					}
					ScoresEach(s[0], q[:queries], m, 0.125, &m[len(m)-1])
					ScoresEachF16(s[1], q[:queries], halves(b), 0.125, nil)
					WeightedSumEach(out[0], p[:queries], m, nil)
					WeightedSumEachF16(out[1], p[:queries], halves(b), &halves(b)[0])
					for i := range s {
						all = append(append(all, slices.Concat(s[i]...)...), slices.Concat(out[i]...)...)
					}
				}
				if before != nil && !slices.Equal(all, before) {
					t.Errorf("%v: %d × %d: differs from another path", path, n, dim)
				}
				before = all
			})
		}
	}
}
