package tokenizer

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// roundTrip makes the tokenizer of files by way of a GGUF vocabulary.
func roundTrip(t *testing.T, files vocab.Files) (Tokenizer, *vocab.GGUF) {
	t.Helper()
	v, err := ToGGUF(files)
	if err != nil {
		t.Fatal(err)
	}
	return mustNew(t, vocab.Files{GGUF: v}), v
}

// TestToGGUFGolden writes the golden tokenizers and checks their cases.
func TestToGGUFGolden(t *testing.T) {
	for name, c := range map[string]struct {
		golden string
		files  vocab.Files
	}{
		"tokenizer.model":       {"spm", vocab.Files{SentencePiece: readFile(t, "testdata/spm/tokenizer.model"), Config: readFile(t, "testdata/spm/tokenizer_config.json")}},
		"SentencePiece as JSON": {"spm", vocab.Files{JSON: readFile(t, "testdata/spm/tokenizer.json")}},
		"byte-level":            {"bpe", vocab.Files{JSON: readFile(t, "testdata/bpe/tokenizer.json"), Config: readFile(t, "testdata/bpe/tokenizer_config.json")}},
	} {
		t.Run(name, func(t *testing.T) {
			tok, v := roundTrip(t, c.files)
			want := mustNew(t, c.files)
			g := readGolden(t, c.golden)
			for _, c := range g.Cases {
				if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, want.EncodeSpecial(c.Text)) {
					t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, want.EncodeSpecial(c.Text))
				}
				if got := tok.Encode(c.Text); !strings.Contains(c.Text, "<") && !slices.Equal(got, c.IDs) {
					t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
				}
				if got := Decode(tok, c.IDs); got != Decode(want, c.IDs) {
					t.Errorf("Decode(%v) = %q, want %q", c.IDs, got, Decode(want, c.IDs))
				}
			}
			for _, c := range g.SpecialCases {
				if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, want.EncodeSpecial(c.Text)) {
					t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, want.EncodeSpecial(c.Text))
				}
			}
			if again, err := ToGGUF(vocab.Files{GGUF: v}); err != nil || !slices.Equal(again.Tokens, v.Tokens) || again == v {
				t.Errorf("a GGUF vocabulary: %v, %v", again == v, err)
			}
		})
	}
}

// TestToGGUFVocabularies checks the cases of llama.cpp after the detour.
func TestToGGUFVocabularies(t *testing.T) {
	dir := filepath.Join(sharedFolder(t), "tokenizers")
	for _, c := range []struct {
		cases string
		files vocab.Files
	}{
		{"llama-spm", vocab.Files{SentencePiece: readFile(t, dir, "llama-32000.tokenizer.model")}},
		{"llama-spm", vocab.Files{JSON: readFile(t, dir, "llama-32000.tokenizer.json")}},
		{"llama-bpe", vocab.Files{JSON: readFile(t, dir, "llama3-128256.tokenizer.json"), Config: readFile(t, dir, "llama3-128256.tokenizer_config.json")}},
	} {
		tok, v := roundTrip(t, c.files)
		if c.cases == "llama-bpe" && v.EOT != 128009 {
			t.Errorf("EOT is %d", v.EOT)
		}
		texts, ids := llamaVocabulary(t, filepath.Dir(dir), c.cases)
		for i, text := range texts {
			if got := tok.Encode(text); !slices.Equal(got, ids[i]) {
				t.Errorf("%s: Encode(%q) = %v, want %v", c.cases, text, got, ids[i])
			}
		}
	}
}

// TestToGGUFHabits: what the format has no keys for survives.
func TestToGGUFHabits(t *testing.T) {
	model := readFile(t, "testdata", "spm", "tokenizer.model")
	metaspace := func(scheme, split string) []byte {
		return edit(t, "spm", "normalizer", "null", "pre_tokenizer",
			`{"type":"Metaspace","replacement":"▁","prepend_scheme":"`+scheme+`","split":`+split+`}`)
	}
	for name, c := range map[string]struct {
		files  vocab.Files
		habits []string
	}{
		"usual":            {vocab.Files{SentencePiece: model}, nil},
		"legacy off":       {vocab.Files{SentencePiece: model, Config: []byte(`{"legacy": false}`)}, []string{habitOnce}},
		"no dummy space":   {vocab.Files{SentencePiece: model, Config: []byte(`{"add_prefix_space": false, "legacy": false}`)}, nil},
		"squeezed":         {vocab.Files{SentencePiece: withFields(t, message(3, varint(4, 1)))}, []string{habitSqueeze}},
		"added text":       {vocab.Files{SentencePiece: model, AddedTokens: []byte(`{"<x>": 400}`), Config: []byte(`{"added_tokens_decoder": {"400": {"content": "<x>"}}}`)}, []string{habitApart}},
		"added marker":     {vocab.Files{SentencePiece: model, AddedTokens: []byte(`{"<pad>": 402}`)}, nil},
		"user-defined":     {vocab.Files{SentencePiece: withFields(t, pieceField("<x>", 0, pieceUserDefined))}, nil},
		"no BOS":           {vocab.Files{SentencePiece: model, Config: []byte(`{"add_bos_token": false}`)}, nil},
		"JSON":             {vocab.Files{JSON: edit(t, "spm")}, []string{habitRanks}},
		"Metaspace":        {vocab.Files{JSON: metaspace("first", "false")}, []string{habitRanks, habitOnce, habitSpaced}},
		"Metaspace, words": {vocab.Files{JSON: metaspace("always", "true")}, []string{habitRanks, habitWords, habitSpaced}},
	} {
		t.Run(name, func(t *testing.T) {
			tok, v := roundTrip(t, c.files)
			if !slices.Equal(v.Habits, c.habits) {
				t.Errorf("habits %q, want %q", v.Habits, c.habits)
			}
			want := mustNew(t, c.files)
			for _, text := range []string{"", " ", "a b", "  two  spaces ", "a</s> b<s>c <x>d<pad>e", "<x>", "naïve\t東京"} {
				if got := tok.Encode(text); !slices.Equal(got, want.Encode(text)) {
					t.Errorf("Encode(%q) = %v, want %v", text, got, want.Encode(text))
				}
				if got := tok.EncodeSpecial(text); !slices.Equal(got, want.EncodeSpecial(text)) {
					t.Errorf("EncodeSpecial(%q) = %v, want %v", text, got, want.EncodeSpecial(text))
				}
			}
			a, addA := tok.BOS()
			b, addB := want.BOS()
			if a != b || addA != addB || tok.EOS() != want.EOS() || tok.VocabSize() != want.VocabSize() {
				t.Errorf("BOS %d %v, EOS %d, %d tokens", a, addA, tok.EOS(), tok.VocabSize())
			}
		})
	}
}

// TestToGGUFRefused: what a file could not say is named.
func TestToGGUFRefused(t *testing.T) {
	gpt2, err := json.Marshal(gpt2Pattern)
	if err != nil {
		t.Fatal(err)
	}
	split := `{"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","pattern":{"Regex":` + string(gpt2) +
		`}},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}`
	model := readFile(t, "testdata", "spm", "tokenizer.model")
	for name, c := range map[string]struct {
		files vocab.Files
		kind  error
		says  string
	}{
		"an odd template":     {vocab.Files{SentencePiece: model, Config: []byte(`{"chat_template": 7}`)}, ErrDamaged, "neither a text nor a list"},
		"another pattern":     {vocab.Files{JSON: edit(t, "bpe", "pre_tokenizer", split)}, ErrUnsupported, "pre-tokenizer"},
		"another normalizer":  {vocab.Files{JSON: edit(t, "bpe", "normalizer", `{"type":"Lowercase"}`)}, ErrUnsupported, "normalizer"},
		"a normalizer of spm": {vocab.Files{JSON: edit(t, "spm", "normalizer", `{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}`)}, ErrUnsupported, "NFKC"},
		"greedy white space":  {vocab.Files{SentencePiece: model, Config: []byte(`{"added_tokens_decoder": {"400": {"content": "<x>", "lstrip": true}}}`)}, ErrUnsupported, `"<x>"`},
		"both kinds of added": {vocab.Files{SentencePiece: withFields(t, pieceField("<y>", 0, pieceUserDefined)), Config: []byte(`{"added_tokens_decoder": {"401": {"content": "<x>"}}}`)}, ErrUnsupported, `"<x>"`},
		"text and marker":     {vocab.Files{SentencePiece: withFields(t, pieceField("<y>", 0, pieceNormal)), AddedTokens: []byte(`{"<y>": 400}`)}, ErrUnsupported, `"<y>"`},
		"no byte fallback":    {vocab.Files{JSON: edit(t, "spm", "model.byte_fallback", "false")}, ErrUnsupported, "byte fallback"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ToGGUF(c.files); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %v that says %s", err, c.kind, c.says)
			}
		})
	}
	if v, err := ToGGUF(vocab.Files{}); v != nil || err != nil {
		t.Errorf("nothing: %v, %v, want neither vocabulary nor error", v, err)
	}
	v := vocabOfModel(t, "testdata", "spm", "tokenizer.model")
	v.Habits = []string{"sing"}
	if _, err := New(vocab.Files{GGUF: v}); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `"sing"`) {
		t.Errorf("an unknown habit: %v", err)
	}
}
