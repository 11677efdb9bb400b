package tokenizer

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// vocabOfModel is the GGUF vocabulary of a tokenizer.model, as converters make
// it.
func vocabOfModel(t testing.TB, path ...string) *vocab.GGUF {
	t.Helper()
	f := spmFile{bos: 1, eos: 2}
	if err := f.read(readFile(t, path...)); err != nil {
		t.Fatal(err)
	}
	v := &vocab.GGUF{Model: "llama", Pre: "default", Tokens: f.pieces, Scores: f.scores, BOS: f.bos, EOS: f.eos, EOT: -1, UNK: 0, PAD: -1}
	for _, kind := range f.types {
		v.Types = append(v.Types, int32(kind))
	}
	return v
}

// vocabOfJSON is the GGUF vocabulary of a byte-level tokenizer.json.
func vocabOfJSON(t testing.TB, bos string, path ...string) *vocab.GGUF {
	t.Helper()
	var f jsonFile
	if err := json.Unmarshal(readFile(t, path...), &f); err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, id := range f.Model.Vocab {
		size = max(size, int(id)+1)
	}
	for _, a := range f.Added {
		size = max(size, int(a.ID)+1)
	}
	v := &vocab.GGUF{Model: "gpt2", Pre: "llama-bpe", Tokens: make([]string, size), Types: make([]int32, size), BOS: -1, EOS: -1, EOT: -1, UNK: -1, PAD: -1}
	for literal, id := range f.Model.Vocab {
		v.Tokens[id], v.Types[id] = literal, 1
	}
	for _, a := range f.Added {
		v.Tokens[a.ID], v.Types[a.ID] = a.Content, 4
		if a.Special {
			v.Types[a.ID] = 3
		}
		if a.Content == bos {
			v.BOS, v.EOS = a.ID, a.ID+1
		}
	}
	merges, err := f.Model.merges()
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range merges {
		v.Merges = append(v.Merges, pair[0]+" "+pair[1])
	}
	return v
}

func TestGGUFSentencePiece(t *testing.T) {
	tok := mustNew(t, vocab.Files{GGUF: vocabOfModel(t, "testdata", "spm", "tokenizer.model")})
	g := readGolden(t, "spm")
	for _, c := range g.Cases {
		if got := tok.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
		}
		if got := Decode(tok, c.IDs); got != c.Decoded {
			t.Errorf("Decode(%v) = %q, want %q", c.IDs, got, c.Decoded)
		}
	}
	for _, c := range g.SpecialCases {
		if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, c.IDs)
		}
	}
	if id, add := tok.BOS(); id != 1 || !add || tok.EOS() != 2 || tok.VocabSize() != 400 || tok.Kind() != "SentencePiece BPE" || !tok.StripsLeadingSpace() {
		t.Errorf("BOS %d %v, EOS %d, %d tokens, %s, strips %v", id, add, tok.EOS(), tok.VocabSize(), tok.Kind(), tok.StripsLeadingSpace())
	}
}

func TestGGUFByteLevel(t *testing.T) {
	v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
	for _, pre := range []string{"llama-bpe", "llama3", "llama-v3", "falcon3"} {
		v.Pre = pre
		tok := mustNew(t, vocab.Files{GGUF: v})
		for _, c := range readGolden(t, "bpe").Cases {
			if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, c.IDs) {
				t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, c.IDs)
			}
			if got := Decode(tok, c.IDs); got != c.SkipSpecial {
				t.Errorf("Decode(%v) = %q, want %q", c.IDs, got, c.SkipSpecial)
			}
		}
		if id, add := tok.BOS(); id != 406 || !add || tok.EOS() != 407 || tok.VocabSize() != 414 || tok.Kind() != "byte-level BPE" {
			t.Errorf("BOS %d %v, EOS %d, %d tokens, %s", id, add, tok.EOS(), tok.VocabSize(), tok.Kind())
		}
	}
}

// TestGGUFLlama3 has the vocabulary of 2B-4T as its official file holds it:
// without the name of a pre-tokenizer.
func TestGGUFLlama3(t *testing.T) {
	dir := sharedFolder(t)
	v := vocabOfJSON(t, llama3BOS, dir, "tokenizers", "llama3-128256.tokenizer.json")
	texts, ids := llamaVocabulary(t, dir, "llama-bpe")
	for _, pre := range []string{"", "default", "llama-bpe"} {
		v.Pre = pre
		tok := mustNew(t, vocab.Files{GGUF: v})
		for i, text := range texts {
			if got := tok.Encode(text); !slices.Equal(got, ids[i]) {
				t.Errorf("pre %q, Encode(%q) = %v, want %v", pre, text, got, ids[i])
			}
			if got := Decode(tok, ids[i]); got != text {
				t.Errorf("pre %q, Decode = %q, want %q", pre, got, text)
			}
		}
		if id, add := tok.BOS(); id != 128000 || !add {
			t.Errorf("pre %q: BOS %d %v", pre, id, add)
		}
		if eot, ok := tok.Special("<|eot_id|>"); eot != 128009 || !ok || tok.Bytes(eot) != nil {
			t.Errorf("<|eot_id|> is %d %v", eot, ok)
		}
	}
}

// TestGGUFFlags: what the file says about BOS and the dummy space holds.
func TestGGUFFlags(t *testing.T) {
	yes, no := true, false
	spm := func() *vocab.GGUF { return vocabOfModel(t, "testdata", "spm", "tokenizer.model") }
	bpe := func() *vocab.GGUF { return vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json") }
	for name, c := range map[string]struct {
		v      *vocab.GGUF
		change func(*vocab.GGUF)
		bos    bool
		space  bool
	}{
		"SentencePiece":            {spm(), func(*vocab.GGUF) {}, true, true},
		"without BOS":              {spm(), func(v *vocab.GGUF) { v.AddBOS = &no }, false, true},
		"without a space":          {spm(), func(v *vocab.GGUF) { v.AddSpacePrefix = &no }, true, false},
		"SentencePiece, customary": {spm(), func(v *vocab.GGUF) { v.BOS, v.EOS = -1, -1 }, true, true},
		"byte level":               {bpe(), func(*vocab.GGUF) {}, true, false},
		"byte level, said":         {bpe(), func(v *vocab.GGUF) { v.AddBOS = &yes }, true, false},
		"byte level, denied":       {bpe(), func(v *vocab.GGUF) { v.AddBOS = &no }, false, false},
	} {
		c.change(c.v)
		tok := mustNew(t, vocab.Files{GGUF: c.v})
		if id, add := tok.BOS(); add != c.bos || id < 0 || tok.EOS() < 0 || tok.StripsLeadingSpace() != c.space {
			t.Errorf("%s: BOS %d %v, EOS %d, strips %v", name, id, add, tok.EOS(), tok.StripsLeadingSpace())
		}
	}
}

// TestGGUFTypes: markers are not text, unused tokens neither text nor markers.
func TestGGUFTypes(t *testing.T) {
	v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
	pad, user := int32(len(v.Tokens)), int32(len(v.Tokens)+1)
	v.Tokens, v.Types = append(v.Tokens, "[PAD414]", "<tool>"), append(v.Types, 5, 4)
	tok := mustNew(t, vocab.Files{GGUF: v})
	for text, want := range map[string]bool{"a[PAD414]b": false, "a<tool>b": true, "a<|begin_of_text|>b": false} {
		if got := slices.Contains(tok.Encode(text), user); got != want || slices.Contains(tok.Encode(text), pad) || slices.Contains(tok.Encode(text), v.BOS) {
			t.Errorf("Encode(%q) = %v", text, tok.Encode(text))
		}
	}
	if string(tok.Bytes(user)) != "<tool>" || len(tok.Bytes(v.BOS)) != 0 {
		t.Errorf("bytes %q and %q", tok.Bytes(user), tok.Bytes(v.BOS))
	}
	// Without types every token is text, but for those that the file names.
	v = vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
	v.Types = nil
	tok = mustNew(t, vocab.Files{GGUF: v})
	if id, add := tok.BOS(); id != 406 || !add || len(tok.Bytes(id)) != 0 {
		t.Errorf("without types: BOS %d %v, bytes %q", id, add, tok.Bytes(id))
	}
}

func TestGGUFRefuses(t *testing.T) {
	spm := func(change func(*vocab.GGUF)) *vocab.GGUF {
		v := vocabOfModel(t, "testdata", "spm", "tokenizer.model")
		change(v)
		return v
	}
	bpe := func(change func(*vocab.GGUF)) *vocab.GGUF {
		v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
		change(v)
		return v
	}
	for name, c := range map[string]struct {
		v    *vocab.GGUF
		kind error
		says string
	}{
		"another model":            {spm(func(v *vocab.GGUF) { v.Model = "bert" }), ErrUnsupported, `"bert"`},
		"an unknown pre-tokenizer": {bpe(func(v *vocab.GGUF) { v.Pre = "falcon_f" }), ErrUnsupported, `"falcon_f"`},
		"few types":                {bpe(func(v *vocab.GGUF) { v.Types = v.Types[1:] }), ErrDamaged, "413 types"},
		"no tokens":                {bpe(func(v *vocab.GGUF) { v.Tokens, v.Types = nil, nil }), ErrDamaged, "0 tokens"},
		"half a merge":             {bpe(func(v *vocab.GGUF) { v.Merges[3] = "x" }), ErrDamaged, "merge 3"},
		"the same token twice":     {bpe(func(v *vocab.GGUF) { v.Tokens[300] = v.Tokens[301] }), ErrDamaged, "both"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(vocab.Files{GGUF: c.v})
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v that says %q", err, c.kind, c.says)
			}
		})
	}
}
