package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/x448/float16"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// TestGGUFForms opens every ternary type in every family and compares it with
// the packed safetensors form of the same weights.
func TestGGUFForms(t *testing.T) {
	originals := map[model.Arch]*model.Model{}
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		originals[family] = modeltest.Open(t, modeltest.Folder(t, modeltest.TinyGGUF(family)))
	}
	half := func(m float32) float32 { return float16.Fromfloat32(m).Float32() }
	exact := func(m float32) float32 { return m }
	for _, form := range []struct {
		name  string
		g     modeltest.GGUF
		scale func(m float32) float32 // what the type makes of a multiplier
	}{
		{"I2_S", modeltest.GGUF{Linear: gguf.I2S}, exact},
		{"I2_S of ARM", modeltest.GGUF{Linear: gguf.I2S, Layout: checkpoint.I2SARM}, exact},
		{"I2_S by rows", modeltest.GGUF{Linear: gguf.I2S, Layout: checkpoint.I2SRows}, exact},
		{"TQ1_0", modeltest.GGUF{Linear: gguf.TQ1}, half},
		{"TQ2_0", modeltest.GGUF{Linear: gguf.TQ2}, half},
		{"TQ2_0 and scales", modeltest.GGUF{Linear: gguf.TQ2, Scales: true}, exact},
		{"F32", modeltest.GGUF{Linear: gguf.F32}, exact},
		{"F16", modeltest.GGUF{Linear: gguf.F16}, half},
		{"BF16", modeltest.GGUF{Linear: gguf.BF16}, func(m float32) float32 {
			return math.Float32frombits(math.Float32bits(m) &^ 0xffff)
		}},
		{"F16 and scales", modeltest.GGUF{Linear: gguf.F16, Scales: true}, exact},
	} {
		for family, want := range originals {
			t.Run(form.name+"/"+string(family), func(t *testing.T) {
				s := modeltest.TinyGGUF(family)
				file := filepath.Join(t.TempDir(), "tiny.gguf")
				if err := s.WriteGGUF(file, form.g); err != nil {
					t.Fatal(err)
				}
				got, err := checkpoint.OpenWith(context.Background(), file, checkpoint.Options{I2S: form.g.Layout})
				if err != nil {
					t.Fatal(err)
				}
				sameModel(t, got, want, form.scale)
				checkComplete(t, got, model.F32)
			})
		}
	}
}

// sameModel compares a GGUF model with the original whose weights it has. The
// rows of q and k of Llama are in another order, which TestPermuted of package
// inference covers.
func sameModel(t *testing.T, got, want *model.Model, scale func(float32) float32) {
	t.Helper()
	c := got.Config
	if c.RopeAdjacent != (c.Arch == checkpoint.Llama) {
		t.Errorf("adjacent pairs: %v", c.RopeAdjacent)
	}
	c.RopeAdjacent, c.StopIDs, c.BOS = false, want.StopIDs, want.BOS
	if fmt.Sprint(c) != fmt.Sprint(want.Config) {
		t.Errorf("config %+v, want %+v", c, want.Config)
	}
	if !bytes.Equal(got.Embed.Data, want.Embed.Data) || !bytes.Equal(got.Head.Data, want.Head.Data) || !slices.Equal(got.Norm, want.Norm) {
		t.Error("embedding, head or norm differ")
	}
	if len(got.Tensors) < len(want.Tensors)-7*want.Config.Layers || len(got.Ignored) != 0 {
		t.Errorf("%d tensors, ignored %v", len(got.Tensors), got.Ignored)
	}
	for i := range want.Weights.Layers {
		g, w := &got.Weights.Layers[i], &want.Weights.Layers[i]
		for j, norms := range [][2][]float32{{g.AttnNorm, w.AttnNorm}, {g.FFNNorm, w.FFNNorm}, {g.AttnSubNorm, w.AttnSubNorm}, {g.FFNSubNorm, w.FFNSubNorm}} {
			if !slices.Equal(norms[0], norms[1]) {
				t.Errorf("layer %d: norm %d differs", i, j)
			}
		}
		for name, l := range map[string][2]*model.Linear{
			"q": {&g.Q, &w.Q}, "k": {&g.K, &w.K}, "v": {&g.V, &w.V}, "o": {&g.O, &w.O},
			"gate": {&g.Gate, &w.Gate}, "up": {&g.Up, &w.Up}, "down": {&g.Down, &w.Down},
		} {
			if m := scale(l[1].Scale); l[0].Scale != m {
				t.Errorf("layer %d: multiplier of %s is %g, want %g", i, name, l[0].Scale, m)
			}
			permuted := got.RopeAdjacent && (name == "q" || name == "k")
			if same := l[0].Digest() == l[1].Digest(); same == permuted {
				t.Errorf("layer %d: weights of %s the same: %v", i, name, same)
			}
		}
	}
}

// TestI2SAcrossRows has rows that are not whole blocks of I2_S.
func TestI2SAcrossRows(t *testing.T) {
	for _, layout := range []checkpoint.I2SLayout{checkpoint.I2SX86, checkpoint.I2SARM, checkpoint.I2SRows} {
		s := modeltest.TinyGGUF(checkpoint.BitNet)
		s.FFNDim = 180 // a multiple of 4, but not of 64
		want := modeltest.Open(t, modeltest.Folder(t, s))
		file := filepath.Join(t.TempDir(), "odd.gguf")
		if err := s.WriteGGUF(file, modeltest.GGUF{Linear: gguf.I2S, Layout: layout}); err != nil {
			t.Fatal(err)
		}
		got, err := checkpoint.OpenWith(context.Background(), file, checkpoint.Options{I2S: layout})
		if err != nil {
			t.Fatal(err)
		}
		sameModel(t, got, want, func(m float32) float32 { return m })
	}
}

// TestGGUFLatent: float weights that are not ternary yet are ternarised where
// the architecture says so, and stay float in a Llama, with a note.
func TestGGUFLatent(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		s := modeltest.TinyGGUF(family)
		got, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Latent: true}))
		if family == checkpoint.Llama {
			if err != nil {
				t.Fatal(err)
			}
			if q := &got.Weights.Layers[0].Q; q.Dense == nil || q.Rows != s.Heads*s.HeadDim || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "computed in float") {
				t.Errorf("a dense matrix: %v, notes %q", q.Dense != nil, got.Notes)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		s.Storage = modeltest.Latent
		sameModel(t, got, modeltest.Open(t, modeltest.Folder(t, s)), func(m float32) float32 { return m })
	}
}

// TestGGUFTie covers the second copy of the embedding in the first file of
// 2B-4T, and a head that only looks like one.
func TestGGUFTie(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.BitNet2B4T)
	add := func(change byte) func([]gguf.Entry) []gguf.Entry {
		return func(list []gguf.Entry) []gguf.Entry {
			head := list[0]
			var b bytes.Buffer
			if err := head.Data(&b); err != nil {
				t.Fatal(err)
			}
			b.Bytes()[b.Len()-4] ^= change
			head.Name, head.Data = "output.weight", data(b.Bytes())
			return append(list, head)
		}
	}
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Arch: "bitnet-25", Linear: gguf.I2S, Edit: add(0)}))
	if err != nil {
		t.Fatal(err)
	}
	if m.Head != &m.Embed || !m.TiedEmbedding || !slices.Equal(m.Ignored, []string{"output.weight"}) {
		t.Errorf("tied %v, ignored %v", m.TiedEmbedding, m.Ignored)
	}
	m, err = modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Arch: "bitnet-25", Linear: gguf.I2S, Edit: add(1)}))
	if err != nil {
		t.Fatal(err)
	}
	if m.Head == &m.Embed || m.TiedEmbedding || len(m.Ignored) != 0 || m.Head.Type != model.F32 || bytes.Equal(m.Head.Data, m.Embed.Data) {
		t.Errorf("tied %v, ignored %v", m.TiedEmbedding, m.Ignored)
	}
}

// TestGGUFPick opens a checkpoint by every path that means it.
func TestGGUFPick(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.BitNet)
	one, split, both, several := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "split"), filepath.Join(t.TempDir(), "both"), filepath.Join(t.TempDir(), "several")
	for _, dir := range []string{one, split, both, several} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	g := modeltest.GGUF{Linear: gguf.TQ2}
	for _, name := range []string{one + "/m-i2_s.gguf", one + "/download", both + "/b.gguf", several + "/x.gguf"} {
		if err := s.WriteGGUF(name, g); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.WriteSplitGGUF(split, "big", 3, g); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteSplitGGUF(several, "y", 2, g); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(both); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{one + "/README.md": "text", one + "/fake.gguf": "text"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		one + "/m-i2_s.gguf":               "m-i2_s",
		one + "/download":                  "one", // told by its first bytes
		split:                              "split",
		split + "/big-00002-of-00003.gguf": "big",
		both:                               "both",
		both + "/b.gguf":                   "b",
		several + "/x.gguf":                "x",
	} {
		m := modeltest.Open(t, path)
		fromGGUF := m.Tensors[0].Name == "token_embd.weight"
		if m.Name != want || m.Path != path || fromGGUF == (path == both) {
			t.Errorf("%s: %q from %q, first tensor %q, want %q", path, m.Name, m.Path, m.Tensors[0].Name, want)
		}
	}
	if err := os.Remove(one + "/fake.gguf"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{one, one + "/README.md"} {
		if m := modeltest.Open(t, path); m.Name != "one" {
			t.Errorf("%s: %q", path, m.Name)
		}
	}
	if err := os.Remove(split + "/big-00003-of-00003.gguf"); err != nil {
		t.Fatal(err)
	}
	for path, c := range map[string]struct {
		kind error
		says string
	}{
		several:                            {model.ErrNotFound, "x.gguf, y-00001-of-00002.gguf"},
		split:                              {model.ErrNotFound, "big-00003-of-00003.gguf"},
		split + "/big-00001-of-00003.gguf": {model.ErrNotFound, "big-00003-of-00003.gguf"},
	} {
		if _, err := checkpoint.Open(context.Background(), path, nil); !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %v that says %s", path, err, c.kind, c.says)
		}
	}
}

// TestGGUFProgress: progress reaches every layer and all bytes, and a cancelled
// context stops the loading.
func TestGGUFProgress(t *testing.T) {
	raw := modeltest.Bytes(t, modeltest.TinyGGUF(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.F32})
	fsys := fstest.MapFS{"m.gguf": {Data: raw}}
	var layers []int
	var last model.Progress
	if _, err := checkpoint.OpenFS(context.Background(), fsys, "m.gguf", func(p model.Progress) {
		if p.Layer > last.Layer {
			layers = append(layers, p.Layer)
		}
		last = p
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(layers, []int{1, 2}) || last.Bytes != last.TotalBytes || last.TotalBytes == 0 || last.TotalBytes > int64(len(raw)) {
		t.Errorf("layers %v, at last %+v", layers, last)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m, err := checkpoint.OpenFS(ctx, fsys, "m.gguf", func(p model.Progress) {
		if p.Layer == 1 {
			cancel()
		}
	})
	if m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Open returns %v", err)
	}
}

// data writes bytes.
func data(raw []byte) func(w io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	}
}

// TestGGUFPacked: a GGUF model without a vocabulary can be packed as
// safetensors, others have no such form.
func TestGGUFPacked(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.BitNet2B4T)
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := export.Packed(m, dir, false); err != nil {
		t.Fatal(err)
	}
	sameModel(t, modeltest.Open(t, dir), m, func(m float32) float32 { return m })

	for name, c := range map[string]struct {
		family model.Arch
		g      modeltest.GGUF
	}{
		"adjacent pairs": {checkpoint.Llama, modeltest.GGUF{Linear: gguf.I2S}},
		"a vocabulary":   {checkpoint.BitNet2B4T, modeltest.GGUF{Linear: gguf.I2S, Meta: vocabMeta}},
		"rope factors":   {checkpoint.BitNet2B4T, modeltest.GGUF{Linear: gguf.I2S, Edit: extra("rope_freqs.weight", slices.Repeat([]float32{2}, 32)...)}},
	} {
		m, err := modeltest.OpenBytes(modeltest.Bytes(t, modeltest.TinyGGUF(c.family), c.g))
		if err != nil {
			t.Fatal(err)
		}
		if err := export.Packed(m, dir, false); !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m = modeltest.Open(t, filepath.Join(goldens, "gguf-bitnet-tq1_0"))
	m.Tokenizer.GGUF = nil
	if err := export.Packed(m, dir, false); !errors.Is(err, model.ErrUnsupported) {
		t.Errorf("blocks as they are: %v", err)
	}
	if err := export.Packed(m, dir, true); err != nil || modeltest.Open(t, dir).Embed.Type != model.F16 {
		t.Errorf("blocks in half precision: %v", err)
	}
}

// TestShortRows: padding cannot make a file ask for many times its size.
func TestShortRows(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	s.Layers, s.Dim, s.FFNDim, s.Heads, s.KVHeads, s.HeadDim = 2, 4, 1<<18, 1, 1, 32
	if _, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S})); !errors.Is(err, model.ErrDamaged) || !strings.Contains(err.Error(), "too short") {
		t.Errorf("error %v", err)
	}
}
