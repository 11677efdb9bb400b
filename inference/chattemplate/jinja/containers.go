package jinja

import "slices"

// dictMethods are those of Python's dict that change nothing.
var dictMethods = map[string]func(r *run, d *Dict, a arguments) Value{
	"keys":   func(r *run, d *Dict, _ arguments) Value { return r.list(slices.Clone(d.keys)) },
	"values": func(r *run, d *Dict, _ arguments) Value { return r.list(slices.Clone(d.values)) },
	"items": func(r *run, d *Dict, _ arguments) Value {
		r.take(80 * len(d.keys))
		l := &List{items: make([]Value, len(d.keys))}
		for i, key := range d.keys {
			l.items[i] = pair(key, d.values[i])
		}
		return l
	},
	"get": func(r *run, d *Dict, a arguments) Value {
		v := r.bind("get", a, "key", "*default")
		if found, ok := d.get(v[0]); ok {
			return found
		}
		if v[1] != missing {
			return v[1]
		}
		return nil
	},
	"copy": func(_ *run, d *Dict, _ arguments) Value { return d }, // nothing changes it
	"pop":  unsafe("pop", "dict"), "update": unsafe("update", "dict"), "clear": unsafe("clear", "dict"),
	"setdefault": unsafe("setdefault", "dict"), "popitem": unsafe("popitem", "dict"),
}

// unsafe is a method that would change a value, which transformers forbids.
func unsafe(name, of string) func(*run, *Dict, arguments) Value {
	return func(r *run, _ *Dict, _ arguments) Value {
		r.fail("access to attribute '%s' of '%s' object is unsafe", name, of)
		return nil
	}
}

func unsafeOfList(name string) func(*run, *List, arguments) Value {
	return func(r *run, _ *List, _ arguments) Value { return unsafe(name, "list")(r, nil, arguments{}) }
}

// listMethods are those of Python's list that change nothing.
var listMethods = map[string]func(r *run, l *List, a arguments) Value{
	"count": func(r *run, l *List, a arguments) Value {
		n, v := 0, r.bind("count", a, "value")[0]
		for _, item := range l.items {
			if r.equal(item, v) {
				n++
			}
		}
		return n
	},
	"index": func(r *run, l *List, a arguments) Value {
		v := r.bind("index", a, "value")[0]
		i := slices.IndexFunc(l.items, func(item Value) bool { return r.equal(item, v) })
		if i < 0 {
			r.fail("%s is not in list", quote(r.text(v).s))
		}
		return i
	},
	"copy":   func(_ *run, l *List, _ arguments) Value { return l },
	"append": unsafeOfList("append"), "extend": unsafeOfList("extend"), "insert": unsafeOfList("insert"), "pop": unsafeOfList("pop"),
	"remove": unsafeOfList("remove"), "clear": unsafeOfList("clear"), "sort": unsafeOfList("sort"), "reverse": unsafeOfList("reverse"),
}
