package answer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tern/inference/chattemplate"
	"tern/inference/grammar"
	"tern/tokenizer"
)

// ErrNoTools is returned for calls where the template does not say how to write one.
var ErrNoTools = errors.New("the chat template has no calls of tools")

// Calls is the form of an answer that calls one of the tools, or several where
// parallel says so, as the template writes calls. Arguments that have a schema which
// cannot be followed are any object.
func Calls(f *chattemplate.Format, tools []Tool, parallel bool, tok tokenizer.Tokenizer) (grammar.Expr, error) {
	t := f.Tools
	if t == nil || t.Prefix == "" {
		return nil, fmt.Errorf("answer: %w", ErrNoTools)
	}
	text := func(s string) grammar.Expr { return marked(s, t, tok) }
	var ways []grammar.Expr
	for _, tool := range tools {
		if t.JSON {
			name := string(encode(tool.Name))
			ways = append(ways, grammar.Sequence(text(t.Prefix+name[1:len(name)-1]+t.Middle), arguments(tool.Parameters), text(t.Suffix)))
		} else {
			ways = append(ways, taggedCall(t, tool, text))
		}
	}
	one := grammar.Choice(ways...)
	if !parallel || t.Begin == "" || t.List {
		return grammar.Sequence(grammar.Space(), one), nil
	}
	return grammar.Sequence(grammar.Space(), grammar.Many(one, grammar.Text("\n"))), nil
}

// arguments are the values of a call's parameters.
func arguments(schema json.RawMessage) grammar.Expr {
	if isObject(schema) && string(schema) != "{}" {
		value := grammar.Value(schema)
		if _, err := grammar.New(value); err == nil {
			return value
		}
	}
	return grammar.Object()
}

// marked is a text whose markers are single tokens where the vocabulary has them.
func marked(s string, t *chattemplate.ToolFormat, tok tokenizer.Tokenizer) grammar.Expr {
	for _, marker := range []string{t.Begin, t.End} {
		if before, after, ok := strings.Cut(s, marker); ok && marker != "" {
			if id, ok := tok.Special(marker); ok {
				return grammar.Sequence(marked(before, t, tok), grammar.Token(id), marked(after, t, tok))
			}
		}
	}
	return grammar.Text(s)
}

// taggedCall is a call of one tool.
func taggedCall(t *chattemplate.ToolFormat, tool Tool, text func(string) grammar.Expr) grammar.Expr {
	list := []grammar.Expr{text(t.Prefix + tool.Name + t.NameEnd)}
	for _, p := range parameters(tool.Parameters) {
		one := grammar.Sequence(text(t.ParamBegin+p.name+t.KeyEnd), p.value(t.ParamEnd))
		if !p.required {
			one = grammar.Choice(one, grammar.Text(""))
		}
		list = append(list, one)
	}
	return grammar.Sequence(append(list, text(t.CallEnd))...)
}

// parameter is one of a tool's.
type parameter struct {
	name     string
	schema   json.RawMessage
	required bool
}

// value is what may stand for the parameter, and the marker after it.
func (p *parameter) value(end string) grammar.Expr {
	var o struct {
		Enum []string
	}
	types := typesOf(p.schema)
	if json.Unmarshal(p.schema, &o) == nil && len(o.Enum) > 0 {
		var ways []grammar.Expr
		for _, v := range o.Enum {
			ways = append(ways, grammar.Text(v))
		}
		return grammar.Sequence(grammar.Choice(ways...), grammar.Text(end))
	}
	if len(types) > 0 && !slices.Contains(types, "string") {
		value := grammar.Value(p.schema)
		if _, err := grammar.New(value); err == nil {
			return grammar.Sequence(value, grammar.Text(end))
		}
	}
	return grammar.Until(end)
}

// parameters lists those of a schema in their order.
func parameters(schema json.RawMessage) (list []parameter) {
	var o struct {
		Properties json.RawMessage
		Required   []string
		Defs       json.RawMessage `json:"$defs"`
	}
	if json.Unmarshal(schema, &o) != nil {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(o.Properties)))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return list
		}
		name, _ := key.(string)
		var p json.RawMessage
		if d.Decode(&p) != nil {
			return list
		}
		if o.Defs != nil && isObject(p) { // it may refer to them
			var members map[string]json.RawMessage
			if json.Unmarshal(p, &members) == nil {
				members["$defs"] = o.Defs
				p = encode(members)
			}
		}
		list = append(list, parameter{name, p, slices.Contains(o.Required, name)})
	}
	return list
}
