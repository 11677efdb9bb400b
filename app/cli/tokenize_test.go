package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

type tokenizeResult struct {
	IDs     []int32 `json:"ids"`
	Decoded string  `json:"decoded"`
}

func tokenize(t *testing.T, args ...string) (r tokenizeResult) {
	t.Helper()
	decodeStrict(t, mustTern(t, append([]string{"tokenize", "--json"}, args...)...), &r)
	return r
}

func TestTokenizeGolden(t *testing.T) {
	for _, c := range []struct{ dir, file string }{
		{"spm", ""}, {"spm", "tokenizer.model"}, {"spm", "tokenizer.json"}, {"bpe", ""}, {"bpe", "tokenizer.json"},
	} {
		t.Run(c.dir+" "+c.file, func(t *testing.T) {
			dir := filepath.Join("../../tokenizer/testdata", c.dir)
			raw, err := os.ReadFile(filepath.Join(dir, "golden.json"))
			if err != nil {
				t.Fatal(err)
			}
			var g struct {
				Cases []struct {
					Text    string
					IDs     []int32
					Decoded string
					Skipped string `json:"decoded_skip_special"`
				}
			}
			if err := json.Unmarshal(raw, &g); err != nil || len(g.Cases) < 20 {
				t.Fatalf("%d cases, error %v", len(g.Cases), err)
			}
			path := filepath.Join(dir, c.file)
			for _, x := range g.Cases {
				x.Decoded += x.Skipped // one of the two is absent
				got := tokenize(t, "-m", path, "--no-bos", "--", x.Text)
				if got.IDs == nil || !slices.Equal(got.IDs, x.IDs) || got.Decoded != x.Decoded {
					t.Errorf("%q: %v %q, want %v %q", x.Text, got.IDs, got.Decoded, x.IDs, x.Decoded)
				}
				if with := tokenize(t, "-m", path, "--", x.Text); len(with.IDs) != len(x.IDs)+1 || with.Decoded != x.Decoded {
					t.Errorf("%q with BOS: %v %q", x.Text, with.IDs, with.Decoded)
				}
			}
		})
	}
}

func TestTokenizeArguments(t *testing.T) {
	model := "../../tokenizer/testdata/spm/tokenizer.model"
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, []byte("in a file\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-m", model, "a text"}, "a text"},
		{[]string{model, "a text"}, "a text"},
		{[]string{"a text", "-m", model}, "a text"},
		{[]string{"-m", model, ""}, ""},
		{[]string{"-m", model, "-f", file}, "in a file\n"},
		{[]string{"-f", file, model}, "in a file\n"},
		{[]string{"-m", model, "--", "-f"}, "-f"},
		{[]string{"-m", goldens + "/gguf-bitnet-f32/model.gguf", "a text"}, "a text"},
		{[]string{"a text for the built-in model"}, "a text for the built-in model"},
	} {
		if got := tokenize(t, c.args...); got.Decoded != c.want {
			t.Errorf("%q: %q, want %q", c.args, got.Decoded, c.want)
		}
	}
	out, _, code := tern(t, "from standard input", "tokenize", "--json", "-m", model, "-f", "-")
	var r tokenizeResult
	if decodeStrict(t, out, &r); code != 0 || r.Decoded != "from standard input" {
		t.Errorf("-f -: exit code %d, %+v", code, r)
	}
	if got := mustTern(t, "tokenize", "Once upon"); got != "1\t<s>\n419\t▁Once\n436\t▁upon\n" {
		t.Errorf("plain: %q", got)
	}
}

// TestTokenizeNoWeights: a folder whose weights cannot be read still tokenizes.
func TestTokenizeNoWeights(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile("../../tokenizer/testdata/spm/tokenizer.model")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"tokenizer.model": raw, "model.safetensors": []byte("damaged"), "config.json": []byte("damaged")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors"), filepath.Join(dir, "config.json")} {
		if got := tokenize(t, path, "some text"); got.Decoded != "some text" {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

// TestTokenizeCache takes the folder of a repository in the hub's cache.
func TestTokenizeCache(t *testing.T) {
	root := filepath.Join(t.TempDir(), "models--a--b")
	at := filepath.Join(root, "snapshots", "0123abc")
	if err := os.CopyFS(at, os.DirFS("../../tokenizer/testdata/bpe")); err != nil {
		t.Fatal(err)
	}
	if got, want := tokenize(t, "-m", root, "Hello"), tokenize(t, "-m", at, "Hello"); !slices.Equal(got.IDs, want.IDs) || len(got.IDs) == 0 {
		t.Errorf("%v, want %v", got, want)
	}
}
