package jinja

import (
	"slices"
	"unicode/utf8"
)

// eval returns the value of an expression.
func (r *run) eval(x expr, s *scope) Value {
	r.deeper()
	defer r.up()
	r.step(1)
	switch x := x.(type) {
	case *constExpr:
		return x.v
	case *nameExpr:
		for at := s; at != nil; at = at.parent {
			if v, ok := at.vars[x.name]; ok {
				return v
			}
			r.step(0)
		}
		return &undefined{quote(x.name) + " is undefined"}
	case *attrExpr:
		return r.attribute(r.eval(x.x, s), x.name)
	case *itemExpr:
		v := r.eval(x.x, s)
		if cut, ok := x.key.(*sliceExpr); ok {
			return r.slice(v, r.evalOr(cut.from, s), r.evalOr(cut.to, s), r.evalOr(cut.step, s))
		}
		return r.item(v, r.eval(x.key, s))
	case *filterExpr:
		in := r.eval(x.x, s)
		f, ok := filters[x.name]
		if !ok {
			r.line = x.line
			r.fail("no filter named %s", quote(x.name))
		}
		return f(r, in, r.arguments(x.args, s))
	case *testExpr:
		return r.test(x, s)
	case *callExpr:
		f := r.eval(x.f, s)
		return r.call(f, r.arguments(x.args, s))
	case *concatExpr:
		var out builder
		for _, part := range x.parts {
			t := r.text(r.eval(part, s))
			r.take(len(t.s) + 32*len(t.from))
			out.text(t)
		}
		return out.done()
	case *condExpr:
		switch {
		case truth(r.eval(x.test, s)):
			return r.eval(x.yes, s)
		case x.no != nil:
			return r.eval(x.no, s)
		}
		return &undefined{"the inline if-expression evaluated to false and no else section was defined"}
	case *andExpr:
		if a := r.eval(x.a, s); !truth(a) {
			return a
		}
		return r.eval(x.b, s)
	case *orExpr:
		if a := r.eval(x.a, s); truth(a) {
			return a
		}
		return r.eval(x.b, s)
	case *notExpr:
		return !truth(r.eval(x.x, s))
	case *unaryExpr:
		return r.sign(x.op, r.eval(x.x, s))
	case *binaryExpr:
		a := r.eval(x.a, s)
		return r.binary(x.op, a, r.eval(x.b, s))
	case *compareExpr:
		return r.compares(x, s)
	case *listExpr:
		l := r.list(make([]Value, len(x.items)))
		for i, item := range x.items {
			l.items[i] = r.eval(item, s)
		}
		l.tuple = x.tuple
		return l
	case *dictExpr:
		r.take(64 * len(x.keys))
		d := NewDict()
		for i, key := range x.keys {
			r.put(d, r.eval(key, s), r.eval(x.values[i], s))
		}
		return d
	case *sliceExpr:
		r.fail("a slice among several subscripts")
	case *stackedExpr:
		v, _ := s.get(captured)
		return v
	}
	r.fail("an expression of unknown type %T", x)
	return nil
}

func (r *run) up() { r.depth-- }

// captured is the name under which a captured text is kept; no variable has it.
const captured = " "

func (r *run) evalOr(x expr, s *scope) Value {
	if x == nil {
		return nil
	}
	return r.eval(x, s)
}

func (r *run) put(d *Dict, key, v Value) {
	if !d.put(key, v) {
		r.fail("unhashable type: '%s'", typeName(key))
	}
}

// compares is a chain such as 1 < x <= 3.
func (r *run) compares(x *compareExpr, s *scope) Value {
	a := r.eval(x.first, s)
	for i, op := range x.ops {
		b := r.eval(x.rest[i], s)
		ok := false
		switch op {
		case "==":
			ok = r.equal(a, b)
		case "!=":
			ok = !r.equal(a, b)
		case "in":
			ok = r.contains(b, a)
		case "not in":
			ok = !r.contains(b, a)
		case "<":
			ok = r.compare(op, a, b) < 0
		case "<=":
			ok = r.compare(op, a, b) <= 0
		case ">":
			ok = r.compare(op, a, b) == 1
		case ">=":
			c := r.compare(op, a, b)
			ok = c == 0 || c == 1
		}
		if !ok {
			return false
		}
		a = b
	}
	return true
}

// attribute is v.name.
func (r *run) attribute(v Value, name string) Value {
	if found, ok := r.member(v, name); ok {
		return found
	}
	switch v := v.(type) {
	case *undefined:
		r.defined(v)
	case *Dict:
		if found, ok := v.get(Own(name)); ok {
			return found
		}
	}
	return &undefined{quote(typeName(v)+" object") + " has no attribute " + quote(name)}
}

// member is an attribute of v that is not an item of it.
func (r *run) member(v Value, name string) (Value, bool) {
	switch v := v.(type) {
	case *namespace:
		return v.names.get(Own(name))
	case *loop:
		return v.attribute(r, name)
	case *object:
		found, ok := v.members[name]
		return found, ok
	case Text:
		if m, ok := textMethods[name]; ok {
			return &function{name, func(r *run, a arguments) Value { return m(r, v, a) }}, true
		}
	case *Dict:
		if m, ok := dictMethods[name]; ok {
			return &function{name, func(r *run, a arguments) Value { return m(r, v, a) }}, true
		}
	case *function:
		return Own(v.name), name == "name"
	case *List:
		if i := slices.Index(v.names, name); i >= 0 {
			return v.items[i], true
		}
		if m, ok := listMethods[name]; ok {
			return &function{name, func(r *run, a arguments) Value { return m(r, v, a) }}, true
		}
	}
	return nil, false
}

// item is v[key].
func (r *run) item(v, key Value) Value {
	r.defined(v)
	switch l := v.(type) {
	case *Dict:
		if found, ok := l.get(key); ok {
			return found
		}
	case *List:
		if _, n, isInt, ok := numeric(key); ok && isInt {
			if n < 0 {
				n += len(l.items)
			}
			if n >= 0 && n < len(l.items) {
				return l.items[n]
			}
		}
	case Text:
		if _, n, isInt, ok := numeric(key); ok && isInt {
			if c := r.slice(v, n, after(n), nil).(Text); c.s != "" {
				return c
			}
		}
	}
	if name, ok := key.(Text); ok {
		if found, ok := r.member(v, name.s); ok {
			return found
		}
		return &undefined{quote(typeName(v)+" object") + " has no attribute " + quote(name.s)}
	}
	return &undefined{typeName(v) + " object has no element " + quote(r.text(key).s)}
}

// after is where the slice of one item at n ends.
func after(n int) Value {
	if n == -1 {
		return nil
	}
	return n + 1
}

// slice is v[from:to:step].
func (r *run) slice(v, from, to, step Value) Value {
	length := 0
	switch v := r.defined(v).(type) {
	case *List:
		length = len(v.items)
	case Text:
		r.step(len(v.s))
		length = utf8.RuneCountInString(v.s)
	default:
		r.fail("'%s' object cannot be sliced", typeName(v))
	}
	by := 1
	if step != nil {
		if by = r.integer(step); by == 0 {
			r.fail("slice step cannot be zero")
		}
	}
	low, high := 0, length // the first and last of where a bound may be
	if by < 0 {
		low, high = -1, length-1
	}
	bound := func(v Value, other int) int {
		if v == nil {
			return other
		}
		n := r.integer(v)
		if n < 0 {
			n += length
		}
		return min(max(n, low), high)
	}
	i, end := bound(from, low), bound(to, high)
	if by < 0 {
		i, end = bound(from, high), bound(to, low)
	}
	if t, ok := v.(Text); ok {
		return r.sliceText(t, i, end, by, length)
	}
	l := v.(*List)
	var items []Value
	if by == 1 {
		if i < end {
			items = l.items[i:end:end]
		}
	} else {
		for ; by > 0 && i < end || by < 0 && i > end; i += by {
			r.step(1)
			items = append(items, l.items[i])
			if by > length || by < -length {
				break
			}
		}
	}
	cut := r.list(items)
	cut.tuple = l.tuple
	return cut
}

// sliceText is slice for the characters of a text.
func (r *run) sliceText(t Text, i, end, by, length int) Text {
	if by == 1 {
		if i >= end {
			return Text{}
		}
		if length == len(t.s) {
			return t.slice(i, end)
		}
		start, stop, n := len(t.s), len(t.s), 0
		for at := range t.s {
			if n == i {
				start = at
			}
			if n == end {
				stop = at
				break
			}
			n++
		}
		return t.slice(start, stop)
	}
	all := r.items(t)
	var out builder
	for ; by > 0 && i < end || by < 0 && i > end; i += by {
		r.take(32)
		out.text(all[i].(Text))
		if by > length || by < -length {
			break
		}
	}
	return out.done()
}

// runeLen is how many bytes the character c at s[i] takes.
func runeLen(s string, i int, c rune) int {
	if c == utf8.RuneError {
		_, n := utf8.DecodeRuneInString(s[i:])
		return n
	}
	return utf8.RuneLen(c)
}
