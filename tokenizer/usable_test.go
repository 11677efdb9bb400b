package tokenizer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// TestUsable opens what the reference opens, and says what was passed over.
func TestUsable(t *testing.T) {
	bpe := readFile(t, "testdata", "bpe", "tokenizer.json")
	spm := readFile(t, "testdata", "spm", "tokenizer.model")
	gguf := func(change func(*vocab.GGUF)) *vocab.GGUF {
		v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
		change(v)
		return v
	}
	for _, c := range []struct {
		name  string
		files vocab.Files
		text  string
		ids   []int32 // by EncodeSpecial
		note  string
	}{
		{"a pad behind the embedding", vocab.Files{JSON: bpe, AddedTokens: []byte(`{"<pad>":414}`), Rows: 414}, "H<pad>", []int32{39, 27, 79, 64, 67, 29}, "415 tokens, the model 414"},
		{"a pad in it", vocab.Files{JSON: bpe, AddedTokens: []byte(`{"<pad>":414}`), Rows: 415}, "H<pad>", []int32{39, 414}, ""},
		{"in tokenizer_config.json", vocab.Files{JSON: bpe, Config: []byte(`{"added_tokens_decoder":{"500":{"content":"<pad>"}}}`), Rows: 414}, "H", []int32{39}, "501 tokens"},
		{"an unused token of a GGUF file", vocab.Files{GGUF: gguf(func(v *vocab.GGUF) { v.Tokens, v.Types = append(v.Tokens, "[PAD414]"), append(v.Types, 5) }), Rows: 414}, "H", []int32{39}, "415 tokens"},
		{"a control token of a GGUF file", vocab.Files{GGUF: gguf(func(v *vocab.GGUF) { v.Tokens, v.Types = append(v.Tokens, "<|x|>"), append(v.Types, 3) }), Rows: 414}, "H<", []int32{39, 27}, "415 tokens"},
		{"a renamed token", vocab.Files{JSON: bpe, Config: []byte(`{"added_tokens_decoder":{"408":{"content":"<|im_start|>","special":true}}}`)}, "H<|im_start|>H", []int32{39, 408, 39}, `"<|reserved_special_token_0|>" is called "<|im_start|>"`},
		{"renamed by added_tokens.json", vocab.Files{JSON: bpe, AddedTokens: []byte(`{"<|im_start|>":408}`)}, "H<|im_start|>H", []int32{39, 408, 39}, "is called"},
		{"the id of a text", vocab.Files{JSON: bpe, AddedTokens: []byte(`{"<|im_start|>":39}`)}, "H<|im_start|>H", []int32{39, 414, 39}, "414 is taken instead"},
		{"a name that is not there", vocab.Files{JSON: bpe, Config: []byte(`{"eos_token":"<|im_end|>"}`)}, "H", []int32{39}, `"<|im_end|>", which is not in the vocabulary`},
		{"a list of names", vocab.Files{JSON: bpe, SpecialTokens: []byte(`{"bos_token":["<|begin_of_text|>"],"eos_token":[]}`)}, "H", []int32{39}, ""},
		{"an empty added token", vocab.Files{SentencePiece: spm, AddedTokens: []byte(`{"":400}`)}, "", nil, "empty"},
		{"a long one", vocab.Files{JSON: bpe, AddedTokens: []byte(`{"` + strings.Repeat("x", maxAdded+1) + `":414}`)}, "H", []int32{39}, "257 bytes"},
		{"dropout", vocab.Files{JSON: edit(t, "bpe", "model.dropout", "0.1")}, "H", []int32{39}, "dropout"},
		{"Python's JSON", vocab.Files{JSON: append([]byte("\ufeff"), bpe...), Config: []byte("\ufeff{\"model_max_length\": Infinity, \"x\": NaN}")}, "H", []int32{39}, ""},
		{"an empty file", vocab.Files{JSON: bpe, SpecialTokens: []byte(" \n")}, "H", []int32{39}, "special_tokens_map.json is empty"},
		{"a small alphabet", vocab.Files{JSON: edit(t, "bpe", "model.vocab", `{"a":0,"b":1,"ab":2}`, "model.merges", `["a b"]`, "added_tokens", "[]", "post_processor", "null")}, "abxa!", []int32{2, 0}, "254 of the 256 bytes"},
		{"a small alphabet with an unknown token", vocab.Files{JSON: edit(t, "bpe", "model.vocab", `{"a":0,"b":1,"?":2}`, "model.merges", `[]`, "model.unk_token", `"?"`, "added_tokens", "[]", "post_processor", "null")}, "axxb", []int32{0, 2, 2, 1}, "253 of the 256 bytes"},
		{"a merge of nothing", vocab.Files{GGUF: gguf(func(v *vocab.GGUF) { v.Merges = append(v.Merges, "x qqq") })}, "H", []int32{39}, "1 merges"},
	} {
		tok, err := New(c.files)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := tok.EncodeSpecial(c.text); !slices.Equal(got, c.ids) {
			t.Errorf("%s: %q is %v, want %v", c.name, c.text, got, c.ids)
		}
		if c.files.Rows > 0 && tok.VocabSize() > c.files.Rows {
			t.Errorf("%s: %d tokens", c.name, tok.VocabSize())
		}
		if notes := strings.Join(Notes(tok), "\n"); !strings.Contains(notes, c.note) || c.note == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", c.name, notes, c.note)
		}
		if tok.EOS() < 0 && strings.Contains(string(c.files.JSON), "end_of_text") {
			t.Errorf("%s: no EOS", c.name)
		}
	}
	for name, files := range map[string]vocab.Files{
		"another model's":      {JSON: bpe, Rows: 400},
		"another model's GGUF": {GGUF: gguf(func(v *vocab.GGUF) { v.Tokens, v.Types = append(v.Tokens, "qqq"), append(v.Types, 1) }), Rows: 414},
		"another model's spm":  {SentencePiece: spm, Rows: 399},
	} {
		if _, err := New(files); !errors.Is(err, ErrOther) {
			t.Errorf("%s: error %v, want %v", name, err, ErrOther)
		}
	}
}

// TestPreNames: every name opens, and the patterns cut as the same ones in a
// tokenizer.json do.
func TestPreNames(t *testing.T) {
	for name, pre := range preTokenizers {
		v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
		v.Pre = name
		tok, err := New(vocab.Files{GGUF: v})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		parts := []string{}
		for _, p := range pre.patterns {
			quoted, _ := json.Marshal(p)
			parts = append(parts, `{"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":`+string(quoted)+`}}`)
		}
		normalizer := "null"
		if pre.nfc {
			normalizer = `{"type":"NFC"}`
		}
		same := mustNew(t, vocab.Files{JSON: edit(t, "bpe", "normalizer", normalizer, "model.ignore_merges", map[bool]string{false: "false", true: "true"}[pre.ignoreMerges],
			"pre_tokenizer", `{"type":"Sequence","pretokenizers":[`+strings.Join(parts, ",")+`,{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}`)})
		for _, text := range append(randomTexts(300), "Hello  world\n\n 12345 it's e\u0301 नमस्ते 日本語かな") {
			if got, want := tok.Encode(text), same.Encode(text); !slices.Equal(got, want) {
				t.Fatalf("%s: %q is %v, want %v", name, text, got, want)
			}
		}
		if _, add := tok.BOS(); add != pre.bos {
			t.Errorf("%s: BOS %v, want %v", name, add, pre.bos)
		}
		if notes := Notes(tok); len(notes) > 0 {
			t.Errorf("%s: notes %q", name, notes)
		}
	}
	v := vocabOfJSON(t, "<|begin_of_text|>", "testdata", "bpe", "tokenizer.json")
	v.Pre = ""
	if notes := strings.Join(Notes(mustNew(t, vocab.Files{GGUF: v})), ""); !strings.Contains(notes, "names no pre-tokenizer") {
		t.Errorf("without a name: %q", notes)
	}
}

// TestPatternEnds: a pattern that backtracks without end costs a second.
func TestPatternEnds(t *testing.T) {
	find, err := pattern(`(?:a|aa)+c`)
	if err != nil {
		t.Fatal(err)
	}
	s := cut(find, "Isolated", false)
	text := strings.Repeat("a", 200) + "!"
	if got := strings.Join(cutAll(s, text), ""); got != text {
		t.Errorf("%q", got)
	}
	if _, err := pattern(strings.Repeat("a", maxPattern+1)); err == nil {
		t.Error("a long pattern is accepted")
	}
	for _, p := range []string{`[a&&b]`, `[[a]b]`, `(a`, `a)`, `\h`, `\K`, `[a`, `a{2`, `a{2}+`, `(?m:.)`, `\p{L`, `\x{41}`, `*`} {
		if _, err := pattern(p); err == nil {
			t.Errorf("%s is accepted", p)
		}
	}
}

// qwen3 is the real tokenizer of Qwen3 as a tokenizer.json.
func qwen3(t testing.TB) (dir string, files vocab.Files) {
	t.Helper()
	dir = sharedFolder(t)
	z, err := gzip.NewReader(bytes.NewReader(readFile(t, dir, "tokenizers", "qwen3-151669.tokenizer.json.gz")))
	if err != nil {
		t.Fatal(err)
	}
	if files.JSON, err = io.ReadAll(z); err != nil {
		t.Fatal(err)
	}
	files.Config = readFile(t, dir, "tokenizers", "qwen3.tokenizer_config.json")
	return dir, files
}

// TestQwen3 has 125 texts on which four tokenizers agree, by tokenizer.json and
// by the GGUF file that it becomes.
func TestQwen3(t *testing.T) {
	dir, files := qwen3(t)
	var golden struct {
		Cases []struct {
			Text    string  `json:"text"`
			IDs     []int32 `json:"ids"`
			Decoded string  `json:"decoded_skip_special"`
		} `json:"cases"`
	}
	if err := json.Unmarshal(readFile(t, dir, "tokenizers", "qwen3-cases.json"), &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) != 125 {
		t.Fatalf("%d cases, want 125", len(golden.Cases))
	}
	v, err := ToGGUF(files)
	if err != nil {
		t.Fatal(err)
	}
	if v.Pre != "qwen2" || v.Model != "gpt2" || len(v.Tokens) != 151669 {
		t.Errorf("%s %s of %d tokens", v.Model, v.Pre, len(v.Tokens))
	}
	for name, tok := range map[string]Tokenizer{"tokenizer.json": mustNew(t, files), "GGUF": mustNew(t, vocab.Files{GGUF: v, Rows: 151669})} {
		for _, c := range golden.Cases {
			if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, c.IDs) {
				t.Errorf("%s: %q is %v, want %v", name, c.Text, got, c.IDs)
			}
			if got := Decode(tok, c.IDs); got != c.Decoded {
				t.Errorf("%s: %v is %q, want %q", name, c.IDs, got, c.Decoded)
			}
		}
		if id, add := tok.BOS(); add || tok.EOS() != 151645 {
			t.Errorf("%s: BOS %d %v, EOS %d", name, id, add, tok.EOS())
		}
		for _, text := range []string{"<think>", "</think>", "<tool_call>"} {
			if id, ok := tok.Special(text); !ok || string(tok.Bytes(id)) != text || !slices.Equal(tok.Encode(text), []int32{id}) {
				t.Errorf("%s: %s is %d, %q", name, text, id, tok.Bytes(id))
			}
		}
	}
	// The names tell nothing; the vocabulary does.
	v.Pre = "qwen-of-tomorrow"
	if tok := mustNew(t, vocab.Files{GGUF: v}); len(Notes(tok)) != 1 || !strings.Contains(Notes(tok)[0], `"qwen2"`) {
		t.Errorf("notes %q", Notes(tok))
	}
}
