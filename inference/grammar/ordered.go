package grammar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order: properties are written
// in that of the schema.
type object struct {
	keys   []string
	values map[string]any
}

// has reports whether there is a member of that name.
func (o *object) has(key string) bool {
	_, ok := o.values[key]
	return ok
}

// read returns a value of JSON: nil, bool, json.Number, string, []any or *object.
func read(raw []byte) (any, error) {
	if !json.Valid(raw) { // it also bounds the depth
		var v any
		return nil, fmt.Errorf("%w: it is not JSON: %w", ErrSchema, json.Unmarshal(raw, &v))
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return readValue(d)
}

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('{'):
		o := &object{values: map[string]any{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, ok := key.(string)
			if !ok {
				return nil, io.ErrUnexpectedEOF // never: it is valid
			}
			v, err := readValue(d)
			if err != nil {
				return nil, err
			}
			if !o.has(name) {
				o.keys = append(o.keys, name)
			}
			o.values[name] = v
		}
		_, err = d.Token()
		return o, err
	}
	return t, nil
}

// plain is a value as package encoding/json knows it.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case *object:
		m := make(map[string]any, len(v.keys))
		for _, k := range v.keys {
			m[k] = plain(v.values[k])
		}
		return m
	}
	return v
}

// find follows a JSON pointer, as a $ref has it behind "#".
func find(root any, pointer string) (any, bool) {
	decoded, err := url.PathUnescape(pointer)
	if err != nil || decoded != "" && decoded[0] != '/' {
		return nil, false
	}
	at := root
	for _, part := range strings.Split(decoded, "/")[1:] {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch v := at.(type) {
		case *object:
			next, ok := v.values[part]
			if !ok {
				return nil, false
			}
			at = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		default:
			return nil, false
		}
	}
	return at, true
}
