package tokenizer

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// bpe merges pairs of tokens by rank, as the BPE model of Hugging Face's
// tokenizers does (models/bpe/word.rs). The symbols it begins with are bytes
// in a byte-level vocabulary, else characters.
type bpe struct {
	words        index // tokens by the text they match, where whole words are looked up
	merges       mergeTable
	ignoreMerges bool // a word that is a token is left whole
	byteLevel    bool
	bytes        *[256]int32 // token of each byte: the base tokens, or byte fallback, or nil
	unknown      int32       // for characters (or bytes) that are not token, -1 to drop them
	fuseUnknown  bool        // a run of unknown characters is one token
}

// mergeList are the merges of a file, best first, of which there are n.
type mergeList struct {
	n   int
	all iter.Seq[[2]string]
}

// setMerges reads the merges of these tokens. Those of tokens that are not there are
// counted where some may be, else they are an error.
func (b *bpe) setMerges(merges mergeList, v *vocabulary, some bool) (missing int, err error) {
	lefts, rules := make([]int32, 0, merges.n), make([]mergeRule, 0, merges.n)
	both := make([]byte, 0, 64)
	for pair := range merges.all {
		both = append(append(both[:0], pair[0]...), pair[1]...)
		left, ok1 := v.ids.find(pair[0])
		right, ok2 := v.ids.find(pair[1])
		id, ok3 := v.ids.find(unsafe.String(unsafe.SliceData(both), len(both)))
		rank := len(rules)
		switch {
		case ok1 && ok2 && ok3:
			lefts, rules = append(lefts, left), append(rules, mergeRule{right, id, int32(rank)})
		case some:
			missing++
		default:
			return 0, fmt.Errorf("tokenizer: merge %d of %q and %q is not in the vocabulary: %w", rank, pair[0], pair[1], ErrDamaged)
		}
	}
	b.merges = newMergeTable(len(v.literals), lefts, rules)
	return missing, nil
}

// encodeWord appends the ids of a word, inside which alone tokens may merge.
func (b *bpe) encodeWord(ids []int32, m *merger, word string) []int32 {
	if b.ignoreMerges {
		if id, ok := b.words.find(word); ok {
			return append(ids, id)
		}
	}
	m.reset(len(word))
	if b.byteLevel {
		b.appendBytes(m, word)
	} else {
		b.appendCharacters(m, word)
	}
	if len(m.symbols) == 0 {
		return ids
	}
	m.merge(b.pair)
	for i := 0; i >= 0; i = m.symbols[i].next {
		ids = append(ids, m.symbols[i].id)
	}
	return ids
}

func (b *bpe) pair(left, right *symbol) (id, rank int32, ok bool) {
	rule, ok := b.merges.find(left.id, right.id)
	return rule.id, rule.rank, ok
}

// appendBytes fills m with the tokens of the bytes of word.
func (b *bpe) appendBytes(m *merger, word string) {
	unknown := false
	for i := range len(word) {
		id := b.bytes[word[i]]
		switch {
		case id >= 0:
			m.append(id, i, i+1, false)
		case b.unknown >= 0 && !(unknown && b.fuseUnknown):
			m.append(b.unknown, i, i+1, false)
		}
		unknown = id < 0
	}
}

// appendCharacters fills m with the tokens of the characters of word.
func (b *bpe) appendCharacters(m *merger, word string) {
	unknown := false
	for i := 0; i < len(word); {
		_, n := utf8.DecodeRuneInString(word[i:])
		id, known := b.words.find(word[i : i+n])
		switch {
		case known:
			m.append(id, i, i+n, false)
		case b.bytes != nil:
			for k := i; k < i+n; k++ {
				m.append(b.bytes[word[k]], k, k+1, false)
			}
		case b.unknown >= 0 && !(unknown && b.fuseUnknown):
			m.append(b.unknown, i, i+n, false)
		}
		unknown = !known
		i += n
	}
}

// vocabulary is the tokens by id, "" in a hole, and their ids.
type vocabulary struct {
	literals []string
	ids      index
}

// newVocabulary returns a vocabulary of tokens none of which is text yet.
func newVocabulary(literals []string) vocabulary {
	return vocabulary{literals, newIndex(len(literals), func(id int32) string { return literals[id] })}
}

// byteModel is what files say of the BPE of a byte-level vocabulary.
type byteModel struct {
	vocabulary
	merges       mergeList
	normalize    normalizer
	steps        []step // cut a text into the words to be merged
	ignoreMerges bool
	unknown      string // literal, "" for none
	fuseUnknown  bool
	someMerges   bool // merges of tokens that are not there are passed over
}

// newByteLevel makes a tokenizer whose tokens spell bytes through byteRunes. A
// vocabulary learnt from few texts need not have all bytes.
func newByteLevel(v byteModel) (*tokenizer, error) {
	b := &bpe{
		ignoreMerges: v.ignoreMerges,
		byteLevel:    true,
		bytes:        new([256]int32),
		unknown:      -1,
		fuseUnknown:  v.fuseUnknown,
	}
	t := newTokenizer(kindByteLevel, v.literals, spellByteLevel)
	t.normalize = v.normalize
	if id, ok := v.ids.find(v.unknown); ok && v.unknown != "" {
		b.unknown = id
	}
	if v.ignoreMerges {
		spelled := t.texts // as they are now
		b.words = newIndex(v.ids.n, func(id int32) string {
			word := spelled.spelled(id)
			return unsafe.String(unsafe.SliceData(word), len(word))
		})
		for id := range v.ids.all() {
			if spellsBytes(v.literals[id]) {
				b.words.add(id)
			}
		}
	}
	known := 0
	for c := range 256 {
		id, ok := v.ids.find(string(byteRunes[c]))
		if b.bytes[c] = -1; ok {
			b.bytes[c] = id
			known++
		}
	}
	if known == 0 {
		return nil, fmt.Errorf("tokenizer: no token spells a byte: %w", ErrDamaged)
	}
	if known < 256 {
		t.note("%d of the 256 bytes have no token; they are left out of texts.", 256-known)
	}
	missing, err := b.setMerges(v.merges, &v.vocabulary, v.someMerges)
	if err != nil {
		return nil, err
	}
	if missing > 0 {
		t.note("%d merges are of tokens that the vocabulary does not have, and are passed over.", missing)
	}
	steps := v.steps // the tokenizer keeps nothing else of v
	t.encode = func(ids []int32, m *merger, text string, at place) []int32 {
		return b.encodeWords(ids, m, text, at, steps)
	}
	return t, nil
}

// encodeWords cuts text by the first of the steps, each part by the next, and
// encodes what the last one leaves.
func (b *bpe) encodeWords(ids []int32, m *merger, text string, at place, steps []step) []int32 {
	if len(steps) == 0 {
		return b.encodeWord(ids, m, text)
	}
	steps[0](text, at, func(word string) {
		ids = b.encodeWords(ids, m, word, at, steps[1:])
		at = max(at, within)
	})
	return ids
}

// characterModel is what tokenizer.json says of the BPE of a SentencePiece
// vocabulary.
type characterModel struct {
	vocabulary
	merges       [][2]string
	spacing      spacing    // of the text, where normalize and steps are nil
	normalize    normalizer // in the place of spacing
	steps        []step     // and
	other        string     // what of them spacing and splitWords do not say
	splitWords   bool       // tokens cross no space (Metaspace with split)
	byteFallback bool       // characters that are not token become <0x00>…<0xFF>
	byteDecode   bool       // and these become bytes again
	unknown      string     // literal, "" for none
	fuseUnknown  bool
	ignoreMerges bool
	strips       bool // the decoder drops the dummy space
}

// newCharacterLevel makes a tokenizer with SentencePiece literals that merges
// by rank instead of by score.
func newCharacterLevel(c characterModel) (*tokenizer, error) {
	b := &bpe{
		words:        c.ids,
		ignoreMerges: c.ignoreMerges,
		unknown:      -1,
		fuseUnknown:  c.fuseUnknown,
	}
	if c.byteFallback {
		b.bytes = new([256]int32)
		for i := range 256 {
			literal := fmt.Sprintf("<0x%02X>", i)
			id, ok := b.words.find(literal)
			if !ok {
				return nil, fmt.Errorf("tokenizer: byte fallback without %s: %w", literal, ErrDamaged)
			}
			b.bytes[i] = id
		}
	}
	spell := unescape
	if c.byteDecode {
		spell = func(dst []byte, literal string) []byte {
			if c, ok := parseByteToken(literal); ok {
				return append(dst, c)
			}
			return unescape(dst, literal)
		}
	}
	t := newTokenizer(kindSentencePiece, c.literals, spell)
	t.stripsSpace = c.strips
	if c.unknown != "" {
		id, ok := b.words.find(c.unknown)
		if !ok {
			return nil, fmt.Errorf("tokenizer: unknown token %q is not in the vocabulary: %w", c.unknown, ErrDamaged)
		}
		b.unknown = id
		if err := t.add(added{id: id, literal: c.unknown, special: true}); err != nil {
			return nil, err
		}
	}
	merges := mergeList{len(c.merges), slices.Values(c.merges)}
	if _, err := b.setMerges(merges, &c.vocabulary, false); err != nil {
		return nil, err
	}
	t.normalize = c.normalize
	steps := c.steps
	if c.normalize == nil && steps == nil {
		t.normalize = c.spacing.escape
		if c.splitWords {
			steps = []step{each(splitEscapedSpace)}
		}
	}
	if !c.splitWords && !c.ignoreMerges && wordsApart(&c.ids) {
		steps = append(slices.Clip(steps), each(splitWord))
	}
	t.encode = func(ids []int32, m *merger, text string, at place) []int32 {
		return b.encodeWords(ids, m, text, at, steps)
	}
	return t, nil
}

// byteRunes spells each byte as a visible character, as GPT-2 does: printable
// Latin-1 as itself, the other 68 bytes in order from U+0100.
var byteRunes = func() (runes [256]rune) {
	next := rune(0x100)
	for b := range 256 {
		switch {
		case '!' <= b && b <= '~', 0xA1 <= b && b <= 0xAC, 0xAE <= b:
			runes[b] = rune(b)
		default:
			runes[b] = next
			next++
		}
	}
	return runes
}()

// runeBytes is the inverse of byteRunes, -1 where a character spells no byte.
var runeBytes = func() (bytes [0x100 + 68]int16) {
	for r := range bytes {
		bytes[r] = -1
	}
	for b, r := range byteRunes {
		bytes[r] = int16(b)
	}
	return bytes
}()

// spellsBytes reports whether each character of a literal spells a byte.
func spellsBytes(literal string) bool {
	for _, r := range literal {
		if int(r) >= len(runeBytes) || runeBytes[r] < 0 {
			return false
		}
	}
	return true
}

// spellByteLevel appends the bytes that a byte-level literal spells, or the literal as it
// stands where it spells none: so the reference shows added tokens.
func spellByteLevel(dst []byte, literal string) []byte {
	if !spellsBytes(literal) {
		return append(dst, literal...)
	}
	for _, r := range literal {
		dst = append(dst, byte(runeBytes[r]))
	}
	return dst
}

// splitEscapedSpace cuts in front of every U+2581.
func splitEscapedSpace(s string) int {
	if i := strings.Index(s[1:], escapedSpace); i >= 0 {
		return 1 + i
	}
	return len(s)
}
