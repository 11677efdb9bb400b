package kernel

import (
	"slices"
	"testing"
	"time"
)

// TestRuns: queries with runs of their own give the bits of each alone, and the next runs,
// which are fetched meanwhile, change nothing.
func TestRuns(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, dim := range []int{8, 16, 32, 48, 80, 96, 112, 128, 256} {
			for _, n := range []int{1, 2, 39, 150} {
				for queries := range MaxQueries + 1 {
					far := (n + 3) * dim
					_, b := stored(f16, randoms(rng, far*MaxQueries))
					k16, k8, scales := halves(b), make([]int8, far*MaxQueries), randoms(rng, (n+3)*MaxQueries)
					for i := range k8 {
						k8[i] = int8(rng.Uint32())
					}
					k16, k8 = k16[:max(0, queries-1)*far+n*dim], k8[:max(0, queries-1)*far+n*dim]
					q8, w := NewVectors16(queries, dim), NewVectors16(queries, n)
					var q, p, start [][]float32
					for i := range queries {
						q, p, start = append(q, randoms(rng, dim)), append(p, randoms(rng, n)), append(start, randoms(rng, dim))
						q8[i].Set(q[i])
						w[i].SetWeights(slices.Clone(p[i]), scales[i*(n+3):][:n])
					}
					check := func(name string, size int, runs func(results [][]float32), alone func(result []float32, i, from, end int)) {
						t.Helper()
						var got [][]float32
						for i := range queries {
							got = append(got, append(slices.Clone(start[i]), make([]float32, n)...)[:size])
						}
						want := make([][]float32, queries)
						for i := range want {
							want[i] = slices.Clone(got[i])
							alone(want[i], i, i*far, i*far+n*dim)
						}
						runs(got)
						for i := range got {
							if !slices.Equal(got[i], want[i]) {
								t.Fatalf("%s, %d × %d, %d queries: %d differs from itself alone", name, n, dim, queries, i)
							}
						}
					}
					check("ScoresRunsF16", n, func(s [][]float32) { ScoresRunsF16(s, q, k16, far, 0.125, nil) },
						func(s []float32, i, from, end int) { ScoresF16(s, q[i], k16[from:end], 0.125) })
					check("WeightedSumRunsF16", dim, func(out [][]float32) { WeightedSumRunsF16(out, p, k16, far, &k16[0]) },
						func(out []float32, i, from, end int) { WeightedSumF16(out, p[i], k16[from:end]) })
					check("ScoresRuns8", n, func(s [][]float32) { ScoresRuns8(s, q8, k8, scales, far, 0.125, nil) },
						func(s []float32, i, from, end int) {
							ScoresEach8([][]float32{s}, q8[i:i+1], k8[from:end], scales[from/dim:end/dim], 0.125, nil)
						})
					check("WeightedSumRuns8", dim, func(out [][]float32) { WeightedSumRuns8(out, w, k8, n, far, &k8[0]) },
						func(out []float32, i, from, end int) {
							WeightedSumEach8([][]float32{out}, w[i:i+1], k8[from:end], n, nil)
						})
				}
			}
		}
	})
}

// BenchmarkRuns is attention over a chunk of 256 positions, which is in L2: of four heads
// with a query each, side by side and one after the other, and of one with four.
func BenchmarkRuns(b *testing.B) {
	const rows, n = 256, MaxQueries
	for _, dim := range []int{96, 128} {
		run := rows * dim
		k16, k8, scales := make([]uint16, n*run), make([]int8, n*run), make([]float32, n*rows)
		for i := range k16 {
			k16[i], k8[i] = uint16(i%0x4000), int8(i)
		}
		var q, p, out [][]float32
		q8, w := NewVectors16(n, dim), NewVectors16(n, rows)
		for i := range n {
			q, p, out = append(q, randoms(source(), dim)), append(p, make([]float32, rows)), append(out, make([]float32, dim))
			q8[i].Set(q[i])
		}
		for _, path := range offered() {
			if path == generic {
				continue
			}
			on(path, func() {
				measure := func(name string, bytes int, f func()) {
					b.Run(path.String()+"/"+sizeName([2]int{rows, dim})+"/"+name, func(b *testing.B) {
						best := time.Hour // others use the machine
						for b.Loop() {
							start := time.Now()
							for range 8 {
								f()
							}
							best = min(best, time.Since(start))
						}
						b.ReportMetric(8*float64(bytes)/1e9/best.Seconds(), "GB/s-best")
					})
				}
				measure("16/scores/runs", 2*n*run, func() { ScoresRunsF16(p, q, k16, run, 1, nil) })
				measure("16/scores/alone", 2*run, func() { ScoresEachF16(p[:1], q[:1], k16[:run], 1, nil) })
				measure("16/scores/shared", 2*run, func() { ScoresEachF16(p, q, k16[:run], 1, nil) })
				measure("16/sums/runs", 2*n*run, func() { WeightedSumRunsF16(out, p, k16, run, nil) })
				measure("16/sums/alone", 2*run, func() { WeightedSumEachF16(out[:1], p[:1], k16[:run], nil) })
				measure("16/sums/shared", 2*run, func() { WeightedSumEachF16(out, p, k16[:run], nil) })
				measure("8/scores/runs", n*run, func() { ScoresRuns8(p, q8, k8, scales, run, 1, nil) })
				measure("8/scores/alone", run, func() { ScoresEach8(p[:1], q8[:1], k8[:run], scales[:rows], 1, nil) })
				measure("8/scores/shared", run, func() { ScoresEach8(p, q8, k8[:run], scales[:rows], 1, nil) })
				measure("8/sums/runs", n*run, func() { WeightedSumRuns8(out, w, k8, rows, run, nil) })
				measure("8/sums/alone", run, func() { WeightedSumEach8(out[:1], w[:1], k8[:run], rows, nil) })
				measure("8/sums/shared", run, func() { WeightedSumEach8(out, w, k8[:run], rows, nil) })
				measure("weights", 4*rows, func() { w[0].SetWeights(p[0], scales[:rows]) })
				measure("exp", 4*rows, func() { Exponentials(p[0]) })
			})
		}
	}
}
