package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/modeltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOpenForms opens every family in every form.
func TestOpenForms(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		for storage, name := range map[modeltest.Storage]string{modeltest.Latent: "latent", modeltest.Packed: "packed", modeltest.Signs: "signs"} {
			for _, dtype := range []model.DType{model.F32, model.F16, model.BF16} {
				t.Run(fmt.Sprint(family, name, dtype), func(t *testing.T) {
					s := modeltest.Tiny(family, storage)
					s.DType = dtype
					m := modeltest.Open(t, modeltest.Folder(t, s))
					want := s.Config
					want.StopIDs = []int32{2}
					if !reflect.DeepEqual(m.Config, want) {
						t.Errorf("config %+v, want %+v", m.Config, want)
					}
					if m.Name != "tiny" || len(m.Ignored) != 0 {
						t.Errorf("name %q, ignored %v", m.Name, m.Ignored)
					}
					checkComplete(t, m, dtype)
				})
			}
		}
	}
}

// checkComplete checks that every weight is there in its shape.
func checkComplete(t *testing.T, m *model.Model, dtype model.DType) {
	t.Helper()
	c := &m.Config
	dense := func(name string, d *model.Dense) {
		if d.Rows != c.VocabSize || d.Cols != c.Dim || d.Type != dtype || len(d.Data) != d.Rows*d.Cols*dtype.Size() {
			t.Errorf("%s is %d × %d %v in %d bytes", name, d.Rows, d.Cols, d.Type, len(d.Data))
		}
	}
	dense("embedding", &m.Embed)
	dense("head", m.Head)
	if (m.Head == &m.Embed) != c.TiedEmbedding {
		t.Error("the tie of head and embedding is wrong")
	}
	attn, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	sub := func(n int) int {
		if !c.SubNorm {
			return 0
		}
		return n
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for name, n := range map[string][2]int{
			"AttnNorm": {len(l.AttnNorm), c.Dim}, "FFNNorm": {len(l.FFNNorm), c.Dim}, "Norm": {len(m.Norm), c.Dim},
			"AttnSubNorm": {len(l.AttnSubNorm), sub(attn)}, "FFNSubNorm": {len(l.FFNSubNorm), sub(c.FFNDim)},
		} {
			if n[0] != n[1] {
				t.Errorf("layer %d: %s has %d numbers, want %d", i, name, n[0], n[1])
			}
		}
		for name, p := range map[string]struct {
			l    *model.Linear
			want [2]int
		}{
			"q": {&l.Q, [2]int{attn, c.Dim}}, "k": {&l.K, [2]int{kv, c.Dim}}, "v": {&l.V, [2]int{kv, c.Dim}}, "o": {&l.O, [2]int{c.Dim, attn}},
			"gate": {&l.Gate, [2]int{c.FFNDim, c.Dim}}, "up": {&l.Up, [2]int{c.FFNDim, c.Dim}}, "down": {&l.Down, [2]int{c.Dim, c.FFNDim}},
		} {
			neg, zero, pos := p.l.Counts()
			if [2]int{p.l.Rows, p.l.Cols} != p.want || neg == 0 || zero == 0 || pos == 0 || neg+zero+pos != p.l.Rows*p.l.Cols {
				t.Errorf("layer %d: %s is %d × %d with %d %d %d, want shape %v", i, name, p.l.Rows, p.l.Cols, neg, zero, pos, p.want)
			}
			// modeltest's weights are uniform in ±2/√cols, its scales around half of that.
			if x := float64(p.l.Scale) * math.Sqrt(float64(p.l.Cols)); x < 0.7 || x > 1.3 {
				t.Errorf("layer %d: scale of %s is %g times what it should be", i, name, x)
			}
		}
	}
}

// TestFormsAgree: the two float forms and the packed form of a checkpoint, in
// one file or many, are the same model.
func TestFormsAgree(t *testing.T) {
	base := modeltest.Tiny(checkpoint.BitNet, modeltest.Latent)
	whole := modeltest.Open(t, modeltest.Folder(t, base))
	base.Shards = 3
	sharded := modeltest.Open(t, modeltest.Folder(t, base))
	sharded.Path = whole.Path
	if !reflect.DeepEqual(whole, sharded) {
		t.Error("in three files the model is another one")
	}

	multiply := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	multiply.DType = model.F32
	divide := multiply
	divide.Divide = true
	a, b := modeltest.Open(t, modeltest.Folder(t, multiply)), modeltest.Open(t, modeltest.Folder(t, divide))
	for i := range a.Weights.Layers {
		x, y := &a.Weights.Layers[i].V, &b.Weights.Layers[i].V
		if x.Digest() != y.Digest() {
			t.Errorf("layer %d: the convention of the scale changes the weights", i)
		}
		if ratio := y.Scale / x.Scale; ratio < 0.5 || ratio > 2 {
			t.Errorf("layer %d: %g against %g: the scale is not inverted", i, x.Scale, y.Scale)
		}
	}
}

func TestOptions(t *testing.T) {
	s := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	s.LinearNorm, s.InvFreq, s.Exclude = true, true, []string{"lm_head", "v_proj", "layers.1.mlp.down"}
	m := modeltest.Open(t, modeltest.Folder(t, s))
	if want := []string{"model.layers.0.self_attn.rotary_emb.inv_freq", "model.layers.1.self_attn.rotary_emb.inv_freq"}; !slices.Equal(m.Ignored, want) {
		t.Errorf("ignored %v", m.Ignored)
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for name, x := range map[string]struct {
			l     *model.Linear
			dense bool
		}{"q": {&l.Q, false}, "v": {&l.V, true}, "down": {&l.Down, i == 1}} {
			if (x.l.Dense != nil) != x.dense || (x.l.Data == nil) != x.dense || (x.l.Norm == nil) != x.dense || x.l.Cols == 0 {
				t.Errorf("layer %d: %s: dense %v, %d packed bytes, norm of %d", i, name, x.l.Dense != nil, len(x.l.Data), len(x.l.Norm))
			}
			if x.dense != (x.l.Digest() == "") || !x.dense && (x.l.NormEps != 1e-6 || len(x.l.Norm) != x.l.Cols) {
				t.Errorf("layer %d: %s: digest %q, norm of %d, epsilon %g", i, name, x.l.Digest(), len(x.l.Norm), x.l.NormEps)
			}
		}
	}
	var names []string
	for _, info := range m.Tensors {
		names = append(names, fmt.Sprintf("%s %d %v %v", info.Name, info.Layer, info.Shape, info.Linear != nil))
	}
	want := []string{
		"model.embed_tokens.weight -1 [320 60] false", "model.layers.0.input_layernorm.weight 0 [60] false",
		"model.layers.0.self_attn.q_proj.weight 0 [21 60] true", "model.layers.0.self_attn.q_proj.weight_scale 0 [1] false",
		"model.layers.0.self_attn.q_proj.rms_norm.weight 0 [60] false",
	}
	if len(names) != 3+2*(2+7*3)-3*2 || !slices.Equal(names[:5], want) {
		t.Errorf("%d tensors, first %q", len(names), names[:5])
	}
}

// TestPick opens a checkpoint by any of its files.
func TestPick(t *testing.T) {
	s := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	one := modeltest.Folder(t, s)
	s.Shards = 2
	many := modeltest.Folder(t, s)
	for _, path := range []string{
		one, one + "/", filepath.Join(one, "model.safetensors"), filepath.Join(one, "config.json"),
		many, filepath.Join(many, "model-00002-of-00002.safetensors"), filepath.Join(many, "model.safetensors.index.json"),
		filepath.Join(many, "config.json"),
	} {
		m := modeltest.Open(t, path)
		if m.Name != "tiny" || m.Path != path || len(m.Tensors) != 2+2*11+2*7 {
			t.Errorf("%s: name %q, path %q, %d tensors", path, m.Name, m.Path, len(m.Tensors))
		}
	}
	// Several single files in a folder: the picked one, under its own name.
	if err := os.Rename(filepath.Join(one, "model.safetensors"), filepath.Join(one, "story.safetensors")); err != nil {
		t.Fatal(err)
	}
	if m := modeltest.Open(t, filepath.Join(one, "story.safetensors")); m.Name != "story" {
		t.Errorf("name %q", m.Name)
	}
	// In the hub's cache the folder's own name is a commit.
	cache := filepath.Join(t.TempDir(), "models--owner--a-model", "snapshots", "0123abc")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(cache); err != nil {
		t.Fatal(err)
	}
	if m := modeltest.Open(t, cache); m.Name != "a-model" {
		t.Errorf("name %q", m.Name)
	}
	// Side files are carried along.
	for name, text := range map[string]string{"tokenizer.json": "{}", "generation_config.json": `{"eos_token_id":[3,2]}`} {
		if err := os.WriteFile(filepath.Join(many, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := checkpoint.OpenFS(context.Background(), os.DirFS(filepath.Dir(many)), "tiny", nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "tiny" || m.Path != "" || string(m.Tokenizer.JSON) != "{}" || m.Tokenizer.SentencePiece != nil || !slices.Equal(m.StopIDs, []int32{2, 3}) {
		t.Errorf("name %q, path %q, tokenizer %q, stops %v", m.Name, m.Path, m.Tokenizer.JSON, m.StopIDs)
	}
}

func TestProgress(t *testing.T) {
	s := modeltest.Tiny(checkpoint.BitNet, modeltest.Latent)
	s.Layers = 5
	var all []model.Progress
	m, err := checkpoint.Open(context.Background(), modeltest.Folder(t, s), func(p model.Progress) { all = append(all, p) })
	if err != nil {
		t.Fatal(err)
	}
	layers := map[int]bool{}
	var last model.Progress
	for _, p := range all {
		layers[p.Layer] = true
		if p.Layers != 5 || p.Layer < last.Layer || p.Bytes < last.Bytes || p.TotalBytes != all[0].TotalBytes {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}
	if len(layers) != 5 || last.Layer != 5 || last.Bytes != last.TotalBytes || last.Bytes != 4*m.Params() {
		t.Errorf("layers %v, last %+v of %d parameters", layers, last, m.Params())
	}
}

// TestCancel cancels at every report. goleak, in TestMain, sees what is left.
func TestCancel(t *testing.T) {
	dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet2B4T, modeltest.Latent))
	for at := range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		m, err := checkpoint.Open(ctx, dir, func(model.Progress) {
			if calls == at {
				cancel()
			}
			calls++
		})
		cancel()
		switch {
		case at == 2: // the last report: everything is read
			if err != nil {
				t.Errorf("cancelled at the end: %v", err)
			}
		case !errors.Is(err, context.Canceled) || m != nil || calls != at+1:
			t.Errorf("cancelled at report %d: model %v, error %v after %d reports", at, m != nil, err, calls)
		}
	}
}

func TestOpenFails(t *testing.T) {
	dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Packed))
	if err := os.WriteFile(filepath.Join(dir, "weights.gguf"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	shard := filepath.Join(dir, "model-00001-of-00002.safetensors")
	if err := os.WriteFile(shard, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lone := t.TempDir()
	if err := os.WriteFile(filepath.Join(lone, "config.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	bare := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Packed))
	if err := os.Remove(filepath.Join(bare, "config.json")); err != nil {
		t.Fatal(err)
	}
	incomplete := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	incomplete.Shards = 2
	half := modeltest.Folder(t, incomplete)
	if err := os.Remove(filepath.Join(half, "model-00002-of-00002.safetensors")); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		path string
		kind error
		says string
	}{
		"no such folder": {filepath.Join(dir, "none"), model.ErrNotFound, "none"},
		"empty folder":   {t.TempDir(), model.ErrNotFound, "model.safetensors"},
		"no weights":     {lone, model.ErrNotFound, "model.safetensors"},
		"no config":      {bare, model.ErrNotFound, "config.json"},
		"another format": {filepath.Join(dir, "weights.gguf"), model.ErrDamaged, "GGUF"},
		"missing index":  {shard, model.ErrNotFound, "index.json"},
		"missing shard":  {half, model.ErrNotFound, "00002"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := checkpoint.Open(context.Background(), test.path, nil)
			if m != nil || err == nil || !strings.Contains(err.Error(), test.says) || !errors.Is(err, test.kind) {
				t.Errorf("error %v, want %v that says %s", err, test.kind, test.says)
			}
		})
	}
}

// TestGenericName checks that a file named as converters name any is called
// like its folder.
func TestGenericName(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(goldens, "gguf-bitnet-i2_s", "model.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "bitnet-2b")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"model.gguf": "bitnet-2b", "ggml-model-i2_s.gguf": "bitnet-2b", "mine.gguf": "mine"} {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := checkpoint.Peek(path)
		if err != nil || f.Name != want || modeltest.Open(t, path).Name != want {
			t.Errorf("%s is called %q, want %q: %v", file, f.Name, want, err)
		}
	}
}
