package ui

import (
	"slices"
	"time"
)

const (
	lagEvery   = 33 * time.Millisecond // between two probes
	lagProbes  = 90                    // that are judged together: 3 s
	lagAllowed = 50 * time.Millisecond // a window feels slow above
)

// lag measures how long the window takes to get to something, while an answer
// is written: what is posted to its goroutine waits for what that is doing, and
// for a processor. All but the posting happens on the window's goroutine.
type lag struct {
	post   func(func())
	now    func() time.Time
	quiet  func() bool // another window has the focus: nobody waits for this one
	judged func()      // worst has another value

	stop  chan struct{} // ends the probing; nil while there is none
	waits []time.Duration
	worst time.Duration // of 95 in 100 of the last probes; 0 before there were enough
}

func newLag(post func(func()), now func() time.Time, quiet func() bool) *lag {
	return &lag{post: post, now: now, quiet: quiet, judged: func() {}}
}

// watch begins or ends the probing.
func (l *lag) watch(on bool) {
	switch {
	case on && l.stop == nil:
		l.stop = make(chan struct{})
		go l.probe(l.stop)
	case !on && l.stop != nil:
		close(l.stop)
		l.stop = nil
	}
}

// probe posts until stop is closed. It does not wait for the last probe: a long
// stall is as many slow ones as it deserves.
func (l *lag) probe(stop chan struct{}) {
	t := time.NewTicker(lagEvery)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			posted := l.now()
			l.post(func() { l.take(l.now().Sub(posted)) })
		}
	}
}

// take is one probe that came through. Answers that are too short are judged
// together with the next ones.
func (l *lag) take(wait time.Duration) {
	if l.quiet() {
		return
	}
	if l.waits = append(l.waits, wait); len(l.waits) < lagProbes {
		return
	}
	slices.Sort(l.waits)
	l.worst = l.waits[len(l.waits)*95/100]
	l.waits = l.waits[:0]
	l.judged()
}

// lagged leaves a core to a window that was slow while all of them worked.
func (ins *inspecting) lagged() {
	if ins.cfg.lag.worst > lagAllowed && ins.generation.Threads == 0 && !ins.view.CoreReserved {
		ins.models.ReserveCore()
	}
	ins.do.showPanel()
}
