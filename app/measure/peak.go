package measure

import (
	"sync"
	"time"

	"tern/inference/kernel"
	"tern/model/ternary"
)

// peakMACs is how many multiply-adds a second the kernel of prefill does where
// nothing holds it up: every thread multiplies a matrix of its own, which stays
// in its cache, by enough tokens that unpacking it costs little. It is the best
// of some runs.
func peakMACs(threads int) float64 {
	const rows, cols, tokens, long = 512, 1536, 128, 50 * time.Millisecond
	const macs = rows * cols * tokens
	var wg sync.WaitGroup
	var mu sync.Mutex
	ready := make(chan struct{})
	best := 0.0
	for range threads {
		m := ternary.New(rows, cols)
		wg.Go(func() {
			q, y := make([]int8, m.PaddedCols()*tokens), make([]float32, rows*tokens)
			sums, muls, s := make([]int32, tokens), make([]float32, tokens), kernel.NewScratch()
			run := func() { kernel.MatMul(y, rows, &m, 0, m.Groups(), q, sums, muls, s) }
			run()
			<-ready
			fastest := time.Duration(1<<63 - 1)
			for begin := time.Now(); time.Since(begin) < long; {
				fastest = min(fastest, timed(run))
			}
			mu.Lock()
			defer mu.Unlock()
			best += macs / fastest.Seconds()
		})
	}
	close(ready)
	wg.Wait()
	return best
}
