// Package grammar says which tokens may come next in a text of a given form: JSON,
// JSON of a schema, or a call of a tool. A sampler that draws among those alone
// writes a text of that form and no other.
//
// A Grammar is an automaton over bytes and knows no vocabulary. A Vocabulary is the
// texts of all tokens as a tree. A Machine joins the two: for each state that a
// text can be in it walks the tree once and keeps the set of tokens that fit, so
// that later tokens cost a look-up. As the automaton reads bytes, it does not matter
// where tokens begin and end: they may hold a part of a character, several words,
// or the end of a string with what follows it.
//
// The forms are narrower than the standards where these let a model write without
// end: white space is a space or a line break with its indentation, and numbers
// have at most maxDigits digits on either side of the point.
package grammar

import (
	"errors"
	"fmt"
)

// ErrSchema is returned for a schema that Tern cannot follow, or nothing can.
var ErrSchema = errors.New("the schema cannot be used")

// maxNodes bounds a grammar: a node takes some 150 bytes.
const maxNodes = 1 << 17

// errTooLarge is what the builder ends with where that is not enough.
var errTooLarge = fmt.Errorf("%w: it is too large", ErrSchema)

// Grammar is the form of a text. It is immutable.
type Grammar struct {
	nodes []node
	rules []rule // the first is the whole text
}

// rule is a part of a grammar with one entrance and one exit. Rules call each
// other, and so nest without bound.
type rule struct{ start, end int32 }

// node is a place in a rule.
type node struct {
	free  []int32 // nodes that are reached without reading anything
	edges []edge  // by a byte
	calls []call  // by a rule
	ids   []idEdge
}

type edge struct {
	lo, hi byte
	to     int32
}

type call struct{ rule, back int32 }

// idEdge is a token by its id, for markers that are tokens of their own.
type idEdge struct{ id, to int32 }

// builder makes a grammar. Its methods lead from a node to the one that they
// return.
type builder struct {
	Grammar
	shared map[string]int32 // rules by their names
}

func newBuilder() *builder { return &builder{shared: map[string]int32{}} }

// tooLarge is what the builder panics with: build recovers it.
type tooLarge struct{}

func (b *builder) node() int32 {
	if len(b.nodes) == maxNodes {
		panic(tooLarge{})
	}
	b.nodes = append(b.nodes, node{})
	return int32(len(b.nodes) - 1)
}

// rule adds an empty rule, to be filled from its start to its end.
func (b *builder) rule() (index int32, r rule) {
	r = rule{b.node(), b.node()}
	b.rules = append(b.rules, r)
	return int32(len(b.rules) - 1), r
}

// once returns the rule of that name, which fill makes the first time.
func (b *builder) once(name string, fill func(from int32) (to int32)) int32 {
	if i, ok := b.shared[name]; ok {
		return i
	}
	i, r := b.rule()
	b.shared[name] = i
	b.free(fill(r.start), r.end)
	return i
}

func (b *builder) free(from, to int32) { b.nodes[from].free = append(b.nodes[from].free, to) }

func (b *builder) link(from int32, lo, hi byte, to int32) {
	b.nodes[from].edges = append(b.nodes[from].edges, edge{lo, hi, to})
}

func (b *builder) oneOf(from int32, lo, hi byte) int32 {
	to := b.node()
	b.link(from, lo, hi, to)
	return to
}

func (b *builder) text(from int32, s string) int32 {
	for i := range len(s) {
		from = b.oneOf(from, s[i], s[i])
	}
	return from
}

func (b *builder) call(from, rule int32) int32 {
	to := b.node()
	b.nodes[from].calls = append(b.nodes[from].calls, call{rule, to})
	return to
}

// id reads one token by its id.
func (b *builder) id(from, id int32) int32 {
	to := b.node()
	b.nodes[from].ids = append(b.nodes[from].ids, idEdge{id, to})
	return to
}

// any leads along one of several ways.
func (b *builder) any(from int32, ways ...func(from int32) int32) int32 {
	to := b.node()
	for _, way := range ways {
		start := b.node()
		b.free(from, start)
		b.free(way(start), to)
	}
	return to
}

// build makes a grammar of what fill builds as its first rule.
func build(fill func(b *builder, from int32) (to int32, err error)) (g *Grammar, err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(tooLarge); !ok {
				panic(p)
			}
			g, err = nil, errTooLarge
		}
	}()
	b := newBuilder()
	_, r := b.rule()
	to, err := fill(b, r.start)
	if err != nil {
		return nil, err
	}
	b.free(to, r.end)
	if err := b.prune(); err != nil {
		return nil, err
	}
	g = &b.Grammar
	return g, nil
}

// prune removes whatever leads to no end, so that every text that is begun can be
// ended, and refuses rules that call themselves before they read anything.
func (g *Grammar) prune() error {
	ends := make([]bool, len(g.nodes)) // an end of its rule can be reached
	for _, r := range g.rules {
		ends[r.end] = true
	}
	empty := make([]bool, len(g.rules)) // may read nothing
	for changed := true; changed; {
		changed = false
		for n := len(g.nodes) - 1; n >= 0; n-- {
			if !ends[n] && g.leads(&g.nodes[n], ends) {
				ends[n], changed = true, true
			}
		}
	}
	if !ends[g.rules[0].start] {
		return fmt.Errorf("%w: no value satisfies it, or none that ends", ErrSchema)
	}
	for n := range g.nodes {
		old := g.nodes[n]
		var kept node
		for _, to := range old.free {
			if ends[to] {
				kept.free = append(kept.free, to)
			}
		}
		for _, e := range old.edges {
			if ends[e.to] {
				kept.edges = append(kept.edges, e)
			}
		}
		for _, c := range old.calls {
			if ends[c.back] && ends[g.rules[c.rule].start] {
				kept.calls = append(kept.calls, c)
			}
		}
		for _, i := range old.ids {
			if ends[i.to] {
				kept.ids = append(kept.ids, i)
			}
		}
		g.nodes[n] = kept
	}
	for changed := true; changed; {
		changed = false
		for i, r := range g.rules {
			if !empty[i] && g.first(r.start, empty, func(n int32) bool { return n == r.end }) {
				empty[i], changed = true, true
			}
		}
	}
	return g.noCircle(empty)
}

func (g *Grammar) leads(n *node, ends []bool) bool {
	for _, to := range n.free {
		if ends[to] {
			return true
		}
	}
	for _, e := range n.edges {
		if ends[e.to] {
			return true
		}
	}
	for _, c := range n.calls {
		if ends[c.back] && ends[g.rules[c.rule].start] {
			return true
		}
	}
	for _, i := range n.ids {
		if ends[i.to] {
			return true
		}
	}
	return false
}

// first reports whether found is true of a node that is reached from n without
// reading anything.
func (g *Grammar) first(n int32, empty []bool, found func(n int32) bool) bool {
	seen := map[int32]bool{}
	for todo := []int32{n}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		if found(n) {
			return true
		}
		todo = append(todo, g.nodes[n].free...)
		for _, c := range g.nodes[n].calls {
			if empty[c.rule] {
				todo = append(todo, c.back)
			}
		}
	}
	return false
}

// noCircle refuses a rule that begins with itself: it would call without end.
func (g *Grammar) noCircle(empty []bool) error {
	const (
		running = 1
		done    = 2
	)
	state := make([]byte, len(g.rules))
	var visit func(i int32) bool
	visit = func(i int32) bool {
		state[i] = running
		round := g.first(g.rules[i].start, empty, func(n int32) bool {
			for _, c := range g.nodes[n].calls {
				if state[c.rule] == running || state[c.rule] == 0 && visit(c.rule) {
					return true
				}
			}
			return false
		})
		state[i] = done
		return round
	}
	for i := range g.rules {
		if state[i] == 0 && visit(int32(i)) {
			return fmt.Errorf("%w: a $ref leads back to itself", ErrSchema)
		}
	}
	return nil
}
