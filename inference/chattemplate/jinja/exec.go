package jinja

// jump is how a loop's body ended.
type jump int

const (
	onwards jump = iota
	breaking
	continuing
)

// exec runs statements, which write to out.
func (r *run) exec(body []node, s *scope, out *builder) jump {
	r.deeper()
	defer r.up()
	for _, n := range body {
		r.step(1)
		if j := r.statement(n, s, out); j != onwards {
			return j
		}
	}
	return onwards
}

// write puts a text out.
func (r *run) write(out *builder, t Text) {
	r.take(len(t.s) + 32*len(t.from))
	out.text(t)
}

func (r *run) statement(n node, s *scope, out *builder) jump {
	switch n := n.(type) {
	case *dataNode:
		r.write(out, n.text)
	case *outputNode:
		r.line = n.line
		r.write(out, r.text(r.eval(n.x, s)))
	case *ifNode:
		for _, b := range n.branches {
			r.line = b.line
			if truth(r.eval(b.test, s)) {
				return r.exec(b.body, s, out)
			}
		}
		return r.exec(n.other, s, out)
	case *forNode:
		r.line = n.line
		r.loop(n, s, r.items(r.eval(n.list, s)), 0, out)
	case *setNode:
		r.line = n.line
		r.assign(n.target, r.eval(n.x, s), s)
	case *setBlockNode:
		text := r.capture(n.body, s.child())
		r.line = n.line
		r.assign(n.target, r.filtered(n.filters, text, s), s)
	case *filterNode:
		text := r.capture(n.body, s.child())
		r.line = n.line
		r.write(out, r.text(r.filtered(n.filters, text, s)))
	case *withNode:
		r.line = n.line
		inner := s.child()
		for i, t := range n.targets {
			r.assign(t, r.eval(n.values[i], s), inner)
		}
		return r.exec(n.body, inner, out)
	case *macroNode:
		s.set(n.name, r.macro(n, s))
	case *callNode:
		r.line = n.line
		f := r.eval(n.call.f, s)
		a := r.arguments(n.call.args, s)
		a.names, a.named = append(a.names, "caller"), append(a.named, r.macro(n.macro, s))
		r.write(out, r.text(r.call(f, a)))
	case *blockNode:
		return r.exec(n.body, r.top.child(), out)
	case *jumpNode:
		return n.how
	case *absentNode:
		r.line = n.line
		r.fail("%s: a chat template has no other files", quote(n.word))
	default:
		r.fail("a statement of unknown type %T", n)
	}
	return onwards
}

// capture returns what statements write.
func (r *run) capture(body []node, s *scope) Text {
	var out builder
	r.exec(body, s, &out)
	return out.done()
}

// filtered sends a captured text through filters.
func (r *run) filtered(x expr, text Text, s *scope) Value {
	if x == nil {
		return text
	}
	s = s.child()
	s.set(captured, text)
	return r.eval(x, s)
}

// assign gives a target its value.
func (r *run) assign(t target, v Value, s *scope) {
	switch {
	case t.isTuple:
		r.defined(v)
		items := r.items(v)
		if len(items) != len(t.tuple) {
			r.fail("cannot unpack %d values into %d names", len(items), len(t.tuple))
		}
		for i, one := range t.tuple {
			r.assign(one, items[i], s)
		}
	case t.attr != "":
		holder, _ := s.get(t.name)
		n, ok := holder.(*namespace)
		if !ok {
			r.fail("cannot assign attribute on non-namespace object %s", quote(t.name))
		}
		r.take(64)
		n.names.Set(Own(t.attr), v)
	default:
		r.take(64)
		s.set(t.name, v)
	}
}

// loop is the variable of this name.
type loop struct {
	node    *forNode
	outside *scope
	items   []Value
	at      int
	depth   int
	last    Value // of changed()
	asked   bool
}

// loop goes over items.
func (r *run) loop(n *forNode, s *scope, items []Value, depth int, out *builder) {
	if n.test != nil {
		var kept []Value
		for _, item := range items {
			inner := s.child()
			r.assign(n.target, item, inner)
			if truth(r.eval(n.test, inner)) {
				kept = append(kept, item)
			}
		}
		items = r.list(kept).items
	}
	l := &loop{node: n, outside: s, items: items, depth: depth}
	for i, item := range items {
		l.at = i
		inner := s.child()
		inner.set("loop", l)
		r.assign(n.target, item, inner)
		if r.exec(n.body, inner, out) == breaking {
			break
		}
	}
	if len(items) == 0 {
		r.exec(n.other, s.child(), out)
	}
}

// attribute is loop.name.
func (l *loop) attribute(r *run, name string) (Value, bool) {
	neighbour := func(i int, what string) Value {
		if i < 0 || i >= len(l.items) {
			return &undefined{"there is no " + what + " item"}
		}
		return l.items[i]
	}
	switch n := len(l.items); name {
	case "index":
		return l.at + 1, true
	case "index0":
		return l.at, true
	case "revindex":
		return n - l.at, true
	case "revindex0":
		return n - l.at - 1, true
	case "first":
		return l.at == 0, true
	case "last":
		return l.at == n-1, true
	case "length":
		return n, true
	case "depth":
		return l.depth + 1, true
	case "depth0":
		return l.depth, true
	case "previtem":
		return neighbour(l.at-1, "previous"), true
	case "nextitem":
		return neighbour(l.at+1, "next"), true
	case "cycle":
		return &function{name, func(r *run, a arguments) Value {
			if len(a.pos) == 0 {
				r.fail("no items for cycling given")
			}
			return a.pos[l.at%len(a.pos)]
		}}, true
	case "changed":
		return &function{name, func(r *run, a arguments) Value {
			now := &List{items: a.pos}
			changed := !l.asked || !r.equal(l.last, now)
			l.last, l.asked = now, true
			return changed
		}}, true
	}
	return nil, false
}

// arguments are those of a call.
type arguments struct {
	pos   []Value
	names []string
	named []Value
}

func (r *run) arguments(a argList, s *scope) (got arguments) {
	if len(a.pos) > 0 || a.list != nil {
		got.pos = make([]Value, len(a.pos))
		for i, x := range a.pos {
			got.pos[i] = r.eval(x, s)
		}
	}
	got.names = a.names[:len(a.names):len(a.names)]
	for _, x := range a.named {
		got.named = append(got.named, r.eval(x, s))
	}
	if a.list != nil {
		more := r.items(r.eval(a.list, s))
		r.take(16 * len(more))
		got.pos = append(got.pos, more...)
	}
	if a.dict != nil {
		d, ok := r.eval(a.dict, s).(*Dict)
		if !ok {
			r.fail("the argument behind ** is not a dict")
		}
		r.take(32 * len(d.keys))
		for i, key := range d.keys {
			got.names, got.named = append(got.names, r.text(key).s), append(got.named, d.values[i])
		}
	}
	return got
}

// call is f(a).
func (r *run) call(f Value, a arguments) Value {
	r.deeper()
	defer r.up()
	r.step(1)
	switch f := f.(type) {
	case *function:
		return f.call(r, a)
	case *loop:
		if !f.node.recursive {
			r.fail("the loop must have the 'recursive' marker to be called recursively")
		}
		v := r.bind("loop", a, "iterable")
		var out builder
		r.loop(f.node, f.outside, r.items(v[0]), f.depth+1, &out)
		return out.done()
	}
	r.defined(f)
	r.fail("'%s' object is not callable", typeName(f))
	return nil
}

// macro is a macro as a value.
func (r *run) macro(n *macroNode, outside *scope) *function {
	r.take(128)
	return &function{n.name, func(r *run, a arguments) Value {
		s := outside.child()
		required := len(n.params) - len(n.defaults)
		used := make([]bool, len(a.names))
		for i, param := range n.params {
			v, given := Value(nil), false
			if i < len(a.pos) {
				v, given = a.pos[i], true
			}
			for j, name := range a.names {
				if name == param {
					if given {
						r.fail("macro %s got several values for %s", quote(n.name), quote(param))
					}
					v, given, used[j] = a.named[j], true, true
				}
			}
			switch {
			case given:
			case i >= required:
				v = r.eval(n.defaults[i-required], s)
			default:
				v = &undefined{"parameter " + quote(param) + " was not provided"}
			}
			r.take(64)
			s.set(param, v)
		}
		kwargs := NewDict()
		for j, name := range a.names {
			switch {
			case used[j]:
			case name == "caller" && n.uses.caller:
				s.set("caller", a.named[j])
			case n.uses.kwargs:
				kwargs.Set(Own(name), a.named[j])
			default:
				r.fail("macro %s takes no keyword argument %s", quote(n.name), quote(name))
			}
		}
		s.set("kwargs", kwargs)
		rest := &List{tuple: true}
		if extra := len(a.pos) - len(n.params); extra > 0 {
			if !n.uses.varargs {
				r.fail("macro %s takes not more than %d argument(s)", quote(n.name), len(n.params))
			}
			rest.items = a.pos[len(n.params):]
		}
		s.set("varargs", rest)
		line := r.line
		text := r.capture(n.body, s)
		r.line = line
		return text
	}}
}

// missing stands for an argument that was not given.
var missing = &undefined{"an argument is missing"}

// bind puts the arguments of a built-in function in the order of their names.
// One whose name begins with * is optional: missing.
func (r *run) bind(function string, a arguments, names ...string) []Value {
	if len(a.pos) > len(names) {
		r.fail("%s() takes at most %d argument(s), got %d", function, len(names), len(a.pos))
	}
	v := make([]Value, len(names))
	for i, name := range names {
		v[i] = missing
		if i < len(a.pos) {
			v[i] = a.pos[i]
		}
		optional := name[0] == '*'
		if optional {
			name = name[1:]
		}
		for j, given := range a.names {
			if given == name {
				v[i] = a.named[j]
			}
		}
		if v[i] == missing && !optional {
			r.fail("%s() misses its argument %s", function, quote(name))
		}
	}
	for _, given := range a.names {
		known := false
		for _, name := range names {
			known = known || given == name || "*"+given == name
		}
		if !known {
			r.fail("%s() got an unexpected keyword argument %s", function, quote(given))
		}
	}
	return v
}
