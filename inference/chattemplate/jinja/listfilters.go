package jinja

import (
	"slices"
	"strconv"
	"strings"
)

// listFilters are those of the filters that work on lists.
var listFilters = map[string]filter{
	"batch": batch, "dictsort": dictsort, "first": first, "groupby": groupby, "items": itemsFilter, "join": join,
	"last": last, "list": asList, "map": mapFilter, "max": extreme(1), "min": extreme(-1), "slice": sliceFilter,
	"sort": sortFilter, "sum": sum, "unique": unique,
	"select": chosen("select", true, false), "reject": chosen("reject", false, false),
	"selectattr": chosen("selectattr", true, true), "rejectattr": chosen("rejectattr", false, true),
}

// getter returns what gets an attribute such as "a.b.0" of a value.
func (r *run) getter(name Value, other Value) func(Value) Value {
	if name == missing || name == nil {
		return func(v Value) Value { return v }
	}
	var parts []Value
	switch name := name.(type) {
	case int:
		parts = []Value{name}
	default:
		for part := range strings.SplitSeq(r.text(name).s, ".") {
			if n, err := strconv.Atoi(part); err == nil && n >= 0 {
				parts = append(parts, n)
			} else {
				parts = append(parts, Own(part))
			}
		}
	}
	return func(v Value) Value {
		for _, part := range parts {
			v = r.item(v, part)
			if isUndefined(v) && other != missing && other != nil {
				v = other
			}
		}
		return v
	}
}

// folded returns v in small letters if it is a text, for filters that take no
// account of capitals.
func (r *run) folded(v Value, exact bool) Value {
	if t, ok := v.(Text); ok && !exact {
		return textMethods["lower"](r, t, arguments{})
	}
	return v
}

func batch(r *run, in Value, a arguments) Value {
	v := r.bind("batch", a, "linecount", "*fill_with")
	n := r.integer(v[0])
	if n <= 0 {
		r.fail("batch() wants at least 1")
	}
	return &generator{"batch", func() (rows []Value) {
		for part := range slices.Chunk(r.items(in), n) {
			row := r.list(slices.Clone(part))
			if missing := n - len(part); missing > 0 && v[1] != nil && !isUndefined(v[1]) {
				r.take(r.times(missing, 16))
				row.items = append(row.items, slices.Repeat([]Value{v[1]}, missing)...)
			}
			rows = append(rows, row)
		}
		return rows
	}}
}

func sliceFilter(r *run, in Value, a arguments) Value {
	v := r.bind("slice", a, "slices", "*fill_with")
	n := r.integer(v[0])
	if n <= 0 {
		r.fail("slice() wants at least 1")
	}
	return &generator{"slice", func() (rows []Value) {
		items := r.items(in)
		r.take(r.times(n, 64))
		each, more, at := len(items)/n, len(items)%n, 0
		for i := range n {
			size := each
			if i < more {
				size++
			}
			row := r.list(slices.Clone(items[at : at+size]))
			if at += size; i >= more && v[1] != nil && !isUndefined(v[1]) && more > 0 {
				row.items = append(row.items, v[1])
			}
			rows = append(rows, row)
		}
		return rows
	}}
}

func pair(a, b Value) *List { return &List{items: []Value{a, b}, tuple: true} }

func dictsort(r *run, in Value, a arguments) Value {
	v := r.bind("dictsort", a, "*case_sensitive", "*by", "*reverse")
	d, ok := r.defined(in).(*Dict)
	if !ok {
		r.fail("dictsort wants a dict, not '%s'", typeName(in))
	}
	r.take(64 * len(d.keys))
	by := 0
	if v[1] != missing {
		switch r.text(v[1]).s {
		case "key":
		case "value":
			by = 1
		default:
			r.fail(`you can only sort by either "key" or "value"`)
		}
	}
	out := &List{}
	for i, key := range d.keys {
		out.items = append(out.items, pair(key, d.values[i]))
	}
	r.sort(out.items, truth(v[2]), func(v1 Value) Value { return r.folded(v1.(*List).items[by], truth(v[0])) })
	return out
}

// sort sorts values by their keys, and keeps the order of those that are equal.
func (r *run) sort(items []Value, descending bool, key func(Value) Value) {
	r.take(32 * len(items))
	keys := make([]Value, len(items))
	order := make([]int, len(items))
	for i, item := range items {
		keys[i], order[i] = key(item), i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if descending {
			i, j = j, i
		}
		return r.compare("<", keys[i], keys[j]) % unordered
	})
	sorted := make([]Value, len(items))
	for i, from := range order {
		sorted[i] = items[from]
	}
	copy(items, sorted)
}

func sortFilter(r *run, in Value, a arguments) Value {
	v := r.bind("sort", a, "*reverse", "*case_sensitive", "*attribute")
	items := slices.Clone(r.list(r.items(in)).items)
	var gets []func(Value) Value
	if name, ok := v[2].(Text); ok && strings.Contains(name.s, ",") {
		for one := range strings.SplitSeq(name.s, ",") {
			gets = append(gets, r.getter(Own(one), nil))
		}
	} else {
		gets = append(gets, r.getter(v[2], nil))
	}
	r.sort(items, truth(v[0]), func(item Value) Value {
		key := &List{}
		for _, get := range gets {
			key.items = append(key.items, r.folded(get(item), truth(v[1])))
		}
		return key
	})
	return &List{items: items}
}

func first(r *run, in Value, _ arguments) Value {
	if t, ok := in.(Text); ok {
		in = r.slice(t, nil, 1, nil)
	}
	if items := r.items(in); len(items) > 0 {
		return items[0]
	}
	return &undefined{"no first item, sequence was empty"}
}

func last(r *run, in Value, _ arguments) Value {
	switch v := in.(type) {
	case Text:
		in = r.slice(v, -1, nil, nil)
	case *generator:
		r.fail("'generator' object is not reversible")
	}
	if items := r.items(in); len(items) > 0 {
		return items[len(items)-1]
	}
	return &undefined{"no last item, sequence was empty"}
}

func groupby(r *run, in Value, a arguments) Value {
	v := r.bind("groupby", a, "attribute", "*default", "*case_sensitive")
	get := r.getter(v[0], v[1])
	items := slices.Clone(r.list(r.items(in)).items)
	key := func(item Value) Value { return r.folded(get(item), truth(v[2])) }
	r.sort(items, false, key)
	out := &List{}
	var before Value = missing
	for _, item := range items {
		r.take(64)
		if k := key(item); before == missing || !r.equal(before, k) {
			out.items, before = append(out.items, &List{[]Value{get(item), &List{}}, true, []string{"grouper", "list"}}), k
		}
		group := out.items[len(out.items)-1].(*List).items[1].(*List)
		group.items = append(group.items, item)
	}
	return out
}

// itemsFilter are the pairs of a dict.
func itemsFilter(r *run, in Value, _ arguments) Value {
	return &generator{"items", func() []Value {
		if isUndefined(in) {
			return nil
		}
		d, ok := in.(*Dict)
		if !ok {
			r.fail("Can only get item pairs from a mapping.")
		}
		return dictMethods["items"](r, d, arguments{}).(*List).items
	}}
}

func join(r *run, in Value, a arguments) Value {
	v := r.bind("join", a, "*d", "*attribute")
	between := Text{}
	if v[0] != missing {
		between = r.text(v[0])
	}
	get := r.getter(v[1], nil)
	var out builder
	for i, item := range r.items(in) {
		if i > 0 {
			r.write(&out, between)
		}
		r.write(&out, r.text(get(item)))
	}
	return out.done()
}

func asList(r *run, in Value, _ arguments) Value { return r.list(slices.Clone(r.items(in))) }

// mapFilter is map('filter', …) or map(attribute='name').
func mapFilter(r *run, in Value, a arguments) Value {
	return &generator{"map", func() []Value {
		items := r.someItems(in)
		if len(items) == 0 {
			return nil
		}
		each := r.mapping(a)
		l := r.list(make([]Value, len(items)))
		for i, item := range items {
			l.items[i] = each(item)
		}
		return l.items
	}}
}

// mapping is what map does to each item.
func (r *run) mapping(a arguments) func(Value) Value {
	if len(a.pos) == 0 {
		v := r.bind("map", a, "attribute", "*default")
		return r.getter(v[0], v[1])
	}
	name := r.text(a.pos[0]).s
	f, ok := filters[name]
	if !ok {
		r.fail("no filter named %s", quote(name))
	}
	rest := arguments{a.pos[1:], a.names, a.named}
	return func(v Value) Value { return f(r, v, rest) }
}

// someItems are the items of a value, none of None and the like.
func (r *run) someItems(v Value) []Value {
	if !truth(v) {
		return nil
	}
	return r.items(v)
}

// chosen is select, reject, selectattr or rejectattr.
func chosen(name string, keep, attribute bool) filter {
	return func(r *run, in Value, a arguments) Value {
		return &generator{name, func() (kept []Value) {
			items := r.someItems(in)
			if len(items) == 0 {
				return nil
			}
			passes := r.choosing(name, a, attribute)
			for _, item := range items {
				r.take(16)
				if passes(item) == keep {
					kept = append(kept, item)
				}
			}
			return kept
		}}
	}
}

// choosing is the test of select and its like.
func (r *run) choosing(name string, a arguments, attribute bool) func(Value) bool {
	get, rest := func(v Value) Value { return v }, a.pos
	if attribute {
		if len(rest) == 0 {
			r.fail("%s() misses its attribute", name)
		}
		get, rest = r.getter(rest[0], nil), rest[1:]
	}
	if len(rest) == 0 {
		return func(v Value) bool { return truth(get(v)) }
	}
	word, args := r.text(rest[0]).s, arguments{rest[1:], a.names, a.named}
	return func(v Value) bool { return r.passes(word, get(v), args) }
}

// extreme is max or min.
func extreme(sign int) filter {
	return func(r *run, in Value, a arguments) Value {
		v := r.bind("max", a, "*case_sensitive", "*attribute")
		get := r.getter(v[1], nil)
		var best Value = &undefined{"no aggregated item, sequence was empty"}
		for i, item := range r.items(in) {
			if i == 0 || r.compare("<", r.folded(get(item), truth(v[0])), r.folded(get(best), truth(v[0]))) == sign {
				best = item
			}
		}
		return best
	}
}

func sum(r *run, in Value, a arguments) Value {
	v := r.bind("sum", a, "*attribute", "*start")
	var total Value = 0
	if v[1] != missing {
		total = v[1]
	}
	get := r.getter(v[0], nil)
	for _, item := range r.items(in) {
		total = r.binary("+", total, get(item))
	}
	return total
}

func unique(r *run, in Value, a arguments) Value {
	v := r.bind("unique", a, "*case_sensitive", "*attribute")
	get := r.getter(v[1], nil)
	return &generator{"unique", func() (kept []Value) {
		seen := NewDict()
		for _, item := range r.items(in) {
			r.take(64)
			key := r.folded(get(item), truth(v[0]))
			if _, has := seen.get(key); has {
				continue
			}
			r.put(seen, key, nil)
			kept = append(kept, item)
		}
		return kept
	}}
}
