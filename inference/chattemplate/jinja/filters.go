package jinja

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// filter is one of Jinja2's filters: in | name(a).
type filter func(r *run, in Value, a arguments) Value

var filters map[string]filter

func init() { // some filters call others by name
	filters = map[string]filter{
		"abs": abs, "attr": attr, "capitalize": asMethod("capitalize"), "center": center, "count": length,
		"d": orDefault, "default": orDefault, "e": escape, "escape": escape, "float": toFloat, "forceescape": escape,
		"format": formatFilter, "indent": indent, "int": toInt, "length": length, "lower": asMethod("lower"),
		"replace": replaceFilter, "reverse": reverse, "round": round, "safe": safe, "string": asText, "title": title,
		"tojson": toJSON, "trim": trim, "truncate": truncate, "upper": asMethod("upper"), "urlencode": urlencode,
		"wordcount": wordcount,
	}
	maps.Copy(filters, listFilters)
}

// asMethod is the filter that a method of texts is, too.
func asMethod(name string) filter {
	return func(r *run, in Value, a arguments) Value { return textMethods[name](r, r.text(in), a) }
}

func abs(r *run, in Value, _ arguments) Value {
	f, n, isInt, ok := numeric(r.defined(in))
	switch {
	case !ok:
		r.fail("bad operand type for abs(): '%s'", typeName(in))
	case isInt && n < 0:
		return -n
	case isInt:
		return n
	}
	return math.Abs(f)
}

func attr(r *run, in Value, a arguments) Value {
	name := r.text(r.bind("attr", a, "name")[0]).s
	r.defined(in)
	if v, ok := r.member(in, name); ok {
		return v
	}
	return &undefined{quote(typeName(in)+" object") + " has no attribute " + quote(name)}
}

func center(r *run, in Value, a arguments) Value {
	v := r.bind("center", a, "*width")
	width := 80
	if v[0] != missing {
		width = r.integer(v[0])
	}
	return r.pad(r.text(in), width, Own(" "), onBoth)
}

// Where pad fills.
const (
	onLeft  = -1
	onBoth  = 0
	onRight = 1
	centred = 2 // as format specifications do; of an odd space, more is on the right
)

// pad fills a text up to width characters.
func (r *run) pad(t Text, width int, fill Text, where int) Text {
	r.step(len(t.s))
	missing := width - utf8.RuneCountInString(t.s)
	if missing <= 0 {
		return t
	}
	left := missing
	switch where {
	case onRight:
		left = 0
	case onBoth:
		left = missing/2 + missing&width&1 // as CPython shares an odd one
	case centred:
		left = missing / 2
	}
	return r.concat(r.concat(r.repeat(fill, left), t), r.repeat(fill, missing-left))
}

func orDefault(r *run, in Value, a arguments) Value {
	v := r.bind("default", a, "*default_value", "*boolean")
	if isUndefined(in) || truth(v[1]) && !truth(in) {
		if v[0] == missing {
			return Text{}
		}
		return v[0]
	}
	return in
}

func escape(r *run, in Value, _ arguments) Value {
	t := r.text(in)
	if t.safe {
		return t
	}
	for _, pair := range [][2]string{{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"'", "&#39;"}, {`"`, "&#34;"}} {
		t = r.replace(t, pair[0], Own(pair[1]), -1)
	}
	t.safe = true
	return t
}

func toFloat(r *run, in Value, a arguments) Value {
	other := r.bind("float", a, "*default")[0]
	if other == missing {
		other = 0.0
	}
	if f, _, _, ok := numeric(in); ok {
		return f
	}
	if t, ok := in.(Text); ok {
		if f, err := strconv.ParseFloat(strings.TrimFunc(strings.ReplaceAll(t.s, "_", "x"), isSpace), 64); err == nil {
			return f
		}
	}
	r.defined(in)
	return other
}

func toInt(r *run, in Value, a arguments) Value {
	v := r.bind("int", a, "*default", "*base")
	other, base := v[0], 10
	if other == missing {
		other = 0
	}
	if v[1] != missing {
		if base = r.integer(v[1]); base != 0 && (base < 2 || base > 36) {
			return other
		}
	}
	switch in := in.(type) {
	case Text:
		s := strings.TrimFunc(in.s, isSpace)
		digits := s
		for _, prefix := range map[int][]string{2: {"0b", "0B"}, 8: {"0o", "0O"}, 16: {"0x", "0X"}}[base] {
			digits = strings.TrimPrefix(digits, prefix)
		}
		if n, err := strconv.ParseInt(strings.TrimPrefix(digits, "+"), base, 64); err == nil {
			return int(n)
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1<<62 {
			return int(f)
		}
	case float64:
		if math.Abs(in) < 1<<62 {
			return int(in)
		}
	case *undefined:
		r.defined(in)
	default:
		if _, n, isInt, ok := numeric(in); ok && isInt {
			return n
		}
	}
	return other
}

func formatFilter(r *run, in Value, a arguments) Value {
	t := r.text(in)
	if len(a.names) > 0 {
		d := NewDict()
		for i, name := range a.names {
			d.Set(Own(name), a.named[i])
		}
		return r.percent(t, d)
	}
	return r.percent(t, &List{items: a.pos, tuple: true})
}

func indent(r *run, in Value, a arguments) Value {
	v := r.bind("indent", a, "*width", "*first", "*blank")
	by := Own("    ")
	switch w := v[0].(type) {
	case *undefined:
	case Text:
		by = w
	default:
		by = r.repeat(Own(" "), r.integer(w))
	}
	t := r.text(in)
	var out builder
	if truth(v[1]) {
		r.write(&out, by)
	}
	for i, at := 0, 0; at <= len(t.s); i++ {
		end := strings.IndexByte(t.s[at:], '\n')
		if end < 0 {
			end = len(t.s) - at
		}
		line := t.slice(at, at+end)
		if i > 0 {
			out.own("\n")
			if line.s != "" || truth(v[2]) {
				r.write(&out, by)
			}
		}
		r.write(&out, line)
		at += end + 1
	}
	return out.done()
}

func length(r *run, in Value, _ arguments) Value {
	switch v := in.(type) {
	case Text:
		r.step(len(v.s))
		return utf8.RuneCountInString(v.s)
	case *List:
		return len(v.items)
	case *Dict:
		return len(v.keys)
	case *undefined:
		return 0
	case *loop:
		return len(v.items)
	}
	r.fail("object of type '%s' has no len()", typeName(in))
	return nil
}

func replaceFilter(r *run, in Value, a arguments) Value {
	v := r.bind("replace", a, "old", "new", "*count")
	n := -1
	if v[2] != missing && v[2] != nil {
		n = r.integer(v[2])
	}
	return r.replace(r.text(in), r.text(v[0]).s, r.text(v[1]), n)
}

func reverse(r *run, in Value, _ arguments) Value {
	if t, ok := in.(Text); ok {
		return r.slice(t, nil, nil, -1)
	}
	items := slices.Clone(r.list(r.items(in)).items)
	slices.Reverse(items)
	return &generator{"reverse", func() []Value { return items }}
}

func round(r *run, in Value, a arguments) Value {
	v := r.bind("round", a, "*precision", "*method")
	f, n, isInt, ok := numeric(r.defined(in))
	if !ok {
		r.fail("type %s doesn't define __round__ method", typeName(in))
	}
	digits, method := 0, "common"
	if v[0] != missing {
		digits = r.integer(v[0])
	}
	if v[1] != missing {
		method = r.text(v[1]).s
	}
	scale := math.Pow(10, float64(digits))
	switch method {
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	case "common":
	default:
		r.fail("method must be common, ceil or floor")
	}
	switch {
	case isInt && digits >= 0: // Python's round of an int is one
		return n
	case digits >= 0 && digits < 300: // half to even, of the exact value
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'f', digits, 64), 64)
	case digits < 0:
		f = math.RoundToEven(f*scale) / scale
		if isInt {
			return int(f)
		}
	}
	return f
}

func safe(r *run, in Value, _ arguments) Value {
	t := r.text(in)
	t.safe = true
	return t
}

func asText(r *run, in Value, _ arguments) Value { return r.text(in) }

// title is the filter, in which words end at spaces, hyphens and brackets; the
// method is another.
func title(r *run, in Value, _ arguments) Value {
	start := true
	return r.mapped(r.text(in), func(c rune) rune {
		was := start
		start = isSpace(c) || strings.ContainsRune("-({[<", c)
		if was && !start {
			return unicode.ToUpper(c)
		}
		return unicode.ToLower(c)
	})
}

func trim(r *run, in Value, a arguments) Value {
	v := r.bind("trim", a, "*chars")
	return r.strip(r.text(in), v[0], true, true)
}

func truncate(r *run, in Value, a arguments) Value {
	v := r.bind("truncate", a, "*length", "*killwords", "*end", "*leeway")
	most, leeway, end := 255, 5, Own("...")
	if v[0] != missing {
		most = r.integer(v[0])
	}
	if v[2] != missing {
		end = r.text(v[2])
	}
	if v[3] != missing && v[3] != nil {
		leeway = r.integer(v[3])
	}
	t := r.text(in)
	r.step(len(t.s))
	if utf8.RuneCountInString(t.s) <= most+leeway {
		return t
	}
	cut := r.slice(t, nil, max(most-utf8.RuneCountInString(end.s), 0), nil).(Text)
	if !truth(v[1]) {
		if at := strings.LastIndexByte(cut.s, ' '); at >= 0 {
			cut = cut.slice(0, at)
		}
	}
	return r.concat(cut, end)
}

func urlencode(r *run, in Value, _ arguments) Value {
	quoted := func(v Value) Text {
		t := r.text(v)
		r.take(3 * len(t.s))
		return t.like(strings.NewReplacer("+", "%20", "%2F", "/", "%7E", "~").Replace(url.QueryEscape(t.s)))
	}
	d, ok := in.(*Dict)
	if !ok {
		return quoted(in)
	}
	var out builder
	for i, key := range d.keys {
		if i > 0 {
			out.own("&")
		}
		out.text(quoted(key))
		out.own("=")
		out.text(quoted(d.values[i]))
	}
	return out.done()
}

func wordcount(r *run, in Value, _ arguments) Value {
	t := r.text(in)
	r.take(len(t.s))
	return len(strings.FieldsFunc(t.s, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }))
}
