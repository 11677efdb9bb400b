//go:build cgo

package app

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// gate is the one way onto the window's goroutine, until the window closes for good.
// While Fyne (2.8.1) ends its loop, posting to it may panic, because the queue is
// closed under the sender, and afterwards it calls the function on the poster's own
// goroutine: whoever comes then is turned away.
type gate struct {
	do func(func()) // returns at once

	mu   sync.RWMutex // held for reading while something passes
	shut bool
}

// post has f called on the window's goroutine, soon, or never once the gate is shut. It
// may be called from any goroutine.
func (g *gate) post(f func()) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if !g.shut {
		g.do(f)
	}
}

// close returns when nothing passes any more. It may be called more than once.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// closeAtSignal shuts the gate at SIGINT and SIGTERM, which end Fyne's loop without a
// word to the window. stop ends the waiting for them.
func (g *gate) closeAtSignal() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, came := <-signals; came {
			g.close()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}
