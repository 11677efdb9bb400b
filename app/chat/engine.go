package chat

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"tern/app/builtin"
	"tern/app/check"
	"tern/app/settings"
	"tern/assets"
	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

// engine is an open model as the controller uses it, from its worker alone.
// The tests put another one in its place, to hold a token back or to fail.
type engine interface {
	Info() ModelInfo
	Tokenizer() tokenizer.Tokenizer
	// Chat and ChatStops are those of inference.Engine.
	Chat(messages []inference.Message, generationPrompt bool) ([]int32, error)
	ChatStops() (ids []int32, texts []string)
	// Session returns the one session. It makes a new one where g asks for
	// another context length or number of threads.
	Session(g settings.Generation) (session, error)
	// Forget drops the session: what it holds may be wrong.
	Forget()
	Close()
}

// session is what an answer needs of inference.Session.
type session interface {
	Generate(ctx context.Context, ids []int32, o inference.GenerateOptions) iter.Seq2[inference.Event, error]
	Tokens() []int32
	// Context and Room are those of inference.Session.
	Context() int
	Room() int
}

// chooser is a session that can tell what the model thinks of tokens that are
// there; that of a server cannot.
type chooser interface {
	// Choices is that of inference.Session.
	Choices(ctx context.Context, ids []int32, from, n int, yield func(pos int, c inference.Choice) error) error
}

// opener opens the model at path, the built-in one for "".
type opener func(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (engine, error)

// open opens a checkpoint with corrections, or the built-in model for "".
func open(ctx context.Context, path string, c check.Corrections, o inference.Options) (*local, error) {
	begin := time.Now()
	var e *inference.Engine
	var err error
	if path == "" {
		e, err = builtin.Open(ctx, o)
	} else if path, err = filepath.Abs(path); err == nil {
		e, err = check.Open(ctx, path, c, o)
	}
	if err != nil {
		return nil, err
	}
	if e.Tokenizer() == nil {
		e.Close()
		return nil, fmt.Errorf("chat: the checkpoint has %w", tokenizer.ErrNone)
	}
	info := describe(e.Model(), path)
	info.Template, _ = e.ChatTemplate()
	info.Notes = e.Notes()
	info.OpenedIn = time.Since(begin)
	return &local{engine: e, threads: o.Threads, free: o.Free, info: info, corrections: c}, nil
}

// floats are the types of tensors that become ternary only while they are read.
var floats = map[string]struct{}{"F32": {}, "F16": {}, "BF16": {}}

func describe(m *model.Model, path string) ModelInfo {
	info := ModelInfo{
		Name:       m.Name,
		Path:       path,
		Family:     m.Family,
		Params:     m.Params(),
		ContextLen: m.ContextLen,
		KVBytes:    inference.KVBytesPerToken(&m.Config, inference.KVF16),
		Summary:    m.Summary(),
		Builtin:    path == "",

		Recommended: m.Recommended,
	}
	for _, p := range m.MemoryParts() {
		info.MemoryBytes += p.Bytes
	}
	for _, t := range m.Tensors {
		_, float := floats[t.Type]
		info.Latent = info.Latent || float && t.Linear != nil
	}
	if info.Builtin {
		info.Examples = assets.About().Examples
	}
	return info
}

// local is a model in this process.
type local struct {
	engine  *inference.Engine
	session *inference.Session // nil before the first
	threads int                // as asked for; 0 is automatic
	free    func() (bytes int64, known bool)
	info    ModelInfo

	corrections check.Corrections // that it was opened with
}

func (m *local) Model() *model.Model            { return m.engine.Model() }
func (m *local) Info() ModelInfo                { return m.info }
func (m *local) Tokenizer() tokenizer.Tokenizer { return m.engine.Tokenizer() }
func (m *local) Close()                         { m.engine.Close() }
func (m *local) Forget()                        { m.session = nil }
func (m *local) ChatStops() ([]int32, []string) { return m.engine.ChatStops() }

func (m *local) Chat(messages []inference.Message, generationPrompt bool) ([]int32, error) {
	return m.engine.Chat(messages, generationPrompt)
}

func (m *local) Session(g settings.Generation) (session, error) {
	if g.Threads != m.threads {
		e, err := inference.New(m.engine.Model(), m.corrections.Options(inference.Options{Threads: g.Threads, Free: m.free}))
		if err != nil {
			return nil, err
		}
		m.engine.Close()
		m.engine, m.session, m.threads = e, nil, g.Threads
	}
	length := m.engine.Model().ContextLen
	if g.Context > 0 {
		length = min(length, g.Context)
	}
	if m.session == nil || m.session.Context() != length {
		s, err := m.engine.NewSession(inference.SessionOptions{Context: length})
		if err != nil {
			return nil, err
		}
		m.session = s
	}
	return m.session, nil
}

// samplingOf returns the sampler's settings for one answer.
func samplingOf(g settings.Generation, seed uint32) inference.Sampling {
	p := g.Params
	p.Seed = uint64(seed)
	return p
}
