package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// edit returns the golden tokenizer.json of testdata/name with values set:
// a dotted path of keys, and the JSON to put there.
func edit(t testing.TB, name string, changes ...string) []byte {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(readFile(t, "testdata", name, "tokenizer.json"), &file); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		var value any
		if err := json.Unmarshal([]byte(changes[i+1]), &value); err != nil {
			t.Fatalf("%s: %v", changes[i+1], err)
		}
		at, keys := file, strings.Split(changes[i], ".")
		for _, key := range keys[:len(keys)-1] {
			at = at[key].(map[string]any)
		}
		at[keys[len(keys)-1]] = value
	}
	data, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func stepsOf(t testing.TB, preTokenizer string) []step {
	t.Helper()
	var f jsonFile
	if err := json.Unmarshal([]byte(`{"pre_tokenizer":`+preTokenizer+`,"decoder":{"type":"ByteLevel"}}`), &f); err != nil {
		t.Fatal(err)
	}
	steps, ok, err := f.byteLevelSteps()
	if err != nil || !ok {
		t.Fatalf("byteLevelSteps: %v, %v", ok, err)
	}
	return steps
}

// A file cut short anywhere is noticed.
func TestJSONTruncated(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		whole := readFile(t, "testdata", name, "tokenizer.json")
		config := readFile(t, "testdata", name, "tokenizer_config.json")
		for n := range len(bytes.TrimSpace(whole)) {
			if _, err := New(vocab.Files{JSON: whole[:n]}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "tokenizer.json") {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(whole), err)
			}
		}
		for n := 1; n < len(bytes.TrimSpace(config)); n++ { // an empty one is passed over
			if _, err := New(vocab.Files{JSON: whole, Config: config[:n:n]}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "tokenizer_config.json") {
				t.Fatalf("%s: the first %d of %d bytes of the configuration: %v", name, n, len(config), err)
			}
		}
	}
}

// Each refusal names what it found.
func TestJSONRefused(t *testing.T) {
	for _, c := range []struct {
		golden string
		edits  []string
		want   error
		names  string
	}{
		{"bpe", []string{"model.type", `"Unigram"`}, ErrUnsupported, `"Unigram"`},
		{"bpe", []string{"model.type", `"Unigram"`, "model.vocab", `[["a",-1.5]]`}, ErrUnsupported, `"Unigram"`},
		{"bpe", []string{"model.type", `"WordPiece"`}, ErrUnsupported, `"WordPiece"`},
		{"bpe", []string{"model.continuing_subword_prefix", `"##"`}, ErrUnsupported, "##"},
		{"bpe", []string{"model.end_of_word_suffix", `"</w>"`}, ErrUnsupported, "</w>"},
		{"bpe", []string{"pre_tokenizer", `{"type":"Sequence","pretokenizers":[{"type":"Bert"},{"type":"ByteLevel","add_prefix_space":false}]}`}, ErrUnsupported, `"Bert"`},
		{"bpe", []string{"added_tokens", `[{"id":2000000000,"content":"x"}]`}, ErrDamaged, "2000000000"},
		{"bpe", []string{"added_tokens", `[{"id":-1,"content":"x"}]`}, ErrDamaged, "-1"},
		{"bpe", []string{"model.vocab.zz", `1`}, ErrDamaged, `"zz"`},
		{"bpe", []string{"post_processor", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|end_of_text|>"}},{"SpecialToken":{"id":"<|begin_of_text|>"}}]}`}, ErrUnsupported, "two tokens"},
		{"bpe", []string{"model.vocab.", `5`}, ErrDamaged, "id 5 is empty"},
		{"bpe", []string{"model.vocab.zz", `-1`}, ErrDamaged, `"zz"`},
		{"bpe", []string{"model.vocab.zz", `2147483647`}, ErrDamaged, `"zz"`},
		{"bpe", []string{"model.vocab.zz", `"a"`}, ErrDamaged, "model.vocab"},
		{"bpe", []string{"model.merges", `["a zz"]`}, ErrDamaged, `"zz"`},
		{"bpe", []string{"model.merges", `["a b c"]`}, ErrDamaged, "a b c"},
		{"bpe", []string{"model.merges", `[["a"]]`}, ErrDamaged, "merge 0"},
		{"bpe", []string{"model.merges", `[["a","b"],"a b"]`}, ErrDamaged, "merges"},
		{"spm", []string{"normalizer", `null`}, ErrUnsupported, "Metaspace"},
		{"spm", []string{"normalizer", `{"type":"Lowercase"}`}, ErrUnsupported, "Metaspace"},
		{"spm", []string{"normalizer", `{"type":"Precompiled","precompiled_charsmap":"AAAA"}`}, ErrUnsupported, `"Precompiled"`},
		{"bpe", []string{"model.vocab", `{"<":0,"a":1}`, "model.merges", "[]", "pre_tokenizer.pretokenizers", `[{"type":"UnicodeScripts"},{"type":"ByteLevel","add_prefix_space":false}]`}, ErrUnsupported, `"UnicodeScripts"`},
		{"bpe", []string{"pre_tokenizer", `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"[a&&b]"},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false}]}`}, ErrUnsupported, "intersection"},
		{"bpe", []string{"pre_tokenizer", `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a"},"behavior":"Sideways"},{"type":"ByteLevel","add_prefix_space":false}]}`}, ErrUnsupported, "Sideways"},
		{"spm", []string{"normalizer", `null`, "pre_tokenizer", `{"type":"Metaspace","replacement":"_"}`}, ErrUnsupported, `"_"`},
		{"spm", []string{"normalizer", `null`, "pre_tokenizer", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"last"}`}, ErrUnsupported, `"last"`},
		{"spm", []string{"decoder", `{"type":"WordPiece"}`}, ErrUnsupported, `"WordPiece"`},
		{"spm", []string{"decoder", `{"type":"Strip","content":" ","start":2,"stop":0}`}, ErrUnsupported, `"Strip"`},
		{"spm", []string{"model.unk_token", `"<what>"`}, ErrDamaged, "<what>"},
		{"spm", []string{"model.vocab.<0x41>", `70000`, "model.byte_fallback", `true`, "model.vocab", `{"▁":0,"<unk>":1}`}, ErrDamaged, "<0x00>"},
	} {
		_, err := New(vocab.Files{JSON: edit(t, c.golden, c.edits...)})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) || !strings.HasPrefix(err.Error(), "tokenizer: ") {
			t.Errorf("%s with %s: error %v, want %v naming %s", c.golden, c.edits, err, c.want, c.names)
		}
	}
	for _, data := range []string{"", "{", "[]", `{"model":1}`} {
		if _, err := New(vocab.Files{JSON: []byte(data)}); err == nil {
			t.Errorf("tokenizer.json %q is accepted", data)
		}
	}
}

// Merges in the newer form give the same ids.
func TestJSONMergesAsPairs(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		var file struct {
			Model struct {
				Merges []string `json:"merges"`
			} `json:"model"`
		}
		if err := json.Unmarshal(readFile(t, "testdata", name, "tokenizer.json"), &file); err != nil {
			t.Fatal(err)
		}
		var pairs [][]string
		for _, merge := range file.Model.Merges {
			pairs = append(pairs, strings.Split(merge, " "))
		}
		data, err := json.Marshal(pairs)
		if err != nil {
			t.Fatal(err)
		}
		tok := mustNew(t, vocab.Files{JSON: edit(t, name, "model.merges", string(data))})
		for _, c := range readGolden(t, name).Cases {
			if got := tok.EncodeSpecial(c.Text); name == "bpe" && !slices.Equal(got, c.IDs) {
				t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, c.IDs)
			}
			if got := tok.Encode(c.Text); name == "spm" && !slices.Equal(got, c.IDs) {
				t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
			}
		}
	}
}

// Without ignore_merges a token that no merge makes is never produced.
func TestIgnoreMerges(t *testing.T) {
	vocab := func(ignore string) Tokenizer {
		return mustNew(t, vocab.Files{JSON: edit(t, "bpe", "model.ignore_merges", ignore, "model.vocab.qzq", "414")})
	}
	if got := vocab("true").Encode("qzq"); !slices.Equal(got, []int32{414}) {
		t.Errorf("with ignore_merges: %v, want [414]", got)
	}
	if got := vocab("false").Encode("qzq"); len(got) != 3 {
		t.Errorf("without ignore_merges: %v, want three bytes", got)
	}
}

// Where the dummy space goes, by the way a tokenizer.json asks for it.
func TestJSONSpacing(t *testing.T) {
	prepend := mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "spm", "tokenizer.json")})
	bare := prepend.EncodeContinuation("Hello")
	spaced := prepend.Encode("Hello")
	if slices.Equal(bare, spaced) || len(bare) == 0 {
		t.Fatalf("Encode and EncodeContinuation give %v and %v", spaced, bare)
	}
	metaspace := func(rest string) Tokenizer {
		return mustNew(t, vocab.Files{JSON: edit(t, "spm", "normalizer", "null",
			"pre_tokenizer", `{"type":"Metaspace","replacement":"▁"`+rest+`}`)})
	}
	join := func(ids ...[]int32) []int32 { return slices.Concat(ids...) }
	s := []int32{1}
	for _, c := range []struct {
		name         string
		tok          Tokenizer
		text         string
		want         []int32
		continuation []int32
	}{
		{"Prepend", prepend, "Hello", spaced, bare},
		{"Prepend", prepend, " Hello", prepend.EncodeContinuation("  Hello"), spaced},
		{"Prepend", prepend, "Hello<s>Hello", join(spaced, s, spaced), join(bare, s, spaced)},
		{"always", metaspace(`,"prepend_scheme":"always","split":false`), "Hello", spaced, bare},
		{"always", metaspace(`,"prepend_scheme":"always","split":false`), " Hello", spaced, spaced},
		{"always", metaspace(`,"prepend_scheme":"always","split":false`), "Hello<s>Hello", join(spaced, s, spaced), join(bare, s, spaced)},
		{"add_prefix_space", metaspace(`,"add_prefix_space":true,"split":false`), "<s>Hello", join(s, spaced), join(s, spaced)},
		{"first", metaspace(`,"prepend_scheme":"first","split":false`), "Hello<s>Hello", join(spaced, s, bare), join(bare, s, bare)},
		{"first", metaspace(`,"prepend_scheme":"first","split":false`), "<s>Hello", join(s, bare), join(s, bare)},
		{"first", metaspace(`,"prepend_scheme":"first","split":false`), " Hello", spaced, spaced},
		{"never", metaspace(`,"prepend_scheme":"never","split":false`), "Hello", bare, bare},
		{"no add_prefix_space", metaspace(`,"add_prefix_space":false,"split":false`), "Hello", bare, bare},
		// Split by default: the three spaces are words of their own.
		{"split", metaspace(``), "Hello   Hello", join(spaced, prepend.Encode("")[:0], []int32{316, 316}, spaced), join(bare, []int32{316, 316}, spaced)},
	} {
		if got := c.tok.EncodeSpecial(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: EncodeSpecial(%q) = %v, want %v", c.name, c.text, got, c.want)
		}
		got := c.tok.(*tokenizer).encodeAround(&c.tok.(*tokenizer).inAll, c.text, continuing)
		if !slices.Equal(got, c.continuation) {
			t.Errorf("%s: continuation %q = %v, want %v", c.name, c.text, got, c.continuation)
		}
	}
}

// A whole-word vocabulary whose unknown characters fuse, or do not, or vanish.
func TestJSONUnknown(t *testing.T) {
	const small = `{"<unk>":0,"▁":1,"a":2,"▁a":3}`
	for _, c := range []struct {
		edits []string
		want  []int32
	}{
		{[]string{"model.fuse_unk", "true"}, []int32{3, 0, 2}},
		{[]string{"model.fuse_unk", "false"}, []int32{3, 0, 0, 2}},
		{[]string{"model.unk_token", "null"}, []int32{3, 2}},
	} {
		edits := append([]string{"model.vocab", small, "model.merges", `["▁ a"]`, "model.byte_fallback", "false",
			"added_tokens", "[]", "post_processor", "null"}, c.edits...)
		tok := mustNew(t, vocab.Files{JSON: edit(t, "spm", edits...)})
		if got := tok.Encode("axya"); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.edits, got, c.want)
		}
	}
}
