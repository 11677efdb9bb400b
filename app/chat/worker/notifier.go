package worker

import (
	"sync"
	"sync/atomic"
	"time"
)

// frame is the least time between two notifications: 30 a second is as often
// as text is worth drawing, however fast it is written.
const frame = time.Second / 30

// Notifier calls notify after a change: at most once until the change was looked
// at, at most once in a frame, and always after the last one. It calls from a
// goroutine of its own, so that a change never waits for drawing.
type Notifier struct {
	notify  func()
	changes atomic.Int64
	changed chan struct{} // something changed since the last look
	looked  chan struct{} // somebody looked since the last notification
	stop    chan struct{}
	stopped sync.WaitGroup
}

// NewNotifier returns one that calls notify; nil is never called.
func NewNotifier(notify func()) *Notifier {
	n := &Notifier{
		notify:  notify,
		changed: make(chan struct{}, 1),
		looked:  make(chan struct{}, 1),
		stop:    make(chan struct{}),
	}
	if notify != nil {
		n.stopped.Go(n.run)
	}
	return n
}

func (n *Notifier) run() {
	for n.wait(n.changed) {
		take(n.looked)
		n.notify()
		pause := time.NewTimer(frame)
		if !n.wait(n.looked) {
			pause.Stop()
			return
		}
		select {
		case <-pause.C:
		case <-n.stop:
			pause.Stop()
			return
		}
	}
}

// wait returns true when c has something, false when the notifier closes.
func (n *Notifier) wait(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-n.stop:
		return false
	}
}

// Change says that something changed.
func (n *Notifier) Change() {
	n.changes.Add(1)
	signal(n.changed)
}

// Changes is how often something changed.
func (n *Notifier) Changes() int { return int(n.changes.Load()) }

// Look says that somebody is about to read what changed. Calling it before the
// reading means that a change during it is told again, rather than never.
func (n *Notifier) Look() {
	take(n.changed)
	signal(n.looked)
}

// Close waits for a notification that is under way; none follows.
func (n *Notifier) Close() {
	close(n.stop)
	n.stopped.Wait()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func take(c chan struct{}) {
	select {
	case <-c:
	default:
	}
}
