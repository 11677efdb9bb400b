package server

import (
	"encoding/json"
	"errors"

	"tern/inference"
	"tern/inference/answer"
	"tern/inference/grammar"
)

// form is the form that an answer must have: JSON, or calls of tools.
type form struct {
	name string // says which, for the engine to know it again
	expr grammar.Expr
}

// responseFormat reads what form the answer must have, nil for any.
func (r *request) responseFormat() (*form, error) {
	const field = "response_format"
	if !blank(r.JSONSchema) {
		return schemaForm("json_schema", r.JSONSchema)
	}
	if blank(r.ResponseFormat) {
		return nil, nil
	}
	var f struct {
		Type       string
		Schema     json.RawMessage // of json_object, of other local servers
		JSONSchema struct {
			Schema json.RawMessage
		} `json:"json_schema"`
	}
	if json.Unmarshal(r.ResponseFormat, &f) != nil {
		return nil, bad(field, "response_format is an object with a type.")
	}
	switch {
	case f.Type == "text" || f.Type == "":
		return nil, nil
	case f.Type == "json_object" && blank(f.Schema):
		return &form{"json_object", grammar.Sequence(grammar.Space(), grammar.Object())}, nil
	case f.Type == "json_object":
		return schemaForm(field, f.Schema)
	case f.Type != "json_schema":
		return nil, unsupported(field, "Tern knows response_format text, json_object and json_schema, not %q.", clip(f.Type))
	case len(f.JSONSchema.Schema) == 0:
		return nil, bad(field, "response_format of the type json_schema has no json_schema.schema.")
	}
	return schemaForm(field, f.JSONSchema.Schema)
}

func schemaForm(field string, schema json.RawMessage) (*form, error) {
	if _, err := grammar.New(grammar.Value(schema)); err != nil {
		return nil, unsupported(field, "%s", sentence(err))
	}
	return &form{"schema " + string(schema), grammar.Sequence(grammar.Space(), grammar.Value(schema))}, nil
}

// sentence is an error of a schema for a client.
func sentence(err error) string {
	s := []byte(err.Error())
	if s[0] >= 'a' && s[0] <= 'z' {
		s[0] -= 'a' - 'A'
	}
	return string(s) + "."
}

// callForm is the form of an answer that must call tools.
func (m *served) callForm(tools []answer.Tool, parallel bool) (*form, error) {
	expr, err := answer.Calls(m.engine.AnswerFormat(), tools, parallel, m.engine.Tokenizer())
	if err != nil {
		return nil, unsupported("tool_choice", "The chat template of this model does not say how to call a tool: leave tool_choice at auto.")
	}
	name, err := json.Marshal(tools)
	if err != nil {
		return nil, bad("tools", "The parameters of a tool are not JSON.")
	}
	if parallel {
		name = append(name, '+')
	}
	return &form{"calls " + string(name), expr}, nil
}

// machine joins a form and the vocabulary, nil for none.
func (m *served) machine(f *form) (*grammar.Machine, error) {
	if f == nil {
		return nil, nil
	}
	machine, err := m.engine.Grammar(f.name, func() (*grammar.Grammar, error) { return grammar.New(f.expr) })
	if errors.Is(err, grammar.ErrSchema) {
		return nil, unsupported("response_format", "%s", sentence(err))
	}
	return machine, err
}

// thinkingRequest is what a request says of thinking. OpenAI has the first; the
// others are those of other servers.
type thinkingRequest struct {
	Effort         *string `json:"reasoning_effort"`
	EnableThinking *bool   `json:"enable_thinking"`
	Budget         *whole  `json:"thinking_budget"`
	Reasoning      *struct {
		Effort    *string `json:"effort"`
		Enabled   *bool   `json:"enabled"`
		MaxTokens *whole  `json:"max_tokens"`
	} `json:"reasoning"`
}

// thinking returns the variables of the template that make the model think as much
// as the request asks for, and the budget for it.
func (r *request) thinking(f *formatOf) (variables map[string]json.RawMessage, budget int, err error) {
	variables = map[string]json.RawMessage{}
	effort, field := "", "reasoning_effort"
	t := r.thinkingRequest
	if x := t.Reasoning; x != nil {
		t.Effort, t.Budget, t.EnableThinking = first(t.Effort, x.Effort), first(t.Budget, x.MaxTokens), first(t.EnableThinking, x.Enabled)
	}
	if t.EnableThinking != nil {
		effort = map[bool]string{true: "on", false: "off"}[*t.EnableThinking]
	}
	if t.Effort != nil && *t.Effort != "" {
		effort = *t.Effort
	}
	if effort != "" {
		level, ok := f.Level(effort)
		switch {
		case ok:
			variables = level.Variables
		case !known(effort):
			return nil, 0, bad(field, "%s knows none, minimal, low, medium, high and xhigh, not %q.", field, clip(effort))
		}
		if !ok && (effort == "none" || effort == "off") { // no switch: a block is closed at once
			budget = -1
		}
	}
	if b := t.Budget; b != nil {
		switch {
		case *b > 0:
			budget = int(*b)
		case *b == 0:
			budget = -1
		}
	}
	all := map[string]json.RawMessage{}
	for _, from := range []map[string]json.RawMessage{variables, r.TemplateVariables} { // the template's own words last
		for name, value := range from {
			all[name] = value
		}
	}
	return all, budget, nil
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// known reports whether a word is an effort, or the name of a level.
func known(effort string) bool {
	switch effort {
	case "none", "minimal", "low", "medium", "high", "xhigh", "max", "on", "off":
		return true
	}
	return false
}

// formatOf is how the answers of a model are written.
type formatOf = inference.AnswerFormat
