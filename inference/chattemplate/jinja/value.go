package jinja

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// Value is what a variable holds: nil for None, a bool, an int, a float64, a
// Text, a *List, a *Dict, or one of the values that only templates make.
type Value any

// List is a list or a tuple. Nothing in a template changes one.
type List struct {
	items []Value
	tuple bool
	names []string // of the items, where they have any
}

// NewList is a list of these values.
func NewList(items ...Value) *List { return &List{items: items} }

// Dict is a dict, whose keys keep their order.
type Dict struct {
	keys, values []Value
	index        map[any]int
}

// NewDict is an empty dict.
func NewDict() *Dict { return &Dict{index: map[any]int{}} }

// Set gives a key that is a text its value, and returns the dict.
func (d *Dict) Set(key Text, v Value) *Dict {
	d.put(key, v)
	return d
}

func (d *Dict) put(key, v Value) bool {
	k, ok := hash(key)
	if !ok {
		return false
	}
	if i, has := d.index[k]; has {
		d.values[i] = v
		return true
	}
	d.index[k] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, v)
	return true
}

func (d *Dict) get(key Value) (Value, bool) {
	if k, ok := hash(key); ok {
		if i, ok := d.index[k]; ok {
			return d.values[i], true
		}
	}
	return nil, false
}

// hash is what equal keys share; ok is false for values that cannot be keys.
func hash(key Value) (k any, ok bool) { return hashOf(key, 0) }

func hashOf(key Value, depth int) (k any, ok bool) {
	switch v := key.(type) {
	case nil:
		return nil, true
	case Text:
		return v.s, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), true
		}
		return v, true
	case *List:
		if !v.tuple || len(v.items) > 16 || depth > 16 {
			return nil, false
		}
		var pair [2]any // of tuples as lists of pairs
		for _, item := range v.items {
			h, ok := hashOf(item, depth+1)
			if !ok {
				return nil, false
			}
			pair = [2]any{pair, h}
		}
		return pair, true
	}
	return nil, false
}

// undefined is a variable or an attribute that is not there.
type undefined struct{ why string }

// namespace is a value whose attributes a template may set.
type namespace struct{ names *Dict }

// generator is what filters such as map give: a list that is made when it is gone
// through, which it can be once, and that is neither counted nor written.
type generator struct {
	name string
	make func() []Value // nil once it was gone through
}

// function is what a template can call.
type function struct {
	name string
	call func(r *run, a arguments) Value
}

// isUndefined reports whether v is not there.
func isUndefined(v Value) bool { _, is := v.(*undefined); return is }

// defined ends the rendering if v is not there.
func (r *run) defined(v Value) Value {
	if u, is := v.(*undefined); is {
		r.fail("%s", u.why)
	}
	return v
}

// typeName is Python's name of the type of v.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int:
		return "int"
	case float64:
		return "float"
	case Text:
		return "str"
	case *List:
		if v.tuple {
			return "tuple"
		}
		return "list"
	case *Dict:
		return "dict"
	case *undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *loop:
		return "LoopContext"
	case *generator:
		return "generator"
	}
	return "function"
}

// truth is Python's bool(v).
func truth(v Value) bool {
	switch v := v.(type) {
	case nil, *undefined:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case float64:
		return v != 0
	case Text:
		return v.s != ""
	case *List:
		return len(v.items) > 0
	case *Dict:
		return len(v.keys) > 0
	}
	return true
}

// numeric returns v as a float, and as an int where it is one.
func numeric(v Value) (f float64, n int, isInt, ok bool) {
	switch v := v.(type) {
	case bool:
		if v {
			n = 1
		}
		return float64(n), n, true, true
	case int:
		return float64(v), v, true, true
	case float64:
		return v, 0, false, true
	}
	return 0, 0, false, false
}

// equal is Python's a == b.
func (r *run) equal(a, b Value) bool {
	r.deeper()
	defer func() { r.depth-- }()
	r.step(1)
	if fa, na, ia, ok := numeric(a); ok {
		fb, nb, ib, ok := numeric(b)
		return ok && (ia && ib && na == nb || !(ia && ib) && fa == fb)
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case Text:
		b, ok := b.(Text)
		if ok && len(a.s) == len(b.s) {
			r.step(len(a.s))
			return a.s == b.s
		}
		return false
	case *undefined:
		return isUndefined(b)
	case *List:
		b, ok := b.(*List)
		if !ok || a.tuple != b.tuple || len(a.items) != len(b.items) {
			return false
		}
		for i := range a.items {
			if !r.equal(a.items[i], b.items[i]) {
				return false
			}
		}
		return true
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || len(a.keys) != len(b.keys) {
			return false
		}
		for i, key := range a.keys {
			if v, ok := b.get(key); !ok || !r.equal(a.values[i], v) {
				return false
			}
		}
		return true
	}
	return a == b
}

// compare is -1, 0 or 1 as a is less than, equal to or greater than b, and
// unordered where it is neither.
func (r *run) compare(op string, a, b Value) int {
	r.deeper()
	defer func() { r.depth-- }()
	r.step(1)
	r.defined(a)
	r.defined(b)
	if fa, na, ia, ok := numeric(a); ok {
		if fb, nb, ib, ok := numeric(b); ok {
			switch {
			case ia && ib && na < nb, !(ia && ib) && fa < fb:
				return -1
			case ia && ib && na == nb, !(ia && ib) && fa == fb:
				return 0
			case fa != fa || fb != fb:
				return unordered
			}
			return 1
		}
	}
	switch x := a.(type) {
	case Text:
		if y, ok := b.(Text); ok {
			r.step(min(len(x.s), len(y.s)))
			switch { // UTF-8 sorts like its characters
			case x.s < y.s:
				return -1
			case x.s == y.s:
				return 0
			}
			return 1
		}
	case *List:
		if y, ok := b.(*List); ok && x.tuple == y.tuple {
			for i := range min(len(x.items), len(y.items)) {
				if !r.equal(x.items[i], y.items[i]) {
					return r.compare(op, x.items[i], y.items[i])
				}
			}
			return cmp.Compare(len(x.items), len(y.items))
		}
	}
	r.fail("'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b))
	return 0
}

// unordered is what compare says of NaN.
const unordered = 2

// contains is Python's v in list.
func (r *run) contains(list, v Value) bool {
	switch l := list.(type) {
	case *undefined:
		return false
	case Text:
		t, ok := v.(Text)
		if !ok {
			r.defined(v)
			r.fail("'in <string>' requires string as left operand, not %s", typeName(v))
		}
		return r.index(l.s, t.s) >= 0
	case *List:
		return slices.ContainsFunc(l.items, func(item Value) bool { return r.equal(item, v) })
	case *Dict:
		if _, ok := hash(v); !ok {
			r.fail("unhashable type: '%s'", typeName(v))
		}
		_, ok := l.get(v)
		return ok
	case *generator:
		return slices.ContainsFunc(r.items(l), func(item Value) bool { return r.equal(item, v) })
	}
	r.fail("argument of type '%s' is not iterable", typeName(list))
	return false
}

// items is what a loop over v goes over.
func (r *run) items(v Value) []Value {
	switch v := v.(type) {
	case *undefined:
		return nil
	case *List:
		return v.items
	case *Dict:
		return v.keys
	case *generator:
		if v.make == nil {
			return nil
		}
		r.deeper()
		defer r.up()
		make := v.make
		v.make = nil
		return make()
	case Text:
		r.take(64 * len(v.s))
		list := make([]Value, 0, len(v.s))
		r.characters(v, func(c Text) { list = append(list, c) })
		return list
	}
	r.fail("'%s' object is not iterable", typeName(v))
	return nil
}

// characters calls f with each character of a text.
func (r *run) characters(t Text, f func(Text)) {
	if t.from == nil || len(t.from) == 1 && t.from[0].Start == 0 && t.from[0].End == len(t.s) {
		for i, c := range t.s { // the usual cases, without a search for the span of each
			one := Text{s: t.s[i : i+runeLen(t.s, i, c)]}
			if t.from != nil {
				one.from = []Span{{0, len(one.s), t.from[0].Origin, t.from[0].Offset + i}}
			}
			f(one)
		}
		return
	}
	t.pieces(func(piece Text) { r.characters(piece, f) })
}

// list is a list of new values, paid for.
func (r *run) list(items []Value) *List {
	r.take(16 * len(items))
	return &List{items: items}
}

// integer is v as the whole number that a function wants.
func (r *run) integer(v Value) int {
	_, n, isInt, ok := numeric(r.defined(v))
	if !ok || !isInt {
		r.fail("'%s' object cannot be interpreted as an integer", typeName(v))
	}
	return n
}

// float is Python's repr of a float.
func float(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f != f:
		return "nan"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if f == math.Trunc(f) {
		s += ".0"
	}
	return s
}
