package chat

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"

	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

// errNothing is the failure to continue an empty document with a vocabulary
// that has no token to start from.
var errNothing = errors.New("chat: the document is empty and the vocabulary has no token that starts a text")

// answer makes d the document and continues it. Undo will bring back the
// document of before, however far this comes.
func (c *Controller) answer(ctx context.Context, d document, g settings.Generation) {
	before := c.document
	c.generation = g
	c.change(func(v *View) {
		c.remember()
		c.document = d
		c.conv.draft = ""
		c.conv.generation = &g
		v.Problem, v.Notice = nil, Text{}
		v.Figures = Figures{Context: v.Figures.Context, MaxTokens: g.MaxTokens, Seed: g.Seed}
		if g.RandomSeed {
			v.Figures.Seed = rand.Uint32()
		}
		switch {
		case c.engine != nil:
			c.writing = Prefilling
		case c.load != nil:
			v.Notice = Say("Available when the model is open.")
		default:
			v.Problem = &Problem{Sentence: Say("No model is open"), Hint: Say("Open a model, then generate.")}
		}
	})
	var err error
	c.grown()
	if c.engine != nil {
		err = guarded(func() error { return c.write(ctx, g) })
	}
	if errors.As(err, new(*inference.Panic)) {
		c.engine.Forget()
	}
	used := c.used()
	c.change(func(v *View) {
		c.writing = NoModel
		if c.document.equal(before) {
			c.undo = c.undo[:len(c.undo)-1]
		}
		f := &v.Figures
		f.ContextUsed = min(used, f.Context)
		switch {
		case errors.Is(err, inference.ErrContextFull):
			f.Stop = ContextFull
		case errors.Is(err, errNothing):
			v.Problem = &Problem{Sentence: Say("There is nothing to continue"), Hint: Say("Write a few words first."), Detail: err.Error()}
		case err != nil:
			p := c.problem(err, v.Model.Path)
			f.Stop, v.Problem = StoppedByError, &p
		}
		if f.Stop == ContextFull {
			v.Problem = contextFull(f)
		}
	})
	c.grown()
}

// remember keeps the document for Undo. It is called with the lock held.
func (c *Controller) remember() {
	c.undo = append(c.undo, c.document)
	c.undo = c.undo[max(0, len(c.undo)-maxUndo):]
}

// write generates a segment at the end of the document.
func (c *Controller) write(ctx context.Context, g settings.Generation) error {
	s, err := c.engine.Session(g)
	if err != nil {
		return err
	}
	c.announce(c.engine) // another number of threads is another engine
	c.yield()
	a := &segment{id: c.newID(), author: Model, vocab: c.vocab, model: c.view.Model.Name}
	o := inference.GenerateOptions{MaxTokens: g.MaxTokens, Stop: g.Stop}
	var ids []int32
	if c.view.Mode == ChatMode {
		a.separate(c.document)
		stops, texts := c.engine.ChatStops()
		o.StopIDs, o.Stop = stops, append(slices.Clip(g.Stop), texts...)
		ids, err = c.conversation()
	} else {
		ids, err = c.story()
	}
	if err != nil {
		return err
	}
	var seed uint32
	c.change(func(v *View) {
		c.document = c.document.with(a)
		v.Figures.Context = s.Context()
		v.Figures.ContextUsed = min(len(ids), s.Context())
		v.Figures.PromptTotal = unread(s.Tokens(), ids)
		seed = v.Figures.Seed
		a.seed = seed
		if c.inspect {
			o.Alternatives = alternatives
		}
	})
	defer c.finish(a)
	o.Sampling = sampling(g, seed)
	a.made = &made{vocab: c.vocab, prompt: slices.Clone(ids), options: o, context: s.Context()}
	defer c.change(func(v *View) { // once the answer has ended
		a.made.context = s.Room()
		v.Figures.Context, v.Figures.Short = s.Room(), s.Room() < s.Context()
	})
	for e, err := range s.Generate(ctx, ids, o) {
		if err != nil {
			return err
		}
		c.change(func(v *View) { c.take(a, &v.Figures, e) })
		c.keepSoon()
	}
	return nil
}

// story returns the ids of the document as a text that goes on.
func (c *Controller) story() ([]int32, error) {
	tok := c.engine.Tokenizer()
	ids := c.document.prompt(tok, c.vocab)
	if len(ids) == 0 {
		ids = start(tok)
	}
	if ids == nil {
		return nil, errNothing
	}
	return ids, nil
}

// conversation returns the ids of the document as messages, up to where the
// model writes: behind the last message, or in the answer that is the last.
func (c *Controller) conversation() ([]int32, error) { return c.conversationOf(c.document) }

func (c *Controller) conversationOf(d document) ([]int32, error) {
	tok := c.engine.Tokenizer()
	messages := d.messages(tok, c.vocab)
	n := len(messages)
	if n == 0 {
		return nil, errNothing
	}
	var begun []int32
	if last := messages[n-1]; last.Role == inference.RoleAssistant {
		messages = messages[:n-1]
		if begun = last.IDs; begun == nil {
			begun = tok.EncodeContinuation(last.Content)
		}
	}
	ids, err := c.engine.Chat(c.instructed(messages), true)
	if errors.Is(err, inference.ErrTemplate) && len(messages) > 0 && messages[0].Role == inference.RoleUser {
		// Some templates refuse a system message: then the first message begins with it.
		if system := strings.TrimSpace(c.now().System); system != "" {
			first := slices.Clone(messages)
			first[0].Content = system + "\n\n" + first[0].Content
			ids, err = c.engine.Chat(first, true)
		}
	}
	return append(ids, begun...), err
}

// instructed returns the messages behind the system prompt, if there is one.
func (c *Controller) instructed(messages []inference.Message) []inference.Message {
	c.mu.Lock()
	system := strings.TrimSpace(c.conv.system)
	c.mu.Unlock()
	if system == "" {
		return messages
	}
	return append([]inference.Message{{Role: inference.RoleSystem, Content: system}}, messages...)
}

// take puts one event of an answer into its segment and its figures.
func (c *Controller) take(a *segment, f *Figures, e inference.Event) {
	switch e.Kind {
	case inference.EventPrefill:
		f.PromptDone, f.PromptTotal, f.PromptRate = e.Done, e.Total, e.Stats.PrefillRate()
	case inference.EventToken:
		c.writing = Generating
		a.text.WriteString(e.Text)
		a.ids = append(a.ids, e.ID)
		a.made.ids = append(a.made.ids, e.ID)
		if e.Choice.Rank > 0 {
			a.note(c.engine.Tokenizer(), e.ID, e.Text, e.Choice)
		}
	case inference.EventDone:
		a.made.end(e, a.text.String()[a.lead:])
		f.Stop, f.StopText = StopReason(e.Stop), e.StopText
	}
	f.Rate, f.FirstToken = e.Stats.DecodeRate(), e.Stats.FirstToken
	f.ContextUsed, f.Generated = e.Stats.ContextUsed, e.Stats.Generated
}

// finish leaves an answer so that it can be continued: without it where it has
// no text, without the beginning of a character that its last token began, and
// with ids that spell its text where a stop text was cut off it. A message that
// a stop text ended does not end in white space either: that belonged to what
// would have followed.
func (c *Controller) finish(a *segment) {
	text := a.text.String()
	cut := strings.TrimSuffix(text, "\uFFFD")
	c.change(func(v *View) {
		a.stop = v.Figures.Stop
		before := c.document
		before.segments = before.segments[:len(before.segments)-1]
		if v.Mode == ChatMode && v.Figures.Stop == StoppedByText {
			cut = cut[:a.lead] + strings.TrimRightFunc(cut[a.lead:], unicode.IsSpace)
		}
		switch {
		case len(cut) == a.lead:
			c.document = before
			return
		case cut != text:
			was := a
			a = &segment{id: c.newID(), author: Model, ids: a.ids, vocab: a.vocab, lead: a.lead, model: a.model, seed: a.seed, stop: a.stop, made: a.made}
			a.adopt(was.tokens)
			a.text.WriteString(cut)
			c.document = before.with(a)
		case v.Figures.Stop != StoppedByText:
			return
		}
		a.trim(c.engine.Tokenizer(), v.Mode == StoryMode && len(before.segments) == 0)
	})
}

// start returns the ids to start a text from where there is no text and the
// vocabulary wants no BOS before one; nil if it has nothing of the kind.
func start(tok tokenizer.Tokenizer) []int32 {
	if bos, _ := tok.BOS(); bos >= 0 {
		return []int32{bos}
	}
	if eos := tok.EOS(); eos >= 0 {
		return []int32{eos}
	}
	return nil
}

// unread is how many of ids a session that holds tokens has to evaluate: those
// behind the common prefix, the last one always.
func unread(tokens, ids []int32) int {
	n := 0
	for n < len(tokens) && n < len(ids)-1 && tokens[n] == ids[n] {
		n++
	}
	return len(ids) - n
}
