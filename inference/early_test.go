package inference

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
)

// TestEarly: an engine takes the tokenizer that was made while its weights were read, and
// makes another where the model's files are others by then.
func TestEarly(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/goldens/hf-2b4t-packed")); err != nil {
		t.Fatal(err)
	}
	json, err := os.ReadFile("../tokenizer/testdata/bpe/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), json, 0o666); err != nil {
		t.Fatal(err)
	}
	var e Early
	m, err := checkpoint.OpenWith(t.Context(), dir, e.Reading(checkpoint.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := New(m, Options{Threads: 1, Early: &e})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if engine.tok == nil || engine.tok != e.tok {
		t.Error("the tokenizer was made twice")
	}
	plain, err := newTokenizer(m)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := engine.tok.Encode("Hello"), plain.Encode("Hello"); len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	changed := *m
	changed.VocabSize++
	if tok, _ := e.tokenizer(&changed); tok == e.tok {
		t.Error("a model of another size got the same tokenizer")
	}
	changed = *m
	changed.Tokenizer.JSON = slices.Clone(json)
	if tok, _ := e.tokenizer(&changed); tok == e.tok {
		t.Error("other files got the same tokenizer")
	}
}

// TestEarlyHead: a head that is narrowed while it is read is the one that is narrowed
// later, and what cannot be narrowed stays as it is stored.
func TestEarlyHead(t *testing.T) {
	for _, name := range []string{"goldens/gguf-bitnet158-i2_s", "goldens/hf-2b4t-packed", "goldens/gguf-bitnet-tq2_0"} {
		path := "testdata/" + name
		plain, err := checkpoint.Open(t.Context(), path, nil)
		if err != nil {
			continue // not all of them are here
		}
		asked := 0
		early, err := checkpoint.OpenWith(t.Context(), path, checkpoint.Options{Narrow: func(d *model.Dense) bool { asked++; return true }})
		if err != nil {
			t.Fatal(err)
		}
		if asked != 1 {
			t.Errorf("%s: asked %d times for its head", name, asked)
		}
		if was, is := plain.Head.Narrowed(), early.Head.Narrow != nil; was != is {
			t.Errorf("%s: narrowed %v, and while it was read %v", name, was, is)
		}
		a, b := make([]float32, plain.Head.Cols), make([]float32, plain.Head.Cols)
		for r := range plain.Head.Rows {
			plain.Head.RowTo(a, r)
			early.Head.RowTo(b, r)
			for i := range a {
				if a[i] != b[i] {
					t.Fatalf("%s: row %d differs", name, r)
				}
			}
		}
		h, err := plain.Hash(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := early.Hash(t.Context()); err != nil || got != h {
			t.Errorf("%s: %s, %v, want %s", name, got, err, h)
		}
	}
}
