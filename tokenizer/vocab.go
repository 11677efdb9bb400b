package tokenizer

import (
	"fmt"
	"slices"
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
	within                  // another word of the same text
	continuing              // text that was encoded before
)

// tokenizer is the one implementation of Tokenizer: a table of tokens, the
// added tokens that are cut out of a text first, and an algorithm for the
// text between them.
type tokenizer struct {
	kind     string
	literals []string         // by id, "" where the vocabulary has a hole
	texts    texts            // what a token adds to the text
	added    map[int32]added  // added and control tokens
	special  map[string]int32 // the same by literal

	// spell appends the bytes of a token, given its literal: no more than that has.
	spell func(dst []byte, literal string) []byte
	// normalize, where not nil, changes a text before tokens marked
	// `normalized` are matched in it, and before it is encoded.
	normalize normalizer
	// encode appends the ids of a text without added tokens; m is scratch.
	encode func(ids []int32, m *merger, text string, at place) []int32

	inText, inAll matchers // added tokens matched by Encode and by EncodeSpecial
	inParts       matcher  // by EncodeParts: all, as they are written

	stripsSpace bool
	bos, eos    int32
	addBOS      bool

	notes []string
}

// note adds to what Notes says.
func (t *tokenizer) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// newTokenizer makes the table of tokens; literals are by id.
func newTokenizer(kind string, literals []string, spell func(dst []byte, literal string) []byte) *tokenizer {
	return &tokenizer{
		kind:     kind,
		literals: literals,
		texts:    newTexts(literals, spell),
		added:    make(map[int32]added),
		special:  make(map[string]int32),
		spell:    spell,
		bos:      -1,
		eos:      -1,
	}
}

// add makes a token an added one, with a new id or one of the vocabulary. The
// first definition of an id or a literal stands. A literal that the vocabulary
// has keeps the id that it has there, and one whose id the vocabulary gives to
// a text gets the next free one, as in the reference (add_tokens).
func (t *tokenizer) add(a added) error {
	switch {
	case a.id < 0 || a.id >= maxVocab:
		return fmt.Errorf("tokenizer: added token %q has id %d, want 0 to %d: %w", a.literal, a.id, maxVocab-1, ErrDamaged)
	case a.literal == "":
		t.note("The added token %d is empty and passed over.", a.id)
		return nil
	case len(a.literal) > maxAdded:
		t.note("The added token %d has %d bytes, at most %d are supported; it is passed over.", a.id, len(a.literal), maxAdded)
		return nil
	}
	if int(a.id) < len(t.literals) && t.literals[a.id] != "" && t.literals[a.id] != a.literal {
		listed := a.id
		if a.id = t.id(a.literal); a.id < 0 {
			if a.id = int32(len(t.literals)); a.id >= maxVocab {
				return fmt.Errorf("tokenizer: no id is left for the added token %q: %w", a.literal, ErrDamaged)
			}
		}
		t.note("The added token %q has the id %d of %q; %d is taken instead.", a.literal, listed, t.literals[listed], a.id)
	}
	if missing := int(a.id) + 1 - len(t.literals); missing > 0 {
		t.literals = append(t.literals, make([]string, missing)...)
		t.texts.resize(len(t.literals))
	}
	if _, ok := t.added[a.id]; ok {
		return nil
	}
	t.literals[a.id] = a.literal
	t.texts.set(a.id, nil)
	if !a.special {
		t.texts.set(a.id, t.spell(nil, a.literal))
	}
	t.added[a.id] = a
	if _, ok := t.special[a.literal]; !ok {
		t.special[a.literal] = a.id
	}
	return nil
}

// rename gives the added token with a's id a's name, as fine-tunes do with
// reserved tokens; false where there is none, or the name is another token's.
func (t *tokenizer) rename(a added) bool {
	old, ok := t.added[a.id]
	if !ok || a.literal == "" || len(a.literal) > maxAdded || old.literal == a.literal || t.id(a.literal) >= 0 {
		return false
	}
	t.note("The reserved token %q is called %q.", old.literal, a.literal)
	if t.special[old.literal] == a.id {
		delete(t.special, old.literal)
	}
	t.literals = slices.Clone(t.literals) // others find tokens by what they were called
	t.literals[a.id] = a.literal
	delete(t.added, a.id)
	return true
}

// limit drops the tokens from the id rows on, for which the model has no
// embedding. Only added tokens and unused ones may be among them.
func (t *tokenizer) limit(rows int, unused func(id int32) bool) error {
	if rows <= 0 || len(t.literals) <= rows {
		return nil
	}
	size := len(t.literals)
	for id := int32(rows); int(id) < size; id++ {
		a, ok := t.added[id]
		if !ok && t.literals[id] != "" && (unused == nil || !unused(id)) {
			return fmt.Errorf("tokenizer: the tokenizer has %d tokens, the model %d: %w", size, rows, ErrOther)
		}
		delete(t.added, id)
		if t.special[a.literal] == id {
			delete(t.special, a.literal)
		}
	}
	t.literals = t.literals[:rows:rows]
	t.texts.resize(rows)
	encode := t.encode
	t.encode = func(ids []int32, m *merger, text string, at place) []int32 {
		before := len(ids)
		ids = encode(ids, m, text, at)
		kept := slices.DeleteFunc(ids[before:], func(id int32) bool { return int(id) >= rows })
		return ids[:before+len(kept)]
	}
	t.note("The tokenizer has %d tokens, the model %d; the tokens behind are passed over.", size, rows)
	return nil
}

// seal builds the matchers, after the last add.
func (t *tokenizer) seal() {
	for _, a := range t.added {
		if t.special[a.literal] != a.id {
			continue // another id has the same literal
		}
		t.inParts.add(a)
		t.addTo(&t.inAll, a)
		if !a.special {
			t.addTo(&t.inText, a)
		}
	}
}

func (t *tokenizer) addTo(m *matchers, a added) {
	if !a.normalized {
		m.written.add(a)
		return
	}
	if t.normalize != nil {
		// The reference normalizes it like a text, dummy space and all.
		a.literal = t.normalize(a.literal, atStart)
	}
	if a.literal != "" {
		m.normal.add(a)
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
func (t *tokenizer) encodeAround(tokens *matchers, text string, at place) []int32 {
	var ids []int32
	var m merger
	for done := 0; done < len(text); {
		start, end, id := tokens.written.next(text, done)
		if start > done {
			ids = t.encodePiece(ids, &m, &tokens.normal, text[done:start], at)
		}
		if id >= 0 {
			ids = append(ids, id)
		}
		done, at = end, afterToken
	}
	return ids
}

// encodePiece encodes a text in which no token as written is left: what lies
// between the tokens, if any, that normal finds once the text is normalized.
func (t *tokenizer) encodePiece(ids []int32, m *merger, normal *matcher, text string, at place) []int32 {
	if t.normalize != nil {
		text = t.normalize(text, at)
	}
	if normal == nil || len(normal.tokens) == 0 {
		if text == "" {
			return ids
		}
		return t.encode(ids, m, text, at)
	}
	for done := 0; done < len(text); {
		start, end, id := normal.next(text, done)
		if start > done {
			ids = t.encode(ids, m, text[done:start], at)
		}
		if id >= 0 {
			ids = append(ids, id)
		}
		done, at = end, afterToken
	}
	return ids
}

func (t *tokenizer) Bytes(id int32) []byte {
	if id < 0 || int(id) >= t.texts.len() {
		return nil
	}
	return t.texts.of(id)
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

// Notes says what New passed over or guessed to make t, one sentence each.
func Notes(t Tokenizer) []string {
	if t, ok := t.(*tokenizer); ok {
		return t.notes
	}
	return nil
}

// unescape appends the text of a SentencePiece literal.
func unescape(dst []byte, literal string) []byte {
	for {
		before, rest, found := strings.Cut(literal, escapedSpace)
		dst = append(dst, before...)
		if !found {
			return dst
		}
		dst, literal = append(dst, ' '), rest
	}
}
