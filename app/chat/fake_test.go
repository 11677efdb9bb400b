package chat

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tern/app/chat/backend"
	"tern/app/chat/backend/backendtest"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The pace of a fake model: 500 tokens per second after a prompt that takes as
// long as ten of them.
const (
	perToken  = 2 * time.Millisecond
	perPrompt = 10 * perToken
	perLayer  = 50 * time.Millisecond
	layers    = 4
)

// fake is a model that says what it is told to, in the time of a test's bubble.
type fake struct {
	t       testing.TB
	tok     tokenizer.Tokenizer
	says    []string                   // one for each answer in turn, the last one for ever
	reply   func(prompt string) string // instead of says
	ids     [][]int32                  // instead of says: tokens as a model may sample them
	stop    string                     // the answers end because this text would follow
	stalls  time.Duration              // what a token takes that cannot be interrupted
	context int                        // of the model
	room    int                        // that memory leaves of it; 0 for all
	fail    error                      // what Generate gives after the first token
	panics  bool                       // Generate panics after the first token, and an opener before anything

	template  string                 // of the chats of the models that are opened
	format    inference.AnswerFormat // of their answers
	begun     bool                   // the prompt begins a block of thoughts
	variables []map[string]json.RawMessage
	chatFail  error
	openFail  error
	deaf      time.Duration               // what a load takes to notice that it was given up
	asked     [][]int32                   // the prompt of each answer
	options   []inference.GenerateOptions // of each answer
	sessions  int                         // made so far
	open      int                         // engines that are not closed
	loading   int                         // opener calls that run
	generated int                         // tokens of all answers
}

func newFake(t testing.TB) *fake {
	return &fake{t: t, tok: backendtest.Letters{}, says: []string{" abc"}, context: 100}
}

// start returns a controller of the fake; the test's end proves that every
// engine was closed.
func (f *fake) start(o Options) *Controller {
	c := newController(o, backend.NewReadings(nil), f.opener)
	f.t.Cleanup(func() {
		c.Close()
		if f.open != 0 {
			f.t.Errorf("%d engines are still open", f.open)
		}
	})
	return c
}

func (f *fake) opener(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (*backend.Model, error) {
	f.loading++
	defer func() { f.loading-- }()
	if f.loading > 1 {
		f.t.Error("two models are read at once")
	}
	if f.panics {
		panic("my words")
	}
	for i := range layers {
		if err := rest(ctx, perLayer); err != nil {
			time.Sleep(f.deaf)
			return nil, err
		}
		progress(model.Progress{Layer: i + 1, Layers: layers, Bytes: int64(i + 1), TotalBytes: layers})
	}
	if f.openFail != nil {
		return nil, f.openFail
	}
	f.open++
	return backend.NewLocal(&fakeEngine{fake: f}, ModelInfo{Name: NameOf(path), Path: path, Template: f.template}), nil
}

type fakeEngine struct {
	*fake
	session *fakeSession
	closed  bool
}

func (e *fakeEngine) Tokenizer() tokenizer.Tokenizer { return e.tok }

func (e *fakeEngine) Session(g settings.Generation) (backend.Session, error) {
	length := e.context
	if g.Context > 0 {
		length = min(length, g.Context)
	}
	if e.session == nil || e.session.length != length {
		e.sessions++
		e.session = &fakeSession{fakeEngine: e, length: length}
	}
	return e.session, nil
}

func (e *fakeEngine) Forget() { e.session = nil }

func (e *fakeEngine) Close() {
	if e.closed {
		e.t.Error("an engine is closed twice")
	}
	e.closed = true
	e.open--
}

// ChatPrompt writes each message between its author's initial and a line end.
func (e *fakeEngine) ChatPrompt(messages []inference.Message, o inference.ChatOptions) ([]int32, inference.Thinking, error) {
	f := e.AnswerFormat()
	th := inference.Thinking{Open: f.Open, Close: f.Close, Closing: f.Closing, Begun: e.begun}
	if e.chatFail != nil {
		return nil, th, e.chatFail
	}
	e.variables = append(e.variables, o.Variables)
	ids := []int32{backendtest.BOS}
	for _, m := range messages {
		ids = append(ids, int32(m.Role[0]), ':')
		if m.IDs != nil {
			ids = append(ids, m.IDs...)
		} else {
			ids = append(ids, e.tok.EncodeContinuation(m.Content)...)
		}
		ids = append(ids, '\n')
	}
	if o.GenerationPrompt {
		ids = append(ids, 'a', ':')
		if e.begun {
			ids = append(ids, e.tok.EncodeContinuation(f.Open)...)
		}
	}
	return ids, th, nil
}

func (e *fakeEngine) AnswerFormat() *inference.AnswerFormat { return &e.format }

func (e *fakeEngine) ChatStops() ([]int32, []string) { return []int32{'\n'}, []string{"u:"} }

type fakeSession struct {
	*fakeEngine
	length int
	tokens []int32
}

func (s *fakeSession) Tokens() []int32 { return s.tokens }
func (s *fakeSession) Context() int    { return s.length }
func (s *fakeSession) Logprobs(context.Context, []int32, int, int, func(int, inference.TokenLogprobs) error) error {
	return errors.New("a fake has no probabilities")
}
func (s *fakeSession) Room() int {
	if s.room > 0 {
		return min(s.room, s.length)
	}
	return s.length
}

func (s *fakeSession) Generate(ctx context.Context, ids []int32, o inference.GenerateOptions) iter.Seq2[inference.Event, error] {
	return func(yield func(inference.Event, error) bool) {
		n := len(s.asked)
		s.asked = append(s.asked, ids)
		s.options = append(s.options, o)
		if s.closed {
			s.t.Error("a closed engine is used")
		}
		if len(ids) > s.Room() {
			yield(inference.Event{}, inference.ErrContextFull)
			return
		}
		stats := inference.Stats{ContextUsed: len(s.tokens)}
		done := func(reason inference.StopReason) {
			yield(inference.Event{Kind: inference.EventDone, Stop: reason, StopText: s.stop, Stats: stats}, nil)
		}
		reused := 0
		for reused < len(s.tokens) && reused < len(ids)-1 && s.tokens[reused] == ids[reused] {
			reused++
		}
		if rest(ctx, perPrompt) != nil {
			done(inference.StopCancelled)
			return
		}
		s.tokens = append([]int32{}, ids...)
		stats.ContextUsed = len(ids)
		if !yield(inference.Event{Kind: inference.EventPrefill, Done: len(ids) - reused, Total: len(ids) - reused, Stats: stats}, nil) {
			return
		}
		var say []int32
		if s.reply != nil {
			say = s.tok.EncodeContinuation(s.reply(spelled(ids)))
		} else if s.ids != nil {
			say = s.ids[min(n, len(s.ids)-1)]
		} else {
			say = s.tok.EncodeContinuation(s.says[min(n, len(s.says)-1)])
		}
		stream := tokenizer.NewStream(s.tok, len(ids) <= 1)
		left := len(s.says[min(n, len(s.says)-1)]) - len(s.stop) // bytes until the stop text
		for i, id := range say {
			if s.stalls > 0 {
				time.Sleep(s.stalls)
			}
			if rest(ctx, perToken) != nil {
				done(inference.StopCancelled)
				return
			}
			stats.Generated, stats.ContextUsed, stats.FirstToken = i+1, len(s.tokens), perPrompt
			stats.Decode = time.Duration(i) * perToken
			e := inference.Event{Kind: inference.EventToken, ID: id, Text: stream.Push(id), Stats: stats}
			last := i+1 == len(say) || i+1 == o.MaxTokens || len(s.tokens) == s.Room()
			if last {
				e.Text += stream.Flush()
			}
			if s.stop != "" {
				e.Text = e.Text[:min(len(e.Text), left)]
				left -= len(e.Text)
			}
			s.generated++
			if !yield(e, nil) {
				return
			}
			switch {
			case len(s.tokens) == s.Room():
				done(inference.StopContext)
				return
			case i+1 == o.MaxTokens:
				done(inference.StopLength)
				return
			case s.panics:
				_ = say[len(say)]
			case s.fail != nil:
				yield(inference.Event{}, s.fail)
				return
			}
			s.tokens = append(s.tokens, id)
		}
		if s.stop != "" {
			done(inference.StopString)
		} else {
			done(inference.StopEOS)
		}
	}
}

// rest waits, or returns the error of a context that ends first.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

var balanced = settings.DefaultGeneration()

// idle lets everything come to its end, in the time of a synctest bubble.
func idle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// text is the whole document.
func text(v View) string {
	var b strings.Builder
	for _, s := range v.Document {
		b.WriteString(s.Text)
	}
	return b.String()
}
