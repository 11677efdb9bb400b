package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"tern/inference"
)

// request is the body of both kinds of completions, as far as Tern reads it.
// Fields that only name the caller are not looked at; those that mean something
// Tern does not do are refused by name.
type request struct {
	Model    string    `json:"model"` // whichever is open answers
	Prompt   prompt    `json:"prompt"`
	Messages []message `json:"messages"`

	Stream        bool `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	MaxTokens           *int     `json:"max_tokens"`
	MaxCompletionTokens *int     `json:"max_completion_tokens"`
	Temperature         *float64 `json:"temperature"`
	TopP                *float64 `json:"top_p"`
	Seed                *int64   `json:"seed"`
	Stop                texts    `json:"stop"`

	LogProbs    json.RawMessage `json:"logprobs"` // a number; of chats a bool
	TopLogProbs *int            `json:"top_logprobs"`

	// Not OpenAI's, but of other local servers.
	TopK              *int     `json:"top_k"`
	MinP              *float64 `json:"min_p"`
	RepeatPenalty     *float64 `json:"repeat_penalty"`
	RepetitionPenalty *float64 `json:"repetition_penalty"`
	IgnoreEOS         bool     `json:"ignore_eos"`

	N                *int                       `json:"n"`
	BestOf           *int                       `json:"best_of"`
	Echo             bool                       `json:"echo"`
	Suffix           string                     `json:"suffix"`
	FrequencyPenalty float64                    `json:"frequency_penalty"`
	PresencePenalty  float64                    `json:"presence_penalty"`
	LogitBias        map[string]json.RawMessage `json:"logit_bias"`
	Tools            []json.RawMessage          `json:"tools"`
	Functions        []json.RawMessage          `json:"functions"`
	Modalities       []string                   `json:"modalities"`
	ResponseFormat   *struct {
		Type string `json:"type"`
	} `json:"response_format"`

	size int // bytes of all this
}

// texts is a string or a list of strings.
type texts []string

// UnmarshalJSON reads either, and null.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one *string
	var list []string
	if json.Unmarshal(raw, &one) == nil {
		if one != nil {
			list = []string{*one}
		}
	} else if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	*t = list
	return nil
}

// prompt is a text, or token ids. OpenAI takes several of either at once.
type prompt struct {
	text string
	ids  []int32 // nil where there is a text
	is   bool    // there was one
}

// UnmarshalJSON reads a text or a list of ids, either also as the one element of
// a list.
func (p *prompt) UnmarshalJSON(raw []byte) error {
	var all texts
	var ids []int32
	var lists [][]int32
	switch {
	case string(raw) == "null":
		return nil
	case json.Unmarshal(raw, &all) == nil && len(all) == 1:
		*p = prompt{text: all[0], is: true}
		return nil
	case json.Unmarshal(raw, &ids) == nil && len(ids) > 0:
		*p = prompt{ids: ids, is: true}
		return nil
	case json.Unmarshal(raw, &lists) == nil && len(lists) == 1 && len(lists[0]) > 0:
		*p = prompt{ids: lists[0], is: true}
		return nil
	case len(all) > 1 || len(lists) > 1:
		return unsupported("prompt", "Tern answers one prompt per request.")
	}
	return bad("prompt", "prompt must be one text or one list of token ids.")
}

// message is one turn. Its content is a text, or parts of which all are texts.
type message struct {
	Role    string  `json:"role"`
	Content content `json:"content"`
}

type content struct {
	text string
	is   bool // there was one
}

// UnmarshalJSON reads a text, a list of parts, or null.
func (c *content) UnmarshalJSON(raw []byte) error {
	var text *string
	if json.Unmarshal(raw, &text) == nil {
		if c.is = text != nil; c.is {
			c.text = *text
		}
		return nil
	}
	var parts []struct {
		Type string
		Text string
	}
	if json.Unmarshal(raw, &parts) != nil {
		return bad("messages", "The content of a message must be a text or a list of parts.")
	}
	var all strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return unsupported("messages", "Tern reads text only, and a message has a part of type %q.", clip(p.Type))
		}
		all.WriteString(p.Text)
	}
	c.text, c.is = all.String(), true
	return nil
}

// question is a request that can be answered.
type question struct {
	chat    bool
	ids     []int32
	options inference.GenerateOptions
	stream  bool
	usage   bool // a last event of the stream counts the tokens
	probs   int  // how many of the likeliest tokens to list beside each, or none
}

// read reads a request's body into q, or writes why it cannot.
func (s *Server) read(w http.ResponseWriter, r *http.Request, q *request) bool {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.o.limits.read)) // connections have deadlines
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.o.limits.body))
	var e *apiError
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		e = &apiError{status: http.StatusRequestEntityTooLarge, Code: "request_too_large",
			Message: fmt.Sprintf("The request is larger than %d bytes.", s.o.limits.body)}
	case err != nil:
		e = &apiError{status: http.StatusRequestTimeout, Code: "request_timeout", Message: "The request did not arrive in full."}
	default:
		_ = control.SetReadDeadline(time.Time{}) // or it would count as the client's leaving
		e, q.size = parse(raw, q), len(raw)
	}
	if e != nil {
		w.Header().Set("Connection", "close") // what is left of it is not waited for
		fail(w, e)
	}
	return e == nil
}

func parse(raw []byte, q *request) *apiError {
	err := json.Unmarshal(raw, q)
	var e *apiError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.As(err, &kind):
		field, _, _ := strings.Cut(kind.Field, ".")
		return bad(field, "%s cannot be a %s.", kind.Field, kind.Value)
	}
	return &apiError{status: http.StatusBadRequest, Code: "invalid_json", Message: "The request is not JSON: " + err.Error()}
}

// longRequest is how many bytes make a request long: to cut as much into tokens may
// take 30 ms and 5 MB, a whole megabyte as many times more.
const longRequest = 64 << 10

// prepare is question, for one long request at a time: many at once would take the
// memory and the processor from those who wait for an answer.
func (s *Server) prepare(ctx context.Context, m *slots, r *request, chat bool) (*question, error) {
	if r.size > longRequest {
		select {
		case s.long <- struct{}{}:
			defer func() { <-s.long }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return m.question(r, chat)
}

// question checks a request and renders it for the model.
func (m *slots) question(r *request, chat bool) (*question, error) {
	if err := r.refuse(); err != nil {
		return nil, err
	}
	q := &question{chat: chat, stream: r.Stream, usage: r.StreamOptions != nil && r.StreamOptions.IncludeUsage}
	o, err := r.generation(chat)
	if err != nil {
		return nil, err
	}
	if q.probs, err = r.probabilities(chat); err != nil {
		return nil, err
	}
	if q.probs != none {
		o.Alternatives = max(q.probs, 1) // 0 would leave out that of the token itself
	}
	if chat {
		q.ids, err = m.conversation(r.Messages)
		ids, texts := m.engine.ChatStops()
		o.StopIDs, o.Stop = ids, slices.Concat(o.Stop, texts)
	} else {
		q.ids, err = m.text(r.Prompt)
	}
	if err != nil {
		return nil, err
	}
	if len(q.ids) > m.context {
		e := bad("messages", "This model has room for %d tokens, and the request has %d.", m.context, len(q.ids))
		if !chat {
			e.Param = "prompt"
		}
		e.Code = "context_length_exceeded"
		return nil, e
	}
	q.options = o
	return q, nil
}

// refuse names the first thing asked for that Tern does not do.
func (r *request) refuse() error {
	switch {
	case r.N != nil && *r.N != 1:
		return unsupported("n", "Tern writes one answer per request: n must be 1.")
	case r.BestOf != nil && *r.BestOf != 1:
		return unsupported("best_of", "Tern writes one answer per request: best_of must be 1.")
	case r.Echo:
		return unsupported("echo", "Tern does not repeat the prompt: leave echo out.")
	case r.Suffix != "":
		return unsupported("suffix", "These models continue a text and fill no gaps: leave suffix out.")
	case r.FrequencyPenalty != 0:
		return unsupported("frequency_penalty", "Tern has repeat_penalty instead of frequency_penalty.")
	case r.PresencePenalty != 0:
		return unsupported("presence_penalty", "Tern has repeat_penalty instead of presence_penalty.")
	case len(r.LogitBias) > 0:
		return unsupported("logit_bias", "Tern does not change single probabilities: leave logit_bias out.")
	case len(r.Tools) > 0:
		return unsupported("tools", "These models call no tools: leave tools out.")
	case len(r.Functions) > 0:
		return unsupported("functions", "These models call no functions: leave functions out.")
	case r.ResponseFormat != nil && r.ResponseFormat.Type != "text":
		return unsupported("response_format", "Tern writes plain text: leave response_format out.")
	case slices.ContainsFunc(r.Modalities, func(m string) bool { return m != "text" }):
		return unsupported("modalities", "Tern writes text only.")
	}
	return nil
}

// completionTokens is what OpenAI writes at most where a completion does not say
// how much. A chat without a limit is written to its end.
const completionTokens = 16

const maxStops = 16

// generation returns how to write, with the defaults of the window for what the
// request leaves out.
func (r *request) generation(chat bool) (o inference.GenerateOptions, err error) {
	o.Sampling = inference.DefaultSampling
	o.IgnoreEOS = r.IgnoreEOS
	if !chat {
		o.MaxTokens = completionTokens
	}
	for _, f := range []struct {
		name   string
		given  *float64
		to     *float64
		lo, hi float64
	}{
		{"temperature", r.Temperature, &o.Sampling.Temperature, 0, 2},
		{"top_p", r.TopP, &o.Sampling.TopP, 0, 1},
		{"min_p", r.MinP, &o.Sampling.MinP, 0, 1},
		{"repetition_penalty", r.RepetitionPenalty, &o.Sampling.RepeatPenalty, 0, 10},
		{"repeat_penalty", r.RepeatPenalty, &o.Sampling.RepeatPenalty, 0, 10},
	} {
		if f.given == nil {
			continue
		}
		if *f.given < f.lo || *f.given > f.hi {
			return o, bad(f.name, "%s must be between %g and %g.", f.name, f.lo, f.hi)
		}
		*f.to = *f.given
	}
	for _, f := range []struct {
		name  string
		given *int
		to    *int
		lo    int
	}{
		{"top_k", r.TopK, &o.Sampling.TopK, 0},
		{"max_tokens", r.MaxTokens, &o.MaxTokens, 1},
		{"max_completion_tokens", r.MaxCompletionTokens, &o.MaxTokens, 1},
	} {
		if f.given == nil {
			continue
		}
		if *f.given < f.lo {
			return o, bad(f.name, "%s must be at least %d.", f.name, f.lo)
		}
		*f.to = *f.given
	}
	o.Sampling.Seed = rand.Uint64()
	if r.Seed != nil {
		o.Sampling.Seed = uint64(*r.Seed)
	}
	if len(r.Stop) > maxStops {
		return o, bad("stop", "stop has more than %d texts.", maxStops)
	}
	if slices.Contains(r.Stop, "") {
		return o, bad("stop", "A text in stop is empty.")
	}
	o.Stop = r.Stop
	return o, nil
}

// text returns the ids of a completion's prompt.
func (m *slots) text(p prompt) ([]int32, error) {
	if !p.is {
		return nil, bad("prompt", "There is no prompt.")
	}
	ids := p.ids
	if ids == nil {
		if m.engine.Tokenizer() == nil {
			return nil, bad("prompt", "This model has no tokenizer: send the prompt as token ids.")
		}
		ids = m.engine.Prompt(p.text)
	}
	if len(ids) == 0 {
		return nil, bad("prompt", "The prompt is empty.")
	}
	for _, id := range ids {
		if id < 0 || int(id) >= m.engine.Model().VocabSize {
			return nil, bad("prompt", "There is no token %d in this vocabulary of %d.", id, m.engine.Model().VocabSize)
		}
	}
	return ids, nil
}

// conversation returns the ids of a chat.
func (m *slots) conversation(turns []message) ([]int32, error) {
	if len(turns) == 0 {
		return nil, bad("messages", "messages is empty.")
	}
	messages := make([]inference.Message, len(turns))
	for i, t := range turns {
		role := map[string]string{
			"system": inference.RoleSystem, "developer": inference.RoleSystem,
			"user": inference.RoleUser, "assistant": inference.RoleAssistant,
		}[t.Role]
		switch {
		case role == "":
			return nil, unsupported("messages", "Message %d has the role %q; Tern knows system, user and assistant.", i+1, clip(t.Role))
		case !t.Content.is:
			return nil, bad("messages", "Message %d has no content.", i+1)
		}
		messages[i] = inference.Message{Role: role, Content: t.Content.text}
	}
	ids, err := m.engine.Chat(messages, true)
	switch {
	case errors.Is(err, inference.ErrNoTemplate):
		e := bad("messages", "%s is a base model: it continues texts and answers no messages. Use /v1/completions.", m.engine.Model().Name)
		e.Code = "no_chat_template"
		return nil, e
	case err != nil:
		return nil, bad("messages", "This model does not take the conversation: %v.", err)
	}
	return ids, nil
}
