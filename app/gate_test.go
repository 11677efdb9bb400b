//go:build cgo

package app

import (
	"sync"
	"sync/atomic"
	"testing"
)

// What is posted before the gate is shut passes, and nothing reaches a loop that has
// ended, however many goroutines post meanwhile: as Fyne's queue does, this one panics.
func TestNothingIsPostedToAClosedWindow(t *testing.T) {
	for range 200 {
		queue := make(chan func(), 1)
		var passed atomic.Int64
		g := newGate(func(f func()) { queue <- f })
		var loop, posters sync.WaitGroup
		loop.Go(func() {
			for f := range queue {
				f()
			}
		})
		begun := make(chan struct{}, 4)
		for range 4 {
			posters.Go(func() {
				for i := range 100 {
					if g.post(func() { passed.Add(1) }); i == 0 {
						begun <- struct{}{}
					}
				}
			})
		}
		for range 4 {
			<-begun
		}
		g.close()
		g.close()
		close(queue)
		loop.Wait()
		if n := passed.Load(); n < 4 {
			t.Fatalf("%d of at least 4 functions passed an open gate", n)
		}
		g.post(func() { t.Error("a closed gate let something pass") })
		if g.call(func() {}) {
			t.Error("a closed gate says that something passed")
		}
		posters.Wait()
	}
}
