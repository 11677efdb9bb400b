package inference

import (
	"context"
	"errors"
	"iter"
	"time"

	"tern/inference/sampling"
	"tern/tokenizer"
)

// EventKind tells what an Event reports.
type EventKind uint8

// The kinds of events, in the order in which a generation yields them.
const (
	EventPrefill EventKind = iota // a chunk of the prompt was evaluated: Done, Total
	EventToken                    // a token was generated: ID, Text
	EventDone                     // the last event: Stop, Stats
)

// StopReason says why a generation ended.
type StopReason string

// The reasons for which a generation ends.
const (
	StopEOS       StopReason = "eos"       // the model ended the text
	StopLength    StopReason = "length"    // MaxTokens were generated
	StopString    StopReason = "stop"      // a stop string appeared
	StopContext   StopReason = "context"   // no position is left, or no memory for one
	StopCancelled StopReason = "cancelled" // the context was cancelled
)

// Stats are the figures of a generation; they may be read at any event.
type Stats struct {
	PromptTokens int           // ids given
	Reused       int           // of them, found in the cache
	Generated    int           // tokens generated, the stop token not counted
	Prefill      time.Duration // evaluating the prompt
	FirstToken   time.Duration // from the call to the first token
	Decode       time.Duration // from the first token to the last
	ContextUsed  int           // positions taken now
	Drafted      int           // tokens evaluated ahead of being chosen
	Accepted     int           // of them, chosen then
}

// PrefillRate is prompt tokens evaluated per second, 0 before there is one.
func (s Stats) PrefillRate() float64 { return rate(s.PromptTokens-s.Reused, s.Prefill) }

// DecodeRate is tokens generated per second after the first one, 0 before
// there are two: the first token's time belongs to the prompt.
func (s Stats) DecodeRate() float64 { return rate(s.Generated-1, s.Decode) }

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Event is one step of a generation.
type Event struct {
	Kind        EventKind
	Done, Total int    // EventPrefill: prompt ids evaluated so far and in all
	ID          int32  // EventToken
	Text        string // EventToken: what it adds to the text, whole characters; may be empty
	Choice      Choice // of ID, or of StopID; the zero value without Alternatives
	Stop        StopReason
	StopID      int32  // the id that ended the text, for StopEOS
	StopText    string // the stop string that was found, for StopString
	Stats       Stats
}

// GenerateOptions says how to continue a text.
type GenerateOptions struct {
	Sampling  Sampling
	MaxTokens int      // 0 for as many as the context holds
	Stop      []string // strings that end the text; they are not part of it
	IgnoreEOS bool     // go on after a stop id, which is then generated like any other
	// EndSentence is how many tokens more than MaxTokens may be generated to reach
	// the end of a sentence; 0 stops at MaxTokens. It needs a tokenizer.
	EndSentence int
	// StopIDs are ids that end the text beside the model's own.
	StopIDs []int32
	// Alternatives is how many of the most likely tokens each event lists beside
	// the probability of the token chosen, at most MaxAlternatives; 0 for no
	// such figures. They change no token, but they need the logits of the whole
	// vocabulary, where greedy and top-k sampling can do with a few, and then two
	// passes over them: each token of a model with a large head takes longer.
	Alternatives int
	// Speculate says when to evaluate tokens ahead, which may be faster and
	// changes nothing else.
	Speculate Speculation
}

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
	choice       Choice   // of the token sampled last
	pending      Event    // a token whose text is not decided yet
	hasPending   bool
}

func (g *generation) run(ctx context.Context, ids []int32) {
	s, e := g.session, g.session.engine
	g.sampler = sampling.New(g.o.Sampling)
	g.sampler.Accept(ids...)
	if !g.prefill(ctx, ids) {
		return
	}
	if g.o.Speculate != SpeculateOff {
		s.drafter.reset(ids)
	}
	g.stopper = newStopper(g.o.Stop)
	g.stops = e.stopIDs(g.o)
	if e.tok == nil {
		g.o.EndSentence = 0
	} else {
		// The dummy space of SentencePiece is dropped where the text begins,
		// which is here only when the prompt is not text.
		g.stream = tokenizer.NewStream(e.tok, e.isEmptyText(ids))
	}
	for {
		id, err := g.sample()
		switch {
		case err != nil:
			g.yield(Event{}, err)
			return
		case g.stops[id]:
			g.stopID = id
			g.finish(StopEOS, "")
			return
		case g.reached(g.o.MaxTokens) && g.sentence.endsBefore(e.tok.Bytes(id)):
			g.finish(StopLength, "")
			return
		}
		stop, stopText := g.token(id)
		if g.left {
			return
		}
		if stop != "" {
			g.finish(stop, stopText)
			return
		}
		g.sampler.Accept(id)
		switch err := g.next(ctx, id); {
		case err == nil:
		case ctx.Err() != nil:
			g.finish(StopCancelled, "")
			return
		case errors.Is(err, ErrContextFull): // memory was short
			g.finish(StopContext, "")
			return
		default:
			g.yield(Event{}, err)
			return
		}
	}
}

// next appends id to the sequence and makes its logits known: they are already
// where a draft had it, otherwise a pass evaluates it and a new draft.
func (g *generation) next(ctx context.Context, id int32) error {
	s := g.session
	if err := ctx.Err(); err != nil {
		return err
	}
	if g.o.Speculate == SpeculateOff || s.state != nil { // a state cannot take a draft back
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
		room = min(room, g.o.MaxTokens+g.o.EndSentence-g.stats.Generated-1)
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
	if k == 0 {
		return logitsFull
	}
	r := &s.request
	r.k, r.ids = k, append(r.ids[:0], ids...)
	if len(ids) > 0 {
		r.ids = append(r.ids, draft...) // recent by then
	}
	return logitsTop
}

// sample chooses a token from what the last pass computed.
func (g *generation) sample() (int32, error) {
	if s := g.session; s.have == logitsTop {
		return g.sampler.SampleFrom(s.pass.top.found[s.row])
	}
	logits := g.session.Logits()
	id, err := g.sampler.Sample(logits)
	if err == nil && g.o.Alternatives > 0 {
		g.choice = choiceOf(logits, id, min(g.o.Alternatives, MaxAlternatives))
	}
	return id, err
}

// prefill evaluates the prompt and reports whether to go on.
func (g *generation) prefill(ctx context.Context, ids []int32) bool {
	ctx2, cancel := context.WithCancel(ctx)
	defer cancel()
	g.stats.PromptTokens = len(ids)
	reused, err := g.session.sync(ctx2, ids, g.want(nil), func(done, total int) {
		g.update(time.Now())
		if !g.left && !g.yield(Event{Kind: EventPrefill, Done: done, Total: total, Stats: g.stats}, nil) {
			g.left = true
			cancel()
		}
	})
	g.stats.Reused = reused
	g.stats.Prefill = time.Since(g.begin)
	switch {
	case g.left:
		return false
	case err == nil:
		return true
	case ctx.Err() != nil:
		g.finish(StopCancelled, "")
	default:
		g.yield(Event{}, err)
	}
	return false
}

// token yields a generated token, or the one before it when the text of this
// one is not decided, and says whether it was the last.
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
		text, stopText = g.stopper.push(written)
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
	g.flushPending("")
	g.pending, g.hasPending = Event{Kind: EventToken, ID: id, Text: text, Choice: g.choice, Stats: g.stats}, true
	if !held && stop == "" {
		g.flushPending("")
	}
	return stop, stopText
}

// reached reports whether limit tokens were generated, where there is a limit.
func (g *generation) reached(limit int) bool {
	return g.o.MaxTokens > 0 && g.stats.Generated >= limit
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
			e.Choice = g.choice
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

// isEmptyText tells whether ids hold no text: control tokens at most.
func (e *Engine) isEmptyText(ids []int32) bool {
	for _, id := range ids {
		if len(e.tok.Bytes(id)) > 0 {
			return false
		}
	}
	return true
}
