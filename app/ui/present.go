package ui

import (
	"sync"
	"sync/atomic"
	"time"
)

// quietDelay is how long drawing waits while another window has the focus: the
// processor is better used for writing then.
const quietDelay = 150 * time.Millisecond

// presenter has the window drawn after a change. The controller tells of a
// change at most 30 times a second, and not again before it was looked at, so
// that never more than one drawing is on its way.
type presenter struct {
	post   func(func())         // runs a function on the window's goroutine, soon
	draw   func() time.Duration // returns when it wants to be called again, 0 for never
	quiet  atomic.Bool          // another window has the focus
	closed atomic.Bool

	mu   sync.Mutex
	wake *time.Timer // for what draw asked for
}

// notify may be called from any goroutine; it does not block.
func (p *presenter) notify() {
	if p.quiet.Load() {
		time.AfterFunc(quietDelay, p.present)
		return
	}
	p.present()
}

func (p *presenter) present() {
	if p.closed.Load() {
		return
	}
	p.post(func() {
		if p.closed.Load() {
			return
		}
		again := p.draw()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.wake != nil {
			p.wake.Stop()
			p.wake = nil
		}
		if again > 0 && !p.closed.Load() {
			p.wake = time.AfterFunc(again, p.present)
		}
	})
}

// close stops drawing. The window is gone when it is called.
func (p *presenter) close() {
	p.closed.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wake != nil {
		p.wake.Stop()
	}
}
