package backend

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"tern/app/chat/document"
	"tern/app/remote"
	"tern/app/settings"
	"tern/inference"
	"tern/inference/sampling"
	"tern/model"
)

// Keys are the keys of servers, by their base URLs. They may be used from any
// goroutine. The zero value has none.
type Keys struct {
	mu     sync.Mutex
	byBase map[string]string
}

// Set makes key the one of the server at base; an empty one removes it.
func (k *Keys) Set(base, key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byBase == nil {
		k.byBase = map[string]string{}
	}
	k.byBase[base] = key
}

func (k *Keys) of(base string) string {
	if k == nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byBase[base]
}

// RemoteOr is an opener that connects to a server where path is the model of
// one (remote.Path), and opens a file with files where it is not.
func RemoteOr(keys *Keys, files Opener) Opener {
	return func(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (*Model, error) {
		if base, name, ok := remote.Split(path); ok {
			return connect(ctx, base, name, keys.of(base))
		}
		return files(ctx, path, g, progress)
	}
}

// unknownContext bounds the settings where a server does not say how much its
// model can see.
const unknownContext = 131072

// connect asks the server for its models and returns the one of that name.
func connect(ctx context.Context, base, name, key string) (*Model, error) {
	begin := time.Now()
	c := remote.New(base, key)
	models, err := c.Models(ctx)
	if err != nil {
		c.Close()
		return nil, err
	}
	i := slices.IndexFunc(models, func(m remote.Model) bool { return m.ID == name })
	if i < 0 {
		c.Close()
		return nil, fmt.Errorf("remote: %q: %w", name, remote.ErrNoModel)
	}
	info := Info{
		Name: name + " on " + remote.Host(base), Path: remote.Path(base, name), Host: remote.Host(base),
		ContextLen: models[i].Context, OpenedIn: time.Since(begin),
	}
	if info.ContextLen == 0 {
		info.ContextLen = unknownContext
	}
	if !models[i].Base {
		info.Template = "the server's"
	}
	if levels := models[i].Thinking; levels != nil {
		info.Thinks = &Thinks{Levels: levels}
	}
	return &Model{Info: info, Writer: &server{client: c, model: name, chats: !models[i].Base}}, nil
}

// server is a model in another program: Writer for text.
type server struct {
	client *remote.Client
	model  string
	chats  bool
}

// Prepare knows no context: how many tokens a text takes is known to the server alone. So does Positions.
func (s *server) Prepare(settings.Generation) (int, error) { return 0, nil }
func (s *server) Positions(Prompt) int                     { return 0 }
func (s *server) Forget()                                  {}
func (s *server) Close()                                   { s.client.Close() }

func (s *server) Begin(p Prompt, o Options) (Answer, error) {
	r := remote.Request{
		Model: s.model, MaxTokens: o.Generation.MaxTokens, Stop: o.Generation.Stop,
		Temperature: o.Generation.Temperature, TopP: o.Generation.TopP, Seed: uint64(o.Seed),
		Extras: map[string]float64{},
	}
	if p.Mode == document.ChatMode {
		r.MaxTokens += p.Budget // thoughts count there
	}
	for _, f := range sampling.Fields {
		if v := f.Get(o.Generation.Params); v != f.Off && f.Key != "temperature" && f.Key != "top_p" { // these are OpenAI's
			for _, key := range f.Keys() {
				r.Extras[key] = v
			}
		}
	}
	if p.Mode == document.StoryMode {
		if !o.Generation.CutOff {
			r.Extras["end_sentence"] = float64(inference.SentenceRoom) // Tern's
		}
		prompt := p.Document.Text()
		r.Prompt = &prompt
		return &remoteAnswer{client: s.client, request: r}, nil
	}
	if !s.chats {
		return nil, ErrNoChat
	}
	turns := p.Document.Turns()
	if len(turns) == 0 {
		return nil, ErrNothing
	}
	if system := strings.TrimSpace(p.System); system != "" {
		r.Messages = append(r.Messages, remote.Message{Role: inference.RoleSystem, Content: system})
	}
	answer := &remoteAnswer{client: s.client}
	if last := turns[len(turns)-1]; last.Author == document.Model && last.Text() == "" {
		// No server goes on inside a block of thoughts: the question is asked again.
		turns, answer.again = turns[:len(turns)-1], true
	}
	if len(turns) == 0 {
		return nil, ErrNothing
	}
	for i, t := range turns {
		m := remote.Message{Role: inference.RoleUser, Content: t.Text()}
		if t.Author == document.Model {
			m.Role = inference.RoleAssistant
			if i+1 == len(turns) { // it is written on
				m.Content = t.Body()
			}
		}
		r.Messages = append(r.Messages, m)
	}
	think(&r, p)
	answer.request = r
	return answer, nil
}

// think asks for as much thinking as a prompt says, in the words of OpenAI and in those of local servers.
func think(r *remote.Request, p Prompt) {
	switch p.Thinking {
	case "":
	case LevelOff:
		r.Effort, r.TemplateVariables = "none", map[string]any{"enable_thinking": false}
	case LevelOn:
		r.TemplateVariables = map[string]any{"enable_thinking": true}
	default:
		r.Effort = p.Thinking
	}
	if p.Budget > 0 {
		r.Extras["thinking_budget"] = float64(p.Budget)
	}
}

// remoteAnswer is one that a server writes.
type remoteAnswer struct {
	client  *remote.Client
	request remote.Request
	again   bool // it thinks again, behind what it thought before
}

// Size is not known, nor are ids and room.
func (a *remoteAnswer) Size() Size                    { return Size{} }
func (a *remoteAnswer) Room() int                     { return 0 }
func (a *remoteAnswer) Vocab() *document.Vocab        { return nil }
func (a *remoteAnswer) Spell(*document.Segment, bool) {}

func (a *remoteAnswer) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		begin, first, left, said := time.Now(), time.Time{}, false, false
		var stats inference.Stats
		finish, err := a.client.Stream(ctx, a.request, func(p remote.Part) bool {
			now := time.Now()
			if stats.Generated == 0 {
				first, stats.FirstToken = now, now.Sub(begin)
			}
			stats.Generated++
			stats.Decode = now.Sub(first)
			e := Event{Kind: Writing, Stats: stats}
			if p.Thought {
				e.Kind, e.Text = Thinking, p.Text
				if stats.Thoughts++; stats.Thoughts == 1 && a.again {
					e.Text = "\n\n" + e.Text
				}
			} else {
				e.Text = p.Words()
				if !said && stats.Thoughts > 0 {
					e.Text = strings.TrimLeft(e.Text, blanks)
				}
				said = said || e.Text != ""
			}
			left = !yield(e, nil)
			return !left
		})
		if left {
			return
		}
		done := Event{Kind: Ended, Stop: document.EndedByItself, Stats: stats}
		switch {
		case ctx.Err() != nil:
			done.Stop = document.StoppedByUser
		case err != nil:
			yield(Event{}, err)
			return
		case finish == "length":
			done.Stop = document.ReachedLength
		}
		yield(done, nil)
	}
}

// Ask returns the models of the server at base, for choosing one. It may be
// called from any goroutine and waits for the answer.
func Ask(ctx context.Context, base, key string) ([]string, error) {
	c := remote.New(base, key)
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	models, err := c.Models(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", err, remote.ErrUnreachable)
	}
	names := make([]string, 0, len(models))
	for _, m := range models {
		names = append(names, m.ID)
	}
	return names, err
}
