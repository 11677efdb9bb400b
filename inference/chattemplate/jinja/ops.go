package jinja

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
)

// text is Python's str(v), which a template writes.
func (r *run) text(v Value) Text {
	if t, ok := v.(Text); ok {
		return t
	}
	var out builder
	r.repr(&out, v, false)
	return out.done()
}

// repr writes Python's repr(v), of a text and of nothing only if it is within
// another value.
func (r *run) repr(out *builder, v Value, within bool) {
	r.deeper()
	defer r.up()
	r.take(8)
	switch v := v.(type) {
	case nil:
		out.own("None")
	case bool:
		if v {
			out.own("True")
		} else {
			out.own("False")
		}
	case int:
		out.own(strconv.Itoa(v))
	case float64:
		out.own(float(v))
	case Text:
		r.take(4 * len(v.s))
		out.text(v.like(reprText(v.s)))
	case *List:
		opening, closing := "[", "]"
		if v.tuple {
			opening, closing = "(", ")"
			if len(v.items) == 1 {
				closing = ",)"
			}
		}
		out.own(opening)
		for i, item := range v.items {
			if i > 0 {
				out.own(", ")
			}
			r.repr(out, item, true)
		}
		out.own(closing)
	case *Dict:
		r.reprDict(out, v)
	case *undefined:
		if within {
			out.own("Undefined")
		}
	case *namespace:
		out.own("<Namespace ")
		r.reprDict(out, v.names)
		out.own(">")
	case *loop:
		out.own(fmt.Sprintf("<LoopContext %d/%d>", v.at+1, len(v.items)))
	case *function:
		out.own("<function " + v.name + ">")
	case *generator:
		out.own("<generator object " + v.name + ">")
	default:
		out.own("<object>")
	}
}

func (r *run) reprDict(out *builder, d *Dict) {
	out.own("{")
	for i, key := range d.keys {
		if i > 0 {
			out.own(", ")
		}
		r.repr(out, key, true)
		out.own(": ")
		r.repr(out, d.values[i], true)
	}
	out.own("}")
}

// reprText is Python's repr of a string.
func reprText(s string) string {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		q = '"'
	}
	b := []byte{q}
	for _, c := range s {
		switch {
		case c == rune(q) || c == '\\':
			b = append(b, '\\', byte(c))
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == ' ' || unicode.IsPrint(c):
			b = append(b, string(c)...)
		case c < 0x100:
			b = fmt.Appendf(b, `\x%02x`, c)
		case c < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = fmt.Appendf(b, `\U%08x`, c)
		}
	}
	return string(append(b, q))
}

// sign is -v or +v.
func (r *run) sign(op string, v Value) Value {
	f, n, isInt, ok := numeric(r.defined(v))
	switch {
	case !ok:
		r.fail("bad operand type for unary %s: '%s'", op, typeName(v))
	case op == "+" && isInt:
		return n
	case op == "+":
		return f
	case isInt:
		return -n
	}
	return -f
}

// binary is a op b.
func (r *run) binary(op string, a, b Value) Value {
	r.defined(a)
	r.defined(b)
	if fa, na, ia, ok := numeric(a); ok {
		if fb, nb, ib, ok := numeric(b); ok {
			if ia && ib && op != "/" {
				return r.whole(op, na, nb)
			}
			return r.fraction(op, fa, fb)
		}
	}
	switch x := a.(type) {
	case Text:
		switch y := b.(type) {
		case Text:
			if op == "+" {
				return r.joined(x, y)
			}
		case int, bool:
			if op == "*" {
				return r.repeat(x, r.integer(y))
			}
		}
		switch op {
		case "%":
			return r.percent(x, b)
		case "+":
			r.fail(`can only concatenate str (not "%s") to str`, typeName(b))
		}
	case *List:
		if y, ok := b.(*List); ok && op == "+" && x.tuple == y.tuple {
			r.take(16 * (len(x.items) + len(y.items)))
			items := append(append(make([]Value, 0, len(x.items)+len(y.items)), x.items...), y.items...)
			return &List{items: items, tuple: x.tuple}
		}
		if _, n, isInt, ok := numeric(b); ok && isInt && op == "*" {
			return r.repeatList(x, n)
		}
	case int, bool:
		switch y := b.(type) {
		case Text:
			if op == "*" {
				return r.repeat(y, r.integer(x))
			}
		case *List:
			if op == "*" {
				return r.repeatList(y, r.integer(x))
			}
		}
	}
	r.fail("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(a), typeName(b))
	return nil
}

// joined is a + b, where markup escapes what is not.
func (r *run) joined(a, b Text) Text {
	if !a.safe && !b.safe {
		return r.concat(a, b)
	}
	t := r.concat(escape(r, a, arguments{}).(Text), escape(r, b, arguments{}).(Text))
	t.safe = true
	return t
}

// times is n*size, or too much.
func (r *run) times(n, size int) int {
	high, low := bits.Mul(uint(max(n, 0)), uint(size))
	if high != 0 || low > 1<<40 {
		return 1 << 40
	}
	return int(low)
}

// repeat is t*n.
func (r *run) repeat(t Text, n int) Text {
	r.take(r.times(n, len(t.s)+32*len(t.from)))
	var out builder
	if len(t.s) > 0 {
		for range n {
			out.text(t)
		}
	}
	return out.done()
}

func (r *run) repeatList(l *List, n int) *List {
	r.take(r.times(n, 16*len(l.items)))
	out := &List{tuple: l.tuple}
	if len(l.items) > 0 {
		for range n {
			out.items = append(out.items, l.items...)
		}
	}
	return out
}

// whole is a op b of ints, which must fit into 64 bits.
func (r *run) whole(op string, a, b int) Value {
	tooLarge := func() { r.fail("a number of more than 64 bits") }
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return c
		}
		tooLarge()
	case "-":
		if c := a - b; (c < a) == (b > 0) {
			return c
		}
		tooLarge()
	case "*":
		if a == 0 || b == 0 {
			return 0
		}
		if c := a * b; c/b == a && !(a == -1 && b == math.MinInt) && !(b == -1 && a == math.MinInt) {
			return c
		}
		tooLarge()
	case "//", "%":
		if b == 0 {
			r.fail("integer division or modulo by zero")
		}
		if b == -1 {
			return r.whole("*", a, map[string]int{"//": -1, "%": 0}[op])
		}
		div, mod := a/b, a%b
		if mod != 0 && (mod < 0) != (b < 0) {
			div, mod = div-1, mod+b
		}
		if op == "//" {
			return div
		}
		return mod
	case "**":
		if b < 0 {
			return r.fraction(op, float64(a), float64(b))
		}
		switch {
		case a == 0 && b > 0, a == 1, a == -1 && b%2 == 0:
			return a * a
		case a == -1:
			return -1
		}
		c := 1
		for range b { // ends after 63 rounds
			next := c * a
			if next/a != c || next == c {
				tooLarge()
			}
			c = next
		}
		return c
	}
	r.fail("unknown operator %s", quote(op))
	return nil
}

// fraction is a op b of floats.
func (r *run) fraction(op string, a, b float64) Value {
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "**":
		if a == 0 && b < 0 {
			r.fail("0.0 cannot be raised to a negative power")
		}
		return math.Pow(a, b)
	}
	if b == 0 {
		r.fail("division by zero")
	}
	switch op {
	case "/":
		return a / b
	case "//":
		return math.Floor(a / b)
	case "%":
		m := math.Mod(a, b)
		if m != 0 && (m < 0) != (b < 0) {
			m += b
		}
		return m
	}
	r.fail("unknown operator %s", quote(op))
	return nil
}
