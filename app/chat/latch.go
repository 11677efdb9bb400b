package chat

import (
	"sync"
	"time"
)

// frame is the least time between two notifications: 30 a second is as often
// as text is worth drawing, however fast it is written.
const frame = time.Second / 30

// latch calls notify after a change: at most once until the change was looked
// at, at most once in a frame, and always after the last one. It calls from a
// goroutine of its own, so that whoever changes something never waits for
// whoever draws.
type latch struct {
	notify  func()
	changed chan struct{} // something changed since the last look
	looked  chan struct{} // somebody looked since the last notification
	stop    chan struct{}
	stopped sync.WaitGroup
}

func newLatch(notify func()) *latch {
	l := &latch{
		notify:  notify,
		changed: make(chan struct{}, 1),
		looked:  make(chan struct{}, 1),
		stop:    make(chan struct{}),
	}
	if notify != nil {
		l.stopped.Go(l.run)
	}
	return l
}

func (l *latch) run() {
	for l.wait(l.changed) {
		forget(l.looked)
		l.notify()
		pause := time.NewTimer(frame)
		if !l.wait(l.looked) {
			pause.Stop()
			return
		}
		select {
		case <-pause.C:
		case <-l.stop:
			pause.Stop()
			return
		}
	}
}

// wait returns true when c has something, false when the latch closes.
func (l *latch) wait(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-l.stop:
		return false
	}
}

// change says that something changed.
func (l *latch) change() { remember(l.changed) }

// look says that somebody is about to read what changed. Calling it before the
// reading means that a change during it is told again, rather than never.
func (l *latch) look() {
	forget(l.changed)
	remember(l.looked)
}

// close waits for a notification that is under way; none follows.
func (l *latch) close() {
	close(l.stop)
	l.stopped.Wait()
}

func remember(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func forget(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}
