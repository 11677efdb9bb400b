package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"tern/inference/chattemplate"
)

// state is how far a call could be read.
type state uint8

const (
	bad  state = iota // it is none
	more              // its end is still to come
	good
)

// parse reads the call, or the list of calls, that text begins with, and returns how
// long it is.
func (s *Splitter) parse(text string, last bool) (calls []chattemplate.ToolCall, n int, st state) {
	r := reader{rest: text, last: last}
	if s.f.Tools.JSON {
		calls, st = s.objects(&r)
	} else {
		var c chattemplate.ToolCall
		c, st = s.tagged(&r)
		calls = append(calls, c)
	}
	return calls, len(text) - len(r.rest), st
}

// objects reads calls that are written as JSON.
func (s *Splitter) objects(r *reader) (calls []chattemplate.ToolCall, st state) {
	f := s.f.Tools
	if st := r.want(f.Begin); st != good {
		return nil, st
	}
	r.skip()
	var raw json.RawMessage
	d := json.NewDecoder(strings.NewReader(r.rest))
	switch err := d.Decode(&raw); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, r.more()
	case err != nil:
		return nil, bad
	}
	r.rest = r.rest[d.InputOffset():]
	list := []json.RawMessage{raw}
	if raw[0] == '[' && f.List {
		if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
			return nil, bad
		}
	}
	for _, one := range list {
		c, ok := s.object(one)
		if !ok {
			return nil, bad
		}
		calls = append(calls, c)
	}
	if f.End != "" {
		if st := r.want(f.End); st != good && !(r.last && strings.Trim(r.rest, blanks) == "") {
			return nil, st
		}
	}
	return calls, good
}

// object reads one call.
func (s *Splitter) object(raw json.RawMessage) (c chattemplate.ToolCall, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || json.Unmarshal(members[s.f.Tools.NameKey], &c.Name) != nil {
		return c, false
	}
	arguments := members[s.f.Tools.ArgsKey]
	for _, key := range []string{"arguments", "parameters"} { // models mix them up
		if arguments == nil {
			arguments = members[key]
		}
	}
	var quoted string
	if json.Unmarshal(arguments, &quoted) == nil { // an object written as a string
		arguments = json.RawMessage(quoted)
	}
	var compact bytes.Buffer
	if !isObject(arguments) || json.Compact(&compact, arguments) != nil {
		return c, false
	}
	c.Arguments = compact.String()
	return c, s.tool(c.Name) != nil
}

func isObject(raw json.RawMessage) bool {
	var o map[string]json.RawMessage
	return json.Unmarshal(raw, &o) == nil && o != nil
}

func (s *Splitter) tool(name string) *Tool {
	if i := slices.IndexFunc(s.tools, func(t Tool) bool { return t.Name == name }); i >= 0 {
		return &s.tools[i]
	}
	return nil
}

// tagged reads a call whose arguments stand between markers.
func (s *Splitter) tagged(r *reader) (c chattemplate.ToolCall, st state) {
	f := s.f.Tools
	for _, marker := range []string{f.Begin, strings.TrimSpace(strings.TrimPrefix(f.Prefix, f.Begin))} {
		if st := r.want(marker); st != good {
			return c, st
		}
	}
	end := strings.TrimSpace(f.NameEnd)
	if end == "" {
		end = "\n"
	}
	if c.Name, st = r.upTo(end); st != good {
		return c, st
	}
	c.Name = strings.TrimSpace(c.Name)
	tool := s.tool(c.Name)
	if tool == nil {
		return c, bad
	}
	types := parameterTypes(tool.Parameters)
	ends := strings.Fields(f.CallEnd)
	arguments := []byte{'{'}
	for {
		st := r.want(f.ParamBegin)
		if st == more {
			return c, more
		}
		if st == bad {
			break
		}
		key, st := r.upTo(strings.TrimSpace(f.KeyEnd))
		if st != good {
			return c, st
		}
		follow := append([]string{f.ParamBegin}, ends[:min(1, len(ends))]...)
		key = strings.TrimSpace(key)
		value, st := r.json(strings.TrimSpace(f.ParamEnd), types[key])
		if st == bad {
			value, st = r.value(strings.TrimSpace(f.ParamEnd), follow)
		}
		if st != good {
			return c, st
		}
		if len(arguments) > 1 {
			arguments = append(arguments, ',')
		}
		arguments = append(append(append(arguments, encode(key)...), ':'), typed(value, types[key])...)
	}
	c.Arguments = string(append(arguments, '}'))
	for i, marker := range ends {
		if st := r.want(marker); st != good && !(i > 0 && r.last && strings.Trim(r.rest, blanks) == "") {
			return c, st
		}
	}
	return c, good
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return []byte("null") // never: it is a text
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// parameterTypes are the types that a schema gives its properties.
func parameterTypes(schema json.RawMessage) map[string][]string {
	var o struct {
		Properties map[string]json.RawMessage
	}
	_ = json.Unmarshal(schema, &o) // whatever it is: then nothing is known
	types := map[string][]string{}
	for name, raw := range o.Properties {
		types[name] = typesOf(raw)
	}
	return types
}

func typesOf(schema json.RawMessage) (types []string) {
	var o struct {
		Type  json.RawMessage
		Enum  []any
		AnyOf []json.RawMessage `json:"anyOf"`
	}
	if json.Unmarshal(schema, &o) != nil {
		return nil
	}
	var one string
	switch {
	case json.Unmarshal(o.Type, &one) == nil:
		return []string{one}
	case json.Unmarshal(o.Type, &types) == nil:
		return types
	case len(o.Enum) > 0 && !slices.ContainsFunc(o.Enum, func(v any) bool { _, ok := v.(string); return !ok }):
		return []string{"string"}
	}
	for _, s := range o.AnyOf {
		types = append(types, typesOf(s)...)
	}
	return types
}

// typed is a value that stands there without quotes, as JSON of one of these types.
// Where none is known, what is JSON is taken as that.
func typed(value string, types []string) []byte {
	var v any
	var compact bytes.Buffer
	trimmed := strings.TrimSpace(value)
	if json.Unmarshal([]byte(trimmed), &v) != nil {
		if lower := strings.ToLower(trimmed); slices.Contains(types, "boolean") && (lower == "true" || lower == "false") { // as Python writes them
			return []byte(lower)
		}
		return encode(value)
	}
	is := map[bool]string{true: "boolean"}[v == true || v == false]
	switch v.(type) {
	case nil:
		is = "null"
	case float64:
		is = "number"
	case string:
		is = "string"
	case []any:
		is = "array"
	case map[string]any:
		is = "object"
	}
	fits := slices.Contains(types, is) || is == "number" && slices.Contains(types, "integer") || types == nil && is != "string"
	if !fits && slices.Contains(types, "string") || json.Compact(&compact, []byte(trimmed)) != nil || is == "string" {
		return encode(value)
	}
	return compact.Bytes()
}

// reader reads a text piece by piece.
type reader struct {
	rest string
	last bool // no more comes
}

func (r *reader) skip() { r.rest = strings.TrimLeft(r.rest, blanks) }

// more is what a text that ends too early says.
func (r *reader) more() state {
	if r.last {
		return bad
	}
	return more
}

// want reads white space and a marker.
func (r *reader) want(marker string) state {
	rest := strings.TrimLeft(r.rest, blanks)
	if after, ok := strings.CutPrefix(rest, marker); ok {
		r.rest = after
		return good
	}
	if strings.HasPrefix(marker, rest) {
		return r.more()
	}
	return bad
}

// upTo reads what comes before a marker, and the marker.
func (r *reader) upTo(marker string) (string, state) {
	before, after, ok := strings.Cut(r.rest, marker)
	if !ok {
		return "", r.more()
	}
	r.rest = after
	return before, good
}

// json reads a value that is JSON by its types, and the marker after it, which may be
// part of the value.
func (r *reader) json(marker string, types []string) (string, state) {
	if len(types) == 0 || slices.Contains(types, "string") {
		return "", bad
	}
	var raw json.RawMessage
	d := json.NewDecoder(strings.NewReader(r.rest))
	switch err := d.Decode(&raw); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "", r.more()
	case err != nil:
		return "", bad
	}
	behind := reader{rest: r.rest[d.InputOffset():], last: r.last}
	st := behind.want(marker)
	if st == good {
		r.rest = behind.rest
	}
	return string(raw), st
}

// value reads what comes before a marker that one of others follows: the marker may
// be part of a value. One line break on either side belongs to the marker.
func (r *reader) value(marker string, others []string) (string, state) {
	for at := 0; ; {
		i := strings.Index(r.rest[at:], marker)
		if i < 0 {
			return "", r.more()
		}
		at += i + len(marker)
		rest := strings.TrimLeft(r.rest[at:], blanks)
		follows := len(others) == 0
		for _, o := range others {
			if strings.HasPrefix(rest, o) {
				follows = true
			} else if strings.HasPrefix(o, rest) && !r.last {
				return "", more
			}
		}
		if follows {
			v := strings.TrimPrefix(r.rest[:at-len(marker)], "\n")
			r.rest = r.rest[at:]
			return strings.TrimSuffix(v, "\n"), good
		}
	}
}
