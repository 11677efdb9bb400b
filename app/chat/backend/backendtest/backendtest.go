// Package backendtest has tokenizers for tests of conversations.
package backendtest

import (
	"os"
	"path/filepath"
	"testing"

	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// Letters is a tokenizer with a token for each byte, and BOS.
type Letters struct{}

// BOS is the id that Letters begins a text with.
const BOS = 256

func (Letters) Encode(text string) []int32 {
	ids := make([]int32, 0, len(text))
	for i := range len(text) {
		ids = append(ids, int32(text[i]))
	}
	return ids
}
func (l Letters) EncodeContinuation(text string) []int32 { return l.Encode(text) }
func (l Letters) EncodeSpecial(text string) []int32      { return l.Encode(text) }
func (l Letters) EncodeParts(parts []tokenizer.Part) (ids []int32) {
	for _, p := range parts {
		ids = append(append(ids, p.IDs...), l.Encode(p.Text)...)
	}
	return ids
}
func (Letters) Bytes(id int32) []byte {
	if id == BOS {
		return nil
	}
	return []byte{byte(id)}
}
func (Letters) Literal(id int32) string      { return string(rune(id)) }
func (Letters) Special(string) (int32, bool) { return 0, false }
func (Letters) StripsLeadingSpace() bool     { return false }
func (Letters) BOS() (int32, bool)           { return BOS, true }
func (Letters) EOS() int32                   { return -1 }
func (Letters) VocabSize() int               { return BOS + 1 }
func (Letters) Kind() string                 { return "letters" }

// Vocabulary returns one of the tokenizer package's test vocabularies, "spm" or
// "bpe". root is the path to the module's root.
func Vocabulary(t testing.TB, root, name string) tokenizer.Tokenizer {
	t.Helper()
	dir := filepath.Join(root, "tokenizer", "testdata", name)
	var f vocab.Files
	for file, into := range map[string]*[]byte{"tokenizer.json": &f.JSON, "tokenizer_config.json": &f.Config} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		*into = raw
	}
	tok, err := tokenizer.New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// LetterByLetter encodes an ASCII text as no encoder would.
func LetterByLetter(t testing.TB, tok tokenizer.Tokenizer, text string) []int32 {
	t.Helper()
	var ids []int32
	for i := range len(text) {
		one := tok.EncodeContinuation(text[i : i+1])
		if len(one) != 1 {
			t.Fatalf("%q takes %d tokens", text[i:i+1], len(one))
		}
		ids = append(ids, one...)
	}
	return ids
}
