package inference

import "time"

// This file tells what the time of a forward pass goes to. Each worker has a clock
// and says which phase of the pass it comes to; what it waits for others at the end
// of a phase is kept apart. Without a clock that costs a comparison.

// phase is a kind of work in a forward pass. What makes the input of projections
// stands before them.
type phase uint8

const (
	phaseStart phase = iota
	phaseQKVInput
	phaseQKV
	phaseRope
	phaseAttention
	phaseOInput
	phaseO
	phaseGateUpInput
	phaseGateUp
	phaseDownInput
	phaseDown
	phaseHeadInput
	phaseScan
	phaseHead
	phases
)

var phaseNames = [phases]string{
	phaseStart:       "start, embedding",
	phaseQKVInput:    "norm, quantise",
	phaseQKV:         "q, k, v",
	phaseRope:        "rope, cache",
	phaseAttention:   "attention",
	phaseOInput:      "norm, quantise",
	phaseO:           "o",
	phaseGateUpInput: "norm, quantise",
	phaseGateUp:      "gate, up",
	phaseDownInput:   "activation, norm, quantise",
	phaseDown:        "down",
	phaseHeadInput:   "norm, vector of the scan",
	phaseScan:        "scan of the head",
	phaseHead:        "rows of the head",
}

// spent is what a worker spent on a phase.
type spent struct {
	work, wait time.Duration
	bytes      int64
}

// clock is what a worker spent on each phase of a pass.
type clock struct {
	at     phase
	since  time.Duration // when it came to what it does now
	phases [phases]spent
	_      [64]byte // the clocks of others are in other cache lines
}

// clocks are those of all workers.
type clocks struct {
	epoch  time.Time
	begun  time.Duration // the running pass
	each   []clock
	all    [][phases]spent // of each worker, in all passes,
	passes int
	best   [][phases]spent // and in the fastest of them,
	took   time.Duration   // which took this
}

func newClocks(workers int) *clocks {
	return &clocks{epoch: time.Now(), each: make([]clock, workers), all: make([][phases]spent, workers), best: make([][phases]spent, workers)}
}

func (c *clocks) now() time.Duration { return time.Since(c.epoch) }

// begin starts a pass; the workers take their clocks.
func (c *clocks) begin() {
	if c == nil {
		return
	}
	for i := range c.each {
		c.each[i].phases = [phases]spent{}
	}
	c.begun = c.now()
}

// end counts the pass. Worker 0, who is the caller, has waited for the others to end.
func (c *clocks) end() {
	if c == nil {
		return
	}
	now, x := c.now(), &c.each[0]
	x.phases[x.at].wait += now - x.since
	took := now - c.begun
	best := c.passes == 0 || took < c.took
	if best {
		c.took = took
	}
	c.passes++
	for i := range c.each {
		each := &c.each[i].phases
		if best {
			c.best[i] = *each
		}
		for p := range each {
			sum := &c.all[i][p]
			sum.work, sum.wait, sum.bytes = sum.work+each[p].work, sum.wait+each[p].wait, sum.bytes+each[p].bytes
		}
	}
}

// begin lets the worker take its clock; that it began late is waiting.
func (w *worker) begin(c *clocks) {
	if c == nil {
		return
	}
	w.clocks, w.clock = c, &c.each[w.id]
	w.clock.at, w.clock.since = phaseStart, c.begun
	w.lap(&w.clock.phases[phaseStart].wait)
}

// phase says what the worker does from now on.
func (w *worker) phase(to phase) {
	if w.clock != nil {
		w.lap(&w.clock.phases[w.clock.at].work)
		w.clock.at = to
	}
}

// stop is the end of a pass.
func (w *worker) stop() {
	if w.clock != nil {
		w.lap(&w.clock.phases[w.clock.at].work)
	}
}

// read counts bytes of weights, of a cache or of a state that the worker reads, or
// all of them.
func (w *worker) read(bytes int64) {
	if w.clock != nil {
		w.clock.phases[w.clock.at].bytes += bytes
	}
}

// lap adds what has passed since the last one.
func (w *worker) lap(to *time.Duration) {
	now := w.clocks.now()
	*to += now - w.clock.since
	w.clock.since = now
}

// PhaseTime is what decoding a token spent on a phase: the mean of the passes that
// were timed, and the fastest of them.
type PhaseTime struct {
	Name       string
	Bytes      int64           // that all workers read of weights, caches and states
	Work, Wait []time.Duration // of each worker: doing it, and then waiting for the others

	LeastWork, LeastWait []time.Duration // in the fastest pass
}

// TimePhases has the passes from now on timed, or not. No pass may be running.
func (e *Engine) TimePhases(on bool) {
	e.clocks = nil
	if on {
		e.clocks = newClocks(e.pool.size)
	}
}

// Phases returns what the passes since TimePhases spent their time on, in the order
// in which a pass runs, and how long they took on average.
func (e *Engine) Phases() (times []PhaseTime, pass time.Duration) {
	c := e.clocks
	if c == nil || c.passes == 0 {
		return nil, 0
	}
	n := time.Duration(c.passes)
	for p, name := range phaseNames {
		t := PhaseTime{Name: name}
		for i := range e.Threads() {
			all, best := &c.all[i][p], &c.best[i][p]
			t.Work, t.Wait, t.Bytes = append(t.Work, all.work/n), append(t.Wait, all.wait/n), t.Bytes+all.bytes/int64(n)
			t.LeastWork, t.LeastWait = append(t.LeastWork, best.work), append(t.LeastWait, best.wait)
		}
		times = append(times, t)
		pass += t.Work[0] + t.Wait[0]
	}
	return times, pass
}
