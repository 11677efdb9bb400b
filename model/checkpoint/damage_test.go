package checkpoint_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/modeltest"
	"tern/model/safetensors"
)

// tensors is a checkpoint's tensors by name, to be edited and written back.
type tensors map[string]safetensors.Entry

// edit rewrites the weights of the checkpoint in dir.
func edit(t *testing.T, dir string, f func(tensors)) {
	t.Helper()
	name := filepath.Join(dir, "model.safetensors")
	set, err := safetensors.Open(os.DirFS(dir), "model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	all := tensors{}
	for _, x := range set.Tensors {
		raw, err := io.ReadAll(io.NewSectionReader(x, 0, x.Size()))
		if err != nil {
			t.Fatal(err)
		}
		all.set(x.Name, x.DType, x.Shape, raw)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	f(all)
	var list []safetensors.Entry
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[key])
	}
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := safetensors.Write(out, list); err != nil {
		t.Fatal(err)
	}
}

func (all tensors) set(name, dtype string, shape []int, raw []byte) {
	all[name] = safetensors.Entry{Name: name, DType: dtype, Shape: shape, Data: func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	}}
}

// poke replaces the bytes at off of a tensor.
func (all tensors) poke(name string, off int, with []byte) {
	e, raw := all[name], &strings.Builder{}
	if err := e.Data(raw); err != nil {
		panic(err)
	}
	b := []byte(raw.String())
	copy(b[off:], with)
	all.set(name, e.DType, e.Shape, b)
}

func f32(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

const (
	q0     = "model.layers.0.self_attn.q_proj.weight"
	scale0 = "model.layers.0.self_attn.q_proj.weight_scale"
	norm1  = "model.layers.1.input_layernorm.weight"
	embed  = "model.embed_tokens.weight"
)

// TestDamage edits one thing in a checkpoint that loads.
func TestDamage(t *testing.T) {
	latent := modeltest.Tiny(checkpoint.BitNet, modeltest.Latent)
	packed := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	signs := modeltest.Tiny(checkpoint.BitNet, modeltest.Signs)
	owned := packed
	owned.LinearNorm = true
	excluded := packed
	excluded.Exclude = []string{"q_proj"}
	inf, nan := f32(float32(math.Inf(1))), f32(float32(math.NaN()))

	for name, test := range map[string]struct {
		spec modeltest.Spec
		edit func(tensors)
		kind error
		says string
	}{
		"missing norm":          {latent, func(x tensors) { delete(x, norm1) }, model.ErrDamaged, norm1},
		"missing weight":        {latent, func(x tensors) { delete(x, q0) }, model.ErrDamaged, q0},
		"missing embedding":     {latent, func(x tensors) { delete(x, embed) }, model.ErrDamaged, embed},
		"missing scale":         {packed, func(x tensors) { delete(x, scale0) }, model.ErrDamaged, scale0},
		"missing norm of input": {owned, func(x tensors) { delete(x, "model.layers.0.mlp.up_proj.rms_norm.weight") }, model.ErrDamaged, "up_proj.rms_norm"},
		"weight of another shape": {latent, func(x tensors) {
			e := x[q0]
			e.Shape = []int{30, 120}
			x[q0] = e
		}, model.ErrDamaged, "[30 120]"},
		"norm with two dimensions": {latent, func(x tensors) {
			e := x[norm1]
			e.Shape = []int{1, 60}
			x[norm1] = e
		}, model.ErrDamaged, "[1 60]"},
		"packed rows":              {packed, func(x tensors) { x.set(q0, "U8", []int{14, 60}, make([]byte, 14*60)) }, model.ErrDamaged, "[14 60]"},
		"two scales":               {packed, func(x tensors) { x.set(scale0, "F32", []int{2}, make([]byte, 8)) }, model.ErrDamaged, scale0},
		"no scale":                 {packed, func(x tensors) { x.set(scale0, "F32", []int{0}, nil) }, model.ErrDamaged, scale0},
		"type of the scale":        {packed, func(x tensors) { x.set(scale0, "I32", []int{1}, f32(1)) }, model.ErrUnsupported, scale0},
		"scale of zero":            {packed, func(x tensors) { x.poke(scale0, 0, f32(0)) }, model.ErrDamaged, scale0},
		"negative scale":           {packed, func(x tensors) { x.poke(scale0, 0, f32(-1)) }, model.ErrDamaged, scale0},
		"infinite scale":           {packed, func(x tensors) { x.poke(scale0, 0, inf) }, model.ErrDamaged, scale0},
		"undefined scale":          {packed, func(x tensors) { x.poke(scale0, 0, nan) }, model.ErrDamaged, scale0},
		"infinite weight":          {latent, func(x tensors) { x.poke(q0, 4*100, inf) }, model.ErrDamaged, q0},
		"undefined weight":         {latent, func(x tensors) { x.poke(q0, 4*100, nan) }, model.ErrDamaged, q0},
		"undefined norm":           {latent, func(x tensors) { x.poke(norm1, 4*59, nan) }, model.ErrDamaged, norm1},
		"undefined embedding":      {latent, func(x tensors) { x.poke(embed, 4*(320*60-1), nan) }, model.ErrDamaged, embed},
		"code 3":                   {packed, func(x tensors) { x.poke(q0, 77, []byte{3 << 2}) }, model.ErrDamaged, "code 3"},
		"a weight of 2":            {signs, func(x tensors) { x.poke(q0, 4*3, f32(2)) }, model.ErrDamaged, "weight 2"},
		"integer weights":          {packed, func(x tensors) { x.set(q0, "I8", []int{60, 60}, make([]byte, 3600)) }, model.ErrUnsupported, "I8"},
		"packed embedding":         {packed, func(x tensors) { x.set(embed, "U8", []int{80, 60}, make([]byte, 4800)) }, model.ErrUnsupported, "U8"},
		"packed though excluded":   {excluded, func(x tensors) { x.set(q0, "U8", []int{15, 60}, make([]byte, 900)) }, model.ErrUnsupported, q0},
		"double precision":         {latent, func(x tensors) { x.set(norm1, "F64", []int{60}, make([]byte, 480)) }, model.ErrUnsupported, "F64"},
		"scale beside latent ones": {latent, func(x tensors) { x.set(scale0, "F32", []int{1}, f32(1)) }, model.ErrDamaged, "online"},
		"a bias":                   {latent, func(x tensors) { x.set("model.layers.0.self_attn.q_proj.bias", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "q_proj.bias"},
		"an adapter":               {latent, func(x tensors) { x.set("model.layers.0.q.lora_A", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "lora_A"},
		"an expert":                {latent, func(x tensors) { x.set("model.layers.0.mlp.experts.0.w1", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "experts"},
		"a norm too many":          {latent, func(x tensors) { x.set("model.layers.0.self_attn.q_norm.weight", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "q_norm"},
		"a weight too many":        {latent, func(x tensors) { x.set("model.layers.0.self_attn.r_proj.weight", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "r_proj"},
		"a layer too many":         {latent, func(x tensors) { x.set("model.layers.2.mlp.up_proj.weight", "F32", []int{1}, f32(1)) }, model.ErrUnsupported, "layers.2"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modeltest.Folder(t, test.spec)
			edit(t, dir, test.edit)
			m, err := checkpoint.Open(context.Background(), dir, nil)
			if m != nil || !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) || !sentence(err, "model.safetensors") {
				t.Errorf("error %v, want %v that says %s", err, test.kind, test.says)
			}
		})
	}
}

// sentence reports whether an error is one sentence that names the file.
func sentence(err error, file string) bool {
	text := err.Error()
	return strings.HasPrefix(text, "model: ") && !strings.Contains(text, ": model: ") && strings.Contains(text, file) && !strings.Contains(text, "\n")
}

// TestEveryCut cuts each file of a checkpoint in shards at every byte.
func TestEveryCut(t *testing.T) {
	s := modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)
	s.Layers, s.Dim, s.FFNDim, s.Heads, s.KVHeads, s.HeadDim, s.VocabSize, s.Shards = 1, 8, 8, 2, 1, 4, 5, 2
	dir := modeltest.Folder(t, s)
	modeltest.Open(t, dir)
	whole := fstest.MapFS{}
	for _, name := range []string{"config.json", "model.safetensors.index.json",
		"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		whole[name] = &fstest.MapFile{Data: raw}
	}
	for name, f := range whole {
		damaged := maps.Clone(whole)
		for n := range len(bytes.TrimSpace(f.Data)) {
			damaged[name] = &fstest.MapFile{Data: f.Data[:n]}
			if m, err := checkpoint.OpenFS(t.Context(), damaged, ".", nil); m != nil || !errors.Is(err, model.ErrDamaged) || !sentence(err, name) {
				t.Fatalf("the first %d of %d bytes of %s: %v", n, len(f.Data), name, err)
			}
		}
	}
}

// TestTolerates edits a checkpoint in ways that change nothing.
func TestTolerates(t *testing.T) {
	dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Packed))
	want := modeltest.Open(t, dir)
	edit(t, dir, func(x tensors) {
		e := x[scale0]
		e.Shape = nil // a scalar
		x[scale0] = e
		x.set("model.rotary_emb.inv_freq", "F32", []int{1}, f32(1))
		x.set("a_odd", "U8", []int{1}, []byte{1}) // everything behind it is unaligned
		x.set(headName, "F32", []int{1}, f32(1))  // the head is tied
	})
	got := modeltest.Open(t, dir)
	for i := range got.Weights.Layers {
		a, b := &got.Weights.Layers[i], &want.Weights.Layers[i]
		if a.Q.Digest() != b.Q.Digest() || a.Down.Digest() != b.Down.Digest() || a.Q.Scale != b.Q.Scale || !slices.Equal(a.FFNSubNorm, b.FFNSubNorm) {
			t.Errorf("layer %d differs", i)
		}
	}
	if !slices.Equal(got.Embed.Data, want.Embed.Data) {
		t.Error("the embedding differs")
	}
	if want := []string{"a_odd", headName, "model.rotary_emb.inv_freq"}; !slices.Equal(got.Ignored, want) {
		t.Errorf("ignored %v, want %v", got.Ignored, want)
	}
}

const headName = "lm_head.weight"

// TestLlamaWithoutQuantization: an ordinary Llama is refused, a packed one is
// read with the dividing scale of files that say nothing.
func TestLlamaWithoutQuantization(t *testing.T) {
	strip := func(s modeltest.Spec) string {
		dir := modeltest.Folder(t, s)
		name := filepath.Join(dir, "config.json")
		var config map[string]any
		readJSON(t, name, &config)
		delete(config, "quantization_config")
		writeJSON(t, name, config)
		return dir
	}
	m := modeltest.Open(t, strip(modeltest.Tiny(checkpoint.Llama, modeltest.Latent)))
	if m.Weights.Layers[0].Q.Dense == nil || len(m.Notes) != 1 {
		t.Errorf("latent: notes %q", m.Notes)
	}
	s := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	s.Divide = true
	if got, want := modeltest.Open(t, strip(s)), modeltest.Open(t, modeltest.Folder(t, s)); got.Weights.Layers[0].Q.Scale != want.Weights.Layers[0].Q.Scale {
		t.Error("the scale does not divide")
	}
}

// TestTie covers the three values of tie_word_embeddings with and without a
// head in the file.
func TestTie(t *testing.T) {
	for _, test := range []struct {
		key    any // nil removes it
		stored bool
		tied   bool
		fails  bool
	}{
		{true, true, true, false}, {true, false, true, false},
		{false, true, false, false}, {false, false, false, true},
		{nil, true, false, false}, {nil, false, true, false},
	} {
		s := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
		s.TiedEmbedding = !test.stored
		dir := modeltest.Folder(t, s)
		name := filepath.Join(dir, "config.json")
		var config map[string]any
		readJSON(t, name, &config)
		if config["tie_word_embeddings"] = test.key; test.key == nil {
			delete(config, "tie_word_embeddings")
		}
		writeJSON(t, name, config)
		m, err := checkpoint.Open(context.Background(), dir, nil)
		switch {
		case test.fails:
			if !errors.Is(err, model.ErrDamaged) || !strings.Contains(err.Error(), headName) {
				t.Errorf("%+v: error %v", test, err)
			}
		case err != nil:
			t.Errorf("%+v: %v", test, err)
		case m.TiedEmbedding != test.tied || (m.Head == &m.Embed) != test.tied:
			t.Errorf("%+v: tied %v", test, m.TiedEmbedding)
		}
	}
}
