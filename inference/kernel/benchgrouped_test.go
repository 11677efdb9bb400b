package kernel

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"tern/model/ternary"
)

// Turns side by side: the machine may be busy, so that only figures of the same moments
// compare. Every round runs each of the given functions once, for about a millisecond,
// and the best and the median of many are kept.
type turns [][]time.Duration

func sideBySide(b *testing.B, rounds int, functions ...func(round int)) turns {
	list := make(turns, len(functions))
	for b.Loop() {
		for round := range rounds {
			for i, f := range functions {
				start := time.Now()
				f(round)
				list[i] = append(list[i], time.Since(start))
			}
		}
	}
	for _, t := range list {
		slices.Sort(t)
	}
	return list
}

// best is the mean of the fastest twentieth.
func (t turns) best(i int) time.Duration {
	n := max(1, len(t[i])/20)
	var sum time.Duration
	for _, d := range t[i][:n] {
		sum += d
	}
	return sum / time.Duration(n)
}

func (t turns) median(i int) time.Duration { return t[i][len(t[i])/2] }

// BenchmarkGroupedDecode compares the product of one token with just reading the same
// bytes, from memory, with one thread and with two.
func BenchmarkGroupedDecode(b *testing.B) {
	const piece, pieces = 4 << 20, 64
	for _, cols := range []int{2048, 4096, 12288} {
		for _, groupCols := range []int{128, 64} {
			m := ternary.NewGrouped(piece*pieces*4/cols, cols, groupCols, false)
			m.FillRandom(1, 0, m.Bands())
			for _, planes := range []Planes{Fixed16, Fixed24} {
				for threads := 1; threads <= 2; threads++ {
					b.Run(fmt.Sprintf("%d/%d/planes=%d/threads=%d", cols, groupCols, planes, threads), func(b *testing.B) {
						decodeBeside(b, &m, planes, threads, piece)
					})
				}
			}
		}
	}
}

// each runs f on threads threads.
func each(threads int, f func(i int)) {
	var wait sync.WaitGroup
	for i := range threads - 1 {
		wait.Go(func() { f(i) })
	}
	f(threads - 1)
	wait.Wait()
}

func decodeBeside(b *testing.B, m *ternary.Grouped, planes Planes, threads, piece int) {
	x := fixed([][]float32{randoms(source(), m.Cols)}, m.GroupCols, planes)
	y := make([]float32, m.Rows)
	bands := piece / m.BandBytes() // of a turn of one thread
	size := bands * (m.BandBytes() + m.Groups()*bandRows*2)
	each := func(round int, f func(n int)) {
		each(threads, func(i int) { f((round*threads + i) % (m.Bands() / bands)) })
	}
	read := func(n int) { ReadBandwidth(m.Data[n*piece:][:piece]) }
	t := sideBySide(b, 300, func(round int) { each(round, read) }, func(round int) {
		each(round+m.Bands()/bands/threads/2, func(n int) { MatMulGrouped(y, m.Rows, m, n*bands, (n+1)*bands, x, NewScratch()) })
	})
	rate := func(size int, d time.Duration) float64 { return float64(size*threads) / float64(d.Nanoseconds()) }
	b.ReportMetric(rate(piece, t.best(0)), "read-GB/s")
	b.ReportMetric(rate(size, t.best(1)), "GB/s")
	b.ReportMetric(100*rate(size, t.best(1))/rate(piece, t.best(0)), "%-of-read")
	b.ReportMetric(100*rate(size, t.median(1))/rate(piece, t.median(0)), "%-median")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkGroupedPrefill compares the product of several tokens with what registers
// alone reach with as many planes.
func BenchmarkGroupedPrefill(b *testing.B) {
	for _, cols := range []int{2048, 4096, 12288} {
		for _, groupCols := range []int{128, 64} {
			m := ternary.NewGrouped(1024, cols, groupCols, false)
			m.FillRandom(1, 0, m.Bands())
			for _, planes := range []Planes{Fixed16, Fixed24} {
				for _, tokens := range []int{2, 3, 4, 6, 8, 12, 16, 32, 128} {
					b.Run(fmt.Sprintf("%d/%d/planes=%d/T=%d", cols, groupCols, planes, tokens), func(b *testing.B) {
						x := make([][]float32, tokens)
						for i := range x {
							x[i] = randoms(source(), cols)
						}
						f, y, s := fixed(x, groupCols, planes), make([]float32, tokens*m.Rows), NewScratch()
						bands := min(max(2, 1e8/(bandRows*cols*tokens)&^1), m.Bands())
						products := 0
						t := sideBySide(b, 300, func(int) { products = Peak(1e5) }, func(round int) {
							b0 := round * bands % (m.Bands() - bands + 1)
							MatMulGrouped(y, m.Rows, &m, b0, b0+bands, f, s)
						})
						peak := float64(products) / float64(t.best(0).Nanoseconds())
						macs := float64(bands*bandRows*cols*tokens) / float64(t.best(1).Nanoseconds())
						b.ReportMetric(peak/float64(planes), "peak")
						b.ReportMetric(macs, "GMAC/s")
						b.ReportMetric(100*macs*float64(planes)/peak, "%-of-peak")
						b.ReportMetric(0, "ns/op")
					})
				}
			}
		}
	}
}

// BenchmarkGroupedOutliers compares activations of which one in 170 is thirty times as large
// with those that are alike, in turns: one token from memory, and several.
func BenchmarkGroupedOutliers(b *testing.B) {
	const cols, rows = 2048, 64 << 10
	for _, form := range []ternary.Form{ternary.TwoBits, ternary.Trits, ternary.OneBit} {
		m := ternary.NewArena(ternary.GroupedSize(rows, cols, 128, false, form)).UnsetGrouped(rows, cols, 128, false, form)
		m.FillRandom(1, 0, m.Bands())
		for _, tokens := range []int{1, 2, 8, 128} {
			b.Run(fmt.Sprintf("form=%d/T=%d", form, tokens), func(b *testing.B) {
				rng := source()
				plain, large := make([][]float32, tokens), make([][]float32, tokens)
				for t := range plain {
					plain[t] = randoms(rng, cols)
					large[t] = slices.Clone(plain[t])
					for c := range large[t] {
						if rng.IntN(170) == 0 {
							large[t][c] *= 30
						}
					}
				}
				y, bands := make([]float32, tokens*rows), max(4, 512/tokens&^1)
				var functions []func(int)
				for i, x := range [][][]float32{plain, large} {
					f, s := fixed(x, 128, Fixed16), NewScratch()
					functions = append(functions, func(round int) {
						b0 := (2*round + i) * bands % (m.Bands() - bands + 1)
						MatMulGrouped(y, rows, &m, b0, b0+bands, f, s)
					})
				}
				t := sideBySide(b, 300, functions[0], functions[1])
				b.ReportMetric(100*(float64(t.best(1))/float64(t.best(0))-1), "%-more")
				b.ReportMetric(100*(float64(t.median(1))/float64(t.median(0))-1), "%-more-median")
				b.ReportMetric(float64(t.best(0))/float64(bands*bandRows*cols*tokens)*1e3, "ps/product")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
