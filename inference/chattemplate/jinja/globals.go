package jinja

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// object is a value with members that a template cannot set.
type object struct{ members map[string]Value }

// maxRange is the longest range that transformers' sandbox allows.
const maxRange = 100000

// globals are the functions that every template has.
var globals = map[string]Value{
	"range":           &function{"range", rangeOf},
	"namespace":       &function{"namespace", newNamespace},
	"dict":            &function{"dict", newDict},
	"joiner":          &function{"joiner", joiner},
	"cycler":          &function{"cycler", cycler},
	"raise_exception": &function{"raise_exception", raise},
	"strftime_now":    &function{"strftime_now", strftimeNow},
}

// self is the value whose members are the blocks of the template.
func (r *run) self() *object {
	o := &object{members: map[string]Value{}}
	for name, b := range r.template.blocks {
		o.members[name] = &function{name, func(r *run, _ arguments) Value { return r.capture(b.body, r.top.child()) }}
	}
	return o
}

func rangeOf(r *run, a arguments) Value {
	v := r.bind("range", a, "start", "*stop", "*step")
	from, to, by := 0, r.integer(v[0]), 1
	if v[1] != missing {
		from, to = to, r.integer(v[1])
	}
	if v[2] != missing {
		if by = r.integer(v[2]); by == 0 {
			r.fail("range() arg 3 must not be zero")
		}
	}
	count := 0
	switch {
	case by > 0 && from < to:
		count = int((uint(to)-uint(from)-1)/uint(by)) + 1
	case by < 0 && from > to:
		count = int((uint(from)-uint(to)-1)/-uint(by)) + 1
	}
	if count < 0 || count > maxRange {
		r.fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d): %w", maxRange, ErrBounds)
	}
	l := r.list(make([]Value, count))
	for i := range l.items {
		l.items[i] = from + i*by
	}
	return l
}

// pairs are the arguments of dict(…) and namespace(…).
func pairs(r *run, a arguments) *Dict {
	d := NewDict()
	r.take(64 * len(a.names))
	for _, v := range a.pos {
		switch v := v.(type) {
		case *Dict:
			r.take(64 * len(v.keys))
			for i, key := range v.keys {
				d.put(key, v.values[i])
			}
		default:
			for _, item := range r.items(v) {
				p := r.items(item)
				if len(p) != 2 {
					r.fail("a dict is made of pairs")
				}
				r.take(64)
				r.put(d, p[0], p[1])
			}
		}
	}
	for i, name := range a.names {
		d.Set(Own(name), a.named[i])
	}
	return d
}

func newDict(r *run, a arguments) Value { return pairs(r, a) }

func newNamespace(r *run, a arguments) Value { return &namespace{pairs(r, a)} }

func joiner(r *run, a arguments) Value {
	sep := Value(Own(", "))
	if v := r.bind("joiner", a, "*sep"); v[0] != missing {
		sep = v[0]
	}
	used := false
	return &function{"joiner", func(*run, arguments) Value {
		if !used {
			used = true
			return Text{}
		}
		return sep
	}}
}

func cycler(r *run, a arguments) Value {
	if len(a.pos) == 0 {
		r.fail("at least one item has to be provided")
	}
	at := 0
	c := &object{members: map[string]Value{"current": a.pos[0]}}
	c.members["next"] = &function{"next", func(*run, arguments) Value {
		v := a.pos[at]
		at = (at + 1) % len(a.pos)
		c.members["current"] = a.pos[at]
		return v
	}}
	c.members["reset"] = &function{"reset", func(*run, arguments) Value {
		at = 0
		c.members["current"] = a.pos[0]
		return nil
	}}
	return c
}

// raise ends the rendering with the template's own words.
func raise(r *run, a arguments) Value {
	text := r.text(r.bind("raise_exception", a, "message")[0]).s
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	panic(&Error{r.line, raised(text)})
}

func strftimeNow(r *run, a arguments) Value {
	format := r.wantText(r.bind("strftime_now", a, "format")[0])
	r.take(32 * len(format.s))
	return format.like(strftime(r.now, format.s))
}

// layouts are directives of strftime by Go's layouts, in the C locale, numbers
// with zeros in front.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'j': "002", 'm': "01", 'y': "06", 'Y': "2006",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'P': "pm", 'f': ".000000",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'D': "01/02/06", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04",
	'r': "03:04:05 PM", 'e': "_2", 'n': "\n", 't': "\t", 'Z': "", 'z': "", // the time that templates get has no zone
}

// strftime is Python's on Linux, of a time without a zone: also %-d, which drops
// zeros, %_d, which has spaces for them, and %^a in capitals.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		start, flag := i, byte(0)
		for i++; i+1 < len(format) && strings.IndexByte("-_0^#", format[i]) >= 0; i++ {
			flag = format[i]
		}
		text, known := directive(t, format[i])
		if !known {
			b.WriteString(format[start : i+1])
			continue
		}
		number := len(text) > 1 && text[0] >= '0' && text[0] <= '9' && strings.Trim(text, "0123456789") == ""
		switch trimmed := strings.TrimLeft(text[:max(len(text)-1, 0)], "0 "); {
		case flag == '^':
			text = strings.ToUpper(text)
		case flag == '-' && (number || strings.HasPrefix(text, " ")):
			text = trimmed + text[len(text)-1:]
		case flag == '_' && number:
			text = strings.Repeat(" ", len(text)-1-len(trimmed)) + trimmed + text[len(text)-1:]
		case flag == '0' && strings.HasPrefix(text, " "):
			text = strings.Repeat("0", len(text)-1-len(trimmed)) + trimmed + text[len(text)-1:]
		}
		b.WriteString(text)
	}
	return b.String()
}

// directive is one of strftime's.
func directive(t time.Time, c byte) (text string, known bool) {
	if layout, ok := layouts[c]; ok {
		if text := t.Format(layout); c != 'f' {
			return text, true
		} else {
			return text[1:], true
		}
	}
	year, week := t.ISOWeek()
	weekday, day := int(t.Weekday()), t.YearDay()-1
	switch c {
	case '%':
		return "%", true
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100), true
	case 'G':
		return strconv.Itoa(year), true
	case 'g':
		return fmt.Sprintf("%02d", year%100), true
	case 'V':
		return fmt.Sprintf("%02d", week), true
	case 'U':
		return fmt.Sprintf("%02d", (day+7-weekday)/7), true
	case 'W':
		return fmt.Sprintf("%02d", (day+7-(weekday+6)%7)/7), true
	case 'u':
		return strconv.Itoa((weekday+6)%7 + 1), true
	case 'w':
		return strconv.Itoa(weekday), true
	case 'k':
		return fmt.Sprintf("%2d", t.Hour()), true
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1), true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	}
	return "", false
}
