package inference

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// Batch generates several texts at once (continuous batching, Yu et al. 2022,
// "Orca"): a pass evaluates a token of each text, and slices of the prompts of those
// that joined, so that the weights are read once for all. Texts join and leave
// between passes. Each is the same bit for bit as [Session.Generate] makes it alone.
//
// A batch and its sessions have one owner: their methods must not be called
// concurrently, nor while Step runs.
type Batch struct {
	// Spare, if set, is called where memory is short for a text. It gives up a cache
	// that is not needed, and reports whether there was one.
	Spare func() bool

	engine  *Engine
	pass    *pass
	streams []*Stream // those whose turn is next come first
	now     []*Stream // of the running pass
	prompts []*Stream // of them, those that are still in their prompts, shortest rest first
}

const (
	// batchRows is how many texts advance in one pass; with more, they take turns.
	// The kernels unpack weights once for up to 8 or 12 rows, so that a pass over
	// more takes as much longer as it does more.
	batchRows = 8
	// promptRows is how many tokens of prompts a pass evaluates beside tokens of
	// texts, which wait for them; without these it is a whole chunk.
	promptRows = 64
	// promptLeast is what a prompt gets of them before longer ones get anything: a
	// short prompt is evaluated at once.
	promptLeast = 32
)

// NewBatch returns a batch without texts.
func (e *Engine) NewBatch() *Batch { return &Batch{engine: e, pass: e.newPass()} }

// NewSession is [Engine.NewSession] for sessions that the batch continues. They may
// be used alone, too, while they are not in it.
func (b *Batch) NewSession(o SessionOptions) (*Session, error) {
	return b.engine.newSession(o, b.pass)
}

// Stream is a text that a batch generates.
type Stream struct {
	g      generation
	ids    []int32 // the prompt, nil once it is evaluated
	begun  bool
	next   int32 // the token to evaluate
	slice  int   // tokens of the prompt in the running pass
	served bool  // in the running pass, past its prompt
	ended  bool
	cancel bool
}

// Add lets the batch continue ids with a session of its own, as [Session.Generate]
// does, from the next Step on. Step calls yield with each event; where that returns
// false the text ends without another. The batch keeps ids.
func (b *Batch) Add(s *Session, ids []int32, o GenerateOptions, yield func(Event, error) bool) *Stream {
	st := &Stream{g: generation{session: s, o: o, yield: yield, begin: time.Now()}, ids: ids}
	b.streams = append(b.streams, st)
	return st
}

// Cancel ends the text with StopCancelled at the next Step.
func (st *Stream) Cancel() { st.cancel = true }

// Ended reports whether the last event was yielded; the session is free then.
func (st *Stream) Ended() bool { return st.ended }

// Session is the session that the stream continues.
func (st *Stream) Session() *Session { return st.g.session }

// Generated is how many tokens of the text there are.
func (st *Stream) Generated() int { return st.g.stats.Generated }

// Len is the number of texts that have not ended.
func (b *Batch) Len() int { return len(b.streams) }

// Step runs one pass and yields what it makes known. An error of the pass goes to
// every text in it and ends them. Where ctx is done, all texts end with
// StopCancelled.
func (b *Batch) Step(ctx context.Context) {
	b.choose()
	err := b.run(ctx)
	for _, st := range b.streams {
		if ctx.Err() != nil {
			st.end(nil, true)
		}
	}
	for _, st := range b.now {
		st.after(err)
	}
	clear(b.now)
	clear(b.prompts)
	b.streams = slices.DeleteFunc(b.streams, func(st *Stream) bool { return st.ended })
	// Who was served comes last next time.
	slices.SortStableFunc(b.streams, func(x, y *Stream) int { return cmp.Compare(x.turn(), y.turn()) })
}

// turn is 1 for a stream that the last pass served.
func (st *Stream) turn() int {
	if st.served {
		return 1
	}
	return 0
}

// choose takes the streams of the next pass: those whose turn it is, and the prompts
// there is room for.
func (b *Batch) choose() {
	b.now, b.prompts = b.now[:0], b.prompts[:0]
	for _, st := range b.streams {
		st.slice, st.served = 0, false
		switch {
		case st.cancel:
			st.end(nil, true)
		case !st.begin(): // it ended
		case st.ids != nil:
			b.prompts = append(b.prompts, st)
		case len(b.now) < batchRows:
			st.served, b.now = true, append(b.now, st)
		}
	}
	left := prefillChunk
	if len(b.now) > 0 {
		left = promptRows
	}
	if len(b.prompts) > 0 { // the oldest goes on whatever comes after it
		left -= b.prompts[0].give(left / 4)
	}
	slices.SortStableFunc(b.prompts, func(x, y *Stream) int { return cmp.Compare(x.rest(), y.rest()) })
	for i, st := range b.prompts {
		left -= st.give(min(left, max(left/(len(b.prompts)-i), promptLeast)))
		if st.slice > 0 {
			b.now = append(b.now, st)
		}
	}
}

// rest is how many tokens of the prompt are not evaluated.
func (st *Stream) rest() int { return len(st.ids) - len(st.g.session.tokens) }

// give adds at most n tokens of the prompt to the slice and returns how many.
func (st *Stream) give(n int) int {
	n = min(n, st.rest()-st.slice)
	st.slice += n
	return n
}

// begin prepares a stream that is new, and reports whether it can go on.
func (st *Stream) begin() bool {
	if st.begun || st.ended {
		return !st.ended
	}
	st.begun = true
	if !st.g.start(st.ids) {
		st.ended = true
		return false
	}
	reused, err := st.g.session.reuse(st.ids, st.g.want(nil))
	st.g.stats.Reused = reused
	if err != nil {
		st.end(err, false)
		return false
	}
	if st.rest() == 0 { // all is there, and its logits too
		st.choose()
	}
	return !st.ended
}

// run evaluates what the streams of the pass have next. One alone may draft.
func (b *Batch) run(ctx context.Context) error {
	for _, st := range b.now {
		if err := b.makeRoom(st); err != nil {
			st.end(err, false)
		}
	}
	if len(b.now) == 1 && b.now[0].ids == nil && !b.now[0].ended {
		return b.now[0].g.next(ctx, b.now[0].next)
	}
	b.pass.start()
	for _, st := range b.now {
		if st.ended {
			continue
		}
		if err := st.add(); err != nil {
			st.end(err, false)
		}
	}
	if len(b.pass.rows) == 0 {
		return nil
	}
	return b.pass.run(ctx)
}

// makeRoom grows the cache of a stream for the next pass.
func (b *Batch) makeRoom(st *Stream) error {
	s := st.g.session
	n := len(s.tokens) + max(1, st.slice)
	err := s.grow(n)
	for errors.Is(err, ErrMemory) && b.Spare != nil && b.Spare() {
		err = s.grow(n)
	}
	return err
}

// add lets the pass evaluate what the stream has next.
func (st *Stream) add() error {
	s := st.g.session
	if st.ids != nil {
		return s.addPrompt(st.ids, st.slice, st.g.want(nil))
	}
	s.oneID[0] = st.next
	if st.g.drafts() {
		s.drafter.push(st.next)
	}
	s.pass.add(s, s.oneID[:], st.g.want(nil), 1)
	return nil
}

// after takes the step after a pass.
func (st *Stream) after(err error) {
	switch {
	case st.ended:
	case err != nil:
		st.end(err, false)
	case st.ids == nil:
		st.choose()
	case !st.g.progress(len(st.g.session.tokens)-st.g.stats.Reused, len(st.ids)-st.g.stats.Reused):
		st.ended = true
	case st.rest() == 0:
		st.g.session.state.save(len(st.ids))
		st.choose()
	}
}

// choose samples and yields a token of the text.
func (st *Stream) choose() {
	if st.ids != nil {
		st.ids, st.g.stats.Prefill = nil, time.Since(st.g.begin)
	}
	id, more := st.g.choose()
	st.next, st.ended = id, !more
}

// end ends the stream for an error, or because it is cancelled.
func (st *Stream) end(err error, cancelled bool) {
	if !st.ended {
		st.ended = true
		st.g.fail(err, cancelled)
	}
}
