package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// Vocab is the vocabulary of a GGUF file: the metadata tokenizer.ggml.* and
// tokenizer.chat_template. Scores, Types and Merges are nil where the file has
// none, ids are -1, flags are nil.
type Vocab struct {
	Model  string    // "llama" for SentencePiece, "gpt2" for byte-level BPE
	Pre    string    // how a byte-level text is cut into words; may be ""
	Tokens []string  // by id
	Scores []float32 // by id, of SentencePiece
	Types  []int32   // by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
	Merges []string  // "left right", best first, of byte-level BPE

	BOS, EOS, EOT, UNK, PAD        int32
	AddBOS, AddEOS, AddSpacePrefix *bool
	ChatTemplate                   string // Jinja; "" where there is none

	// Habits are how a SentencePiece tokenizer departs from what is usual in
	// such a file and what the format has no keys for; ToGGUF writes them.
	Habits []string
}

// The habits of SentencePiece tokenizers.
const (
	habitRanks   = "merge by rank"               // of Merges, as tokenizer.json does, not by score
	habitWords   = "merge inside words"          // a word starts at every space
	habitOnce    = "dummy space at start only"   // not after every special token
	habitSpaced  = "dummy space unless spaced"   // not in front of a space
	habitSqueeze = "squeeze spaces"              // outer ones are dropped, runs become one
	habitApart   = "user-defined tokens are cut" // out of a text first, like special ones
)

var habits = []string{habitRanks, habitWords, habitOnce, habitSpaced, habitSqueeze, habitApart}

func (v *Vocab) has(habit string) bool { return slices.Contains(v.Habits, habit) }

// llama3Pre are the names that llama.cpp gives the pre-tokenizer of Llama-3,
// where a word that is a token is never merged from parts.
var llama3Pre = map[string]bool{"llama-bpe": true, "llama3": true, "llama-v3": true, "falcon3": true}

// llama3Base is how many text tokens the Llama-3 vocabulary has; the id of its
// first special token.
const llama3Base = 128_000

// readGGUF makes the tokenizer of a GGUF vocabulary. AddEOS is for training
// and EOT for chats; neither changes how a text is encoded.
func readGGUF(v *Vocab, c *config) (*tokenizer, error) {
	c.bos, c.eos = append(c.bos, v.literal(v.BOS)), append(c.eos, v.literal(v.EOS))
	if c.addBOS == nil {
		c.addBOS = v.AddBOS
	}
	if len(v.Tokens) == 0 || len(v.Tokens) > maxVocab || v.Types != nil && len(v.Types) != len(v.Tokens) {
		return nil, fmt.Errorf("tokenizer: GGUF: %d tokens, %d types: %w", len(v.Tokens), len(v.Types), ErrDamaged)
	}
	switch v.Model {
	case "llama":
		return v.sentencePiece()
	case "gpt2":
		return v.byteLevel(c)
	}
	return nil, fmt.Errorf("tokenizer: GGUF: model %q: %w", v.Model, ErrUnsupported)
}

// literal is the token with an id, "" where there is none.
func (v *Vocab) literal(id int32) string {
	if id < 0 || int(id) >= len(v.Tokens) {
		return ""
	}
	return v.Tokens[id]
}

// sentencePiece makes a SentencePiece tokenizer. llama.cpp puts the dummy space
// in front of a text and behind every special token.
func (v *Vocab) sentencePiece() (*tokenizer, error) {
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
	types := make([]pieceType, len(v.Types))
	for i, t := range v.Types {
		types[i] = pieceType(t)
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
		t, err = newSentencePiece(v.Tokens, v.Scores, types, spaces)
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

// byRank makes the tokenizer that a tokenizer.json with byte fallback describes.
func (v *Vocab) byRank(types []pieceType, spaces spacing) (*tokenizer, error) {
	c := characterModel{
		vocabulary:   vocabulary{literals: v.Tokens, ids: make(map[string]int32, len(types))},
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
			c.ids[v.Tokens[i]] = int32(i)
		}
	}
	var err error
	if c.merges, err = v.merges(); err != nil {
		return nil, err
	}
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

// merges cuts Merges into pairs.
func (v *Vocab) merges() ([][2]string, error) {
	merges := make([][2]string, len(v.Merges))
	for i, line := range v.Merges {
		left, right, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("tokenizer: GGUF: merge %d is %q: %w", i, line, ErrDamaged)
		}
		merges[i] = [2]string{left, right}
	}
	return merges, nil
}

// byteLevel makes a byte-level tokenizer and notes in c whether its
// pre-tokenizer implies BOS.
func (v *Vocab) byteLevel(c *config) (*tokenizer, error) {
	// The official file of 2B-4T names no pre-tokenizer and llama.cpp falls
	// back to one of its own, with which the model was not trained.
	if !llama3Pre[v.Pre] && !(v.unnamedPre() && v.isLlama3()) {
		return nil, fmt.Errorf("tokenizer: GGUF: pre-tokenizer %q: %w", v.Pre, ErrUnsupported)
	}
	implied := true
	c.templateBOS = &implied

	text := vocabulary{literals: v.Tokens, ids: make(map[string]int32, len(v.Tokens))}
	var marks []added
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
		default:
			return nil, fmt.Errorf("tokenizer: GGUF: token %d has type %d: %w", id, v.Types[i], ErrUnsupported)
		}
		if other, twice := text.ids[literal]; twice {
			return nil, fmt.Errorf("tokenizer: GGUF: tokens %d and %d are both %q: %w", other, id, literal, ErrDamaged)
		}
		text.ids[literal] = id
	}
	merges, err := v.merges()
	if err != nil {
		return nil, err
	}
	t, err := newByteLevel(text, merges, []splitter{splitPatterns[llama3Pattern]}, true)
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
func (v *Vocab) kind(id int32) pieceType {
	if v.Types == nil {
		return pieceNormal
	}
	return pieceType(v.Types[id])
}

func (v *Vocab) unnamedPre() bool { return v.Pre == "" || v.Pre == "default" }

func (v *Vocab) isLlama3() bool {
	return v.Model == "gpt2" && (len(v.Tokens) == llama3Base+256 || v.literal(llama3Base) == llama3BOS)
}
