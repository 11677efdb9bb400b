package inference

import (
	"context"
	"errors"
	"iter"
	"time"

	"tern/inference/sampling"
	"tern/tokenizer"
)

// Generate evaluates ids (reusing what the session already holds), then samples
// tokens until something stops it. Leaving the loop stops it too. The session
// then holds ids and the generated tokens that were evaluated.
//
// The texts of all token events concatenate to the generated text: a character
// whose bytes are not complete and text that may begin a stop string are held
// back until the next token decides, or the end. A cancelled context ends with
// an EventDone of StopCancelled, not with an error.
func (s *Session) Generate(ctx context.Context, ids []int32, o GenerateOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		g := generation{session: s, o: o, yield: yield, begin: time.Now()}
		g.run(ctx, ids)
	}
}

// generation is one run of Generate.
type generation struct {
	session *Session
	o       GenerateOptions
	yield   func(Event, error) bool
	left    bool // the caller left the loop

	begin, first time.Time // of the call, of the first token
	stats        Stats
	stopID       int32
	stops        map[int32]bool
	sampler      *sampling.Sampler
	stream       *tokenizer.Stream // nil without a tokenizer
	stopper      *stopper
	sentence     sentence // the end of the text, for EndSentence
	think        thinker
	form         constraint
	choice       TokenLogprobs // of the token sampled last
	pending      Event         // a token whose text is not decided yet
	hasPending   bool
}

func (g *generation) run(ctx context.Context, ids []int32) {
	if !g.start(ids) || !g.prefill(ctx, ids) {
		return
	}
	for {
		id, more := g.choose()
		if !more {
			return
		}
		if err := g.next(ctx, id); err != nil {
			g.fail(err, ctx.Err() != nil)
			return
		}
	}
}

// start prepares to continue ids, and reports whether that is possible.
func (g *generation) start(ids []int32) bool {
	s, e := g.session, g.session.engine
	g.stats.PromptTokens = len(ids)
	g.sampler = sampling.New(g.o.Sampling)
	g.sampler.Accept(ids...)
	g.stops = e.stopIDs(g.o)
	g.think = newThinker(g.o.Thinking, e.tok)
	if g.o.Grammar != nil {
		g.o.Speculate = SpeculateOff
		g.form.matcher = g.o.Grammar.Matcher()
		if g.think.at == thinkMay && g.think.open < 0 {
			g.think.at = thinkOver // a block could only begin with text of another form
		}
	}
	if err := g.allow(); err != nil {
		g.yield(Event{}, err)
		return false
	}
	if g.drafts() {
		s.drafter.reset(ids)
	}
	g.stopper = newStopper(g.o.Stop)
	if e.tok == nil {
		g.o.EndSentence = 0
	} else {
		// The dummy space of SentencePiece is dropped where the text begins,
		// which is here only when the prompt is not text.
		g.stream = tokenizer.NewStream(e.tok, e.isEmptyText(ids))
	}
	return true
}

// choose takes the step between two passes: it samples a token from what the last
// one computed and yields it. more is false at the end of the text, and when the
// caller left.
func (g *generation) choose() (id int32, more bool) {
	id, forced, err := g.sample()
	if err == nil && g.stops[id] && g.o.Grammar != nil && g.think.at == thinkIn {
		g.think.end() // the answer is still to come
		id, forced, err = g.sample()
	}
	if err != nil {
		g.yield(Event{}, err)
		return 0, false
	}
	switch {
	case g.stops[id]:
		g.stopID = id
		g.finish(StopEOS, "")
		return 0, false
	case g.reached(g.o.MaxTokens) && g.sentence.endsBefore(g.session.engine.tok.Bytes(id)):
		g.finish(StopLength, "")
		return 0, false
	}
	if err := g.shape(id, forced); err != nil {
		g.yield(Event{}, err)
		return 0, false
	}
	stop, stopText := g.token(id)
	if g.left {
		return 0, false
	}
	if stop != "" {
		g.finish(stop, stopText)
		return 0, false
	}
	g.sampler.Accept(id)
	if err := g.allow(); err != nil {
		g.yield(Event{}, err)
		return 0, false
	}
	return id, true
}

// fail ends the text with an error of a pass.
func (g *generation) fail(err error, cancelled bool) {
	switch {
	case cancelled:
		g.finish(StopCancelled, "")
	case g.stats.Generated > 0 && errors.Is(err, ErrContextFull): // memory was short
		g.finish(StopContext, "")
	default:
		g.yield(Event{}, err)
	}
}

// drafts reports whether tokens may be evaluated ahead: the state of linear attention
// cannot take a draft back.
func (g *generation) drafts() bool { return g.o.Speculate != SpeculateOff && g.session.state == nil }

// next appends id to the sequence and makes its logits known: they are already
// where a draft had it, otherwise a pass evaluates it and a new draft.
func (g *generation) next(ctx context.Context, id int32) error {
	s := g.session
	if err := ctx.Err(); err != nil {
		return err
	}
	if !g.drafts() {
		s.oneID[0] = id
		return s.evalAhead(ctx, s.oneID[:], g.want(nil))
	}
	s.drafter.push(id)
	if s.follow(id) {
		g.stats.Accepted++
		return nil
	}
	room := s.context - len(s.tokens) - 1
	if g.o.MaxTokens > 0 {
		room = min(room, g.o.MaxTokens+g.o.EndSentence-g.counted()-1)
	}
	ids := s.drafter.draft(g.o.Speculate, room)
	g.stats.Drafted += len(ids) - 1
	start := time.Now()
	err := s.evalAhead(ctx, ids, g.want(ids[1:]))
	if errors.Is(err, ErrMemory) && len(ids) > 1 {
		ids = ids[:1]
		err = s.evalAhead(ctx, ids, g.want(nil))
	}
	s.drafter.measured(len(ids), time.Since(start))
	return err
}

// want asks the next pass for the logits that the sampler needs, of a token and
// of the draft after it.
func (g *generation) want(draft []int32) logitsKind {
	s := g.session
	if s.engine.scan == nil || g.o.Alternatives > 0 {
		return logitsFull
	}
	k, ids := g.sampler.Needs(scanMaxTop)
	few := g.form.set != nil && g.form.count <= fewTokens
	if k == 0 && !few {
		return logitsFull
	}
	r := &s.request
	r.set, r.count = g.form.set, g.form.count
	if few {
		r.k, r.ids = 0, g.form.ids(r.ids[:0])
		return logitsTop
	}
	r.k, r.ids = k, r.ids[:0]
	for _, id := range ids {
		if r.has(int(id)) {
			r.ids = append(r.ids, id)
		}
	}
	if len(ids) > 0 {
		r.ids = append(r.ids, draft...) // recent by then
	}
	return logitsTop
}

// sample chooses a token from what the last pass computed, unless it is forced.
func (g *generation) sample() (id int32, forced bool, err error) {
	id, forced = g.think.next()
	if s := g.session; s.have == logitsTop {
		if !forced {
			id, err = g.sampler.SampleFrom(s.pass.top.found[s.row])
		}
		return id, forced, err
	}
	logits := g.session.Logits()
	if !forced {
		id, err = g.sampler.Sample(logits)
	}
	if err == nil && g.o.Alternatives > 0 {
		g.choice = choiceOf(logits, id, min(g.o.Alternatives, MaxAlternatives))
	}
	return id, forced, err
}

// prefill evaluates the prompt and reports whether to go on.
func (g *generation) prefill(ctx context.Context, ids []int32) bool {
	ctx2, cancel := context.WithCancel(ctx)
	defer cancel()
	reused, err := g.session.sync(ctx2, ids, g.want(nil), func(done, total int) {
		if !g.progress(done, total) {
			cancel()
		}
	})
	g.stats.Reused = reused
	g.stats.Prefill = time.Since(g.begin)
	if g.left {
		return false
	}
	if err != nil {
		g.fail(err, ctx.Err() != nil)
	}
	return err == nil
}

// progress yields how far the prompt is, and reports whether to go on.
func (g *generation) progress(done, total int) bool {
	g.update(time.Now())
	g.left = g.left || !g.yield(Event{Kind: EventPrefill, Done: done, Total: total, Stats: g.stats}, nil)
	return !g.left
}

// token yields a generated token, or the one before it when the text of this
// one is not decided, and reports whether it was the last.
func (g *generation) token(id int32) (stop StopReason, stopText string) {
	now := time.Now()
	if g.stats.Generated == 0 {
		g.first = now
		g.stats.FirstToken = now.Sub(g.begin)
	}
	g.stats.Generated++
	g.update(now)

	text, held := "", false
	if g.stream != nil {
		written := g.stream.Push(id)
		g.sentence.push(written)
		thinks := g.think.at == thinkIn
		g.think.push(id, !g.stream.Pending())
		if thinks {
			g.stats.Thoughts++
		}
		if thinks || g.think.at == thinkIn {
			text = g.stopper.flush() + written
		} else {
			text, stopText = g.stopper.push(written)
		}
		held = stopText == "" && (g.stream.Pending() || g.stopper.held != "")
	}
	switch s := g.session; {
	case stopText != "":
		stop = StopString
	case g.reached(g.o.MaxTokens + g.o.EndSentence):
		stop = StopLength
	case len(s.tokens) >= s.context:
		stop = StopContext
	}
	if g.form.matcher != nil && g.form.matcher.Complete() && stopText == "" {
		stop = StopComplete
	}
	g.flushPending("")
	g.pending, g.hasPending = Event{Kind: EventToken, ID: id, Text: text, Logprobs: g.choice, Stats: g.stats}, true
	if !held && stop == "" {
		g.flushPending("")
	}
	return stop, stopText
}

// counted is how many tokens of those that MaxTokens counts were generated.
func (g *generation) counted() int {
	if g.o.Thinking.Apart {
		return g.stats.Generated - g.stats.Thoughts
	}
	return g.stats.Generated
}

// reached reports whether limit tokens were generated, where there is a limit.
func (g *generation) reached(limit int) bool {
	return g.o.MaxTokens > 0 && g.counted() >= limit
}

// flushPending yields the token that was held back, with text added to its own.
func (g *generation) flushPending(text string) {
	if g.hasPending && !g.left {
		g.pending.Text += text
		g.left = !g.yield(g.pending, nil)
	}
	g.hasPending = false
}

// finish yields what is still held back and the last event.
func (g *generation) finish(stop StopReason, stopText string) {
	if g.hasPending {
		rest := ""
		if stop != StopString {
			// What the stream held back may complete a stop string no more.
			rest = g.stopper.flush()
			if g.stream != nil {
				rest += g.stream.Flush()
			}
		}
		g.flushPending(rest)
	}
	if !g.left {
		g.stats.ContextUsed = len(g.session.tokens)
		e := Event{Kind: EventDone, Stop: stop, StopID: g.stopID, StopText: stopText, Stats: g.stats}
		if stop == StopEOS {
			e.Logprobs = g.choice
		}
		g.yield(e, nil)
	}
}

func (g *generation) update(now time.Time) {
	g.stats.ContextUsed = len(g.session.tokens)
	if g.stats.Generated > 0 {
		g.stats.Decode = now.Sub(g.first)
	} else {
		g.stats.Prefill = now.Sub(g.begin)
	}
}

// stopIDs is the set of ids that end a text.
func (e *Engine) stopIDs(o GenerateOptions) map[int32]bool {
	stops := map[int32]bool{}
	if !o.IgnoreEOS {
		for _, id := range e.model.StopIDs {
			stops[id] = true
		}
		if e.tok != nil && e.tok.EOS() >= 0 {
			stops[e.tok.EOS()] = true
		}
	}
	for _, id := range o.StopIDs {
		stops[id] = true
	}
	return stops
}

// isEmptyText reports whether ids hold no text: control tokens at most.
func (e *Engine) isEmptyText(ids []int32) bool {
	for _, id := range ids {
		if len(e.tok.Bytes(id)) > 0 {
			return false
		}
	}
	return true
}
