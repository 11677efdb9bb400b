package inference

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestPoolRunsInStep has every worker count a step and checks, after the
// barrier, that all have.
func TestPoolRunsInStep(t *testing.T) {
	for size := 1; size <= 9; size++ {
		p := newPool(size)
		var arrived atomic.Int64
		for pass := range 50 {
			arrived.Store(0)
			err := p.run(t.Context(), func(_ context.Context, w *worker) {
				for step := int64(1); step <= 20; step++ {
					arrived.Add(1)
					w.sync()
					if n := arrived.Load(); n < step*int64(size) {
						panic("a worker went on before all had arrived")
					}
					w.sync()
				}
			})
			if err != nil {
				t.Fatalf("%d workers, pass %d: %v", size, pass, err)
			}
		}
		p.close()
	}
}

func TestPoolShares(t *testing.T) {
	for of := 1; of <= 7; of++ {
		for n := range 30 {
			next := 0
			for id := range of {
				lo, hi := (&worker{id: id, of: of}).share(n)
				if lo != next || hi < lo {
					t.Fatalf("worker %d of %d got [%d, %d) of %d", id, of, lo, hi, n)
				}
				next = hi
			}
			if next != n {
				t.Fatalf("%d workers share %d of %d", of, next, n)
			}
		}
	}
}

// TestPoolPieces has workers take queues of several sizes and checks that every
// unit of each was handed out once.
func TestPoolPieces(t *testing.T) {
	for size := 1; size <= 5; size++ {
		p := newPool(size)
		for _, n := range []int{0, 1, 7, 8, 9, 100, 1000} {
			var done [maxQueues][]atomic.Int32
			for i := range done {
				done[i] = make([]atomic.Int32, n)
			}
			err := p.run(t.Context(), func(_ context.Context, w *worker) {
				for round := range int32(3) {
					for i := range done {
						work := w.pieces(n, 1+7*i)
						for lo, hi, ok := work.next(); ok; lo, hi, ok = work.next() {
							if lo >= hi || hi-lo < 1+7*i && !isShare(lo, hi, n, size) {
								panic("a piece is empty or too small")
							}
							for u := lo; u < hi; u++ {
								done[i][u].Add(1)
							}
						}
					}
					w.sync()
					for i := range done {
						for u := range done[i] {
							if done[i][u].Load() != round+1 {
								panic("a unit was not handed out once")
							}
						}
					}
					w.sync()
				}
			})
			if err != nil {
				t.Fatalf("%d workers, %d units: %v", size, n, err)
			}
		}
		p.close()
	}
}

// isShare reports whether [lo, hi) is the share of one of size workers in n units.
func isShare(lo, hi, n, size int) bool {
	for id := range size {
		if a, b := shareOf(n, id, size); a == lo && b == hi {
			return true
		}
	}
	return false
}

// TestPanicSaysNoWords: what code panicked with may hold what a user wrote.
func TestPanicSaysNoWords(t *testing.T) {
	for _, value := range []any{"my secret", errors.New("my secret"), []string{"my secret"}} {
		if text := FromRecover(value).Error(); strings.Contains(text, "secret") {
			t.Error(text)
		}
	}
}

// TestPoolSurvivesPanic checks that a panic in any worker ends the pass for all
// of them and leaves the pool usable.
func TestPoolSurvivesPanic(t *testing.T) {
	const size = 4
	p := newPool(size)
	defer p.close()
	for culprit := range size {
		err := p.run(t.Context(), func(_ context.Context, w *worker) {
			w.sync()
			if w.id == culprit {
				_ = p.workers[w.of] // one too far
			}
			for range 3 {
				w.sync()
			}
		})
		var inside *Panic
		if !errors.As(err, &inside) || !strings.Contains(err.Error(), "index out of range") || !strings.Contains(string(inside.Stack), "TestPoolSurvivesPanic") {
			t.Fatalf("worker %d panicked, run returned %v", culprit, err)
		}
		if err := p.run(t.Context(), func(_ context.Context, w *worker) { w.sync() }); err != nil {
			t.Fatalf("after a panic: %v", err)
		}
	}
}

// TestPoolPanicBeforeOthersArrive has the others come to the barrier only after
// the worker that panicked has abandoned it: they must not wait for it.
func TestPoolPanicBeforeOthersArrive(t *testing.T) {
	const size = 3
	p := newPool(size)
	defer p.close()
	for culprit := range size {
		err := p.run(t.Context(), func(_ context.Context, w *worker) {
			if w.id == culprit {
				panic("first")
			}
			for !w.barrier.gate.broken.Load() {
				runtime.Gosched()
			}
			w.sync()
		})
		if err == nil || !errors.As(err, new(*Panic)) {
			t.Fatalf("worker %d panicked, run returned %v", culprit, err)
		}
	}
}

// TestPoolResizes checks that a pass has as many workers as were asked for last,
// within what the pool was made with, and that those sent away have ended.
func TestPoolResizes(t *testing.T) {
	p := newPool(4)
	defer p.close()
	for _, c := range []struct{ ask, want int }{{4, 4}, {3, 3}, {3, 3}, {1, 1}, {2, 2}, {0, 1}, {9, 4}, {1, 1}, {4, 4}} {
		p.resize(c.ask)
		for range 3 {
			var ran atomic.Int32
			if err := p.run(t.Context(), func(_ context.Context, w *worker) {
				ran.Add(1)
				w.sync()
				if w.of != c.want || int(ran.Load()) != c.want {
					panic("another number of workers")
				}
			}); err != nil {
				t.Fatalf("%d workers asked for: %v", c.ask, err)
			}
		}
	}
	for p.resize(1); p.start.sleepers.Load() > 0; { // whoever were left would sleep again
		runtime.Gosched()
	}
}

func TestPoolClosed(t *testing.T) {
	p := newPool(3)
	p.close()
	p.close()
	if err := p.run(t.Context(), func(context.Context, *worker) {}); !errors.Is(err, ErrClosed) {
		t.Errorf("closed pool: %v", err)
	}
}

// TestPoolWakesParkedWorkers leaves the workers idle long enough to park.
func TestPoolWakesParkedWorkers(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for range 5 {
		for p.start.sleepers.Load() < 2 {
			runtime.Gosched()
		}
		var ran atomic.Int32
		if err := p.run(t.Context(), func(_ context.Context, w *worker) {
			if w.id == 0 {
				time.Sleep(2 * time.Millisecond) // others park at the barrier
			}
			w.sync()
			ran.Add(1)
		}); err != nil || ran.Load() != 3 {
			t.Fatalf("%d workers ran, %v", ran.Load(), err)
		}
	}
}

func BenchmarkBarrier(b *testing.B) {
	for _, size := range []int{1, 2, 4} {
		b.Run(string(rune('0'+size)), func(b *testing.B) {
			p := newPool(size)
			defer p.close()
			b.ResetTimer()
			if err := p.run(b.Context(), func(_ context.Context, w *worker) {
				for range b.N {
					w.sync()
				}
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
