// Package chattemplate renders conversations by chat templates: those that
// checkpoints bring, written in Jinja, and those that Tern brings.
//
// It gives parts of a prompt and not its text, because words that someone typed
// must not become control tokens: "<|im_end|>" in a message stays ten
// characters. A template sees every text as it is, so that it may look into
// messages, cut them and compare them; package jinja follows where each byte of
// its output came from.
package chattemplate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"tern/inference/chattemplate/jinja"
	"tern/tokenizer"
)

// ErrTemplate is returned where a chat template cannot be read or run, or
// refuses a conversation: then the error wraps ErrRefused, too.
var ErrTemplate = errors.New("the chat template cannot be used")

// ErrRefused is returned where a template takes other conversations, but says
// itself that it does not take this one.
var ErrRefused error = refusal{}

type refusal struct{}

func (refusal) Error() string { return "the chat template refuses the conversation" }
func (refusal) Unwrap() error { return ErrTemplate }

// The roles of messages that templates know. Some refuse some of them.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool"
	RoleDeveloper = "developer"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // RoleSystem, RoleUser, RoleAssistant, …
	Content string
	// IDs, where not nil, are the tokens that Content was generated as. They
	// are kept, so that the prompt of the next turn begins like the sequence
	// that a session holds, and only what is new has to be evaluated. A template
	// that writes only a part of Content has that part encoded again.
	IDs []int32

	Name       string // of the tool that answers, or of who speaks
	Reasoning  string // what a model thought before Content, where it is kept apart
	ToolCalls  []ToolCall
	ToolCallID string // the call that a tool's message answers
}

// ToolCall is a function that the model asked for.
type ToolCall struct {
	ID, Name string
	// Arguments are a JSON object, or a text that was meant as one.
	Arguments string
}

// Options says how a conversation is rendered.
type Options struct {
	// GenerationPrompt ends the prompt where the assistant's words begin.
	GenerationPrompt bool
	// Tools are the functions that the model may ask for: a JSON list as in the
	// API of OpenAI. Documents are a JSON list, too.
	Tools, Documents json.RawMessage
	// Variables are further variables of the template, such as enable_thinking
	// (chat_template_kwargs of other servers).
	Variables map[string]json.RawMessage
	// Now is the time that a template may write, without its zone; the zero time
	// is that of the clock.
	Now time.Time
}

// Vocabulary is what a template needs of a tokenizer.
type Vocabulary struct {
	BOS, EOS string   // how they are written; "" where there is none
	Control  []string // the names of all control tokens
	// Has reports whether a marker is a token of its own, control or not. nil is never.
	Has func(literal string) bool
}

// Template is a chat template for one vocabulary. It may be used by several
// goroutines.
type Template struct {
	name     string
	source   string
	has      func(literal string) bool
	format   *lazyFormat
	jinja    *jinja.Template
	bos, eos string
	control  map[byte][]string // names by their first byte
	apart    bool
	broken   error // why it cannot be used
}

// New reads the Jinja template of a checkpoint; name is that of the file that
// holds it. Errors wrap ErrTemplate.
func New(name, source string, v Vocabulary) (*Template, error) {
	t := &Template{name: name, source: source, has: v.Has, format: &lazyFormat{}, bos: v.BOS, eos: v.EOS, control: map[byte][]string{}}
	for _, c := range v.Control {
		if c != "" {
			t.control[c[0]] = append(t.control[c[0]], c)
		}
	}
	var err error
	if t.jinja, err = jinja.Compile(source); err != nil {
		return nil, t.failed(err)
	}
	return t, nil
}

// Broken stands for a template that cannot be used: it has a name, and each
// rendering ends with this error.
func Broken(name string, err error) *Template {
	return &Template{name: name, format: &lazyFormat{}, broken: err}
}

// Apart is the same template, but that contents are encoded apart from what
// surrounds them, as the code of 2B-4T does.
func (t *Template) Apart() *Template {
	apart := *t
	apart.apart = true
	return &apart
}

// Name is the file that holds the template, or the name of a built-in one.
func (t *Template) Name() string { return t.name }

// failed is an error of the template's, with its line and its own words.
func (t *Template) failed(err error) error {
	sentinel := ErrTemplate
	if errors.Is(err, jinja.ErrRaised) {
		sentinel = ErrRefused
	}
	return fmt.Errorf("%w: %s, %w", sentinel, t.name, err)
}

// Render returns the parts of the prompt for a conversation. Errors wrap
// ErrTemplate.
func (t *Template) Render(messages []Message, o Options) ([]tokenizer.Part, error) {
	parts, _, err := t.RenderPrompt(messages, o)
	return parts, err
}

// RenderPrompt is Render. begun tells that the prompt ends in a block of thoughts,
// which the model goes on with.
func (t *Template) RenderPrompt(messages []Message, o Options) (parts []tokenizer.Part, begun bool, err error) {
	text, err := t.text(messages, o)
	if err != nil {
		return nil, false, err
	}
	tail := text.String()
	if spans := text.Spans(); len(spans) > 0 {
		tail = tail[spans[len(spans)-1].End:]
	}
	return t.parts(text, messages), o.GenerationPrompt && t.Format().begun(tail), nil
}

// text is what the template writes.
func (t *Template) text(messages []Message, o Options) (jinja.Text, error) {
	if t.broken != nil {
		return jinja.Text{}, t.broken
	}
	variables, err := t.variables(messages, o)
	if err != nil {
		return jinja.Text{}, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	text, err := t.jinja.Render(variables, now)
	if err != nil {
		return jinja.Text{}, t.failed(err)
	}
	return text, nil
}

// variables are those that transformers gives a template, but that tools and
// documents are undefined where there are none, as in llama.cpp: with None, as
// transformers has it, three of 87 public templates fail, and none needs it.
// What comes from outside is marked as that, but for the roles that are known: a
// template may make "<|user|>" of one.
func (t *Template) variables(messages []Message, o Options) (map[string]jinja.Value, error) {
	list := make([]jinja.Value, len(messages))
	for i := range messages {
		list[i] = message(&messages[i], i+1)
	}
	v := map[string]jinja.Value{"bos_token": jinja.Own(t.bos), "eos_token": jinja.Own(t.eos)}
	given := map[string]json.RawMessage{}
	maps.Copy(given, o.Variables)
	given["tools"], given["documents"] = o.Tools, o.Documents
	for name, raw := range given {
		if len(raw) == 0 {
			continue
		}
		var err error
		if v[name], err = jinja.FromJSON(raw); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	v["messages"] = jinja.NewList(list...)
	v["add_generation_prompt"] = o.GenerationPrompt
	return v, nil
}

// message is a message as a template sees it: what is not there is undefined.
func message(m *Message, origin int) *jinja.Dict {
	own, outside := jinja.Own, func(s string) jinja.Text { return jinja.Outside(s, 0) }
	role := outside(m.Role)
	switch m.Role {
	case RoleSystem, RoleUser, RoleAssistant, RoleTool, RoleDeveloper:
		role = own(m.Role)
	}
	d := jinja.NewDict().Set(own("role"), role).Set(own("content"), jinja.Outside(m.Content, origin))
	for _, field := range []struct{ name, value string }{
		{"name", m.Name}, {"reasoning_content", m.Reasoning}, {"tool_call_id", m.ToolCallID},
	} {
		if field.value != "" {
			d.Set(own(field.name), outside(field.value))
		}
	}
	if m.ToolCalls == nil {
		return d
	}
	calls := make([]jinja.Value, len(m.ToolCalls))
	for i, c := range m.ToolCalls {
		var arguments jinja.Value = outside(c.Arguments)
		if strings.HasPrefix(strings.TrimSpace(c.Arguments), "{") {
			if v, err := jinja.FromJSON([]byte(c.Arguments)); err == nil {
				arguments = v
			}
		}
		call := jinja.NewDict()
		if c.ID != "" {
			call.Set(own("id"), outside(c.ID))
		}
		calls[i] = call.Set(own("type"), own("function")).
			Set(own("function"), jinja.NewDict().Set(own("name"), outside(c.Name)).Set(own("arguments"), arguments))
	}
	return d.Set(own("tool_calls"), jinja.NewList(calls...))
}
