package grammar

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

const (
	// maxStates is how many states a machine remembers at once, of less than 1 KB
	// each, and maxMasks how many sets of tokens, of 19 KB for 150,000 tokens.
	maxStates = 4096
	maxMasks  = 512
)

// Machine tells which tokens of a vocabulary may follow in a text of a grammar. It
// may be used by several goroutines, and what one has found serves all.
type Machine struct {
	grammar *Grammar
	vocab   *Vocabulary
	isEnd   []bool    // of a node: its rule ends there
	class   [256]byte // of a byte: which bytes the grammar does not tell apart
	classes int

	maxStates, maxMasks int

	mu     sync.Mutex
	states map[string]*state
	masks  int // states that have one
	frames map[frameKey]*frame
	named  uint32 // frames so far
	start  *state
	walk   []*state // by depth in the tree
	todo   []config
	seen   map[config]struct{}
	key    []byte
}

// frame is a place to return to on top of others; nil is the empty stack.
type frame struct {
	back  int32
	below *frame
	name  uint32
}

type frameKey struct {
	back  int32
	below *frame
}

// config is one way to read the text so far.
type config struct {
	node  int32
	stack *frame
}

// state is all ways to read the text so far.
type state struct {
	configs []config // those that read a byte next
	tokens  []config // those that read a token by its id
	ends    bool     // the text may end here
	next    []*state // by class of bytes; nil where nobody has asked
	allowed []uint64 // bit i: token i may follow; nil where nobody has asked
	count   int      // of them
}

// dead is the state from which nothing leads on.
var dead = &state{}

// NewMachine joins a grammar and a vocabulary.
func NewMachine(g *Grammar, v *Vocabulary) *Machine {
	m := &Machine{
		grammar: g, vocab: v, isEnd: make([]bool, len(g.nodes)), walk: make([]*state, v.depth+1), seen: map[config]struct{}{},
		maxStates: maxStates, maxMasks: maxMasks,
	}
	for _, r := range g.rules {
		m.isEnd[r.end] = true
	}
	m.classify()
	m.forget()
	m.start = m.intern([]config{{node: g.rules[0].start}})
	return m
}

// classify finds the bytes that no edge tells apart.
func (m *Machine) classify() {
	var cut [257]bool // a class begins here
	for i := range m.grammar.nodes {
		for _, e := range m.grammar.nodes[i].edges {
			cut[e.lo], cut[int(e.hi)+1] = true, true
		}
	}
	for c := range 256 {
		if cut[c] && c > 0 {
			m.classes++
		}
		m.class[c] = byte(m.classes)
	}
	m.classes++
}

// forget drops all states. Matchers keep theirs, which lead to new ones.
func (m *Machine) forget() {
	m.states, m.masks, m.frames = map[string]*state{}, 0, map[frameKey]*frame{}
}

// push returns the stack with back on top.
func (m *Machine) push(back int32, below *frame) *frame {
	k := frameKey{back, below}
	f := m.frames[k]
	if f == nil {
		m.named++
		f = &frame{back, below, m.named}
		m.frames[k] = f
	}
	return f
}

// intern returns the state of these ways to read, and of those that they lead to
// without reading. It may change the slice.
func (m *Machine) intern(from []config) *state {
	clear(m.seen)
	s := state{}
	for m.todo = append(m.todo[:0], from...); len(m.todo) > 0; {
		c := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		if _, ok := m.seen[c]; ok {
			continue
		}
		m.seen[c] = struct{}{}
		n := &m.grammar.nodes[c.node]
		for _, to := range n.free {
			m.todo = append(m.todo, config{to, c.stack})
		}
		for _, call := range n.calls {
			m.todo = append(m.todo, config{m.grammar.rules[call.rule].start, m.push(call.back, c.stack)})
		}
		if m.isEnd[c.node] {
			if c.stack == nil {
				s.ends = true
			} else {
				m.todo = append(m.todo, config{c.stack.back, c.stack.below})
			}
		}
		if len(n.edges) > 0 {
			s.configs = append(s.configs, c)
		}
		if len(n.ids) > 0 {
			s.tokens = append(s.tokens, c)
		}
	}
	if len(s.configs) == 0 && len(s.tokens) == 0 && !s.ends {
		return dead
	}
	m.key = append(m.key[:0], 0)
	if s.ends {
		m.key[0] = 1
	}
	for _, list := range [][]config{s.configs, s.tokens} {
		slices.SortFunc(list, func(a, b config) int {
			return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.stack.id(), b.stack.id()))
		})
		m.key = binary.AppendUvarint(m.key, uint64(len(list)))
		for _, c := range list {
			m.key = binary.AppendUvarint(m.key, uint64(c.node))
			m.key = binary.AppendUvarint(m.key, uint64(c.stack.id()))
		}
	}
	if known, ok := m.states[string(m.key)]; ok {
		return known
	}
	if len(m.states) >= m.maxStates {
		m.forget()
	}
	s.next = make([]*state, m.classes)
	m.states[string(m.key)] = &s
	return &s
}

func (f *frame) id() uint32 {
	if f == nil {
		return 0
	}
	return f.name
}

// step returns the state after a byte.
func (m *Machine) step(s *state, c byte) *state {
	if s == dead {
		return dead
	}
	if to := s.next[m.class[c]]; to != nil {
		return to
	}
	var list []config
	for _, from := range s.configs {
		for _, e := range m.grammar.nodes[from.node].edges {
			if e.lo <= c && c <= e.hi {
				list = append(list, config{e.to, from.stack})
			}
		}
	}
	to := dead
	if len(list) > 0 {
		to = m.intern(list)
	}
	s.next[m.class[c]] = to
	return to
}

// stepToken returns the state after a token. Where it is one that the grammar
// knows by its id, its bytes may be read as well.
func (m *Machine) stepToken(s *state, id int32) *state {
	text := m.vocab.bytes(id)
	at := s
	for _, c := range text {
		at = m.step(at, c)
	}
	if len(text) == 0 {
		at = dead
	}
	var list []config
	for _, from := range s.tokens {
		for _, e := range m.grammar.nodes[from.node].ids {
			if e.id == id {
				list = append(list, config{e.to, from.stack})
			}
		}
	}
	if list == nil {
		return at
	}
	list = append(append(list, at.configs...), at.tokens...)
	if at.ends {
		list = append(list, config{node: m.grammar.rules[0].end})
	}
	return m.intern(list)
}

// mask makes the set of tokens that may follow.
func (m *Machine) mask(s *state) {
	if s.allowed != nil {
		return
	}
	if m.masks >= m.maxMasks {
		for _, other := range m.states {
			other.allowed = nil
		}
		m.masks = 0
	}
	m.masks++
	v := m.vocab
	allowed := make([]uint64, (v.size+63)/64)
	m.walk[0] = s
	for i := 0; i < len(v.nodes); {
		n := &v.nodes[i]
		from := m.walk[n.depth-1]
		to := from.next[m.class[n.char]]
		if to == nil {
			to = m.step(from, n.char)
		}
		if to == dead {
			i += int(n.skip)
			continue
		}
		m.walk[n.depth] = to
		if n.id >= 0 {
			allowed[n.id>>6] |= 1 << (n.id & 63)
		}
		i++
	}
	clear(m.walk)
	for _, c := range s.tokens {
		for _, e := range m.grammar.nodes[c.node].ids {
			if e.id >= 0 && int(e.id) < v.size {
				allowed[e.id>>6] |= 1 << (e.id & 63)
			}
		}
	}
	s.count = 0
	for _, word := range allowed {
		s.count += bits.OnesCount64(word)
	}
	s.allowed = allowed
}

// Matcher is one text that is being written. It has one owner.
type Matcher struct {
	m *Machine
	s *state
}

// Matcher returns one for a text that is still empty.
func (m *Machine) Matcher() *Matcher {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Matcher{m, m.start}
}

// Allowed returns the set of tokens that may follow, bit id%64 of word id/64, and
// how many they are. The caller must not change it.
func (t *Matcher) Allowed() (set []uint64, count int) {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	t.m.mask(t.s)
	return t.s.allowed, t.s.count
}

// Accept adds a token to the text. It reports false where the token may not
// follow; then the text stays as it was.
func (t *Matcher) Accept(id int32) bool {
	t.m.mu.Lock()
	defer t.m.mu.Unlock()
	to := t.m.stepToken(t.s, id)
	if to == dead {
		return false
	}
	t.s = to
	return true
}

// CanEnd reports whether the text may end here.
func (t *Matcher) CanEnd() bool { return t.s.ends }

// Complete reports that nothing may follow.
func (t *Matcher) Complete() bool { return t.s.ends && len(t.s.configs) == 0 && len(t.s.tokens) == 0 }
