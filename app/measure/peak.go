package measure

import (
	"sync"
	"time"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// peaks is what the threads can multiply at most, multiply-adds a second of all of
// them together.
type peaks struct {
	// kernel is the product of a prompt with a matrix that stays in the cache.
	kernel float64
	// registers is the instruction that multiplies, on registers alone: once for
	// each byte of an activation. 0 for the generic code, which has no measure.
	registers float64
}

// How peaks are measured: matrices stay in the cache of their thread, and tokens
// are enough that unpacking the weights costs little.
const (
	peakRows, peakCols, peakTokens = 512, 1536, 128
	peakTime                       = 50 * time.Millisecond
	peakProducts                   = 1e5
)

// measurePeaks measures what a model's products are made of: those of matrices
// with a scale per group where it has any.
func measurePeaks(m *model.Model, threads int) (p peaks) {
	product, planes := plainProduct, 1
	if g := grouped(m); g != nil {
		product, planes = func() func() { return groupedProduct(g.GroupCols) }, int(kernel.Fixed16)
	}
	const macs = peakRows * peakCols * peakTokens
	p.kernel = macs * eachFastest(threads, product)
	if n := kernel.Peak(peakProducts); n > 0 {
		p.registers = float64(n/planes) * eachFastest(threads, func() func() { return func() { kernel.Peak(peakProducts) } })
	}
	return p
}

// grouped is a matrix of m with a scale per group, nil where it has none.
func grouped(m *model.Model) *ternary.Grouped {
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Grouped != nil {
				return l.Grouped
			}
		}
	}
	return nil
}

// eachFastest is how often a second the threads together do what ready returns a
// function for, each its own: the sum of their best runs.
func eachFastest(threads int, ready func() func()) (rate float64) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start := make(chan struct{})
	for range threads {
		run := ready()
		wg.Go(func() {
			run()
			<-start
			fastest := time.Duration(1<<63 - 1)
			for begin := time.Now(); time.Since(begin) < peakTime; {
				fastest = min(fastest, timed(run))
			}
			mu.Lock()
			defer mu.Unlock()
			rate += 1 / fastest.Seconds()
		})
	}
	close(start)
	wg.Wait()
	return rate
}

// plainProduct multiplies a matrix with one scale by int8 activations.
func plainProduct() func() {
	m := ternary.New(peakRows, peakCols)
	q, y := make([]int8, m.PaddedCols()*peakTokens), make([]float32, peakRows*peakTokens)
	sums, muls, s := make([]int32, peakTokens), make([]float32, peakTokens), kernel.NewScratch()
	return func() { kernel.MatMul(y, peakRows, &m, 0, m.Groups(), q, sums, muls, s) }
}

// groupedProduct multiplies a matrix with a scale per group by activations in
// fixed point.
func groupedProduct(groupCols int) func() {
	m := ternary.NewGrouped(peakRows, peakCols, groupCols, false)
	x, y, s := new(kernel.Fixed), make([]float32, peakRows*peakTokens), kernel.NewScratch()
	x.Reset(peakTokens, peakCols, groupCols, kernel.Fixed16)
	for t := range peakTokens {
		x.Set(t, make([]float32, peakCols))
	}
	return func() { kernel.MatMulGrouped(y, peakRows, &m, 0, m.Bands(), x, s) }
}
