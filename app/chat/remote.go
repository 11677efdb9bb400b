package chat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"tern/app/remote"
	"tern/app/settings"
	"tern/inference"
	"tern/inference/sampling"
	"tern/model"
	"tern/tokenizer"
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

// remoteOr is an opener that connects to a server where path is the model of
// one (remote.Path), and opens a file with files where it is not.
func remoteOr(keys *Keys, files opener) opener {
	return func(ctx context.Context, path string, g settings.Generation, progress func(model.Progress)) (engine, error) {
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
func connect(ctx context.Context, base, name, key string) (engine, error) {
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
	d := &distant{client: c, model: name, pieces: newPieces()}
	d.info = ModelInfo{
		Name: name + " on " + remote.Host(base), Path: remote.Path(base, name), Host: remote.Host(base),
		ContextLen: models[i].Context, OpenedIn: time.Since(begin),
	}
	if d.info.ContextLen == 0 {
		d.info.ContextLen = unknownContext
	}
	if !models[i].Base {
		d.info.Template = "the server's"
	}
	return d, nil
}

// distant is a model in another program. What it is asked leaves this one as
// text, so its ids are made up: each stands for a piece of text that was
// written here or came from the server. It is its own session.
type distant struct {
	client *remote.Client
	model  string
	info   ModelInfo
	pieces *pieces
	turns  []remote.Message // that the id chatID stands for
}

// chatID stands for the messages of the newest Chat, which are not text.
const chatID = 0

func (d *distant) Info() ModelInfo                              { return d.info }
func (d *distant) Tokenizer() tokenizer.Tokenizer               { return d.pieces }
func (d *distant) ChatStops() ([]int32, []string)               { return nil, nil }
func (d *distant) Session(settings.Generation) (session, error) { return d, nil }
func (d *distant) Close()                                       { d.client.Close() }
func (d *distant) Forget()                                      {}
func (d *distant) Tokens() []int32                              { return nil }

// Context is 0: how many tokens a text takes is known there alone.
func (d *distant) Context() int { return 0 }
func (d *distant) Room() int    { return 0 }

// Chat keeps the messages; the server has the template.
func (d *distant) Chat(messages []inference.Message, _ bool) ([]int32, error) {
	d.turns = d.turns[:0]
	for _, m := range messages {
		d.turns = append(d.turns, remote.Message{Role: m.Role, Content: m.Content})
	}
	return []int32{chatID}, nil
}

// Generate asks the server for what follows ids.
func (d *distant) Generate(ctx context.Context, ids []int32, o inference.GenerateOptions) iter.Seq2[inference.Event, error] {
	return func(yield func(inference.Event, error) bool) {
		begin, first, left := time.Now(), time.Time{}, false
		var stats inference.Stats
		r := d.request(ids, o)
		finish, err := d.client.Stream(ctx, r, func(text string) bool {
			now := time.Now()
			if stats.Generated == 0 {
				first, stats.FirstToken = now, now.Sub(begin)
			}
			stats.Generated++
			stats.Decode = now.Sub(first)
			left = !yield(inference.Event{Kind: inference.EventToken, ID: d.pieces.id(text), Text: text, Stats: stats}, nil)
			return !left
		})
		if left {
			return
		}
		done := inference.Event{Kind: inference.EventDone, Stop: inference.StopEOS, Stats: stats}
		switch {
		case ctx.Err() != nil:
			done.Stop = inference.StopCancelled
		case err != nil:
			yield(inference.Event{}, err)
			return
		case finish == "length":
			done.Stop = inference.StopLength
		}
		yield(done, nil)
	}
}

// request is what to ask for the text that follows ids.
func (d *distant) request(ids []int32, o inference.GenerateOptions) remote.Request {
	r := remote.Request{
		Model: d.model, MaxTokens: o.MaxTokens, Stop: o.Stop,
		Temperature: o.Sampling.Temperature, TopP: o.Sampling.TopP, Seed: o.Sampling.Seed,
		Extras: map[string]float64{},
	}
	for _, f := range sampling.Fields {
		if v := f.Get(o.Sampling); v != f.Off && f.Key != "temperature" && f.Key != "top_p" { // these are OpenAI's
			for _, key := range f.Keys() {
				r.Extras[key] = v
			}
		}
	}
	if o.EndSentence > 0 {
		r.Extras["end_sentence"] = float64(o.EndSentence) // Tern's
	}
	chat := len(ids) > 0 && ids[0] == chatID
	if chat {
		ids = ids[1:]
	}
	var text strings.Builder
	for _, id := range ids {
		text.Write(d.pieces.Bytes(id))
	}
	if !chat {
		prompt := text.String()
		r.Prompt = &prompt
		return r
	}
	r.Messages = slices.Clone(d.turns)
	if text.Len() > 0 { // an answer that is to be written on
		r.Messages = append(r.Messages, remote.Message{Role: inference.RoleAssistant, Content: text.String()})
	}
	return r
}

// pieces is a vocabulary that grows: every text that it is asked for becomes a
// token of it.
type pieces struct {
	mu    sync.Mutex
	texts [][]byte
	ids   map[string]int32
}

func newPieces() *pieces { return &pieces{texts: make([][]byte, chatID+1), ids: map[string]int32{}} }

func (p *pieces) id(text string) int32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, known := p.ids[text]
	if !known {
		id = int32(len(p.texts))
		p.texts, p.ids[text] = append(p.texts, []byte(text)), id
	}
	return id
}

// Encode makes text one token.
func (p *pieces) Encode(text string) []int32 {
	if text == "" {
		return nil
	}
	return []int32{p.id(text)}
}

// EncodeContinuation is Encode.
func (p *pieces) EncodeContinuation(text string) []int32 { return p.Encode(text) }

// EncodeSpecial is Encode: the server alone knows special tokens.
func (p *pieces) EncodeSpecial(text string) []int32 { return p.Encode(text) }

// EncodeParts is Encode of the parts' texts in a row.
func (p *pieces) EncodeParts(parts []tokenizer.Part) []int32 {
	var text strings.Builder
	for _, part := range parts {
		text.WriteString(part.Text)
	}
	return p.Encode(text.String())
}

// Bytes is the text of a token.
func (p *pieces) Bytes(id int32) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id < 0 || int(id) >= len(p.texts) {
		return nil
	}
	return p.texts[id]
}

// Literal is the text of a token.
func (p *pieces) Literal(id int32) string { return string(p.Bytes(id)) }

// Special knows none.
func (p *pieces) Special(string) (id int32, ok bool) { return 0, false }

// StripsLeadingSpace is false: texts come as they are shown.
func (p *pieces) StripsLeadingSpace() bool { return false }

// BOS names a token without text, to ask for a story from its beginning; the
// server puts its own in front of a prompt.
func (p *pieces) BOS() (id int32, add bool) { return p.id(""), false }

// EOS is none.
func (p *pieces) EOS() int32 { return -1 }

// VocabSize is one more than the largest id so far.
func (p *pieces) VocabSize() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.texts)
}

// Kind says what it is.
func (p *pieces) Kind() string { return "pieces of text" }

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
