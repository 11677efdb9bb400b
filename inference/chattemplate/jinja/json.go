package jinja

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FromJSON reads a value; its texts are from outside, and its objects keep the
// order of their keys.
func FromJSON(raw []byte) (Value, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(raw, &whole); err != nil { // of one value, and nothing after it
		return nil, fmt.Errorf("jinja: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := decode(d, 0)
	if err != nil {
		return nil, fmt.Errorf("jinja: %w", err)
	}
	return v, nil
}

func decode(d *json.Decoder, depth int) (Value, error) {
	if depth > 200 {
		return nil, errors.New("more than 200 JSON values within each other")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case string:
		return Outside(t, 0), nil
	case json.Number:
		if n, err := strconv.Atoi(t.String()); err == nil {
			return n, nil
		}
		return t.Float64()
	case json.Delim:
		list, dict := &List{}, NewDict()
		for d.More() {
			v, err := decode(d, depth+1)
			if err != nil {
				return nil, err
			}
			if t == '[' {
				list.items = append(list.items, v)
				continue
			}
			value, err := decode(d, depth+1)
			if err != nil {
				return nil, err
			}
			dict.put(v, value)
		}
		if _, err := d.Token(); err != nil { // the closing bracket
			return nil, err
		}
		if t == '[' {
			return list, nil
		}
		return dict, nil
	}
	return t, nil // nil or a bool
}

// jsonStyle is how tojson writes.
type jsonStyle struct {
	indent      string
	lines       bool // each item on its own line
	item, colon string
	ascii, sort bool
}

// toJSON is the filter as transformers defines it: json.dumps, in which letters
// stay as they are.
func toJSON(r *run, in Value, a arguments) Value {
	v := r.bind("tojson", a, "*ensure_ascii", "*indent", "*separators", "*sort_keys")
	style := jsonStyle{item: ", ", colon: ": ", ascii: truth(v[0]), sort: truth(v[3])}
	switch indent := v[1].(type) {
	case nil, *undefined:
	case Text:
		style.indent, style.lines, style.item = indent.s, true, ","
	default:
		n := max(r.integer(indent), 0)
		r.take(n)
		style.indent, style.lines, style.item = strings.Repeat(" ", n), true, ","
	}
	if pair, ok := v[2].(*List); ok && len(pair.items) == 2 {
		style.item, style.colon = r.text(pair.items[0]).s, r.text(pair.items[1]).s
	}
	var out builder
	r.json(&out, in, style, 0)
	return out.done()
}

func (r *run) json(out *builder, v Value, style jsonStyle, depth int) {
	r.deeper()
	defer r.up()
	r.take(32)
	line := func(depth int) {
		if style.lines {
			r.take(r.times(depth, len(style.indent)))
			out.own("\n" + strings.Repeat(style.indent, depth))
		}
	}
	switch v := v.(type) {
	case nil:
		out.own("null")
	case bool:
		out.own(strconv.FormatBool(v))
	case int:
		out.own(strconv.Itoa(v))
	case float64:
		switch {
		case math.IsInf(v, 1):
			out.own("Infinity")
		case math.IsInf(v, -1):
			out.own("-Infinity")
		case v != v:
			out.own("NaN")
		default:
			out.own(float(v))
		}
	case Text:
		r.take(2 * len(v.s))
		out.text(v.like(jsonText(v.s, style.ascii)))
	case *List:
		if len(v.items) == 0 {
			out.own("[]")
			return
		}
		out.own("[")
		for i, item := range v.items {
			if i > 0 {
				out.own(style.item)
			}
			line(depth + 1)
			r.json(out, item, style, depth+1)
		}
		line(depth)
		out.own("]")
	case *Dict:
		if len(v.keys) == 0 {
			out.own("{}")
			return
		}
		r.take(64 * len(v.keys))
		order := make([]int, len(v.keys))
		for i := range order {
			order[i] = i
		}
		if style.sort {
			slices.SortStableFunc(order, func(i, j int) int { return r.compare("<", v.keys[i], v.keys[j]) })
		}
		out.own("{")
		for n, i := range order {
			if n > 0 {
				out.own(style.item)
			}
			line(depth + 1)
			r.jsonKey(out, v.keys[i], style)
			out.own(style.colon)
			r.json(out, v.values[i], style, depth+1)
		}
		line(depth)
		out.own("}")
	default:
		r.fail("Object of type %s is not JSON serializable", typeName(v))
	}
}

// jsonKey writes a key, which is a text in JSON.
func (r *run) jsonKey(out *builder, key Value, style jsonStyle) {
	switch key.(type) {
	case Text:
		r.json(out, key, style, 0)
	case nil, bool, int, float64:
		out.own(`"`)
		r.json(out, key, style, 0)
		out.own(`"`)
	default:
		r.fail("keys must be str, int, float, bool or None, not %s", typeName(key))
	}
}

// jsonText is a string as json.dumps writes it.
func jsonText(s string, ascii bool) string {
	b := append(make([]byte, 0, len(s)+2), '"')
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', byte(c))
		case c < 0x20:
			if at := strings.IndexRune("\b\f\n\r\t", c); at >= 0 {
				b = append(b, '\\', "bfnrt"[at])
			} else {
				b = fmt.Appendf(b, `\u%04x`, c)
			}
		case ascii && c > 0xffff:
			c -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		case ascii && c > 0x7e:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(append(b, '"'))
}
