package jinja

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textMethods are those of Python's str.
var textMethods map[string]func(r *run, t Text, a arguments) Value

func init() { // some call others by name
	textMethods = map[string]func(r *run, t Text, a arguments) Value{
		"capitalize": capitalize, "title": titleMethod, "swapcase": swapcase,
		"lower": lower, "casefold": lower, "upper": upper,
		"strip": stripper("strip", true, true), "lstrip": stripper("lstrip", true, false), "rstrip": stripper("rstrip", false, true),
		"split": splitter("split", false), "rsplit": splitter("rsplit", true), "splitlines": splitlines,
		"partition": partition, "rpartition": rpartition,
		"startswith": edge("startswith", strings.HasPrefix), "endswith": edge("endswith", strings.HasSuffix),
		"removeprefix": removeprefix, "removesuffix": removesuffix,
		"find": finder("find", false, true), "rfind": finder("rfind", true, true),
		"index": finder("index", false, false), "rindex": finder("rindex", true, false),
		"count": countMethod, "replace": replaceMethod, "join": joinMethod, "format": formatMethod, "zfill": zfill,
		"center": padder("center", onBoth), "ljust": padder("ljust", onRight), "rjust": padder("rjust", onLeft),
		"isalpha": every(unicode.IsLetter), "isdigit": every(unicode.IsDigit), "isdecimal": every(unicode.IsDigit),
		"isnumeric": every(unicode.IsNumber), "isspace": every(isSpace),
		"isalnum": every(func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }),
		"isascii": isascii, "isupper": casing(unicode.IsUpper, unicode.IsLower), "islower": casing(unicode.IsLower, unicode.IsUpper),
	}
}

// mapped changes each character of a text on its own, so that it stays known
// where each is from.
func (r *run) mapped(t Text, f func(rune) rune) Text {
	r.take(2 * len(t.s))
	if t.from == nil {
		return Own(strings.Map(f, t.s))
	}
	var out builder
	t.pieces(func(piece Text) { out.text(piece.like(strings.Map(f, piece.s))) })
	return out.done()
}

func lower(r *run, t Text, _ arguments) Value {
	r.take(3 * len(t.s))
	var out builder
	t.pieces(func(piece Text) { out.text(piece.like(strings.ToLower(piece.s))) })
	return out.done()
}

func upper(r *run, t Text, _ arguments) Value {
	r.take(3 * len(t.s))
	var out builder
	t.pieces(func(piece Text) { // some letters become two
		out.text(piece.like(strings.ReplaceAll(strings.ToUpper(piece.s), "ß", "SS")))
	})
	return out.done()
}

func capitalize(r *run, t Text, _ arguments) Value {
	first := true
	return r.mapped(t, func(c rune) rune {
		if first {
			first = false
			return unicode.ToTitle(c)
		}
		return unicode.ToLower(c)
	})
}

// titleMethod is str.title, in which a word is a run of letters.
func titleMethod(r *run, t Text, _ arguments) Value {
	within := false
	return r.mapped(t, func(c rune) rune {
		was := within
		if within = unicode.IsLetter(c); within && !was {
			return unicode.ToTitle(c)
		}
		return unicode.ToLower(c)
	})
}

func swapcase(r *run, t Text, _ arguments) Value {
	return r.mapped(t, func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	})
}

// strip takes characters off the ends of a text: those of set, else white space.
func (r *run) strip(t Text, set Value, left, right bool) Text {
	in := isSpace
	if set != missing && set != nil {
		chars := r.text(set).s
		in = func(c rune) bool { return strings.ContainsRune(chars, c) }
		r.step(len(chars) * min(len(t.s), 1000))
	}
	r.step(len(t.s))
	i, j := 0, len(t.s)
	if left {
		i = len(t.s) - len(strings.TrimLeftFunc(t.s, in))
	}
	if right {
		j = len(strings.TrimRightFunc(t.s, in))
	}
	return t.slice(i, j)
}

func stripper(name string, left, right bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, a arguments) Value { return r.strip(t, r.bind(name, a, "*chars")[0], left, right) }
}

// splitter is split or rsplit.
func splitter(name string, fromRight bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, a arguments) Value {
		v := r.bind(name, a, "*sep", "*maxsplit")
		most := -1
		if v[1] != missing {
			most = r.integer(v[1])
		}
		var cuts [][2]int // the separators
		if v[0] == missing || v[0] == nil {
			t = r.strip(t, missing, !fromRight || most < 0, fromRight || most < 0)
			cuts = spaces(t.s)
		} else {
			sep := r.text(v[0]).s
			if sep == "" {
				r.fail("empty separator")
			}
			r.step(len(t.s))
			if fromRight {
				cuts = occurrencesFromRight(t.s, sep)
			} else {
				cuts = occurrences(t.s, sep)
			}
		}
		if most >= 0 && most < len(cuts) {
			if fromRight {
				cuts = cuts[len(cuts)-most:]
			} else {
				cuts = cuts[:most]
			}
		}
		r.take(64 * (len(cuts) + 1))
		out := &List{}
		at := 0
		for _, cut := range cuts {
			out.items = append(out.items, t.slice(at, cut[0]))
			at = cut[1]
		}
		if rest := t.slice(at, len(t.s)); rest.s != "" || v[0] != missing && v[0] != nil {
			if v[0] == missing || v[0] == nil { // what is left keeps its inner spaces only
				rest = r.strip(rest, missing, false, false)
			}
			out.items = append(out.items, rest)
		}
		if len(out.items) > 0 && (v[0] == missing || v[0] == nil) {
			if one := out.items[0].(Text); one.s == "" {
				out.items = out.items[1:]
			}
		}
		return out
	}
}

// spaces finds the runs of white space.
func spaces(s string) (cuts [][2]int) {
	for at := 0; at < len(s); {
		i := strings.IndexFunc(s[at:], isSpace)
		if i < 0 {
			break
		}
		end := len(s) - len(strings.TrimLeftFunc(s[at+i:], isSpace))
		cuts = append(cuts, [2]int{at + i, end})
		at = end
	}
	return cuts
}

func occurrences(s, of string) (cuts [][2]int) {
	for at := 0; ; {
		i := strings.Index(s[at:], of)
		if i < 0 {
			return cuts
		}
		cuts = append(cuts, [2]int{at + i, at + i + len(of)})
		at += i + len(of)
	}
}

func occurrencesFromRight(s, of string) (cuts [][2]int) {
	for {
		i := strings.LastIndex(s, of)
		if i < 0 {
			slices.Reverse(cuts)
			return cuts
		}
		cuts = append(cuts, [2]int{i, i + len(of)})
		s = s[:i]
	}
}

func splitlines(r *run, t Text, a arguments) Value {
	keep := truth(r.bind("splitlines", a, "*keepends")[0])
	r.take(8 * len(t.s))
	out := &List{}
	for at := 0; at < len(t.s); {
		i := strings.IndexFunc(t.s[at:], func(c rune) bool { return strings.ContainsRune("\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029", c) })
		if i < 0 {
			out.items = append(out.items, t.slice(at, len(t.s)))
			break
		}
		end := at + i
		_, n := utf8.DecodeRuneInString(t.s[end:])
		if strings.HasPrefix(t.s[end:], "\r\n") {
			n = 2
		}
		if keep {
			out.items = append(out.items, t.slice(at, end+n))
		} else {
			out.items = append(out.items, t.slice(at, end))
		}
		at = end + n
	}
	return out
}

func partition(r *run, t Text, a arguments) Value {
	sep := r.text(r.bind("partition", a, "sep")[0])
	if i := r.index(t.s, sep.s); i >= 0 {
		return &List{items: []Value{t.slice(0, i), sep, t.slice(i+len(sep.s), len(t.s))}, tuple: true}
	}
	return &List{items: []Value{t, Text{}, Text{}}, tuple: true}
}

func rpartition(r *run, t Text, a arguments) Value {
	sep := r.text(r.bind("rpartition", a, "sep")[0])
	r.step(len(t.s))
	if i := strings.LastIndex(t.s, sep.s); i >= 0 {
		return &List{items: []Value{t.slice(0, i), sep, t.slice(i+len(sep.s), len(t.s))}, tuple: true}
	}
	return &List{items: []Value{Text{}, Text{}, t}, tuple: true}
}

// within is the part of a text that the arguments start and end leave, and
// where it begins, in bytes.
func (r *run) within(t Text, start, end Value) (part Text, at int) {
	if (start == missing || start == nil) && (end == missing || end == nil) {
		return t, 0
	}
	bound := func(v Value) Value {
		if v == missing {
			return nil
		}
		return v
	}
	part = r.slice(t, bound(start), bound(end), nil).(Text)
	before := t
	if bound(start) != nil {
		before = r.slice(t, nil, start, nil).(Text)
		at = len(before.s)
	}
	return part, at
}

func edge(name string, has func(s, part string) bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, a arguments) Value {
		v := r.bind(name, a, "prefix", "*start", "*end")
		part, _ := r.within(t, v[1], v[2])
		one := func(v Value) bool {
			p, ok := v.(Text)
			if !ok {
				r.defined(v)
				r.fail("%s first arg must be str or a tuple of str, not %s", name, typeName(v))
			}
			r.step(len(p.s))
			return has(part.s, p.s)
		}
		if l, ok := v[0].(*List); ok && l.tuple {
			return slices.ContainsFunc(l.items, one)
		}
		return one(v[0])
	}
}

func removeprefix(r *run, t Text, a arguments) Value {
	if p := r.text(r.bind("removeprefix", a, "prefix")[0]); strings.HasPrefix(t.s, p.s) {
		return t.slice(len(p.s), len(t.s))
	}
	return t
}

func removesuffix(r *run, t Text, a arguments) Value {
	if p := r.text(r.bind("removesuffix", a, "suffix")[0]); strings.HasSuffix(t.s, p.s) {
		return t.slice(0, len(t.s)-len(p.s))
	}
	return t
}

// index is strings.Index, paid for.
func (r *run) index(s, of string) int {
	r.step(len(s) + len(of))
	return strings.Index(s, of)
}

func finder(name string, last, quiet bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, a arguments) Value {
		v := r.bind(name, a, "sub", "*start", "*end")
		part, before := r.within(t, v[1], v[2])
		of := r.wantText(v[0]).s
		i := r.index(part.s, of)
		if last {
			i = strings.LastIndex(part.s, of)
		}
		switch {
		case i >= 0:
			return utf8.RuneCountInString(t.s[:before+i])
		case !quiet:
			r.fail("substring not found")
		}
		return -1
	}
}

// wantText is v, which must be a text.
func (r *run) wantText(v Value) Text {
	t, ok := r.defined(v).(Text)
	if !ok {
		r.fail("must be str, not %s", typeName(v))
	}
	return t
}

func countMethod(r *run, t Text, a arguments) Value {
	v := r.bind("count", a, "sub", "*start", "*end")
	part, _ := r.within(t, v[1], v[2])
	r.step(len(part.s))
	return strings.Count(part.s, r.wantText(v[0]).s)
}

// replace puts by in the place of old, n times at most.
func (r *run) replace(t Text, old string, by Text, n int) Text {
	r.step(len(t.s))
	count := strings.Count(t.s, old)
	if n >= 0 {
		count = min(count, n)
	}
	if count == 0 {
		return t
	}
	r.take(len(t.s) + 32*len(t.from) + r.times(count, len(by.s)+32*(len(by.from)+1)))
	var out builder
	at := 0
	for i := range count {
		next := at
		if old == "" { // between all characters
			if i > 0 {
				_, size := utf8.DecodeRuneInString(t.s[at:])
				next += size
			}
		} else {
			next += strings.Index(t.s[at:], old)
		}
		out.text(t.slice(at, next))
		out.text(by)
		at = next + len(old)
	}
	out.text(t.slice(at, len(t.s)))
	return out.done()
}

func replaceMethod(r *run, t Text, a arguments) Value {
	v := r.bind("replace", a, "old", "new", "*count")
	n := -1
	if v[2] != missing {
		n = r.integer(v[2])
	}
	return r.replace(t, r.wantText(v[0]).s, r.wantText(v[1]), n)
}

func joinMethod(r *run, t Text, a arguments) Value {
	var out builder
	for i, item := range r.items(r.bind("join", a, "iterable")[0]) {
		if i > 0 {
			r.write(&out, t)
		}
		one, ok := item.(Text)
		if !ok {
			r.fail("sequence item %d: expected str instance, %s found", i, typeName(item))
		}
		r.write(&out, one)
	}
	return out.done()
}

func padder(name string, where int) func(*run, Text, arguments) Value {
	return func(r *run, t Text, a arguments) Value {
		v := r.bind(name, a, "width", "*fillchar")
		fill := Own(" ")
		if v[1] != missing {
			fill = r.wantText(v[1])
		}
		return r.pad(t, r.integer(v[0]), fill, where)
	}
}

func zfill(r *run, t Text, a arguments) Value {
	width := r.integer(r.bind("zfill", a, "width")[0])
	sign := Text{}
	if strings.HasPrefix(t.s, "-") || strings.HasPrefix(t.s, "+") {
		sign, t, width = t.slice(0, 1), t.slice(1, len(t.s)), width-1
	}
	return r.concat(sign, r.pad(t, width, Own("0"), onLeft))
}

func every(is func(rune) bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, _ arguments) Value {
		r.step(len(t.s))
		return t.s != "" && strings.IndexFunc(t.s, func(c rune) bool { return !is(c) }) < 0
	}
}

func isascii(r *run, t Text, _ arguments) Value {
	r.step(len(t.s))
	return strings.IndexFunc(t.s, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
}

func casing(is, not func(rune) bool) func(*run, Text, arguments) Value {
	return func(r *run, t Text, _ arguments) Value {
		r.step(len(t.s))
		return strings.IndexFunc(t.s, is) >= 0 && strings.IndexFunc(t.s, not) < 0
	}
}
