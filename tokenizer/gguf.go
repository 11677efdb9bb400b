package tokenizer

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"tern/tokenizer/vocab"
)

// ggufVocab reads and makes the vocabulary of a GGUF file.
type ggufVocab struct{ *vocab.GGUF }

// The habits of SentencePiece tokenizers, which a GGUF file has no keys for; ToGGUF
// writes them.
const (
	habitRanks   = "merge by rank"               // of Merges, as tokenizer.json does, not by score
	habitWords   = "merge inside words"          // a word starts at every space
	habitOnce    = "dummy space at start only"   // not after every special token
	habitSpaced  = "dummy space unless spaced"   // not in front of a space
	habitSqueeze = "squeeze spaces"              // outer ones are dropped, runs become one
	habitApart   = "user-defined tokens are cut" // out of a text first, like special ones
)

var habits = []string{habitRanks, habitWords, habitOnce, habitSpaced, habitSqueeze, habitApart}

func (v ggufVocab) has(habit string) bool { return slices.Contains(v.Habits, habit) }

// tokenizer makes the tokenizer of a GGUF vocabulary. AddEOS is for training
// and EOT for chats; neither changes how a text is encoded.
func (v ggufVocab) tokenizer(c *config) (*tokenizer, error) {
	c.bos, c.eos = append(c.bos, v.literal(v.BOS)), append(c.eos, v.literal(v.EOS))
	if c.addBOS == nil {
		c.addBOS = v.AddBOS
	}
	if len(v.Tokens) == 0 || len(v.Tokens) > maxVocab || v.Types != nil && len(v.Types) != len(v.Tokens) {
		return nil, fmt.Errorf("tokenizer: GGUF: %d tokens, %d types: %w", len(v.Tokens), len(v.Types), ErrDamaged)
	}
	c.unused = func(id int32) bool { return v.Types != nil && int(id) < len(v.Types) && v.kind(id) == pieceUnused }
	switch v.Model {
	case "llama":
		return v.sentencePiece(c)
	case "gpt2":
		return v.byteLevel(c)
	}
	return nil, fmt.Errorf("tokenizer: GGUF: model %q: %w", v.Model, ErrUnsupported)
}

// literal is the token with an id, "" where there is none.
func (v ggufVocab) literal(id int32) string {
	if id < 0 || int(id) >= len(v.Tokens) {
		return ""
	}
	return v.Tokens[id]
}

// sentencePiece makes a SentencePiece tokenizer. llama.cpp puts the dummy space
// in front of a text and after every special token.
func (v ggufVocab) sentencePiece(c *config) (*tokenizer, error) {
	for _, h := range v.Habits {
		if !slices.Contains(habits, h) {
			return nil, fmt.Errorf("tokenizer: GGUF: habit %q: %w", h, ErrUnsupported)
		}
	}
	spaces := spacing{
		prefix:       v.AddSpacePrefix == nil || *v.AddSpacePrefix,
		startOnly:    v.has(habitOnce),
		unlessSpaced: v.has(habitSpaced),
		squeeze:      v.has(habitSqueeze),
	}
	types, scores := v.pieceTypes(), v.Scores
	if scores == nil {
		scores = make([]float32, len(v.Tokens))
		c.notes = append(c.notes, "The vocabulary has no scores; which tokens a text becomes is a guess.")
	}
	var cut []int32
	if v.has(habitRanks) || v.has(habitApart) {
		for i, t := range types {
			if t == pieceUserDefined {
				types[i], cut = pieceUnused, append(cut, int32(i))
			}
		}
	}
	var t *tokenizer
	var err error
	if v.has(habitRanks) {
		t, err = v.byRank(types, spaces)
	} else {
		t, err = newSentencePiece(v.Tokens, scores, types, spaces)
	}
	if err != nil {
		return nil, err
	}
	for _, id := range cut {
		if err := t.add(added{id: id, literal: v.Tokens[id]}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// pieceTypes are the types of the pieces, guessed by their names where the file
// has none. llama.cpp renames a piece without a name, which is then unused.
func (v ggufVocab) pieceTypes() []pieceType {
	types := make([]pieceType, len(v.Tokens))
	for i, token := range v.Tokens {
		_, isByte := parseByteToken(token)
		switch {
		case token == "":
			types[i] = pieceUnused
		case v.Types != nil:
			types[i] = pieceType(v.Types[i])
		case isByte:
			types[i] = pieceByte
		case token == "<unk>":
			types[i] = pieceUnknown
		case token == "<s>", token == "</s>":
			types[i] = pieceControl
		default:
			types[i] = pieceNormal
		}
	}
	return types
}

// byRank makes the tokenizer that a tokenizer.json with byte fallback describes.
func (v ggufVocab) byRank(types []pieceType, spaces spacing) (*tokenizer, error) {
	c := characterModel{
		vocabulary:   newVocabulary(v.Tokens),
		spacing:      spaces,
		splitWords:   v.has(habitWords),
		byteFallback: true,
		byteDecode:   true,
		unknown:      v.literal(v.UNK),
		strips:       spaces.prefix,
	}
	var marks []added
	for i, t := range types {
		switch t {
		case pieceControl:
			marks = append(marks, added{id: int32(i), literal: v.Tokens[i], special: true})
		case pieceNormal, pieceByte, pieceUnknown:
			c.ids.put(int32(i))
		}
	}
	merges, err := v.merges()
	if err != nil {
		return nil, err
	}
	c.merges = slices.Collect(merges.all)
	t, err := newCharacterLevel(c)
	if err != nil {
		return nil, err
	}
	for _, a := range marks {
		if err := t.add(a); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// merges cuts Merges into pairs. A space that comes first is part of a token.
func (v ggufVocab) merges() (mergeList, error) {
	space := func(line string) int {
		if line == "" {
			return -1
		}
		return strings.IndexByte(line[1:], ' ')
	}
	for i, line := range v.Merges {
		if space(line) < 0 {
			return mergeList{}, fmt.Errorf("tokenizer: GGUF: merge %d is %q: %w", i, line, ErrDamaged)
		}
	}
	return mergeList{len(v.Merges), func(yield func([2]string) bool) {
		for _, line := range v.Merges {
			if at := space(line); !yield([2]string{line[:1+at], line[2+at:]}) {
				return
			}
		}
	}}, nil
}

// byteLevel makes a byte-level tokenizer and notes in c whether its
// pre-tokenizer implies BOS.
func (v ggufVocab) byteLevel(c *config) (*tokenizer, error) {
	pre, err := v.preTokenizer(c)
	if err != nil {
		return nil, err
	}
	implied := pre.bos
	c.templateBOS = &implied

	text := newVocabulary(v.Tokens)
	var marks []added
	odd := 0
	for i, literal := range v.Tokens {
		id := int32(i)
		switch v.kind(id) {
		case pieceNormal, pieceByte:
		case pieceUserDefined:
			marks = append(marks, added{id: id, literal: literal})
		case pieceControl, pieceUnknown:
			marks = append(marks, added{id: id, literal: literal, special: true})
			continue
		case pieceUnused:
			continue
		default: // llama.cpp takes it for text
			odd++
		}
		if other, twice := text.ids.add(id); twice {
			return nil, fmt.Errorf("tokenizer: GGUF: tokens %d and %d are both %q: %w", other, id, literal, ErrDamaged)
		}
	}
	if odd > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%d tokens are of a type that is not known, and count as text.", odd))
	}
	merges, err := v.merges()
	if err != nil {
		return nil, err
	}
	m := byteModel{vocabulary: text, merges: merges, ignoreMerges: pre.ignoreMerges, someMerges: true}
	if pre.nfc {
		m.normalize = chain([]normalizer{anywhere(norm.NFC.String)})
	}
	if m.steps, err = pre.steps(); err != nil {
		return nil, err
	}
	t, err := newByteLevel(m)
	if err != nil {
		return nil, err
	}
	for _, a := range marks {
		if err := t.add(a); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// kind is the type of a token; without a list of them all are normal.
func (v ggufVocab) kind(id int32) pieceType {
	if v.Types == nil {
		return pieceNormal
	}
	return pieceType(v.Types[id])
}
