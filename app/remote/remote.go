// Package remote uses a model that runs in another program: it asks a server
// that speaks OpenAI's interface (llama-server, vLLM, Ollama, another Tern) for
// its models, and for texts that stream in.
//
// Nothing goes out but requests to the one address that was given, with the one
// key: redirects are not followed. Over a network that others share a key and a
// text travel encrypted or not at all (Parse).
package remote

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrUnreachable is returned where nobody answers at the address, or stops to.
var ErrUnreachable = errors.New("the server cannot be reached")

// ErrKey is returned where the server wants a key, or another one.
var ErrKey = errors.New("the server does not take the key")

// ErrRefused is returned where the server answers with an error.
var ErrRefused = errors.New("the server refused")

// ErrNoModel marks a model that a server does not have, or not any more.
var ErrNoModel = errors.New("the server has no such model")

// ErrNoServer is returned where what answers does not speak the interface.
var ErrNoServer = errors.New("no server that Tern can use")

// Bounds on what a server may send.
const (
	maxList  = 4 << 20 // bytes of a list of models, or of an error
	maxEvent = 1 << 20 // bytes of one line of a stream
)

// Client asks one server.
type Client struct {
	base string
	key  string
	http *http.Client
}

// New returns a client of the server at base, as Parse gives it. key may be empty.
func New(base, key string) *Client {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		// A prompt may take minutes to be read: Stop ends the wait, not a bound.
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           2,
		IdleConnTimeout:        time.Minute,
	}
	return &Client{base: base, key: key, http: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Model is what a server says of a model; what it does not say is zero.
type Model struct {
	ID      string
	Context int  // tokens
	Base    bool // continues texts and answers no messages

	Thinking []string // levels of reasoning_effort; Tern says them
}

// Models returns the models of the server.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	res, err := c.do(ctx, http.MethodGet, "/models", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxList))
	if err != nil {
		return nil, c.unreachable(err)
	}
	var list struct {
		Data []struct {
			ID      string `json:"id"`
			Context int    `json:"context_length"` // Tern, and some others
			MaxLen  int    `json:"max_model_len"`  // vLLM
			Chat    *bool  `json:"chat"`           // Tern
			Levels  any    `json:"thinking"`       // Tern: a list of words
			Meta    struct {
				Served int `json:"n_ctx"`       // llama-server
				Train  int `json:"n_ctx_train"` // older ones of it
			} `json:"meta"`
		} `json:"data"`
	}
	if json.Unmarshal(raw, &list) != nil || list.Data == nil {
		return nil, fmt.Errorf("remote: %s: no list of models: %w", c.base, ErrNoServer)
	}
	var models []Model
	for _, m := range list.Data {
		if m.ID != "" {
			served := m.Meta.Served // it may be started with less than the model has
			if served <= 0 {
				served = m.Meta.Train
			}
			models = append(models, Model{m.ID, max(0, m.Context, m.MaxLen, served), m.Chat != nil && !*m.Chat, levels(m.Levels)})
		}
	}
	return models, nil
}

// maxLevels bounds the levels of thinking of a model.
const maxLevels = 10

// levels are the words of a list, nil where it is something else: other servers may have a field of the name.
func levels(list any) (words []string) {
	all, _ := list.([]any)
	for _, x := range all {
		if word, ok := x.(string); ok && word != "" && len(words) < maxLevels {
			words = append(words, word)
		}
	}
	return words
}

// Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Request asks for a text: to continue Prompt, or to answer Messages.
type Request struct {
	Model       string    `json:"model"`
	Prompt      *string   `json:"prompt,omitempty"`
	Messages    []Message `json:"messages,omitempty"`
	Stream      bool      `json:"stream"`
	MaxTokens   int       `json:"max_tokens,omitempty"`
	Temperature float64   `json:"temperature"`
	TopP        float64   `json:"top_p"`
	Seed        uint64    `json:"seed"`
	Stop        []string  `json:"stop,omitempty"`

	// Effort is how much to think: "none", "low", "high" …; "" leaves it to the
	// server. TemplateVariables are further variables of its chat template.
	Effort            string         `json:"reasoning_effort,omitempty"`
	TemplateVariables map[string]any `json:"chat_template_kwargs,omitempty"`

	// Extras are what local servers take beside OpenAI's parameters, by key. One
	// that refuses them is asked without.
	Extras map[string]float64 `json:"-"`
}

// MarshalJSON writes Extras after the other parameters.
func (r Request) MarshalJSON() ([]byte, error) {
	type plain Request
	raw, err := json.Marshal(plain(r))
	if err != nil || len(r.Extras) == 0 {
		return raw, err
	}
	extras, err := json.Marshal(r.Extras)
	if err != nil {
		return nil, err
	}
	return append(append(raw[:len(raw)-1], ','), extras[1:]...), nil
}

// Stream asks and calls piece with every part of the answer, one token as a rule,
// until there are no more or it returns false; calls of tools come complete. finish is what the server says of
// the end: "stop" or "length". A context that is done ends it with its error.
func (c *Client) Stream(ctx context.Context, r Request, piece func(p Part) bool) (finish string, err error) {
	ctx, cancel := context.WithCancel(ctx) // ends the request however this returns
	defer cancel()
	r.Stream = true
	path := "/completions"
	if r.Messages != nil {
		path = "/chat/completions"
	}
	res, err := c.do(ctx, http.MethodPost, path, r)
	if errors.Is(err, ErrRefused) && r.asksMore() {
		r.Extras, r.Effort, r.TemplateVariables = nil, "", nil
		res, err = c.do(ctx, http.MethodPost, path, r)
	}
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return "", fmt.Errorf("remote: %s answers with %q, not with a stream: %w", c.base, kind, ErrNoServer)
	}
	return c.events(ctx, res.Body, newParts(r.Messages != nil, piece))
}

// asksMore reports whether there is something in the request that every server knows
// how to do without.
func (r *Request) asksMore() bool {
	return len(r.Extras) > 0 || r.Effort != "" || len(r.TemplateVariables) > 0
}

// events reads server-sent events up to [DONE], or to the end if a reason to end
// came before it.
func (c *Client) events(ctx context.Context, body io.Reader, to *parts) (finish string, err error) {
	s := bufio.NewScanner(body)
	s.Buffer(nil, maxEvent)
	for s.Scan() {
		data, ok := strings.CutPrefix(s.Text(), "data:")
		if !ok {
			continue // comments, names of events, the lines between them
		}
		if data = strings.TrimSpace(data); data == "[DONE]" {
			to.close()
			return finish, nil
		}
		var e struct {
			Error   json.RawMessage `json:"error"`
			Choices []struct {
				Text   string `json:"text"`
				Delta  delta  `json:"delta"`
				Finish string `json:"finish_reason"`
			} `json:"choices"`
		}
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return "", fmt.Errorf("remote: %s sends an event that is not JSON: %w", c.base, ErrNoServer)
		}
		if len(e.Error) > 0 && string(e.Error) != "null" {
			return "", fmt.Errorf("remote: %s: %s: %w", c.base, said(e.Error), ErrRefused)
		}
		for _, choice := range e.Choices {
			choice.Delta.Content += choice.Text
			if !to.add(&choice.Delta) {
				return finish, nil
			}
			if choice.Finish != "" {
				finish = choice.Finish
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := s.Err(); err != nil {
		return "", c.unreachable(err)
	}
	if finish == "" {
		return "", c.unreachable(io.ErrUnexpectedEOF)
	}
	to.close()
	return finish, nil
}

// do sends a request and returns its answer of status 200.
func (c *Client) do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("remote: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("remote: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	// Asking twice does no harm, so that net/http may where the server closes a kept
	// connection just then. An empty value is not sent.
	r.Header["Idempotency-Key"] = []string{}
	if c.key != "" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, c.unreachable(err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	what, _ := io.ReadAll(io.LimitReader(res.Body, maxList)) // what arrived is said
	switch res.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, fmt.Errorf("remote: %s: %s: %w", c.base, said(what), ErrKey)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return nil, fmt.Errorf("remote: %s%s: %s: %w", c.base, path, res.Status, ErrNoServer)
	}
	if res.StatusCode/100 == 3 {
		return nil, fmt.Errorf("remote: %s sends elsewhere, to %s: %w", c.base, res.Header.Get("Location"), ErrNoServer)
	}
	return nil, fmt.Errorf("remote: %s: %s: %w", c.base, said(what), ErrRefused)
}

func (c *Client) unreachable(err error) error {
	var u *url.Error // it repeats method and address
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("remote: %s: %w: %w", c.base, err, ErrUnreachable)
}

// said finds the sentence in a server's error: {"error": {"message": …}}, its
// inner object, {"error": "…"}, or plain text.
func said(raw []byte) string {
	var o struct {
		Error   json.RawMessage
		Message string
		Detail  string
	}
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
	case json.Unmarshal(raw, &o) == nil && len(o.Error) > 0:
		return said(o.Error)
	case o.Message != "":
		text = o.Message
	case o.Detail != "":
		text = o.Detail
	default:
		text = string(raw)
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}
