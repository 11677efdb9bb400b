package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is Python's t % v.
func (r *run) percent(t Text, v Value) Text {
	names, _ := v.(*Dict)
	l, isList := v.(*List)
	mayStay := names != nil || isList && !l.tuple // Python takes these for mappings
	values := []Value{v}
	if isList && l.tuple {
		values = l.items
	}
	used := 0
	next := func() Value {
		if used++; used > len(values) {
			r.fail("not enough arguments for format string")
		}
		return values[used-1]
	}
	var out builder
	for at := 0; at < len(t.s); {
		i := strings.IndexByte(t.s[at:], '%')
		if i < 0 {
			r.write(&out, t.slice(at, len(t.s)))
			break
		}
		r.write(&out, t.slice(at, at+i))
		at += i + 1
		arg := next
		if strings.HasPrefix(t.s[at:], "(") {
			end := strings.IndexByte(t.s[at:], ')')
			if end < 0 || names == nil {
				r.fail("format requires a mapping")
			}
			found, ok := names.get(Own(t.s[at+1 : at+end]))
			if !ok {
				r.fail("no value for %s", quote(t.s[at+1:at+end]))
			}
			arg, used = func() Value { return found }, len(values)
			at += end + 1
		}
		spec := spec{precision: -1, align: '>', fill: " "}
		for ; at < len(t.s) && strings.IndexByte("-+ #0", t.s[at]) >= 0; at++ {
			switch t.s[at] {
			case '-':
				spec.align = '<'
			case '0':
				spec.zero = true
			case '#':
				spec.alternate = true
			default:
				spec.sign = t.s[at]
			}
		}
		number := func(n int) int {
			if strings.HasPrefix(t.s[at:], "*") {
				at++
				return r.integer(arg())
			}
			for ; at < len(t.s) && t.s[at] >= '0' && t.s[at] <= '9'; at++ {
				n = min(n*10+int(t.s[at]-'0'), 1<<30)
			}
			return n
		}
		spec.width = number(0)
		if strings.HasPrefix(t.s[at:], ".") {
			at++
			spec.precision = number(0)
		}
		if at == len(t.s) {
			r.fail("incomplete format")
		}
		verb := t.s[at]
		if at++; verb == '%' {
			out.own("%")
			continue
		}
		r.write(&out, r.percentOne(spec, verb, arg()))
	}
	if used < len(values) && !mayStay {
		r.fail("not all arguments converted during string formatting")
	}
	return out.done()
}

func (r *run) percentOne(s spec, verb byte, v Value) Text {
	switch verb {
	case 's', 'r', 'a':
		var text Text
		if verb == 's' {
			text = r.text(v)
		} else {
			var b builder
			r.repr(&b, v, true)
			text = b.done()
		}
		s.zero = false
		return r.formatText(s, text)
	case 'c':
		if n, ok := v.(int); ok {
			v = Own(string(rune(n)))
		}
		return r.formatText(s, r.text(v))
	case 'd', 'i', 'u':
		f, n, isInt, ok := numeric(r.defined(v))
		if !ok || math.Abs(f) >= 1<<62 {
			r.fail("%%%c format: a real number is required, not %s", verb, typeName(v))
		}
		if !isInt {
			n = int(f)
		}
		s.verb = 'd'
		return r.formatNumber(s, n)
	}
	s.verb = verb
	return r.formatNumber(s, v)
}

// spec says how one value is formatted.
type spec struct {
	fill             string
	align, sign      byte
	zero, alternate  bool
	comma            byte
	width, precision int
	verb             byte
}

func (r *run) formatText(s spec, t Text) Text {
	if s.precision >= 0 {
		t = r.slice(t, nil, s.precision, nil).(Text)
	}
	return r.aligned(s, t)
}

func (r *run) aligned(s spec, t Text) Text {
	return r.pad(t, s.width, Own(s.fill), map[byte]int{'<': onRight, '>': onLeft, '^': centred}[s.align])
}

// formatNumber writes a number by its verb.
func (r *run) formatNumber(s spec, v Value) Text {
	f, n, isInt, ok := numeric(r.defined(v))
	if !ok {
		r.fail("a number is required, not %s", typeName(v))
	}
	if s.precision > 1000 {
		r.fail("a precision of %d", s.precision)
	}
	digits := ""
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	switch base := map[byte]int{'d': 10, 'b': 2, 'o': 8, 'x': 16, 'X': 16}[s.verb]; {
	case base > 0:
		if !isInt {
			r.fail("format %c wants a whole number, not %s", s.verb, typeName(v))
		}
		f = float64(n)
		digits = strings.TrimPrefix(strconv.FormatInt(int64(n), base), "-")
		if s.alternate && base != 10 {
			digits = "0" + string(s.verb) + digits
		}
		if s.verb == 'X' {
			digits = strings.ToUpper(digits)
		}
		if s.precision > len(digits) {
			digits = strings.Repeat("0", s.precision-len(digits)) + digits
		}
	case s.verb == 'f' || s.verb == 'F':
		digits = strconv.FormatFloat(math.Abs(f), 'f', precision, 64)
	case s.verb == 'e' || s.verb == 'E':
		digits = strconv.FormatFloat(math.Abs(f), s.verb, precision, 64)
	case s.verb == '%':
		digits = strconv.FormatFloat(math.Abs(f)*100, 'f', precision, 64) + "%"
	case s.verb == 'g' || s.verb == 'G':
		digits = fmt.Sprintf("%."+strconv.Itoa(max(precision, 1))+string(s.verb), math.Abs(f))
	default:
		r.fail("unsupported format character '%c'", s.verb)
	}
	if s.comma != 0 {
		digits = grouped(digits, string(s.comma))
	}
	sign := ""
	switch {
	case f < 0 || f == 0 && math.Signbit(f):
		sign = "-"
	case s.sign == '+' || s.sign == ' ':
		sign = string(s.sign)
	}
	if s.zero && s.align != '<' {
		return r.concat(Own(sign), r.pad(Own(digits), s.width-len(sign), Own("0"), onLeft))
	}
	return r.aligned(s, Own(sign+digits))
}

// grouped puts a sign between thousands.
func grouped(digits, sign string) string {
	end := strings.IndexAny(digits, ".e%")
	if end < 0 {
		end = len(digits)
	}
	for i := end - 3; i > 0; i -= 3 {
		digits = digits[:i] + sign + digits[i:]
	}
	return digits
}

// formatMethod is str.format.
func formatMethod(r *run, t Text, a arguments) Value {
	names := NewDict()
	for i, name := range a.names {
		names.Set(Own(name), a.named[i])
	}
	var out builder
	auto := 0
	for at := 0; at < len(t.s); {
		i := strings.IndexAny(t.s[at:], "{}")
		if i < 0 {
			r.write(&out, t.slice(at, len(t.s)))
			break
		}
		r.write(&out, t.slice(at, at+i))
		at += i
		if at+1 < len(t.s) && t.s[at] == t.s[at+1] {
			out.text(t.slice(at, at+1))
			at += 2
			continue
		}
		end := strings.IndexByte(t.s[at:], '}')
		if t.s[at] == '}' || end < 0 {
			r.fail("single '%c' encountered in format string", t.s[at])
		}
		field, form, _ := strings.Cut(t.s[at+1:at+end], ":")
		field, how, _ := strings.Cut(field, "!")
		at += end + 1
		v := r.field(field, &auto, a.pos, names)
		if how == "r" || how == "a" {
			var b builder
			r.repr(&b, v, true)
			v = b.done()
		} else if how == "s" {
			v = r.text(v)
		}
		r.write(&out, r.formatOne(v, form))
	}
	return out.done()
}

// field finds the value of {name}, {0.name} or {0[name]}.
func (r *run) field(field string, auto *int, pos []Value, names *Dict) Value {
	end := strings.IndexAny(field, ".[")
	if end < 0 {
		end = len(field)
	}
	name, rest := field[:end], field[end:]
	n, err := strconv.Atoi(name)
	if name == "" {
		n, err = *auto, nil
		*auto++
	}
	var v Value
	switch {
	case err == nil && n >= 0 && n < len(pos):
		v = pos[n]
	case err == nil:
		r.fail("Replacement index %d out of range for positional args tuple", n)
	default:
		var ok bool
		if v, ok = names.get(Own(name)); !ok {
			r.fail("no value for %s", quote(name))
		}
	}
	for rest != "" {
		var key string
		if attribute, ok := strings.CutPrefix(rest, "."); ok {
			end := strings.IndexAny(attribute, ".[")
			if end < 0 {
				end = len(attribute)
			}
			key, rest = attribute[:end], attribute[end:]
			v = r.attribute(v, key)
			continue
		}
		key, rest, _ = strings.Cut(rest[1:], "]")
		if n, err := strconv.Atoi(key); err == nil {
			v = r.item(v, n)
		} else {
			v = r.item(v, Own(key))
		}
	}
	return v
}

// formatOne is format(v, form): [[fill]align][sign][#][0][width][,][.precision][type].
func (r *run) formatOne(v Value, form string) Text {
	if form == "" {
		return r.text(v)
	}
	all := form
	s := spec{precision: -1, fill: " "}
	if _, n := utf8.DecodeRuneInString(form); n < len(form) && strings.IndexByte("<>^=", form[n]) >= 0 {
		s.fill, s.align, form = form[:n], form[n], form[n+1:]
	} else if strings.IndexByte("<>^=", form[0]) >= 0 {
		s.align, form = form[0], form[1:]
	}
	take := func(set string) (c byte) {
		if form != "" && strings.IndexByte(set, form[0]) >= 0 {
			c, form = form[0], form[1:]
		}
		return c
	}
	number := func() (n int) {
		for c := take("0123456789"); c != 0; c = take("0123456789") {
			n = min(n*10+int(c-'0'), 1<<30)
		}
		return n
	}
	s.sign = take("+- ")
	s.alternate = take("#") != 0
	s.zero = take("0") != 0
	s.width = number()
	s.comma = take(",_")
	if take(".") != 0 {
		s.precision = number()
	}
	s.verb = take("bcdeEfFgGnosxX%")
	if form != "" {
		r.fail("invalid format specifier %s", quote(all))
	}
	if s.align == '=' {
		s.align, s.zero = 0, true
	}
	if t, ok := v.(Text); ok {
		if s.align == 0 {
			s.align = '<'
		}
		return r.formatText(s, t)
	}
	if s.align == 0 {
		s.align = '>'
	}
	switch v.(type) {
	case int:
		if s.verb == 0 || s.verb == 'n' {
			s.verb = 'd'
		}
	case float64:
		if s.verb == 0 && s.precision < 0 {
			return r.aligned(s, r.text(v))
		}
		if s.verb == 0 || s.verb == 'n' {
			s.verb = 'g'
		}
	default:
		return r.formatText(s, r.text(v))
	}
	return r.formatNumber(s, v)
}
