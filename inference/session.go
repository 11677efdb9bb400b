package inference

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"

	"tern/model"
)

// prefillChunk is how many tokens of a prompt are evaluated together: enough
// that unpacking the weights costs little beside using them. A cancelled context
// ends a chunk within a piece of a product and the attention of a few queries.
const prefillChunk = 128

// SessionOptions says how a session keeps its sequence.
type SessionOptions struct {
	KV      KVType
	Context int // positions, 0 for the model's context length, which also bounds it

	// Snapshots bounds the memory of the copies of a state of linear attention that the
	// session can go back to, in bytes; 0 is DefaultSnapshots. It changes no bit of a text.
	Snapshots int64
}

// Session is one sequence of tokens and its state: the KV cache, the states of linear
// attention and what is known of the logits after the last token. It has one owner;
// its methods must not be called concurrently.
type Session struct {
	engine  *Engine
	context int     // positions at most,
	room    int     // and those that there was memory for
	tokens  []int32 // evaluated so far, in the cache
	ahead   []int32 // a draft after them, evaluated with the last of them
	kv      *kvCache
	state   *recurrentState // of linear attention, nil for models without
	rotation
	drafter *drafter // of Generate

	// pass evaluates the sequence. In a Batch it evaluates others, too.
	pass    *pass
	request topRequest // what to look for with logitsTop
	have    logitsKind // what is known of the last of tokens,
	row     int        // in this row of the pass's logits or top,
	turn    uint64     // until the pass runs again
	oneID   [1]int32
}

// NewSession returns an empty session. The KV cache grows with the sequence.
func (e *Engine) NewSession(o SessionOptions) (*Session, error) {
	return e.newSession(o, e.newPass())
}

// newSession returns an empty session that p evaluates.
func (e *Engine) newSession(o SessionOptions, p *pass) (*Session, error) {
	c := &e.model.Config
	n := o.Context
	if n == 0 {
		n = c.ContextLen
	}
	if n < 0 || n > c.ContextLen {
		return nil, fmt.Errorf("inference: context of %d tokens, the model has %d", n, c.ContextLen)
	}
	s := &Session{engine: e, context: n, room: n, kv: newKVCache(c, o.KV), pass: p, drafter: newDrafter()}
	s.rotation = newRotation(e.model, n)
	s.state = newRecurrentState(c, o.Snapshots)
	return s, nil
}

// Sync makes the session's sequence equal to ids, which must not be empty. It
// keeps the longest common prefix that is already in the cache and prefills the
// rest; the last id is always evaluated, so that Logits belongs to it.
// progress, if not nil, is called after each chunk with the number of ids
// evaluated so far and in all, reused ones not counted.
// reused is the length of the kept prefix. A cancelled context leaves the
// session usable at the last finished chunk and returns the context's error.
// ids longer than the context give ErrContextFull and change nothing. Where
// memory is short, the error is ErrMemory too, and the session stays at the last
// finished chunk.
func (s *Session) Sync(ctx context.Context, ids []int32, progress func(done, total int)) (reused int, err error) {
	return s.sync(ctx, ids, logitsFull, progress)
}

func (s *Session) sync(ctx context.Context, ids []int32, want logitsKind, progress func(done, total int)) (reused int, err error) {
	reused, err = s.reuse(ids, want)
	if err != nil {
		return 0, err
	}
	for total := len(ids) - reused; len(s.tokens) < len(ids); {
		s.pass.start()
		if err := s.addPrompt(ids, prefillChunk, want); err != nil {
			return reused, err
		}
		if err := s.pass.run(ctx); err != nil {
			return reused, err
		}
		if progress != nil {
			progress(len(s.tokens)-reused, total)
		}
	}
	s.state.save(len(s.tokens))
	return reused, nil
}

// reuse shortens the sequence to what ids begin with, without the last of them where
// its logits are not those wanted, and returns how many are left.
func (s *Session) reuse(ids []int32, want logitsKind) (int, error) {
	s.room = s.context
	if err := s.check(ids, len(ids)); err != nil {
		return 0, err
	}
	reused := s.Common(ids)
	if reused == len(ids) {
		if want == logitsFull && s.Logits() != nil && len(s.tokens) == len(ids) {
			return reused, nil
		}
		reused--
	}
	s.Rewind(reused)
	return len(s.tokens), nil // a state may go back further than was asked
}

// addPrompt adds the next part of ids to the pass, at most most of them, and asks for
// what is wanted of the logits of the last one.
func (s *Session) addPrompt(ids []int32, most int, want logitsKind) error {
	have := len(s.tokens)
	rest := len(ids) - have
	n := min(most, rest)
	if s.state != nil {
		n = min(n, snapshotEvery-have%snapshotEvery)
		if left := rest - n; left > 0 && left < answerTail && n > answerTail {
			n -= answerTail - left
		}
	}
	if err := s.grow(have + n); err != nil {
		return err
	}
	wanted := 0
	if have+n == len(ids) {
		wanted = 1
	}
	if wanted == 1 || have%snapshotEvery == 0 || rest == answerTail {
		s.state.save(have)
	}
	s.pass.add(s, ids[have:][:n], want, wanted)
	return nil
}

// Eval appends one token to the sequence and computes its logits. It allocates
// nothing but the chunks of a growing cache.
func (s *Session) Eval(ctx context.Context, id int32) error {
	s.oneID[0] = id
	return s.evalAhead(ctx, s.oneID[:], logitsFull)
}

// evalAhead appends ids[0] to the sequence and evaluates the others, a draft of
// what may follow it, in the same pass; follow takes them over.
func (s *Session) evalAhead(ctx context.Context, ids []int32, want logitsKind) error {
	if err := s.check(ids, len(s.tokens)+len(ids)); err != nil {
		return err
	}
	if err := s.evaluate(ctx, ids, want, len(ids)); err != nil {
		return err
	}
	n := len(s.tokens) - len(ids) + 1
	s.tokens, s.ahead = s.tokens[:n], s.tokens[n:]
	s.row -= len(ids) - 1
	return nil
}

// follow appends id to the sequence if it is what the draft has next, and
// reports whether it was: then what was asked of its logits is there already.
// Otherwise the rest of the draft is forgotten.
func (s *Session) follow(id int32) bool {
	if len(s.ahead) == 0 || s.ahead[0] != id {
		s.ahead = nil
		return false
	}
	s.tokens, s.ahead = s.tokens[:len(s.tokens)+1], s.ahead[1:]
	s.row++
	return true
}

// EachLogits evaluates ids from an empty sequence and calls yield with the
// logits [VocabSize] of every position in order; the slice is reused. An error
// of yield ends it and is returned.
func (s *Session) EachLogits(ctx context.Context, ids []int32, yield func(pos int, logits []float32) error) error {
	if err := s.check(ids, len(ids)); err != nil {
		return err
	}
	s.Rewind(0)
	return s.eachLogits(ctx, ids, yield)
}

// eachLogits evaluates what follows in ids after the tokens that the session
// holds, and calls yield with the logits of every position of it.
func (s *Session) eachLogits(ctx context.Context, ids []int32, yield func(pos int, logits []float32) error) error {
	// Logits of a chunk are kept together: bound them to a few megabytes.
	vocab := s.engine.model.VocabSize
	rows := min(len(ids), prefillChunk, max(1, (1<<21)/vocab))
	last := s.pass.logits
	defer func() { s.pass.logits, s.have = last, logitsNone }()
	for len(s.tokens) < len(ids) {
		pos := len(s.tokens)
		n := min(rows, len(ids)-pos)
		if err := s.evaluate(ctx, ids[pos:][:n], logitsFull, n); err != nil {
			return err
		}
		for i := range n {
			if err := yield(pos+i, s.pass.logits.row(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// check refuses ids that the model does not have and sequences of n tokens
// that the context does not hold.
func (s *Session) check(ids []int32, n int) error {
	if len(ids) == 0 {
		return fmt.Errorf("inference: no tokens to evaluate")
	}
	if n > s.context {
		return fmt.Errorf("inference: %d tokens, room for %d: %w", n, s.context, ErrContextFull)
	}
	for _, id := range ids {
		if id < 0 || int(id) >= s.engine.model.VocabSize {
			return fmt.Errorf("inference: token id %d, the vocabulary has 0 to %d: %w",
				id, s.engine.model.VocabSize-1, ErrBadToken)
		}
	}
	return nil
}

// evaluate runs the forward pass over ids at the end of the sequence and
// computes what is wanted of the logits of the last ones, wanted of them.
func (s *Session) evaluate(ctx context.Context, ids []int32, want logitsKind, wanted int) error {
	if err := s.grow(len(s.tokens) + len(ids)); err != nil {
		return err
	}
	s.pass.start()
	s.pass.add(s, ids, want, wanted)
	return s.pass.run(ctx)
}

// abandon is for a pass that was not finished. The cache beyond the tokens does not
// matter, but the state of linear attention was changed.
func (s *Session) abandon() {
	if s.state != nil {
		s.tokens = s.tokens[:s.state.forget()]
	}
}

// grow makes room for n positions, or says that there is no memory for them. It
// asks again each time.
func (s *Session) grow(n int) error {
	if n <= s.kv.positions() && s.kv.owns(len(s.tokens)) {
		return nil
	}
	var free int64
	spared := func(bytes int64) (spared bool) {
		free, spared = s.engine.spares(bytes)
		return spared
	}
	owned := s.kv.own(len(s.tokens), spared)
	if owned {
		s.kv.grow(n, spared)
	}
	have := s.kv.positions()
	switch {
	case n <= have && owned:
		s.tokens = slices.Grow(s.tokens, max(0, have-len(s.tokens))) // a pass allocates nothing
		return nil
	case have == 0 || !owned:
		return fmt.Errorf("inference: %d tokens take %d bytes, %d are free: %w", kvChunk, s.kv.need(), free, ErrMemory)
	}
	s.room = have
	return fmt.Errorf("inference: %d tokens, memory for %d: %w: %w", n, have, ErrMemory, ErrContextFull)
}

// FreeMemory is how much memory may still be taken, where Options.Free tells.
func (e *Engine) FreeMemory() (bytes int64, known bool) {
	if e.free == nil {
		return 0, false
	}
	return e.free()
}

// spares reports whether bytes bytes of memory are available, and how many are. It
// returns freed memory to the system before it answers no.
func (e *Engine) spares(bytes int64) (free int64, yes bool) {
	if e.free == nil {
		return 0, true
	}
	free, known := e.free()
	if known && free < bytes {
		debug.FreeOSMemory()
		free, known = e.free()
	}
	return free, !known || free >= bytes
}

// Rewind shortens the sequence to its first n tokens; shorter ones are already
// that short. The state of linear attention cannot be shortened: there the
// sequence goes back to the latest position, n or before, of which it was kept. Logits are gone unless nothing was removed.
func (s *Session) Rewind(n int) {
	s.ahead = nil
	if n < len(s.tokens) {
		if s.state != nil {
			n = s.state.rewind(n)
		}
		s.tokens, s.have = s.tokens[:n], logitsNone
	}
}

// Logits returns the logits [VocabSize] after the last token, nil when that was
// rewound. They are overwritten by the next evaluation.
func (s *Session) Logits() []float32 {
	if s.have != logitsFull || s.turn != s.pass.turn {
		return nil
	}
	return s.pass.logits.row(s.row)
}

// SetSnapshots changes SessionOptions.Snapshots. Those that are too many are dropped.
func (s *Session) SetSnapshots(budget int64) {
	if s.state != nil {
		s.state.limit = snapshotsOf(&s.engine.model.Config, budget)
		s.state.drop()
	}
}

// Tokens returns the sequence evaluated so far. The caller must not change it.
func (s *Session) Tokens() []int32 { return slices.Clip(s.tokens) }

// Common is how many of the first ids are what the sequence begins with.
func (s *Session) Common(ids []int32) int { return commonPrefix(s.tokens, ids) }

// Context is the number of positions that the session can hold.
func (s *Session) Context() int { return s.context }

// Room is Context, or less where memory was short for the last sequence: the
// number of positions that there was memory for.
func (s *Session) Room() int { return s.room }

// KVBytes is the memory that the KV cache takes now, and the states of linear
// attention with their snapshots.
func (s *Session) KVBytes() int64 { return s.kv.bytes() + s.state.bytes() }

// HeadBytesRead is how much of the head, or of its codes, all passes
// since NewSession have read.
func (s *Session) HeadBytesRead() int64 { return s.pass.headBytes }

// ScratchBytes is about what a session of a model takes beside its KV cache:
// the buffers of a chunk of prefill, and logits.
func ScratchBytes(c *model.Config) int64 {
	heads, kvHeads := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	widest := max(c.Dim, heads, c.FFNDim)
	row := 4*(2*c.Dim+2*heads+2*kvHeads+2*c.FFNDim+c.HeadDim) + 7*widest
	if d := &c.DeltaNet; c.Recurrent != nil {
		row += 4 * (d.Channels() + 2*d.Values() + 2*d.ValueHeads)
	}
	return int64(prefillChunk*row) + 8*int64(c.VocabSize) + c.StateBytes() + SnapshotBytes(c, 0)
}

func commonPrefix(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
