// Package parallel runs the pieces of a task on all cores.
package parallel

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f(0) … f(n-1) on all cores and returns when every call has
// ended: nil, or the first error it met, or the context's. The calling
// goroutine takes part and calls tick after each of its own calls.
func Each(ctx context.Context, n int, f func(i int) error, tick func()) error {
	var (
		next   atomic.Int64
		failed atomic.Pointer[error]
		wg     sync.WaitGroup
	)
	work := func(tick func()) {
		for failed.Load() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			err := ctx.Err()
			if err == nil {
				err = f(i)
			}
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
			tick()
		}
	}
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		wg.Go(func() { work(func() {}) })
	}
	work(tick)
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}
