package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// golden is a golden.json of testdata.
type golden struct {
	Cases []struct {
		Text        string  `json:"text"`
		IDs         []int32 `json:"ids"`
		Decoded     string  `json:"decoded"`
		SkipSpecial string  `json:"decoded_skip_special"`
	} `json:"cases"`
	SpecialCases []struct {
		Text string  `json:"text"`
		IDs  []int32 `json:"ids"`
	} `json:"special_cases"`
}

func readFile(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func readGolden(t testing.TB, name string) (g golden) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, "testdata", name, "golden.json"), &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// sharedFolder is where the reference material lies that is not part of the
// repository: TERN_SHARED, else ../shared beside the module.
func sharedFolder(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TERN_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	if _, err := os.Stat(dir); err != nil {
		if strings.Contains(os.Getenv("TERN_REQUIRE"), "shared") {
			t.Fatalf("TERN_REQUIRE wants the shared folder: %v", err)
		}
		t.Skipf("no shared folder: %v", err)
	}
	return dir
}

func mustNew(t testing.TB, f vocab.Files) Tokenizer {
	t.Helper()
	tok, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestGoldenSentencePiece(t *testing.T) {
	config := readFile(t, "testdata", "spm", "tokenizer_config.json")
	model := readFile(t, "testdata", "spm", "tokenizer.model")
	file := readFile(t, "testdata", "spm", "tokenizer.json")
	g := readGolden(t, "spm")
	for _, form := range []struct {
		name  string
		files vocab.Files
	}{
		{"tokenizer.model", vocab.Files{SentencePiece: model}},
		{"tokenizer.json", vocab.Files{JSON: file}},
		{"tokenizer.model with configuration", vocab.Files{SentencePiece: model, Config: config}},
		{"all files", vocab.Files{SentencePiece: model, JSON: file, Config: config}},
	} {
		t.Run(form.name, func(t *testing.T) {
			tok := mustNew(t, form.files)
			for _, c := range g.Cases {
				if got := tok.Encode(c.Text); !slices.Equal(got, c.IDs) {
					t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
				}
				if got := Decode(tok, c.IDs); got != c.Decoded {
					t.Errorf("Decode(%v) = %q, want %q", c.IDs, got, c.Decoded)
				}
			}
			if form.name == "tokenizer.model with configuration" {
				return // says legacy false; TestLegacySpacing
			}
			for _, c := range g.SpecialCases {
				if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, c.IDs) {
					t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, c.IDs)
				}
			}
			if id, add := tok.BOS(); id != 1 || !add {
				t.Errorf("BOS = %d, %v, want 1, true", id, add)
			}
			if id := tok.EOS(); id != 2 {
				t.Errorf("EOS = %d, want 2", id)
			}
			if n := tok.VocabSize(); n != 400 {
				t.Errorf("VocabSize = %d, want 400", n)
			}
			if tok.Kind() != "SentencePiece BPE" || !tok.StripsLeadingSpace() {
				t.Errorf("Kind %q, strips %v", tok.Kind(), tok.StripsLeadingSpace())
			}
		})
	}
}

func TestGoldenByteLevel(t *testing.T) {
	tok := mustNew(t, vocab.Files{JSON: readFile(t, "testdata", "bpe", "tokenizer.json")})
	for _, c := range readGolden(t, "bpe").Cases {
		if got := tok.EncodeSpecial(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("EncodeSpecial(%q) = %v, want %v", c.Text, got, c.IDs)
		}
		if got := Decode(tok, c.IDs); got != c.SkipSpecial {
			t.Errorf("Decode(%v) = %q, want %q", c.IDs, got, c.SkipSpecial)
		}
		if strings.Contains(c.Text, "<|") {
			continue
		}
		if got := tok.Encode(c.Text); !slices.Equal(got, c.IDs) {
			t.Errorf("Encode(%q) = %v, want %v", c.Text, got, c.IDs)
		}
	}
	if id, add := tok.BOS(); id != 406 || !add {
		t.Errorf("BOS = %d, %v, want 406, true", id, add)
	}
	if id := tok.EOS(); id != 407 {
		t.Errorf("EOS = %d, want 407", id)
	}
	if n := tok.VocabSize(); n != 414 {
		t.Errorf("VocabSize = %d, want 414", n)
	}
	if tok.Kind() != "byte-level BPE" || tok.StripsLeadingSpace() {
		t.Errorf("Kind %q, strips %v", tok.Kind(), tok.StripsLeadingSpace())
	}
}
