package tokenizer

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
)

// The tables of this file hold a vocabulary of 150,000 tokens in a few megabytes, where
// maps of strings and a slice for each token take five times that.

// index finds tokens by a text that each of them has.
type index struct {
	text  func(id int32) string // of a token that was added
	slots []int32               // ids by the hash of their text, and -1 where there is none
	n     int
	seed  maphash.Seed
}

// newIndex returns an index with room for n tokens, whose texts text says.
func newIndex(n int, text func(id int32) string) index {
	size := 8
	for size < n+n/2 {
		size *= 2
	}
	return index{text: text, slots: slices.Repeat([]int32{-1}, size), seed: maphash.MakeSeed()}
}

// at is the slot of a text, or the one where it belongs.
func (x *index) at(text string) *int32 {
	mask := len(x.slots) - 1
	for i := int(maphash.String(x.seed, text)) & mask; ; i = (i + 1) & mask {
		if id := x.slots[i]; id < 0 || x.text(id) == text {
			return &x.slots[i]
		}
	}
}

// find returns the token with a text.
func (x *index) find(text string) (id int32, ok bool) {
	if x.n == 0 {
		return -1, false
	}
	id = *x.at(text)
	return id, id >= 0
}

// add adds a token, or returns the one that has its text already. There must be room.
func (x *index) add(id int32) (other int32, twice bool) {
	slot := x.at(x.text(id))
	if *slot >= 0 {
		return *slot, true
	}
	*slot = id
	x.n++
	return id, false
}

// put adds a token, or takes the place of the one that has its text. There must be room.
func (x *index) put(id int32) {
	slot := x.at(x.text(id))
	if *slot < 0 {
		x.n++
	}
	*slot = id
}

// all yields the tokens, in any order.
func (x *index) all() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for _, id := range x.slots {
			if id >= 0 && !yield(id) {
				return
			}
		}
	}
}

// texts are the bytes of tokens by id, one after another.
type texts struct {
	bytes []byte
	ends  []uint32
	own   map[int32][]byte // of tokens that got others later
}

// newTexts spells each of the literals.
func newTexts(literals []string, spell func(dst []byte, literal string) []byte) texts {
	size := 0
	for _, literal := range literals {
		size += len(literal) // no spelling is longer
	}
	t := texts{make([]byte, 0, size), make([]uint32, len(literals)), map[int32][]byte{}}
	for id, literal := range literals {
		t.bytes = spell(t.bytes, literal)
		t.ends[id] = uint32(len(t.bytes))
	}
	return t
}

func (t *texts) len() int { return len(t.ends) }

// of returns the bytes of a token, nil where it adds nothing to a text.
func (t *texts) of(id int32) []byte {
	if own, ok := t.own[id]; ok {
		return own
	}
	return t.spelled(id)
}

// spelled is of without what was set.
func (t *texts) spelled(id int32) []byte {
	begin, end := uint32(0), t.ends[id]
	if id > 0 {
		begin = t.ends[id-1]
	}
	if begin == end {
		return nil
	}
	return t.bytes[begin:end:end]
}

// set gives a token other bytes.
func (t *texts) set(id int32, text []byte) { t.own[id] = text }

// resize adds tokens that add nothing to a text, or drops the last ones.
func (t *texts) resize(n int) {
	for len(t.ends) < n {
		t.ends = append(t.ends, uint32(len(t.bytes)))
	}
	t.ends = t.ends[:n]
	t.bytes = t.bytes[:t.ends[n-1]]
}

// mergeRule is what a token and the next one, right, become.
type mergeRule struct {
	right, id, rank int32
}

// mergeTable holds the merges by their left token, and by the right one among these.
type mergeTable struct {
	starts []int32 // of the rules of each left token, and where the last ones end
	rules  []mergeRule
}

// newMergeTable takes the rule of lefts[i] from rules[i]. Of a pair that is there twice the
// later rank counts, as in the reference.
func newMergeTable(tokens int, lefts []int32, rules []mergeRule) mergeTable {
	t := mergeTable{make([]int32, tokens+1), make([]mergeRule, len(rules))}
	for _, left := range lefts {
		t.starts[left]++
	}
	sum := int32(0)
	for left, n := range t.starts {
		sum += n
		t.starts[left] = sum
	}
	for i := len(rules) - 1; i >= 0; i-- { // later ones come last
		left := lefts[i]
		t.starts[left]--
		t.rules[t.starts[left]] = rules[i]
	}
	for left := range tokens {
		slices.SortFunc(t.of(int32(left)), func(a, b mergeRule) int {
			return cmp.Or(cmp.Compare(a.right, b.right), cmp.Compare(b.rank, a.rank))
		})
	}
	return t
}

// of lists the rules of a left token.
func (t *mergeTable) of(left int32) []mergeRule { return t.rules[t.starts[left]:t.starts[left+1]] }

// find returns the rule of a pair.
func (t *mergeTable) find(left, right int32) (rule mergeRule, ok bool) {
	rules := t.of(left)
	i, ok := slices.BinarySearchFunc(rules, right, func(r mergeRule, right int32) int { return cmp.Compare(r.right, right) })
	if !ok {
		return mergeRule{}, false
	}
	return rules[i], true
}
