package tokenizer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"tern/tokenizer/vocab"
)

// escapedSpace is U+2581, which stands for a space in SentencePiece pieces.
const escapedSpace = "\u2581"

// pieceType is SentencePiece.Type of sentencepiece_model.proto.
type pieceType int32

const (
	pieceNormal      pieceType = vocab.Normal
	pieceUnknown     pieceType = vocab.Unknown
	pieceControl     pieceType = vocab.Control
	pieceUserDefined pieceType = vocab.UserDefined
	pieceUnused      pieceType = vocab.Unused
	pieceByte        pieceType = vocab.Byte
)

// sentencePiece is the BPE of the sentencepiece library (bpe_model.cc): any
// two neighbours whose concatenation is a piece may merge, the highest score
// first. Unlike there, unused pieces are simply no pieces.
type sentencePiece struct {
	pieces  index       // normal and user-defined pieces
	ranks   []int32     // by id: 0 for the highest score, equal for equal scores
	frozen  matcher     // user-defined pieces, kept whole wherever they occur
	bytes   *[256]int32 // ids of <0x00>…<0xFF>, nil without byte fallback
	unknown int32
	spacing spacing
	apart   bool // words may be encoded one by one
}

// newSentencePiece makes a tokenizer of pieces with their scores and types, by id.
func newSentencePiece(pieces []string, scores []float32, types []pieceType, spaces spacing) (*tokenizer, error) {
	if len(pieces) == 0 || len(pieces) > maxVocab || len(scores) != len(pieces) || len(types) != len(pieces) {
		return nil, fmt.Errorf("tokenizer: %d pieces, %d scores, %d types: %w", len(pieces), len(scores), len(types), ErrDamaged)
	}
	sp := &sentencePiece{
		pieces:  newVocabulary(pieces).ids,
		unknown: -1,
		spacing: spaces,
	}
	t := newTokenizer(kindSentencePiece, pieces, unescape)
	t.stripsSpace = spaces.prefix
	t.encode = sp.encode

	var bytes [256]int32
	nBytes := 0
	for i, piece := range pieces {
		id := int32(i)
		switch types[i] {
		case pieceNormal, pieceUserDefined:
			if _, twice := sp.pieces.add(id); twice || piece == "" {
				return nil, fmt.Errorf("tokenizer: piece %d, %q, is empty or there twice: %w", id, piece, ErrDamaged)
			}
			if types[i] == pieceUserDefined {
				sp.frozen.add(added{id: id, literal: piece})
			}
		case pieceControl, pieceUnknown:
			if err := t.add(added{id: id, literal: piece, special: true}); err != nil {
				return nil, err
			}
			if types[i] == pieceUnknown {
				sp.unknown = id
			}
		case pieceByte:
			b, ok := parseByteToken(piece)
			if !ok {
				return nil, fmt.Errorf("tokenizer: byte piece %d is %q: %w", id, piece, ErrDamaged)
			}
			t.texts.set(id, []byte{b})
			bytes[b] = id
			nBytes++
		case pieceUnused:
		default:
			return nil, fmt.Errorf("tokenizer: piece %d has type %d: %w", id, types[i], ErrUnsupported)
		}
	}
	switch {
	case nBytes == 256:
		sp.bytes = &bytes
	case nBytes > 0:
		return nil, fmt.Errorf("tokenizer: %d of 256 byte pieces: %w", nBytes, ErrDamaged)
	case sp.unknown < 0:
		return nil, fmt.Errorf("tokenizer: neither byte pieces nor an unknown piece: %w", ErrDamaged)
	}
	sp.apart = wordsApart(&sp.pieces)
	var err error
	sp.ranks, err = rankScores(scores)
	return t, err
}

// rankScores orders scores from the highest down: equal scores, equal ranks.
func rankScores(scores []float32) ([]int32, error) {
	order := make([]int32, len(scores))
	for id, score := range scores {
		if math.IsNaN(float64(score)) {
			return nil, fmt.Errorf("tokenizer: piece %d has no score: %w", id, ErrDamaged)
		}
		order[id] = int32(id)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(scores[b], scores[a]) })
	ranks := make([]int32, len(scores))
	rank := int32(0)
	for i, id := range order {
		if i > 0 && scores[id] != scores[order[i-1]] {
			rank++
		}
		ranks[id] = rank
	}
	return ranks, nil
}

func (sp *sentencePiece) encode(ids []int32, m *merger, text string, at place) []int32 {
	text = sp.spacing.escape(text, at)
	for text != "" {
		n := len(text)
		if sp.apart {
			n = splitWord(text)
		}
		ids = sp.encodeWord(ids, m, text[:n])
		text = text[n:]
	}
	return ids
}

// encodeWord appends the ids of a stretch of escaped text.
func (sp *sentencePiece) encodeWord(ids []int32, m *merger, text string) []int32 {
	m.reset(utf8.RuneCountInString(text))
	for i := 0; i < len(text); {
		if a, ok := sp.frozen.prefix(text[i:]); ok {
			m.append(a.id, i, i+len(a.literal), true)
			i += len(a.literal)
			continue
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		id, ok := sp.pieces.find(text[i : i+n])
		if !ok {
			id = -1
		}
		m.append(id, i, i+n, false)
		i += n
	}
	m.merge(func(a, b *symbol) (id, rank int32, ok bool) {
		if a.frozen || b.frozen {
			return 0, 0, false
		}
		id, ok = sp.pieces.find(text[a.start:b.end])
		if !ok {
			return 0, 0, false
		}
		return id, sp.ranks[id], true
	})
	unknown := false
	for i := 0; i >= 0; i = m.symbols[i].next {
		s := &m.symbols[i]
		switch {
		case s.id >= 0:
			ids = append(ids, s.id)
		case sp.bytes != nil:
			for _, b := range []byte(text[s.start:s.end]) {
				ids = append(ids, sp.bytes[b])
			}
		case !unknown: // a run of unknown characters is one token
			ids = append(ids, sp.unknown)
		}
		unknown = s.id < 0
	}
	return ids
}

// spacing tells how SentencePiece vocabularies treat spaces before encoding.
type spacing struct {
	prefix       bool // a dummy space goes in front of a text…
	startOnly    bool // …that starts a sequence; else also after every added token
	unlessSpaced bool // …that does not begin with a space already
	squeeze      bool // outer spaces are dropped, runs of them become one
}

// escape returns text as the pieces spell it: valid UTF-8, spaces as U+2581.
func (r spacing) escape(text string, at place) string {
	text = validUTF8(text)
	if r.squeeze {
		text = squeezeSpaces(text, at)
	}
	if text == "" {
		return ""
	}
	text = strings.ReplaceAll(text, " ", escapedSpace)
	if !r.prefix || at == continuing || at != atStart && r.startOnly ||
		r.unlessSpaced && strings.HasPrefix(text, escapedSpace) {
		return text
	}
	return escapedSpace + text
}

// squeezeSpaces is remove_extra_whitespaces of sentencepiece's normalizer.cc,
// which at the end takes U+2581 for a space. A continuation keeps one space in
// front, for it may be the one between two words.
func squeezeSpaces(text string, at place) string {
	if at != continuing {
		text = strings.TrimLeft(text, " ")
	}
	text = strings.TrimRight(text, " "+escapedSpace)
	var b strings.Builder
	b.Grow(len(text))
	for i := range len(text) {
		if text[i] != ' ' || i == 0 || text[i-1] != ' ' {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// wordsApart reports whether no token has a U+2581 after another character, as
// usual. Then nothing merges across such a place, and what lies between two of
// them can be encoded by itself: the same ids from heaps that stay in the cache.
func wordsApart(tokens *index) bool {
	if _, ok := tokens.find(escapedSpace); !ok {
		return false // a run of unknown characters might cross
	}
	for id := range tokens.all() {
		if token := tokens.text(id); splitWord(token) < len(token) {
			return false
		}
	}
	return true
}

// splitWord cuts in front of every U+2581 after another character.
func splitWord(s string) int {
	first := 0
	for strings.HasPrefix(s[first:], escapedSpace) {
		first += len(escapedSpace)
	}
	if i := strings.Index(s[first:], escapedSpace); i >= 0 {
		return first + i
	}
	return len(s)
}

// parseByteToken reads the literal of a byte-fallback token, "<0x0A>".
func parseByteToken(literal string) (byte, bool) {
	if len(literal) != 6 || literal[:3] != "<0x" || literal[5] != '>' {
		return 0, false
	}
	high, low := hexDigit(literal[3]), hexDigit(literal[4])
	return high<<4 | low, high < 16 && low < 16
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
