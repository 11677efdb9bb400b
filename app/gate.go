//go:build cgo

package app

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// gate is the one way onto the window's goroutine, until the window closes for good.
// While Fyne (2.8.1) ends its loop, posting to it may panic, because the queue is
// closed under the sender, and afterwards it calls the function on the poster's own
// goroutine: whoever comes then is turned away.
type gate struct {
	do func(func()) // returns at once

	mu   sync.RWMutex  // held for reading while something passes
	shut chan struct{} // closed when the gate is
}

func newGate(do func(func())) *gate { return &gate{do: do, shut: make(chan struct{})} }

// post has f called on the window's goroutine, soon, or never once the gate is shut. It
// may be called from any goroutine.
func (g *gate) post(f func()) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.isShut() {
		g.do(f)
	}
}

// call is post that waits. It returns false where the window closes first.
func (g *gate) call(f func()) bool {
	done := make(chan struct{})
	g.post(func() {
		f()
		close(done)
	})
	select {
	case <-done:
		return true
	case <-g.shut:
		return false
	}
}

// close returns when nothing passes any more. It may be called more than once.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.isShut() {
		close(g.shut)
	}
}

func (g *gate) isShut() bool {
	select {
	case <-g.shut:
		return true
	default:
		return false
	}
}

// endings are the signals by which a session ends, or a terminal that Tern was started
// from, but those that whoever started it wants ignored.
func endings() (list []os.Signal) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	return list
}

// atSignal has end called on the window's goroutine at the first of these signals; the
// next ones change nothing. alone cuts off whoever else listens to them: Fyne ends its
// loop at once, without a word to the window. stop ends the listening.
func (g *gate) atSignal(list []os.Signal, end func()) (alone, stop func()) {
	signals, over := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, list...)
	var listening sync.WaitGroup
	listening.Go(func() {
		select {
		case <-signals:
			g.post(end)
		case <-over:
		}
	})
	alone = func() {
		signal.Reset(list...)
		signal.Notify(signals, list...)
	}
	stop = func() {
		signal.Stop(signals)
		close(over)
		listening.Wait()
	}
	return alone, stop
}

// settled is how long after the start of its loop Fyne listens to signals for certain:
// it begins on another goroutine.
const settled = time.Second
