package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/app/builtin"
	"tern/app/compact"
	"tern/inference"
	"tern/model/checkpoint"
)

// spoiltFile is the built-in model as a GGUF file with inverted multipliers, or
// as it is.
func spoiltFile(t *testing.T, invert bool) string {
	t.Helper()
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	m := e.Model()
	if invert {
		for i := range m.Weights.Layers {
			for _, l := range m.Weights.Layers[i].Projections() {
				l.Scale = 1 / l.Scale
			}
		}
	}
	path := filepath.Join(t.TempDir(), "tales.gguf")
	if err := compact.Write(t.Context(), m, path, compact.Options{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// openFile is a controller with a file open, as a window uses it.
func openFile(t *testing.T, path string, readings map[string]string) *driven {
	t.Helper()
	changed := make(chan struct{}, 1)
	c := New(Options{Notify: func() { changed <- struct{}{} }, Readings: readings})
	t.Cleanup(c.Close)
	b := &driven{Controller: c, t: t, changed: changed}
	c.Models.Load(path, balanced)
	b.until(func(v View) bool { return v.State == Ready && v.Model.Path == path })
	return b
}

// TestAdvice opens a file with inverted multipliers, takes the advice, and finds
// the model sound, now and when it is opened the next time.
func TestAdvice(t *testing.T) {
	path := spoiltFile(t, true)
	b := openFile(t, path, nil)
	v := b.until(func(v View) bool { return v.Advice != nil })
	if !strings.Contains(v.Advice.Sentence.String(), "inverted") || v.Model.Reading != "" {
		t.Errorf("%+v", v.Advice)
	}
	b.Models.Correct(balanced)
	v = b.until(func(v View) bool { return v.State == Ready && v.Model.Reading == "inverted" })
	if v.Advice != nil {
		t.Errorf("corrected: %+v", v.Advice)
	}
	greedy := balanced
	greedy.Temperature, greedy.MaxTokens = 0, 8
	b.Generate("Once upon a time", greedy)
	if text, _ := b.answer(); !strings.HasPrefix(text, ", there was") {
		t.Errorf("corrected, it writes %q", text)
	}

	again := openFile(t, path, map[string]string{path: "inverted"})
	if v := again.View(); v.Model.Reading != "inverted" {
		t.Errorf("opened again: reading %q", v.Model.Reading)
	}
	again.Models.ReadAsItSays(balanced)
	again.until(func(v View) bool { return v.State == Ready && v.Model.Reading == AsItSays })
}

// TestAdviceDeclined: who declines it is not advised again.
func TestAdviceDeclined(t *testing.T) {
	path := spoiltFile(t, true)
	b := openFile(t, path, nil)
	b.until(func(v View) bool { return v.Advice != nil })
	b.Models.DeclineAdvice()
	v := b.until(func(v View) bool { return v.Advice == nil })
	if v.Model.Reading != AsItSays {
		t.Errorf("reading %q", v.Model.Reading)
	}
	again := openFile(t, path, map[string]string{path: v.Model.Reading})
	again.judgedIdle()
	if v := again.View(); v.Advice != nil {
		t.Errorf("advised again: %+v", v.Advice)
	}
}

// TestNoAdvice: a sound file is opened without a word, though an answer comes
// between.
func TestNoAdvice(t *testing.T) {
	b := openFile(t, spoiltFile(t, false), nil)
	g := balanced
	g.MaxTokens = 2
	b.Generate("Once", g)
	b.answer()
	b.judgedIdle()
	if v := b.View(); v.Advice != nil {
		t.Errorf("%+v", v.Advice)
	}
}

// judgedIdle waits until the worker has looked at the model.
func (b *driven) judgedIdle() {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if !b.Models.unjudged.Load() {
			return
		}
	}
	b.t.Fatal("nobody looked at the model")
}

// tiny is a folder with a small float checkpoint that can be copied.
func tiny(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	if err := os.CopyFS(dir, os.DirFS("../../inference/testdata/goldens/hf-1bitllm-f32")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		raw, err := os.ReadFile(filepath.Join("../../tokenizer/testdata/spm", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), raw, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestCopy keeps a compact copy of a float checkpoint and opens it.
func TestCopy(t *testing.T) {
	dir := tiny(t)
	b := openFile(t, dir, map[string]string{dir: AsItSays})
	if v := b.View(); !v.Model.Latent {
		t.Errorf("a float checkpoint is not known as one: %+v", v.Model)
	}
	offers, path := b.Jobs.CopyOffers()
	if path != dir+".gguf" || len(offers) < 3 || offers[0].Form != ExactCopy || offers[1].Form != HalfCopy ||
		!(offers[1].Bytes < offers[0].Bytes && offers[2].Bytes < offers[1].Bytes) {
		t.Fatalf("%+v at %s", offers, path)
	}

	b.Jobs.MakeCopy(ExactCopy, path)
	v := b.until(func(v View) bool { return v.Copy != nil && v.Copy.Done })
	if info, err := os.Stat(path); err != nil || info.Size() != offers[0].Bytes || v.Copy.Total != info.Size() {
		t.Errorf("%v, %v; offered %d bytes, wrote %d", info, err, offers[0].Bytes, v.Copy.Total)
	}
	b.Jobs.CancelCopy()
	if _, next := b.Jobs.CopyOffers(); next != dir+"-2.gguf" {
		t.Errorf("the next copy goes to %s", next)
	}

	// A smaller one says what it costs first, and writes nothing before Keep.
	small := filepath.Join(filepath.Dir(dir), "small.gguf")
	b.Jobs.MakeCopy(ByteCopy, small)
	v = b.until(func(v View) bool { return v.Copy != nil && v.Copy.Price != nil })
	if p := v.Copy.Price; p.Logits <= 0 || p.Logits > 0.1 || p.Positions < 10 || p.SameArgmax < p.Positions/2 {
		t.Errorf("%+v", p)
	}
	if _, err := os.Stat(small); err == nil {
		t.Error("it was written before it was asked for")
	}
	b.Jobs.KeepCopy()
	b.until(func(v View) bool { return v.Copy != nil && v.Copy.Done })
	if info, err := os.Stat(small); err != nil || info.Size() != offers[2].Bytes {
		t.Errorf("%v, %v; offered %d bytes", info, err, offers[2].Bytes)
	}
	b.Models.Load(path, balanced)
	v = b.until(func(v View) bool { return v.State == Ready && v.Model.Path == path })
	if v.Model.Latent {
		t.Error("the copy is made ternary again")
	}

	// A folder that is not there is a problem of the copy, not of the model.
	b.Jobs.MakeCopy(ExactCopy, filepath.Join(dir, "missing", "copy.gguf"))
	v = b.until(func(v View) bool { return v.Copy != nil && v.Copy.Problem != nil })
	if v.Problem != nil || v.State != Ready {
		t.Errorf("%+v", v)
	}
}

// TestReadInput: a Llama file is read with the activations that the user chose, and
// other corrections stay.
func TestReadInput(t *testing.T) {
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	m := e.Model()
	m.Config.Arch, m.Config.SubNorm = checkpoint.Llama, false
	for i := range m.Weights.Layers {
		m.Weights.Layers[i].AttnSubNorm, m.Weights.Layers[i].FFNSubNorm = nil, nil
	}
	path := filepath.Join(t.TempDir(), "llama.gguf")
	if err := compact.Write(t.Context(), m, path, compact.Options{}); err != nil {
		t.Fatal(err)
	}
	b := openFile(t, path, map[string]string{path: "stop-markers"})
	if v := b.View(); v.Model.Float || !v.Model.EitherInput {
		t.Fatalf("%+v", v.Model)
	}
	b.Models.ReadInput(true, balanced)
	b.until(func(v View) bool {
		return v.State == Ready && v.Model.Float && v.Model.Reading == "input-float,stop-markers"
	})
	b.Models.ReadInput(false, balanced)
	b.until(func(v View) bool {
		return v.State == Ready && !v.Model.Float && v.Model.Reading == "input-int8,stop-markers"
	})
}
