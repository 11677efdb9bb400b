package tokenizer

import (
	"slices"
	"testing"

	"tern/tokenizer/vocab"
)

func TestEncodeParts(t *testing.T) {
	bpe := mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "bpe", "tokenizer.json")})
	spm := mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "spm", "tokenizer.json")})
	text := func(s string) Part { return Part{Text: s} }
	plain := func(s string) Part { return Part{Text: s, Plain: true} }
	cut := Part{IDs: []int32{}}
	const eot = 413
	for _, c := range []struct {
		what  string
		tok   Tokenizer
		parts []Part
		want  [][]int32
	}{
		{"nothing", bpe, nil, nil},
		{"markers of the template", bpe, []Part{text("a<|eot_id|>b")}, [][]int32{bpe.EncodeSpecial("a<|eot_id|>b")}},
		{"markers of the user", bpe, []Part{plain("a<|eot_id|>b")}, [][]int32{bpe.Encode("a<|eot_id|>b")}},
		{"a marker of both", bpe, []Part{text("<|eot"), plain("_id|>")}, [][]int32{bpe.Encode("<|eot_id|>")}},
		{"one text", bpe, []Part{text("<|eot_id|>You"), plain(" are"), text("\n\n<|eot_id|>")}, [][]int32{{eot}, bpe.Encode("You are\n\n"), {eot}}},
		{"joined", bpe, []Part{text("."), plain("\n\n")}, [][]int32{{332}}},
		{"cut", bpe, []Part{text("."), cut, plain("\n\n")}, [][]int32{{13}, {291}}},
		{"ready ids", bpe, []Part{text("."), {IDs: []int32{7, 8}}, plain("\n\n")}, [][]int32{{13, 7, 8, 291}}},
		{"dummy space at the start", spm, []Part{plain("the"), text("re")}, [][]int32{spm.Encode("there")}},
		{"dummy space behind a marker", spm, []Part{text("<s>"), plain("the")}, [][]int32{{1}, spm.Encode("the")}},
		{"no dummy space behind ids", spm, []Part{text("<s>"), {IDs: []int32{9}}, plain("the")}, [][]int32{{1, 9}, spm.EncodeContinuation("the")}},
		{"no dummy space behind a cut", spm, []Part{plain("the"), cut, plain("the")}, [][]int32{spm.Encode("the"), spm.EncodeContinuation("the")}},
		{"a dummy space behind a cut at the start", spm, []Part{cut, plain("the")}, [][]int32{spm.Encode("the")}},
	} {
		if got, want := c.tok.EncodeParts(c.parts), slices.Concat(c.want...); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.what, got, want)
		}
	}
}

// TestEncodePartsIsEncodeSpecial holds for every golden text, in one part.
func TestEncodePartsIsEncodeSpecial(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		tok := mustNew(t, vocab.Files{JSON: readFile(t, "testdata", name, "tokenizer.json")})
		g := readGolden(t, name)
		for _, c := range g.SpecialCases {
			if got := tok.EncodeParts([]Part{{Text: c.Text}}); !slices.Equal(got, c.IDs) {
				t.Errorf("%s: %q: %v, want %v", name, c.Text, got, c.IDs)
			}
		}
		for _, c := range g.Cases {
			if got := tok.EncodeParts([]Part{{Text: c.Text}}); !slices.Equal(got, tok.EncodeSpecial(c.Text)) {
				t.Errorf("%s: %q: %v", name, c.Text, got)
			}
			if got := tok.EncodeParts([]Part{{Text: c.Text, Plain: true}}); !slices.Equal(got, tok.Encode(c.Text)) {
				t.Errorf("%s: %q as plain text: %v", name, c.Text, got)
			}
		}
	}
}
