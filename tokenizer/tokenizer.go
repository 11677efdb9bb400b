// Package tokenizer turns text into token ids and back, exactly as the
// reference tokenizers of the BitNet b1.58 checkpoints do: SentencePiece BPE
// (the LLaMA vocabulary of 1bitLLM) and byte-level BPE (Llama-3, 2B-4T, Falcon3).
//
// New reads the files (load.go; spmfile.go and jsonfile.go for the formats).
// Encoding cuts added tokens out of a text (added.go), then cuts or escapes it
// (split.go, sentencepiece.go) and merges what is left (merge.go). Stream turns
// ids back into text.
package tokenizer

import "errors"

// ErrUnsupported marks a tokenizer file that uses a component Tern does not
// implement; the wrapping error names it.
var ErrUnsupported = errors.New("unsupported tokenizer")

// ErrDamaged marks a tokenizer file that contradicts itself or its format.
var ErrDamaged = errors.New("damaged tokenizer")

// ErrOther marks a tokenizer that belongs to another model: it has more tokens
// of text than the model has rows in its embedding.
var ErrOther = errors.New("tokenizer of another model")

// ErrNone is returned by New when no file describes a tokenizer.
var ErrNone = errors.New("no tokenizer")

// Tokenizer is immutable and safe for concurrent use. Constructors validate,
// so its methods cannot fail.
type Tokenizer interface {
	// Encode returns the ids of a text that starts a sequence, without BOS.
	// Special tokens are never matched in it: "</s>" stays four characters.
	// Added tokens that the files mark as not special are, as by the reference.
	Encode(text string) []int32
	// EncodeContinuation is Encode for a text that continues another: a
	// SentencePiece vocabulary adds no dummy space in front of it.
	EncodeContinuation(text string) []int32
	// EncodeSpecial is Encode with added and special tokens in the text
	// matched first, longest literal first, as the reference does.
	EncodeSpecial(text string) []int32
	// EncodeParts is EncodeSpecial of the parts' texts in a row, but that it
	// matches tokens only where a part allows it, and never across parts.
	EncodeParts(parts []Part) []int32
	// Bytes returns what a token adds to the text, a space for U+2581 and
	// nothing for a control token. The caller must not change the slice.
	Bytes(id int32) []byte
	// Literal returns a token's name as the vocabulary spells it: "▁the", "</s>".
	Literal(id int32) string
	// Special returns the id of an added or control token by its literal.
	Special(literal string) (id int32, ok bool)
	// StripsLeadingSpace reports whether the decoder drops one space at the
	// very start of a sequence (the dummy prefix of SentencePiece).
	StripsLeadingSpace() bool
	// BOS returns the id to put before a text, and whether to put it there.
	BOS() (id int32, add bool)
	// EOS returns the id that ends a text, -1 where the files name none.
	EOS() int32
	// VocabSize is one more than the largest id.
	VocabSize() int
	// Kind names the algorithm for people: "SentencePiece BPE" or "byte-level BPE".
	Kind() string
}
