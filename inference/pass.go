package inference

import (
	"context"
	"sync/atomic"

	"tern/inference/kernel"
)

// pass is the run state of the forward pass: which rows it evaluates, what of the
// head is wanted of them, and the buffers that the workers share. The rows may
// belong to several sequences; each weight is read once for all of them, and none
// of them influences another. A pass has one owner, who calls start, add for each
// sequence, and run.
type pass struct {
	engine *Engine
	body   func(context.Context, *worker) // p.forward, bound once so that a pass allocates nothing

	rows  []row     // [T] tokens being evaluated
	spans []span    // the rows of each sequence
	heads []headRow // rows whose logits are wanted: all logits of the first
	full  int       // of them, the most likely tokens of the others
	turn  uint64    // counts the runs, each of which overwrites logits and top

	stop    atomic.Bool // the context is done: workers leave work undone
	stopped bool        // the same, written by worker 0 between barriers for all to return together

	// Buffers of T rows.
	room     int    // rows that they have
	h        matrix // [T][Dim] residual stream
	q, att   matrix // [T][Heads·HeadDim]
	k, v     matrix // [T][KVHeads·HeadDim]
	o        matrix // [T][Dim] what a block adds to h
	gate, up matrix // [T][FFNDim]
	cos, sin matrix // [T][HeadDim/2]
	act, own activation

	// Of attention.
	pieces int               // of its work
	taken  []atomic.Int32    // chunks done of each key/value head of each span
	parts  allParts          // of the chunks that several workers may take
	q8     []kernel.Vector16 // [T][Heads] for keys of 8 bits

	// Of linear attention.
	qkv         matrix // [T][Channels]
	z           matrix // [T][Values]
	alpha, beta matrix // [T][ValueHeads]
	gated       matrix // [T][Values], the output of the heads
	deltaOut    matrix // [T][Values], the same before norm and gate, for a tracer

	// Of the head.
	logits    matrix    // [full][VocabSize]
	top       *topState // of a scanned head, nil until one is asked for
	headBytes int64     // read from the head so far

	scratch []scratch // of each worker
	tracer  func(point string, index int, values []float32)
}

// row is one token of a pass.
type row struct {
	seq *Session // whose cache and state it reads and extends
	id  int32
	pos int // in seq
}

// span is what a pass evaluates of one sequence: n rows from the first on.
type span struct {
	seq      *Session
	first, n int
	want     logitsKind // what to compute of the head
	wanted   int        // for this many of the last rows

	tiles, chunks int // of its attention, see plan
	group         int // key/value heads that are read side by side
	head, part    int // the first in pass.taken and pass.parts
}

// headRow is a row whose logits are wanted.
type headRow struct {
	row     int
	request *topRequest // of rows from p.full on
}

// scratch is what each worker keeps for itself.
type scratch struct {
	act, own activation // one row, for decode steps
	x        matrix     // [len(heads)][Dim], the input of the head
	rows     []float32  // [fewRows][Dim] of a dense matrix
	attention
	mul    []float32 // [T]
	kernel *kernel.Scratch
	delta  deltaScratch
	fixed  kernel.Fixed // [full], the input of a ternary head
}

// logitsKind says how much of the head a pass computes.
type logitsKind uint8

const (
	logitsNone logitsKind = iota
	logitsTop             // those that the request of the session asks for
	logitsFull            // all
)

func (e *Engine) newPass() *pass {
	c := &e.model.Config
	widest := max(c.Dim, c.Heads*c.HeadDim, c.FFNDim, c.DeltaNet.Values())
	p := &pass{engine: e, logits: matrix{width: c.VocabSize}, scratch: make([]scratch, e.pool.size)}
	p.body = p.forward
	for i := range p.scratch {
		w := &p.scratch[i]
		w.act, w.own = newActivation(1, widest), newActivation(1, widest)
		w.x = newMatrix(1, c.Dim)
		w.kernel = kernel.NewScratch()
		w.scores = newMatrix(maxQueries, kvChunk)
		w.weights = kernel.NewVectors16(maxQueries, kvChunk)
		if c.Recurrent != nil {
			w.delta = newDeltaScratch(&c.DeltaNet)
		}
	}
	p.allocate(1)
	return p
}

// allocate makes the buffers for up to rows rows.
func (p *pass) allocate(rows int) {
	if rows <= p.room {
		return
	}
	p.room = rows
	c := &p.engine.model.Config
	heads, kvHeads := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	queries := heads // width of q
	if c.AttnGate {
		queries *= 2
	}
	if d := &c.DeltaNet; c.Recurrent != nil {
		p.qkv, p.z, p.gated = newMatrix(rows, d.Channels()), newMatrix(rows, d.Values()), newMatrix(rows, d.Values())
		p.deltaOut = newMatrix(rows, d.Values())
		p.alpha, p.beta = newMatrix(rows, d.ValueHeads), newMatrix(rows, d.ValueHeads)
	}
	widest := max(c.Dim, heads, c.FFNDim, c.DeltaNet.Values())
	p.h, p.o = newMatrix(rows, c.Dim), newMatrix(rows, c.Dim)
	p.q, p.att = newMatrix(rows, queries), newMatrix(rows, heads)
	p.k, p.v = newMatrix(rows, kvHeads), newMatrix(rows, kvHeads)
	p.gate, p.up = newMatrix(rows, c.FFNDim), newMatrix(rows, c.FFNDim)
	p.cos, p.sin = newMatrix(rows, c.RotatedDim()/2), newMatrix(rows, c.RotatedDim()/2)
	p.act = newActivation(rows, widest)
	if p.engine.ownNorms {
		p.own = newActivation(rows, widest)
	}
	for i := range p.scratch {
		p.scratch[i].mul = make([]float32, rows)
	}
}

// scanState is what a scan of the head works with.
func (p *pass) scanState() *topState {
	if p.top == nil {
		p.top = newTopState(p.engine.model.VocabSize, p.engine.pool.size)
	}
	return p.top
}

// start empties the pass.
func (p *pass) start() { p.rows, p.spans = p.rows[:0], p.spans[:0] }

// add lets the pass evaluate ids at the end of s, whose cache has room for them,
// and compute what is wanted of the logits of the last ones, wanted of them. A
// sequence is added once.
func (p *pass) add(s *Session, ids []int32, want logitsKind, wanted int) {
	if wanted == 0 {
		want = logitsNone
	}
	p.spans = append(p.spans, span{seq: s, first: len(p.rows), n: len(ids), want: want, wanted: wanted})
	for i, id := range ids {
		p.rows = append(p.rows, row{s, id, len(s.tokens) + i})
	}
	s.have, s.ahead = logitsNone, nil
}

// run evaluates the rows and appends them to their sequences. Where ctx ends it, or
// a worker panicked, the sequences are as they were, but that the states of linear
// attention go back to their latest snapshots.
func (p *pass) run(ctx context.Context) error {
	p.allocate(len(p.rows))
	p.takeHeads()
	p.plan()
	p.turn++
	p.stopped = false
	p.stop.Store(false)
	p.engine.clocks.begin()
	err := p.engine.pool.runRows(ctx, p.body, len(p.rows))
	p.engine.clocks.end()
	if err == nil && (p.stopped || p.stop.Load()) {
		err = ctx.Err()
	}
	full, top := 0, 0 // rows of logits and of top so far
	for _, s := range p.spans {
		if err != nil {
			s.seq.abandon()
			continue
		}
		for _, r := range p.rows[s.first:][:s.n] {
			s.seq.tokens = append(s.seq.tokens, r.id)
		}
		s.seq.have, s.seq.turn = s.want, p.turn
		switch s.want {
		case logitsFull:
			full += s.wanted
			s.seq.row = full - 1
		case logitsTop:
			top += s.wanted
			s.seq.row = top - 1
		}
	}
	clear(p.rows) // keep no sequence alive
	clear(p.spans)
	clear(p.heads)
	return err
}

// takeHeads lists the rows whose logits are wanted, and makes room for them.
func (p *pass) takeHeads() {
	p.heads = p.heads[:0]
	for _, kind := range [...]logitsKind{logitsFull, logitsTop} {
		for _, s := range p.spans {
			if s.want != kind {
				continue
			}
			for i := s.n - s.wanted; i < s.n; i++ {
				p.heads = append(p.heads, headRow{s.first + i, &s.seq.request})
			}
		}
		if kind == logitsFull {
			p.full = len(p.heads)
		}
	}
	if len(p.logits.data) < p.full*p.logits.width {
		p.logits = newMatrix(p.full, p.logits.width)
	}
	if n := len(p.heads) - p.full; n > 0 {
		p.scanState().allocate(n)
	}
}

// skips tells a worker whether to leave the rest of its work undone, since the
// pass is given up. Worker 0, who has the caller's context, looks for all. A single
// row is as good as done.
func (p *pass) skips(ctx context.Context) bool {
	if len(p.rows) == 1 {
		return false
	}
	if ctx.Err() != nil {
		p.stop.Store(true)
	}
	return p.stop.Load()
}

// tracePoint hands intermediate values to a test; worker 0 does it, after a
// barrier.
func (p *pass) tracePoint(w *worker, point string, index int, values []float32) {
	if p.tracer != nil && w.id == 0 {
		p.tracer(point, index, values)
	}
}
