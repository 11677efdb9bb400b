package inference

import "context"

// This file is for callers that measure a forward pass or look into one. Nothing
// else in the package depends on it but the tests.

// Worker is one worker of an engine, as [Engine.OnWorkers] hands it to each.
type Worker struct{ w *worker }

// ID is the number of the worker, 0 for the caller's own goroutine.
func (w Worker) ID() int { return w.w.id }

// Wait returns when every worker has called it.
func (w Worker) Wait() { w.w.sync() }

// Share calls do for each of the n units of a step, spread over the workers in
// small pieces like the rows of a matrix. All workers must call it with the same n.
func (w Worker) Share(n int, do func(unit int)) {
	work := w.w.pieces(n, 1)
	for i, hi, ok := work.next(); ok; i, hi, ok = work.next() {
		for ; i < hi; i++ {
			do(i)
		}
	}
}

// OnWorkers returns a function that runs step on all workers together, as a
// forward pass runs, and returns when each has finished. Calling it allocates
// nothing.
func (e *Engine) OnWorkers(step func(Worker)) (run func() error) {
	body := func(_ context.Context, w *worker) { step(Worker{w}) }
	return func() error { return e.pool.run(context.Background(), body) }
}

// BarrierCount is how many barriers all passes so far have crossed. With one
// worker there are none.
func (e *Engine) BarrierCount() int64 {
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	return e.pool.barrier.meetings
}

// Trace calls f with the intermediate values of every later pass: "embed", then
// the stages of each layer, ending with "resid", then "final_norm". The values
// [T][width] are valid during the call only. nil ends it.
func (s *Session) Trace(f func(stage string, layer int, values []float32)) { s.pass.tracer = f }

// Head says how much of the head a pass of a [Probe] computes.
type Head uint8

// The work on the head.
const (
	HeadNone Head = iota // nothing
	HeadTop              // the most likely token, found with the compact copy
	HeadFull             // all logits
)

// Probe runs single passes at any depth of a cache whose contents do not matter.
// Its engine must not be used by anybody else meanwhile.
type Probe struct{ s *Session }

// NewProbe returns a probe with a full cache of the model's context length.
func (e *Engine) NewProbe(kv KVType) (*Probe, error) {
	s, err := e.NewSession(SessionOptions{KV: kv})
	if err != nil {
		return nil, err
	}
	s.request.k = 1
	if err := s.grow(s.context); err != nil {
		return nil, err
	}
	s.tokens = make([]int32, s.context)
	s.kv.touch()
	return &Probe{s}, nil
}

// Pass evaluates ids after depth positions.
func (p *Probe) Pass(ctx context.Context, depth int, ids []int32, head Head) error {
	p.s.tokens = p.s.tokens[:depth]
	want, rows := logitsNone, 0
	switch head {
	case HeadTop:
		want, rows = logitsTop, 1
	case HeadFull:
		want, rows = logitsFull, 1
	}
	return p.s.evaluate(ctx, ids, want, rows)
}

// Attention runs only the attention of tokens after depth positions, in the first so many
// layers, as if sharing query heads shared each key/value head.
func (p *Probe) Attention(depth, tokens, sharing, layers int) error {
	return p.attention(depth, tokens, sharing, 0, layers)
}

// attention is Attention in layers [first, end).
func (p *Probe) attention(depth, tokens, sharing, first, end int) error {
	m := p.s.engine.model
	kvHeads := m.KVHeads
	m.KVHeads /= sharing
	defer func() { m.KVHeads = kvHeads }()
	p.s.tokens = p.s.tokens[:depth]
	p.s.pass.start()
	p.s.pass.add(p.s, make([]int32, tokens), logitsNone, 0)
	p.s.pass.allocate(tokens)
	p.s.pass.plan()
	if heads := m.Heads; p.s.kv.kind == KVQ8 {
		for i := range tokens * heads {
			p.s.pass.q8[i].Set(p.s.pass.query(i/heads, i%heads))
		}
	}
	body := func(ctx context.Context, w *worker) {
		for l := first; l < end; l++ {
			if !m.IsRecurrent(l) {
				p.s.pass.attend(ctx, w, l)
				w.sync()
			}
		}
	}
	if tokens == 1 {
		return p.s.engine.pool.run(context.Background(), body)
	}
	return p.s.engine.pool.runRows(context.Background(), body, tokens)
}
