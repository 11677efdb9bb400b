package inference

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/modeltest"
	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// withTokenizer loads a checkpoint and gives it a tokenizer from testdata of
// package tokenizer that fits its vocabulary.
func withTokenizer(t *testing.T, dir string) *model.Model {
	t.Helper()
	m, err := checkpoint.Open(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	kind, files := "spm", map[string]*[]byte{"tokenizer.model": &m.Tokenizer.SentencePiece}
	if m.VocabSize == 414 {
		kind, files = "bpe", map[string]*[]byte{"tokenizer.json": &m.Tokenizer.JSON}
	}
	files["tokenizer_config.json"] = &m.Tokenizer.Config
	for name, data := range files {
		if *data, err = os.ReadFile(filepath.Join("../tokenizer/testdata", kind, name)); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// writeCopy writes a copy of m, tokenizer and chat template inside.
func writeCopy(ctx context.Context, m *model.Model, path string, o export.GGUFOptions) (err error) {
	if o.Vocab, err = tokenizer.ToGGUF(m.Tokenizer); err != nil {
		return err
	}
	return export.GGUF(ctx, m, path, o)
}

// copyOf writes a copy of m and opens it.
func copyOf(t *testing.T, m *model.Model, o export.GGUFOptions) (path string, copied *Engine) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "copy.gguf")
	if err := writeCopy(context.Background(), m, path, o); err != nil {
		t.Fatal(err)
	}
	return path, open(t, path, 2)
}

func newEngine(t *testing.T, m *model.Model) *Engine {
	t.Helper()
	e, err := New(m, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// TestCopyGoldens: the copy of every golden, of either container, computes the
// same logits bit for bit, starts and stops alike and gives the same ids.
func TestCopyGoldens(t *testing.T) {
	for _, name := range allGoldens {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(goldens, name)
			var g golden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			m := withTokenizer(t, dir)
			m.Tokenizer.ChatTemplate = []byte("{{ messages }}")
			if m.Tokenizer.GGUF != nil {
				m.Tokenizer = vocab.Files{GGUF: m.Tokenizer.GGUF}
			}
			original := newEngine(t, m)
			_, copied := copyOf(t, m, export.GGUFOptions{})
			for _, ids := range [][]int32{g.Prompt, g.Long.Prompt} {
				if got, want := kvf32Logits(t, copied, ids), kvf32Logits(t, original, ids); !slices.Equal(got, want) {
					t.Errorf("logits of %d ids differ by %.2g", len(ids), relative(t, got, want))
				}
			}
			sameTokenizers(t, copied, original)
			if got, want := copied.Model(), m; !slices.Equal(got.StopIDs, want.StopIDs) || got.Arch != want.Arch ||
				got.Activation != want.Activation || got.ContextLen != want.ContextLen || got.RopeAdjacent != want.RopeAdjacent ||
				got.Params() != want.Params() {
				t.Errorf("config %+v, want %+v", got.Config, want.Config)
			}
			if source, _, err := m.Tokenizer.Template(); err != nil || copied.Model().Tokenizer.GGUF.ChatTemplate != source {
				t.Errorf("chat template %q, want %q: %v", copied.Model().Tokenizer.GGUF.ChatTemplate, source, err)
			}
		})
	}
}

// sameTokenizers compares the ids of texts, BOS and EOS.
func sameTokenizers(t *testing.T, got, want *Engine) {
	t.Helper()
	for _, text := range []string{"Hello, world!", "", "  two  spaces\n\n", "I'll say 1234567 times: </s><|eot_id|>", "naïve 東京 🙂"} {
		if a, b := got.Prompt(text), want.Prompt(text); !slices.Equal(a, b) {
			t.Errorf("ids of %q: %v, want %v", text, a, b)
		}
		if a, b := got.Tokenizer().EncodeSpecial(text), want.Tokenizer().EncodeSpecial(text); !slices.Equal(a, b) {
			t.Errorf("ids of %q with special tokens: %v, want %v", text, a, b)
		}
	}
	if got.Tokenizer().EOS() != want.Tokenizer().EOS() {
		t.Errorf("EOS %d, want %d", got.Tokenizer().EOS(), want.Tokenizer().EOS())
	}
}

// TestCopyPortable: the multipliers of the portable form are exact too.
func TestCopyPortable(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		s, dir := modeltest.TinyGGUF(family), t.TempDir()
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		m, err := checkpoint.Open(context.Background(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := newEngine(t, m)
		_, copied := copyOf(t, m, export.GGUFOptions{Portable: true})
		if got := copied.Model(); got.Arch != family || got.Activation != m.Activation || got.Tensors[2].Type != "TQ2_0" {
			t.Errorf("%s: family %s, activation %d, %v", family, got.Arch, got.Activation, got.Tensors[2])
		}
		if !slices.Equal(logitsOf(t, copied, 3), logitsOf(t, want, 3)) {
			t.Errorf("%s: the logits differ", family)
		}
	}
}

// TestCopyKinds: linears that stay float, norms of linears, rows that no type
// of GGUF has blocks for, and vocabularies smaller than the embedding.
func TestCopyKinds(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		s, dir := modeltest.Tiny(family, modeltest.Packed), t.TempDir()
		s.LinearNorm, s.Exclude, s.VocabSize = true, []string{"v_proj", "layers.1.self_attn.q_proj"}, 431
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		m := withTokenizer(t, dir)
		want := newEngine(t, m)
		_, copied := copyOf(t, m, export.GGUFOptions{})
		if !slices.Equal(logitsOf(t, copied, 3), logitsOf(t, want, 3)) {
			t.Errorf("%s: the logits differ", family)
		}
		sameTokenizers(t, copied, want)
		if n := copied.Tokenizer().VocabSize(); n != 431 {
			t.Errorf("%s: %d tokens", family, n)
		}
		if err := writeCopy(context.Background(), m, filepath.Join(t.TempDir(), "p.gguf"), export.GGUFOptions{Portable: true}); !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("%s: a portable copy: %v", family, err)
		}
	}
}

// TestCopyTwice: a copy of a copy is the same file.
func TestCopyTwice(t *testing.T) {
	for _, name := range []string{"hf-1bitllm-f32", "hf-falcon3-packed", "gguf-llama-tq2_0"} {
		m := withTokenizer(t, filepath.Join(goldens, name))
		m.Name = "copy"
		first, copied := copyOf(t, m, export.GGUFOptions{})
		second, _ := copyOf(t, copied.Model(), export.GGUFOptions{})
		a, err := os.ReadFile(first)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(second)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%s: copies of %d and %d bytes differ", name, len(a), len(b))
		}
	}
}

// TestCopyCancelled: nothing stays behind, whenever it ends, and what was there
// before stays.
func TestCopyCancelled(t *testing.T) {
	m := withTokenizer(t, filepath.Join(goldens, "hf-2b4t-packed"))
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.gguf")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := writeCopy(ctx, m, path, export.GGUFOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	calls := 0
	err := writeCopy(ctx, m, path, export.GGUFOptions{Progress: func(written, total int64) {
		calls++
		if written != total || total < 100_000 {
			t.Errorf("progress %d of %d", written, total)
		}
		cancel() // all is written, but not yet in its place
	}})
	if err != nil || calls != 1 {
		t.Errorf("cancelled after the last byte: %v, %d calls", err, calls)
	}
	m.Tokenizer.JSON = []byte("{")
	if err := writeCopy(context.Background(), m, path, export.GGUFOptions{}); !errors.Is(err, tokenizer.ErrDamaged) {
		t.Errorf("a damaged tokenizer: %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("%d files, %v", len(files), err)
	}
	if err := writeCopy(context.Background(), m, filepath.Join(dir, "none", "x.gguf"), export.GGUFOptions{}); err == nil {
		t.Error("a folder that does not exist")
	}
}

// TestCopyReal converts the trained models and compares their own texts.
func TestCopyReal(t *testing.T) {
	for _, dir := range []string{shared(t, "models", "bitllama2-3m"), shared(t, "demo-model")} {
		m, err := checkpoint.Open(context.Background(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		original := newEngine(t, m)
		ids := original.Prompt("Once upon a time, there was a little girl named Lily.")
		want := kvf32Logits(t, original, ids)
		var sizes []string
		for _, portable := range []bool{false, true} {
			path, copied := copyOf(t, m, export.GGUFOptions{Portable: portable})
			if got := kvf32Logits(t, copied, copied.Prompt("Once upon a time, there was a little girl named Lily.")); !slices.Equal(got, want) {
				t.Errorf("%s, portable %v: the logits differ", dir, portable)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, fmt.Sprint(info.Size()))
		}
		t.Logf("%s: copies of %s bytes", m.Summary(), strings.Join(sizes, " and "))
	}
}

// kvf32Logits are the logits of every position, with a cache of single precision.
func kvf32Logits(t *testing.T, e *Engine, ids []int32) (all []float32) {
	t.Helper()
	err := session(t, e, SessionOptions{KV: KVF32}).EachLogits(context.Background(), ids, func(_ int, l []float32) error {
		all = append(all, l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
