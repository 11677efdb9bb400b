package chat

import (
	"sync"
	"time"
)

// saveEvery is how often an answer is saved while it is written: what a power
// cut takes at most.
const saveEvery = 2 * time.Second

// archive does what takes a disk, on its own goroutine: one thing after the
// other, in the order in which it was asked.
type archive struct {
	running sync.WaitGroup
	failed  func(error) // is told of a panic

	mu     sync.Mutex
	work   sync.Cond
	queue  []func()
	closed bool
	timer  *time.Timer // will ask for a save, nil for none
}

func newArchive(failed func(error)) *archive {
	a := &archive{failed: failed}
	a.work.L = &a.mu
	a.running.Go(a.serve)
	return a
}

func (a *archive) serve() {
	for {
		a.mu.Lock()
		for len(a.queue) == 0 && !a.closed {
			a.work.Wait()
		}
		if len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		do := a.queue[0]
		a.queue = a.queue[1:]
		a.mu.Unlock()
		if err := guarded(func() error { do(); return nil }); err != nil {
			a.failed(err)
		}
	}
}

// do asks for something; it is done even if the archive is closed meanwhile.
func (a *archive) do(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.queue = append(a.queue, f)
		a.work.Signal()
	}
}

// soon asks for f in saveEvery, unless something of the kind is asked for.
func (a *archive) soon(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timer != nil || a.closed {
		return
	}
	a.timer = time.AfterFunc(saveEvery, func() {
		a.mu.Lock()
		a.timer = nil
		a.mu.Unlock()
		a.do(f)
	})
}

// close waits until everything that was asked for is done.
func (a *archive) close() {
	a.mu.Lock()
	a.closed = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.work.Signal()
	a.mu.Unlock()
	a.running.Wait()
}
