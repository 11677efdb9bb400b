package tokenizer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// oddVocabulary is a golden vocabulary in the form that GGUF has, with a change.
func oddVocabulary(t *testing.T, name string, change func(*vocab.GGUF)) vocab.Files {
	t.Helper()
	var v *vocab.GGUF
	if name == "spm" {
		v = vocabOfModel(t, "testdata", "spm", "tokenizer.model")
	} else {
		v = vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
		v.Merges = nil // some name the token that is changed
	}
	change(v)
	return vocab.Files{GGUF: v}
}

// What no text can become does no harm: ids without a token, tokens that are no
// UTF-8, nor what a byte-level vocabulary can hold, scores beyond all others.
func TestOddVocabularies(t *testing.T) {
	const odd = 300
	for name, c := range map[string]struct {
		files vocab.Files
		size  int
	}{
		"holes in spm":          {vocab.Files{JSON: edit(t, "spm", "model.vocab.zz", "5000")}, 5001},
		"holes in bpe":          {vocab.Files{JSON: edit(t, "bpe", "model.vocab.zz", "5000")}, 5001},
		"as many as may be":     {vocab.Files{JSON: edit(t, "bpe", "model.vocab.zz", "1048575")}, 1 << 20},
		"no UTF-8 in spm":       {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Tokens[odd] = "\xff\xfe" }), 400},
		"no UTF-8 in bpe":       {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Tokens[odd] = "\xff\xfe" }), 414},
		"no byte-level in bpe":  {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Tokens[odd] = "a b" }), 414},
		"nothing in bpe":        {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Tokens[odd] = "" }), 414},
		"nothing in spm":        {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Tokens[odd] = "" }), 400},
		"no types in spm":       {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Types = nil }), 400},
		"no scores in spm":      {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Scores = nil }), 400},
		"a type of its own":     {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Types[odd] = 9 }), 414},
		"a merge of nothing":    {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Merges = []string{"x qqq"} }), 414},
		"a byte without token":  {oddVocabulary(t, "bpe", func(v *vocab.GGUF) { v.Types[slices.Index(v.Tokens, "!")] = 5 }), 414},
		"an infinite score":     {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Scores[odd] = float32(math.Inf(1)) }), 400},
		"infinite in the minus": {oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Scores[odd] = float32(math.Inf(-1)) }), 400},
	} {
		tok := mustNew(t, c.files)
		if tok.VocabSize() != c.size {
			t.Errorf("%s: %d tokens, want %d", name, tok.VocabSize(), c.size)
		}
		const text = "Hello world, 123"
		ids := tok.EncodeSpecial(text)
		if got := Decode(tok, ids); strings.TrimSpace(got) != text {
			t.Errorf("%s: %q becomes %v, %q", name, text, ids, got)
		}
		for id := range int32(min(c.size, 6000)) { // none panics
			_, _ = tok.Literal(id), Decode(tok, []int32{id})
		}
		if hole := int32(4500); c.size > 5000 && (len(tok.Bytes(hole)) > 0 || tok.Literal(hole) != "") {
			t.Errorf("%s: id %d is %q", name, hole, tok.Literal(hole))
		}
	}
	for says, files := range map[string]vocab.Files{
		"piece 300 has no score":         oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Scores[odd] = float32(math.NaN()) }),
		"is empty or there twice":        oddVocabulary(t, "spm", func(v *vocab.GGUF) { v.Tokens[odd] = v.Tokens[odd+1] }),
		`is both`:                        {JSON: edit(t, "bpe", "model.vocab.zz", "300")},
		`"zz" has id 1048576, want 0 to`: {JSON: edit(t, "bpe", "model.vocab.zz", "1048576")},
	} {
		if _, err := New(files); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}
