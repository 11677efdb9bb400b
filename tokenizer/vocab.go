package tokenizer

import (
	"fmt"
	"strings"
)

// maxVocab bounds token ids, so that a hostile file cannot ask for a table of
// 2^31 entries; the largest vocabularies in use have 262,144.
const maxVocab = 1 << 20

// maxAdded bounds the literal of an added token, in bytes: each byte of a text is
// looked up in all lengths that there are. Llama 3's have up to 30.
const maxAdded = 256

const (
	kindSentencePiece = "SentencePiece BPE"
	kindByteLevel     = "byte-level BPE"
)

// place tells what stands in front of a piece of text, which decides whether
// SentencePiece puts a dummy space there.
type place int

const (
	atStart    place = iota // nothing: the text starts a sequence
	afterToken              // an added token
	continuing              // text that was encoded before
)

// tokenizer is the one implementation of Tokenizer: a table of tokens, the
// added tokens that are cut out of a text first, and an algorithm for the
// text between them.
type tokenizer struct {
	kind     string
	literals []string         // by id, "" where the vocabulary has a hole
	bytes    [][]byte         // by id, nil where a token adds nothing to the text
	added    map[int32]added  // added and control tokens
	special  map[string]int32 // the same by literal

	// spell gives the bytes of a token from its literal.
	spell func(literal string) []byte
	// encode appends the ids of a text without added tokens; m is scratch.
	encode func(ids []int32, m *merger, text string, at place) []int32

	inText, inAll matcher // added tokens matched by Encode and by EncodeSpecial

	stripsSpace bool
	bos, eos    int32
	addBOS      bool
}

// newTokenizer makes the table of tokens; literals are by id.
func newTokenizer(kind string, literals []string, spell func(string) []byte) *tokenizer {
	t := &tokenizer{
		kind:     kind,
		literals: literals,
		bytes:    make([][]byte, len(literals)),
		added:    make(map[int32]added),
		special:  make(map[string]int32),
		spell:    spell,
		bos:      -1,
		eos:      -1,
	}
	for id, literal := range literals {
		t.bytes[id] = spell(literal)
	}
	return t
}

// add makes a token an added one, with a new id or one of the vocabulary. The
// first definition of an id or a literal stands; a later one of an id may only
// repeat its literal.
func (t *tokenizer) add(a added) error {
	switch {
	case a.literal == "":
		return fmt.Errorf("tokenizer: added token %d is empty: %w", a.id, ErrDamaged)
	case a.id < 0 || a.id >= maxVocab:
		return fmt.Errorf("tokenizer: added token %q has id %d, want 0 to %d: %w", a.literal, a.id, maxVocab-1, ErrDamaged)
	case len(a.literal) > maxAdded:
		return fmt.Errorf("tokenizer: added token %d has %d bytes, at most %d are supported: %w", a.id, len(a.literal), maxAdded, ErrUnsupported)
	case a.singleWord:
		return fmt.Errorf("tokenizer: added token %q matches single words only: %w", a.literal, ErrUnsupported)
	}
	if missing := int(a.id) + 1 - len(t.literals); missing > 0 {
		t.literals = append(t.literals, make([]string, missing)...)
		t.bytes = append(t.bytes, make([][]byte, missing)...)
	}
	if have := t.literals[a.id]; have != "" && have != a.literal {
		return fmt.Errorf("tokenizer: id %d is both %q and %q: %w", a.id, have, a.literal, ErrDamaged)
	}
	if _, ok := t.added[a.id]; ok {
		return nil
	}
	t.literals[a.id] = a.literal
	t.bytes[a.id] = nil
	if !a.special {
		t.bytes[a.id] = t.spell(a.literal)
	}
	t.added[a.id] = a
	if _, ok := t.special[a.literal]; !ok {
		t.special[a.literal] = a.id
	}
	return nil
}

// seal builds the matchers, after the last add.
func (t *tokenizer) seal() {
	for _, a := range t.added {
		if t.special[a.literal] != a.id {
			continue // another id has the same literal
		}
		t.inAll.add(a)
		if !a.special {
			t.inText.add(a)
		}
	}
}

func (t *tokenizer) Encode(text string) []int32 {
	return t.encodeAround(&t.inText, text, atStart)
}

func (t *tokenizer) EncodeContinuation(text string) []int32 {
	return t.encodeAround(&t.inText, text, continuing)
}

func (t *tokenizer) EncodeSpecial(text string) []int32 {
	return t.encodeAround(&t.inAll, text, atStart)
}

// encodeAround encodes the texts between the added tokens that tokens finds.
func (t *tokenizer) encodeAround(tokens *matcher, text string, at place) []int32 {
	var ids []int32
	var m merger
	for text != "" {
		start, end, id := tokens.next(text)
		if start > 0 {
			ids = t.encode(ids, &m, text[:start], at)
		}
		if id >= 0 {
			ids = append(ids, id)
		}
		text, at = text[end:], afterToken
	}
	return ids
}

func (t *tokenizer) Bytes(id int32) []byte {
	if id < 0 || int(id) >= len(t.bytes) {
		return nil
	}
	return t.bytes[id]
}

func (t *tokenizer) Literal(id int32) string {
	if id < 0 || int(id) >= len(t.literals) {
		return ""
	}
	return t.literals[id]
}

func (t *tokenizer) Special(literal string) (int32, bool) {
	id, ok := t.special[literal]
	return id, ok
}

func (t *tokenizer) StripsLeadingSpace() bool { return t.stripsSpace }

func (t *tokenizer) BOS() (int32, bool) { return t.bos, t.addBOS }

func (t *tokenizer) EOS() int32 { return t.eos }

func (t *tokenizer) VocabSize() int { return len(t.literals) }

func (t *tokenizer) Kind() string { return t.kind }

// id finds a token by its literal, added ones first, -1 where there is none.
func (t *tokenizer) id(literal string) int32 {
	if literal == "" {
		return -1
	}
	if id, ok := t.special[literal]; ok {
		return id
	}
	for id, have := range t.literals {
		if have == literal {
			return int32(id)
		}
	}
	return -1
}

// unescape is the text of a SentencePiece literal.
func unescape(literal string) []byte {
	return []byte(strings.ReplaceAll(literal, escapedSpace, " "))
}
