package inference

import "time"

// pacer chooses how many workers take part in the passes that write, of those that
// were asked for. Workers meet five or six times a layer, and where another program has the
// processor of one of them the others wait for the system to give it back: with two
// threads beside one busy program a token then takes twice as long as with one.
// So when much time was lost in waiting, a few passes run with a worker less, and who
// is faster stays; soon they run with one more again, as the processor may only have been
// gone for a moment, and ever more rarely where that is slower. The results are the same.
type pacer struct {
	most    int // workers asked for
	workers int // of the next pass
	passes  int // in the current window, with the same number of workers,
	took    time.Duration
	lost    time.Duration // waiting, all workers together
	before  time.Duration // of a pass with the workers there were before a trial
	back    int           // those workers, 0 outside of trials
	step    int           // workers less in the next trial
	pause   int           // passes until then
	patient int           // how many that was
}

const (
	paceWindow = 4  // passes of which the mean counts
	paceSoon   = 8  // passes with a worker less before a trial with one more,
	paceLeast  = 32 // and between others, twice as many after one that failed, up to
	paceMost   = 1024
)

// next chooses the workers of the next pass after one that took so long.
func (p *pacer) next(took, lost time.Duration) {
	p.passes++
	p.took += took
	p.lost += lost
	hopeless := p.back != 0 && p.took > paceWindow*p.before
	if p.passes < paceWindow && !hopeless {
		return
	}
	mean, waits := p.took/time.Duration(p.passes), p.lost/time.Duration(p.passes*p.workers)
	p.pause -= p.passes
	p.passes, p.took, p.lost = 0, 0, 0
	if back := p.back; back != 0 {
		p.back = 0
		less := p.workers < back // that must gain something
		switch {
		case less && mean < p.before*19/20:
			p.step, p.patient = 1, paceSoon
		case !less && mean < p.before:
			p.step, p.patient = 1, paceLeast
		case less && p.workers > 1: // perhaps still fewer do
			p.workers, p.step = back, 2*p.step
			return
		default:
			p.workers, p.step, p.patient = back, 1, min(2*p.patient, paceMost)
		}
		p.pause = p.patient
		return
	}
	try := p.workers
	switch {
	case p.pause > 0:
	case p.workers > 1 && waits > mean/time.Duration(2*p.workers):
		try = max(1, try-p.step)
	case p.workers < p.most:
		try++
	}
	if try != p.workers {
		p.back, p.before, p.workers = p.workers, mean, try
	}
}

// reset begins again with most workers.
func (p *pacer) reset(most int) { *p = pacer{most: most, workers: most, step: 1, patient: paceLeast} }
