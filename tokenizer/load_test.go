package tokenizer

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// BOS and EOS by what the files say of them.
func TestMarks(t *testing.T) {
	spm := readFile(t, "testdata", "spm", "tokenizer.model")
	spmJSON := readFile(t, "testdata", "spm", "tokenizer.json")
	bpe := readFile(t, "testdata", "bpe", "tokenizer.json")
	bare := edit(t, "bpe", "post_processor", `{"type":"ByteLevel"}`)
	unmarked := edit(t, "bpe", "post_processor", "null", "added_tokens", `[{"id":406,"content":"<|endoftext|>","special":true}]`)
	for _, c := range []struct {
		name     string
		files    vocab.Files
		bos, eos int32
		add      bool
	}{
		{"spm", vocab.Files{SentencePiece: spm}, 1, 2, true},
		{"spm says no", vocab.Files{SentencePiece: spm, Config: []byte(`{"add_bos_token":false}`)}, 1, 2, false},
		{"spm names", vocab.Files{SentencePiece: spm, Config: []byte(`{"bos_token":{"content":"</s>"},"eos_token":"<s>"}`)}, 2, 1, true},
		{"spm null", vocab.Files{SentencePiece: spm, Config: []byte(`{"bos_token":null,"eos_token":null,"add_bos_token":null}`)}, 1, 2, true},
		{"spm special map", vocab.Files{SentencePiece: spm, SpecialTokens: []byte(`{"bos_token":"</s>","eos_token":{"content":"<s>"}}`)}, 2, 1, true},
		{"config first", vocab.Files{SentencePiece: spm, Config: []byte(`{"eos_token":"</s>"}`), SpecialTokens: []byte(`{"eos_token":"<s>"}`)}, 1, 2, true},
		{"spm without marks", vocab.Files{SentencePiece: withFields(t, message(2, varint(41, 1<<64-1), varint(42, 1<<64-1)))}, 1, 2, true},
		{"spm json", vocab.Files{JSON: spmJSON}, 1, 2, true},
		{"spm json without template", vocab.Files{JSON: edit(t, "spm", "post_processor", "null")}, 1, 2, true},
		{"spm json without marks", vocab.Files{JSON: edit(t, "spm", "post_processor", "null", "added_tokens", "[]")}, 1, 2, true},
		{"spm json, template says no", vocab.Files{JSON: edit(t, "spm", "post_processor", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}}]}`)}, 1, 2, false},
		{"llama3", vocab.Files{JSON: bpe}, 406, 407, true},
		{"llama3 in a Sequence", vocab.Files{JSON: edit(t, "bpe", "post_processor",
			`{"type":"Sequence","processors":[{"type":"ByteLevel"},{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>"}},{"Sequence":{"id":"A"}}]}]}`)}, 406, 407, true},
		{"llama3 without template", vocab.Files{JSON: bare}, 406, 407, true},
		{"llama3, template with EOS alone", vocab.Files{JSON: edit(t, "bpe", "post_processor", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"<|end_of_text|>"}}]}`)}, 406, 407, false},
		{"llama3 says no", vocab.Files{JSON: bpe, Config: []byte(`{"add_bos_token":false}`)}, 406, 407, false},
		{"llama3 eos", vocab.Files{JSON: bpe, Config: []byte(`{"eos_token":"<|eot_id|>"}`)}, 406, 413, true},
		{"other byte-level", vocab.Files{JSON: unmarked}, -1, 406, false},
		{"other byte-level, no token to add", vocab.Files{JSON: unmarked, Config: []byte(`{"add_bos_token":true}`)}, -1, 406, false},
		{"other byte-level says yes", vocab.Files{JSON: unmarked, Config: []byte(`{"add_bos_token":true,"bos_token":"<|endoftext|>"}`)}, 406, 406, true},
		{"other byte-level names one", vocab.Files{JSON: unmarked, Config: []byte(`{"bos_token":"<|endoftext|>"}`)}, 406, 406, false},
	} {
		tok := mustNew(t, c.files)
		if bos, add := tok.BOS(); bos != c.bos || add != c.add || tok.EOS() != c.eos {
			t.Errorf("%s: BOS %d, %v, EOS %d, want %d, %v, %d", c.name, bos, add, tok.EOS(), c.bos, c.add, c.eos)
		}
		if c.bos >= 0 && (len(tok.Bytes(c.bos)) > 0 || !slices.Equal(tok.EncodeSpecial(tok.Literal(c.bos)), []int32{c.bos})) {
			t.Errorf("%s: BOS is not a special token", c.name)
		}
	}
}

func TestNewRefused(t *testing.T) {
	spm := readFile(t, "testdata", "spm", "tokenizer.model")
	for _, c := range []struct {
		files vocab.Files
		want  error
		says  string
	}{
		{vocab.Files{}, ErrNone, "tokenizer.json"},
		{vocab.Files{Config: []byte(`{}`), AddedTokens: []byte(`{"<pad>":3}`)}, ErrNone, "tokenizer.model"},
		{vocab.Files{SentencePiece: spm, Config: []byte(`{`)}, ErrDamaged, "tokenizer_config.json"},
		{vocab.Files{SentencePiece: spm, Config: []byte(`{"bos_token":7}`)}, ErrDamaged, "tokenizer_config.json"},
		{vocab.Files{SentencePiece: spm, Config: []byte(`{"added_tokens_decoder":{"x":{"content":"y"}}}`)}, ErrDamaged, `"x"`},
		{vocab.Files{SentencePiece: spm, SpecialTokens: []byte(`[]`)}, ErrDamaged, "special_tokens_map.json"},
		{vocab.Files{SentencePiece: spm, AddedTokens: []byte(`{"<pad>":"a"}`)}, ErrDamaged, "added_tokens.json"},
		{vocab.Files{SentencePiece: spm, AddedTokens: []byte(`{"<pad>":2000000}`)}, ErrDamaged, "2000000"},
	} {
		_, err := New(c.files)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want %v naming %s", err, c.want, c.says)
		}
	}
}

// Tokens of added_tokens.json and tokenizer_config.json join the vocabulary.
func TestAddedTokens(t *testing.T) {
	tok := mustNew(t, vocab.Files{
		SentencePiece: readFile(t, "testdata", "spm", "tokenizer.model"),
		AddedTokens:   []byte(`{"<pad>":401,"<text>":402,"<s>":1}`),
		Config: []byte(`{"added_tokens_decoder":{
			"402":{"content":"<text>","special":false},
			"405":{"content":"<l>","special":true,"lstrip":true},
			"406":{"content":"<r>","special":true,"rstrip":true},
			"407":{"content":"<pad><r>","special":true}}}`),
	})
	if n := tok.VocabSize(); n != 408 {
		t.Errorf("VocabSize = %d, want 408", n)
	}
	if id, ok := tok.Special("<pad>"); id != 401 || !ok || tok.Bytes(401) != nil || tok.Literal(400) != "" {
		t.Errorf("<pad> is %d, %v, bytes %q", id, ok, tok.Bytes(401))
	}
	a, b := tok.Encode("a"), tok.Encode("b")
	for _, c := range []struct {
		name string
		got  []int32
		want []int32
	}{
		{"text in Encode", tok.Encode("a<text>b"), slices.Concat(a, []int32{402}, b)},
		{"special in Encode", tok.Encode("<pad>"), tok.Encode("<" + "pad>")},
		{"special", tok.EncodeSpecial("a<pad>b"), slices.Concat(a, []int32{401}, b)},
		{"longest", tok.EncodeSpecial("a<pad><r>b"), slices.Concat(a, []int32{407}, b)},
		{"lstrip", tok.EncodeSpecial("a \n<l>b"), slices.Concat(a, []int32{405}, b)},
		{"rstrip", tok.EncodeSpecial("a<r> \n b"), slices.Concat(a, []int32{406}, b)},
		{"at the end", tok.EncodeSpecial("a<r>  "), slices.Concat(a, []int32{406})},
		{"incomplete", tok.EncodeSpecial("a<pa"), tok.Encode("a<pa")},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if got := tok.Encode("<pad>"); slices.Contains(got, 401) {
		t.Errorf("Encode matches a special token: %v", got)
	}
	if got := Decode(tok, tok.Encode("a<text>")); got != "a<text>" {
		t.Errorf("a text token decodes to %q", got)
	}
}

// legacy false puts the dummy space only where the sequence starts.
func TestLegacySpacing(t *testing.T) {
	model := readFile(t, "testdata", "spm", "tokenizer.model")
	newer := mustNew(t, vocab.Files{SentencePiece: model, Config: []byte(`{"legacy":false}`)})
	spaced, bare := newer.Encode("Hello"), newer.EncodeContinuation("Hello")
	for text, want := range map[string][]int32{
		"Hello<s>Hello": slices.Concat(spaced, []int32{1}, bare),
		"<s>Hello":      slices.Concat([]int32{1}, bare),
	} {
		if got := newer.EncodeSpecial(text); !slices.Equal(got, want) {
			t.Errorf("EncodeSpecial(%q) = %v, want %v", text, got, want)
		}
	}
	never := mustNew(t, vocab.Files{SentencePiece: model, Config: []byte(`{"add_prefix_space":false}`)})
	if got := never.Encode("Hello"); !slices.Equal(got, bare) {
		t.Errorf("add_prefix_space false: %v, want %v", got, bare)
	}
}

// checkHostile demands of any files an error or a tokenizer that works, and
// of either little memory.
func checkHostile(t *testing.T, f vocab.Files) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	tok, err := New(f)
	runtime.ReadMemStats(&after)
	// The table of maxVocab tokens twice, and a multiple of the file.
	size := len(f.JSON) + len(f.SentencePiece) + len(f.Config) + len(f.AddedTokens) + len(f.SpecialTokens)
	if used := int(after.TotalAlloc - before.TotalAlloc); used > 200<<20+1000*size {
		t.Fatalf("%d bytes allocated for %d bytes of file", used, size)
	}
	if err != nil {
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrNone) {
			t.Fatalf("error of no kind: %v", err)
		}
		return
	}
	for _, text := range []string{"", "Hello  world\n 123", "<s>▁a</s>", "\xff\xe2"} {
		for _, ids := range [][]int32{tok.Encode(text), tok.EncodeContinuation(text), tok.EncodeSpecial(text)} {
			for _, id := range ids {
				if id < 0 || int(id) >= tok.VocabSize() {
					t.Fatalf("%q has id %d of %d", text, id, tok.VocabSize())
				}
			}
			Decode(tok, ids)
		}
	}
}

func FuzzTokenizerJSON(f *testing.F) {
	f.Add(readFile(f, "testdata", "spm", "tokenizer.json"), []byte(nil), []byte(nil))
	f.Add(readFile(f, "testdata", "bpe", "tokenizer.json"), readFile(f, "testdata", "bpe", "tokenizer_config.json"), []byte(`{"<pad>":1000}`))
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"▁":0,"a":1048575},"merges":[]},"pre_tokenizer":{"type":"Metaspace","replacement":"▁"},
		"decoder":{"type":"Metaspace","replacement":"▁"}}`), []byte(`{"bos_token":"a"}`), []byte(`{"b":1048574}`))
	f.Fuzz(func(t *testing.T, data, config, added []byte) {
		files := vocab.Files{JSON: data}
		if len(config) > 0 {
			files.Config = config
		}
		if len(added) > 0 {
			files.AddedTokens = added
		}
		checkHostile(t, files)
	})
}
