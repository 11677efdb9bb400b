package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"tern/inference/sampling"
)

// request is the body of both kinds of completions, as far as Tern reads it.
// Fields that only name the caller, or a model, are not looked at: whichever is
// open answers. Those that mean something Tern does not do are refused by name.
type request struct {
	Prompt   prompt    `json:"prompt"`
	Messages []message `json:"messages"`

	Stream        bool `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	MaxTokens           *whole `json:"max_tokens"`
	MaxCompletionTokens *whole `json:"max_completion_tokens"`
	NPredict            *whole `json:"n_predict"` // llama-server's
	Seed                *seed  `json:"seed"`
	Stop                texts  `json:"stop"`

	LogProbs    json.RawMessage `json:"logprobs"` // a number; of chats a bool
	TopLogProbs *whole          `json:"top_logprobs"`

	// Not OpenAI's, but of other local servers.
	IgnoreEOS   bool   `json:"ignore_eos"`
	EndSentence *whole `json:"end_sentence"` // Tern's: tokens more than the limit, to end a sentence

	sampling map[string]float64 // the settings of sampling.Fields that are given, by key

	// Of chats.
	Tools             json.RawMessage            `json:"tools"`
	ToolChoice        json.RawMessage            `json:"tool_choice"`
	ParallelToolCalls *bool                      `json:"parallel_tool_calls"`
	TemplateVariables map[string]json.RawMessage `json:"chat_template_kwargs"`
	thinkingRequest

	// The form of the answer.
	ResponseFormat json.RawMessage `json:"response_format"`
	JSONSchema     json.RawMessage `json:"json_schema"` // llama-server's

	// What Tern does not do. A value that asks for nothing may have any type.
	N                json.RawMessage `json:"n"`
	BestOf           json.RawMessage `json:"best_of"`
	Echo             json.RawMessage `json:"echo"`
	Suffix           json.RawMessage `json:"suffix"`
	FrequencyPenalty json.RawMessage `json:"frequency_penalty"`
	PresencePenalty  json.RawMessage `json:"presence_penalty"`
	LogitBias        json.RawMessage `json:"logit_bias"`
	Functions        json.RawMessage `json:"functions"`
	Modalities       json.RawMessage `json:"modalities"`
	Grammar          json.RawMessage `json:"grammar"`

	size int // bytes of all this
}

// whole is a count, which some clients write as 3.0. Numbers beyond any count
// are the largest one.
type whole int

// UnmarshalJSON reads a number without a fraction.
func (n *whole) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(string(raw), 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // infinite, of the right sign
	}
	if err != nil || f != math.Trunc(f) {
		return wrongNumber(raw)
	}
	*n = whole(max(-math.MaxInt32, min(f, math.MaxInt32)))
	return nil
}

// wrongNumber is the error for raw where a number without a fraction should be.
// Package json adds the name of the field.
func wrongNumber(raw []byte) error {
	what := "number " + clip(string(raw))
	switch raw[0] {
	case '"':
		what = "string"
	case '{':
		what = "object"
	case '[':
		what = "array"
	case 't', 'f':
		what = "bool"
	}
	return &json.UnmarshalTypeError{Value: what, Type: reflect.TypeFor[int]()}
}

// seed is a request's seed; -1 asks for one that is drawn.
type seed struct {
	value uint64
	draw  bool
}

// UnmarshalJSON reads a number of 64 bits, signed or not. Negative ones but -1
// are seeds like others.
func (s *seed) UnmarshalJSON(raw []byte) error {
	if signed, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		*s = seed{uint64(signed), signed == -1}
		return nil
	}
	if unsigned, err := strconv.ParseUint(string(raw), 10, 64); err == nil {
		*s = seed{value: unsigned}
		return nil
	}
	f, err := strconv.ParseFloat(string(raw), 64) // 42.0, 1e6
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return wrongNumber(raw)
	}
	*s = seed{uint64(int64(f)), f == -1}
	return nil
}

// texts is a string or a list of strings, without the empty ones.
type texts []string

// UnmarshalJSON reads either, and null, also as an element.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	list := []string{}
	if json.Unmarshal(raw, &one) == nil {
		list = []string{one}
	} else if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	*t = slices.DeleteFunc(list, func(s string) bool { return s == "" })
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
	var one string
	var all []string
	var ids []int32
	var lists [][]int32
	switch {
	case string(raw) == "null":
		return nil
	case json.Unmarshal(raw, &one) == nil:
		*p = prompt{text: one, is: true}
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

// message is one turn. Its content is a text, or a list of parts that are texts.
// An answer that was empty comes back as null.
type message struct {
	Role       string          `json:"role"`
	Content    content         `json:"content"`
	Name       text            `json:"name"`
	ToolCalls  json.RawMessage `json:"tool_calls"`
	ToolCallID text            `json:"tool_call_id"`
	Reasoning  text            `json:"reasoning_content"`
	Reasoning2 text            `json:"reasoning"` // of other servers
}

// text is a string; whatever else it is says nothing.
type text string

// UnmarshalJSON reads a string.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
	}
	return nil
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
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // some write a byte-order mark
	err := json.Unmarshal(raw, q)
	if err == nil {
		q.sampling, err = readSampling(raw)
	}
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

// samplingType is a struct with a field for each key of sampling.Fields, nil where
// a request has none.
var samplingType = func() reflect.Type {
	var fields []reflect.StructField
	for _, f := range sampling.Fields {
		kind := reflect.TypeFor[*float64]()
		if f.Whole() {
			kind = reflect.TypeFor[*whole]()
		}
		for _, key := range f.Keys() {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", len(fields)), Type: kind, Tag: reflect.StructTag(fmt.Sprintf("json:%q", key))})
		}
	}
	return reflect.StructOf(fields)
}()

// readSampling reads the settings of the sampler from a request that is JSON.
func readSampling(raw []byte) (map[string]float64, error) {
	v := reflect.New(samplingType)
	if err := json.Unmarshal(raw, v.Interface()); err != nil {
		return nil, err
	}
	given := map[string]float64{}
	for i := range samplingType.NumField() {
		field := v.Elem().Field(i)
		if field.IsNil() {
			continue
		}
		key := samplingType.Field(i).Tag.Get("json")
		if n, ok := field.Interface().(*whole); ok {
			given[key] = float64(*n)
		} else {
			given[key] = field.Elem().Float()
		}
	}
	return given, nil
}

// refuse names the first thing asked for that Tern does not do.
func (r *request) refuse() error {
	const one = "Tern writes one answer per request: %s must be 1."
	const penalty = "Tern has repeat_penalty instead of %s."
	for _, f := range []struct {
		name    string
		given   json.RawMessage
		neutral func(json.RawMessage) bool // beside what is blank; nil for nothing
		text    string
	}{
		{"n", r.N, isOne, one},
		{"best_of", r.BestOf, isOne, one},
		{"echo", r.Echo, nil, "Tern does not repeat the prompt: leave %s out."},
		{"suffix", r.Suffix, nil, "These models continue a text and fill no gaps: leave %s out."},
		{"frequency_penalty", r.FrequencyPenalty, nil, penalty},
		{"presence_penalty", r.PresencePenalty, nil, penalty},
		{"logit_bias", r.LogitBias, nil, "Tern does not change single probabilities: leave %s out."},
		{"functions", r.Functions, nil, "Tern has tools instead of %s."},
		{"grammar", r.Grammar, nil, "Tern has response_format with a JSON schema instead of %s."},
		{"modalities", r.Modalities, isText, "Tern writes text only: leave %s out."},
	} {
		if !blank(f.given) && (f.neutral == nil || !f.neutral(f.given)) {
			return unsupported(f.name, f.text, f.name)
		}
	}
	return nil
}

// blank reports whether a value asks for nothing, of whatever type: clients send
// every field they know, also where its user set none.
func blank(raw json.RawMessage) bool {
	switch s := string(raw); s {
	case "", "null", "false", `""`:
		return true
	default:
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return f == 0
		}
		inside := strings.TrimSpace(s[1 : len(s)-1]) // no value that is left has fewer than two characters
		return inside == "" && (s[0] == '[' || s[0] == '{')
	}
}

func isOne(raw json.RawMessage) bool {
	f, err := strconv.ParseFloat(string(raw), 64)
	return err == nil && f == 1
}

func isText(raw json.RawMessage) bool {
	var kinds []string
	return json.Unmarshal(raw, &kinds) == nil && !slices.ContainsFunc(kinds, func(k string) bool { return k != "text" })
}
