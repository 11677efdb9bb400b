package backend

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"tern/app/chat/document"
	"tern/app/check"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

// Engine is what Local needs of an inference.Engine and its one session. Tests put another one in
// its place, to hold a token back or to fail.
type Engine interface {
	Tokenizer() tokenizer.Tokenizer
	// ChatPrompt, AnswerFormat and ChatStops are those of inference.Engine.
	ChatPrompt(messages []inference.Message, o inference.ChatOptions) ([]int32, inference.Thinking, error)
	AnswerFormat() *inference.AnswerFormat
	ChatStops() (ids []int32, texts []string)
	// Session returns the one session. It makes a new one where g asks for
	// another context length or number of threads.
	Session(g settings.Generation) (Session, error)
	// Forget drops the session.
	Forget()
	Close()
}

// Session is what an answer needs of an inference.Session, whose methods these are.
type Session interface {
	Generate(ctx context.Context, ids []int32, o inference.GenerateOptions) iter.Seq2[inference.Event, error]
	Logprobs(ctx context.Context, ids []int32, from, n int, yield func(pos int, c inference.TokenLogprobs) error) error
	Tokens() []int32
	Context() int
	Room() int
}

// Local is a model in this process. Its functions are nil where the model has nothing of the kind.
type Local struct {
	Weights *model.Model // stays when the model is closed; nil for none

	// Shared is the engine that other parts of the program may use beside this one.
	Shared func() *inference.Engine
	// Judge returns the corrections that the checkpoint seems to need.
	Judge func(ctx context.Context) (check.Corrections, error)
	// ReserveCore leaves a core to the window, or takes all of them again. What is written is the same.
	ReserveCore func(on bool)

	engine   Engine
	session  Session // the newest of engine
	template string
	vocab    document.Vocab
}

// NewLocal returns the model of an engine. info.Template reports whether it chats.
func NewLocal(e Engine, info Info) *Model {
	l := &Local{engine: e, template: info.Template}
	l.vocab.Key = vocabKey(e.Tokenizer())
	return &Model{Info: info, Writer: l, Local: l}
}

// Prepare is that of Writer; so are the following.
func (l *Local) Prepare(g settings.Generation) (int, error) {
	s, err := l.engine.Session(g)
	if err != nil {
		return 0, err
	}
	l.session = s
	return s.Context(), nil
}

// Forget drops the session.
func (l *Local) Forget() {
	l.engine.Forget()
	l.session = nil
}

// Close frees the engine; Weights stay.
func (l *Local) Close() { l.engine.Close() }

// Positions counts the ids of a prompt.
func (l *Local) Positions(p Prompt) int {
	if p.Mode == document.ChatMode {
		a, _ := l.chat(p) // what the template does not take, takes no room
		return len(a.ids)
	}
	return len(l.encode(p.Document))
}

func (l *Local) encode(d document.Document) []int32 {
	return encode(d, l.engine.Tokenizer(), &l.vocab)
}

// Begin encodes the prompt.
func (l *Local) Begin(p Prompt, o Options) (Answer, error) {
	g := inference.GenerateOptions{MaxTokens: o.Generation.MaxTokens, Stop: o.Generation.Stop, Sampling: o.Generation.Params}
	g.Sampling.Seed = uint64(o.Seed)
	if o.Figures {
		g.Alternatives = alternatives
	}
	a := &localAnswer{session: l.session, kept: o.Kept, tok: l.engine.Tokenizer()}
	var ids []int32
	var err error
	if p.Mode == document.ChatMode {
		if l.template == "" {
			return nil, ErrNoChat
		}
		stops, texts := l.engine.ChatStops()
		g.StopIDs, g.Stop = stops, append(slices.Clip(g.Stop), texts...)
		var c asked
		c, err = l.chat(p)
		ids, g.Thinking = c.ids, c.think
		a.sort = newSorter(a.tok, l.engine.AnswerFormat(), c)
	} else {
		if !o.Generation.CutOff {
			g.EndSentence = inference.SentenceRoom
		}
		ids, err = l.story(p.Document)
	}
	if err != nil {
		return nil, err
	}
	a.record = record{vocab: &l.vocab, prompt: slices.Clone(ids), options: g}
	a.size = Size{Context: l.session.Context(), Used: min(len(ids), l.session.Context()), Unread: unread(l.session, ids)}
	return a, nil
}

// story returns the ids of a document as a text that goes on.
func (l *Local) story(d document.Document) ([]int32, error) {
	ids := l.encode(d)
	if len(ids) == 0 {
		ids = start(l.engine.Tokenizer())
	}
	if ids == nil {
		return nil, ErrNothing
	}
	return ids, nil
}

// chat returns the ids of a document as messages, up to where the model
// writes: after the last message, or in the answer that is the last.
func (l *Local) chat(p Prompt) (a asked, err error) {
	turns := p.Document.Turns()
	list := messages(turns, l.engine.Tokenizer(), &l.vocab)
	n := len(list)
	if n == 0 {
		return a, ErrNothing
	}
	var last *document.Turn
	if turns[n-1].Author == document.Model {
		last, list = &turns[n-1], list[:n-1]
		a.at = where(*last)
	}
	o, closed := l.chatOptions(p, last)
	system := strings.TrimSpace(p.System)
	all := list
	if system != "" {
		all = append([]inference.Message{{Role: inference.RoleSystem, Content: system}}, list...)
	}
	ids, th, err := l.engine.ChatPrompt(all, o)
	if errors.Is(err, inference.ErrTemplate) && system != "" && len(list) > 0 && list[0].Role == inference.RoleUser {
		// Some templates refuse a system message: then the first message begins with it.
		first := slices.Clone(list)
		first[0].Content = system + "\n\n" + first[0].Content
		ids, th, err = l.engine.ChatPrompt(first, o)
	}
	a.ids, a.begun, a.think = ids, th.Begun, l.thinking(th, p, last, closed)
	if last != nil {
		l.goOnWith(&a, *last, th)
	}
	return a, err
}

// localAnswer is one of a model in this process.
type localAnswer struct {
	session Session
	kept    Restorer
	tok     tokenizer.Tokenizer
	size    Size
	record  record
	text    strings.Builder // as generated
	sort    *sorter         // of chats
}

func (a *localAnswer) Size() Size             { return a.size }
func (a *localAnswer) Room() int              { return a.session.Room() }
func (a *localAnswer) Vocab() *document.Vocab { return a.record.vocab }

func (a *localAnswer) Spell(s *document.Segment, first bool) { trim(s, a.tok, first) }

func (a *localAnswer) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		r := &a.record
		if a.restore(ctx) && !yield(Event{Kind: Reading, Total: unread(a.session, r.prompt)}, nil) {
			return
		}
		for e, err := range a.session.Generate(ctx, r.prompt, r.options) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			out := Event{Stats: e.Stats}
			switch e.Kind {
			case inference.EventPrefill:
				out.Kind, out.Done, out.Total = Reading, e.Done, e.Total
			case inference.EventToken:
				n := len(r.ids)
				r.ids = append(r.ids, e.ID)
				a.text.WriteString(e.Text)
				out.Kind, out.Text, out.IDs = Writing, e.Text, r.ids[n:n+1:n+1]
				if e.Logprobs.Rank > 0 {
					t := figures(a.tok, e.ID, e.Text, e.Logprobs)
					out.Token = &t
				}
				if a.sort != nil {
					if !each(a.sort.push(out), yield) {
						return
					}
					continue
				}
			case inference.EventDone:
				if a.sort != nil && !each(a.sort.close(e.Stats, e.Stop == inference.StopEOS), yield) {
					return
				}
				r.end(e, a.text.String(), a.session.Room())
				out.Kind, out.Stop, out.StopText, out.Record = Ended, document.StopReason(e.Stop), e.StopText, r
			}
			if !yield(out, nil) {
				return
			}
		}
	}
}

// each yields events, and reports whether to go on.
func each(list []Event, yield func(Event, error) bool) bool {
	for _, e := range list {
		if !yield(e, nil) {
			return false
		}
	}
	return true
}
