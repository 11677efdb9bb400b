package grammar

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// Expr describes a stretch of a text.
type Expr func(b *builder, from int32) (to int32, err error)

// New makes the grammar of a text. Errors wrap ErrSchema.
func New(e Expr) (*Grammar, error) { return build(e) }

// Text is this text.
func Text(s string) Expr {
	return func(b *builder, from int32) (int32, error) { return b.text(from, s), nil }
}

// Token is the token of that id, whatever its text.
func Token(id int32) Expr {
	return func(b *builder, from int32) (int32, error) { return b.id(from, id), nil }
}

// Space is white space between two values, or none.
func Space() Expr {
	return func(b *builder, from int32) (int32, error) { return b.space(from), nil }
}

// Object is any JSON object.
func Object() Expr {
	return func(b *builder, from int32) (int32, error) { return b.call(from, b.anyObject()), nil }
}

// Value is JSON that satisfies a schema. See Schema.
func Value(schema json.RawMessage) Expr {
	return func(b *builder, from int32) (int32, error) { return b.schema(from, schema) }
}

// Sequence is one after the other.
func Sequence(list ...Expr) Expr {
	return func(b *builder, from int32) (to int32, err error) {
		for _, e := range list {
			if from, err = e(b, from); err != nil {
				return 0, err
			}
		}
		return from, nil
	}
}

// Choice is one of them.
func Choice(list ...Expr) Expr {
	return func(b *builder, from int32) (int32, error) {
		end := b.node()
		for _, e := range list {
			start := b.node()
			b.free(from, start)
			to, err := e(b, start)
			if err != nil {
				return 0, err
			}
			b.free(to, end)
		}
		return end, nil
	}
}

// Many is e once or more often, with between in between.
func Many(e, between Expr) Expr {
	return func(b *builder, from int32) (int32, error) {
		start := b.node()
		b.free(from, start)
		end, err := e(b, start)
		if err != nil {
			return 0, err
		}
		again, err := between(b, end)
		if err != nil {
			return 0, err
		}
		b.free(again, start)
		// A node of its own: what follows must not be mixed with the way back.
		out := b.node()
		b.free(end, out)
		return out, nil
	}
}

// Until is any text up to the first place where end, which is ASCII, appears, and
// end itself.
func Until(end string) Expr {
	return func(b *builder, from int32) (int32, error) {
		// State n has read the first n bytes of end (Knuth, Morris, Pratt).
		states := make([]int32, len(end)+1)
		for i := range states {
			states[i] = b.node()
		}
		b.free(from, states[0])
		chars := []byte(end)
		slices.Sort(chars)
		chars = slices.Compact(chars)
		for n := range len(end) {
			next := rune(0)
			for _, c := range chars {
				b.runes(states[n], states[0], next, rune(c)-1)
				b.link(states[n], c, c, states[longest(end, n, c)])
				next = rune(c) + 1
			}
			b.runes(states[n], states[0], next, utf8.MaxRune)
		}
		return states[len(end)], nil
	}
}

// longest is how much of end is read after its first n bytes and c.
func longest(end string, n int, c byte) int {
	text := end[:n] + string([]byte{c})
	for k := len(text); ; k-- {
		if text[len(text)-k:] == end[:k] {
			return k
		}
	}
}
