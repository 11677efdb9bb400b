package measure

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"tern/inference/kernel"
	"tern/model/ternary"
)

// How memory is measured.
const (
	// MemoryBytes is far beyond any cache, so that the reads come from memory.
	MemoryBytes    = 1 << 30
	bandwidthReads = 5
)

// ReadBandwidth is how fast this machine reads memory with the given number of
// threads, in bytes per second: the best of five sequential, vectorised reads
// of size bytes on huge pages. Each thread reads its own part of them.
func ReadBandwidth(ctx context.Context, threads, size int) (float64, error) {
	buf := ternary.NewArena(size).Bytes(size)
	defer debug.FreeOSMemory() // so that it is not counted as the model's
	part := len(buf) / threads &^ 63
	each := func(f func(part []byte)) {
		var wg sync.WaitGroup
		for t := range threads {
			end := (t + 1) * part
			if t == threads-1 {
				end = len(buf)
			}
			wg.Go(func() { f(buf[t*part : end]) })
		}
		wg.Wait()
	}
	// Untouched pages are all the same page of zeros, which no read would
	// fetch from memory: give each its own first.
	each(func(p []byte) {
		for i := 0; i < len(p); i += 4096 {
			p[i] = 1
		}
	})
	best := time.Duration(1<<63 - 1)
	for range bandwidthReads {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		best = min(best, timed(func() { each(func(p []byte) { runtime.KeepAlive(kernel.ReadBandwidth(p)) }) }))
	}
	return float64(size) / best.Seconds(), nil
}

// tick is longer than the clock of any system stands still: that of Windows does
// for half a millisecond, or for 16.
const tick = 4 * time.Millisecond

// timed is how long do takes, the mean of as many times as pass a tick.
func timed(do func()) time.Duration {
	begin := time.Now()
	for n := time.Duration(1); ; n++ {
		do()
		if took := time.Since(begin); took >= tick {
			return max(took/n, 1)
		}
	}
}
