package chat

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tern/app/chat/backend"
	"tern/app/explain"
	"tern/app/say"
	"tern/model"
)

func TestContextFullWords(t *testing.T) {
	if got := contextFull(&Figures{Context: 2048}).Sentence.String(); got != "This conversation fills the model's 2,048 tokens." {
		t.Error(got)
	}
}

// words are those of a problem, in English.
type words struct{ Sentence, Hint string }

func said(p say.Problem) words { return words{p.Sentence.String(), p.Hint.String()} }

const goldens = "../../inference/testdata/goldens"

// TestOpenProblems opens checkpoints that are not quite right, so that the
// words are held against the errors that packages really give.
func TestOpenProblems(t *testing.T) {
	const again, known, together = "Copy or download it again.", "It runs BitNet b1.58 models and ternary ones of Llama (TriLM, Falcon3), Qwen3 and Qwen3.5 (Bonsai) and MiniCPM (BitCPM).", "Put all parts in one folder."
	for _, c := range []struct {
		name   string
		golden string                         // copied as model/
		change func(t *testing.T, dir string) // what is wrong with it
		pick   string                         // within model/
		want   words                          // the sentence is a regular expression
	}{
		{name: "nothing in the folder", want: words{Sentence: "No model in this folder",
			Hint: "Choose a folder with config.json, or a .safetensors or .gguf file."}},
		{name: "gone", pick: "gone.safetensors", want: words{Sentence: "gone.safetensors is not there any more",
			Hint: "It was moved or deleted; open it from where it is now."}},
		{name: "another kind of file", pick: "notes.txt", change: write("notes.txt", "hello"),
			want: words{Sentence: "Tern cannot open .txt files", Hint: "Drop a model file or folder."}},
		{name: "no kind of file", pick: "passwd", change: write("passwd", "root:x:0:0:root:/root:/bin/bash"),
			want: words{Sentence: "passwd is not a model", Hint: "Drop a model file or folder."}},
		{name: "words in the name of a model", pick: "notes.gguf", change: write("notes.gguf", "hello, these are words"),
			want: words{Sentence: `notes\.gguf is not a model`, Hint: "Drop a model file or folder."}},
		{name: "words in the name of another", pick: "notes.safetensors", change: write("notes.safetensors", "hello, these are words"),
			want: words{Sentence: `notes\.safetensors is not a model`, Hint: "Drop a model file or folder."}},
		{name: "another kind of model file", pick: "model.onnx", change: write("model.onnx", "hello"),
			want: words{Sentence: "Tern cannot open .onnx files", Hint: "Drop a model file or folder."}},
		{name: "no tokenizer", golden: "hf-1bitllm-f32",
			want: words{Sentence: "This model has no tokenizer", Hint: "Put tokenizer.json or tokenizer.model beside it."}},
		{name: "architecture", golden: "hf-1bitllm-f32", change: write("config.json", `{"architectures":["MixtralForCausalLM"],"model_type":"mixtral"}`),
			want: words{Sentence: `Tern cannot run "MixtralForCausalLM" models yet`, Hint: known}},
		{name: "config", golden: "hf-1bitllm-f32", change: write("config.json", `{"architectures":`),
			want: words{Sentence: `model is damaged: config\.json: its text ends too early`, Hint: again}},
		{name: "cut short", golden: "hf-1bitllm-f32", change: truncate("model.safetensors"), pick: "model.safetensors",
			want: words{Sentence: `model\.safetensors is damaged: it ends too early`, Hint: again}},
		{name: "cut within the header", golden: "hf-1bitllm-f32", change: write("model.safetensors", "\xff\x03\x00\x00\x00\x00\x00\x00{"),
			want: words{Sentence: `model is damaged: it ends too early`, Hint: again}},
		{name: "cut within the first bytes", golden: "hf-1bitllm-f32", change: write("model.safetensors", "\xff"),
			want: words{Sentence: `model is damaged: it ends too early`, Hint: again}},
		{name: "a part is missing", golden: "hf-1bitllm-f16-sharded", change: remove("model-00002-of-*"),
			want: words{Sentence: `model has \d parts; part 2 is missing`, Hint: together}},
		{name: "a part is missing beside the one picked", golden: "hf-1bitllm-f16-sharded", change: remove("model-00002-of-*"),
			pick: "model-00001-of-*", want: words{Sentence: `model-00001-of-\d+\.safetensors is one of \d parts; part 2 is missing`, Hint: together}},
		{name: "the index is missing", golden: "hf-1bitllm-f16-sharded", change: remove("*.index.json"),
			pick: "model-00001-of-*", want: words{Sentence: `model-00001-of-\d+\.safetensors is one of \d parts; their index is missing`, Hint: together}},
		{name: "tokenizer", golden: "hf-1bitllm-f32", change: write("tokenizer.json", `{"model":{"type":"Unigram"}}`),
			want: words{Sentence: `Tern cannot read this model's tokenizer yet: .*Unigram.*`, Hint: "It reads SentencePiece and byte-level BPE tokenizers."}},
		{name: "damaged tokenizer", golden: "hf-1bitllm-f32", change: write("tokenizer.json", `{"model":`),
			want: words{Sentence: `model is damaged: tokenizer\.json: its text ends too early`, Hint: again}},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "model")
			if c.golden == "" {
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			} else if err := os.CopyFS(dir, os.DirFS(filepath.Join(goldens, c.golden))); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(t, dir)
			}
			path := filepath.Join(dir, c.pick)
			if found, _ := filepath.Glob(path); len(found) == 1 {
				path = found[0]
			}
			e, err := backend.Files(backend.NewReadings(nil), nil, nil)(t.Context(), path, balanced, nil)
			if err == nil {
				e.Close()
				t.Fatal("it opens")
			}
			got := said(explain.Problem(err, path))
			if ok, _ := regexp.MatchString("^"+c.want.Sentence+"$", got.Sentence); !ok || got.Hint != c.want.Hint {
				t.Errorf("%v\n got %q | %q\nwant %q | %q", err, got.Sentence, got.Hint, c.want.Sentence, c.want.Hint)
			}
			if strings.Contains(got.Sentence+got.Hint, root) {
				t.Errorf("a full path is shown: %q", got.Sentence)
			}
		})
	}
}

func write(name, content string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func truncate(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err == nil {
			err = os.Truncate(path, info.Size()*2/3)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func remove(pattern string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if err := os.Remove(found[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// TestShortGGUF cuts a GGUF file everywhere in its header and at some places
// after it: an unfinished download is called that, whatever byte it ends at.
func TestShortGGUF(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(goldens, "gguf-bitnet-i2_s", "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "short.gguf")
	for n := 4; n < len(whole); n += 1 + n/8 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := backend.Files(backend.NewReadings(nil), nil, nil)(t.Context(), path, balanced, nil)
		if err == nil {
			t.Fatalf("%d bytes open", n)
		}
		if got := said(explain.Problem(err, path)); got != (words{"short.gguf is damaged: it ends too early", "Copy or download it again."}) {
			t.Errorf("%d bytes: %q | %q for %v", n, got.Sentence, got.Hint, err)
		}
	}
	// A part that is missing is named as such.
	path = filepath.Join(filepath.Dir(path), "large-00001-of-00003.gguf")
	err = fmt.Errorf("gguf: %w (large-00002-of-00003.gguf): %w", &fs.PathError{Op: "stat", Path: "large-00002-of-00003.gguf", Err: fs.ErrNotExist}, model.ErrNotFound)
	if got := said(explain.Problem(err, path)); got != (words{"large-00001-of-00003.gguf is one of 3 parts; part 2 is missing", "Put all parts in one folder."}) {
		t.Errorf("%q | %q", got.Sentence, got.Hint)
	}
}
