package export_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// written writes a model as GGUF and opens the file.
func written(t *testing.T, m *model.Model, o export.GGUFOptions) (*model.Model, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.gguf")
	if err := export.GGUF(context.Background(), m, path, o); err != nil {
		t.Fatal(err)
	}
	return modeltest.Open(t, path), path
}

// TestGGUF reads every family back, weight by weight, and checks what the
// tensors are stored as.
func TestGGUF(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T, checkpoint.Llama} {
		odd := modeltest.TinyGGUF(family)
		odd.FFNDim = 180 // rows that are not whole blocks, matrices that are
		for name, c := range map[string]struct {
			spec   modeltest.Spec
			o      export.GGUFOptions
			linear string
		}{
			"I2_S":        {modeltest.TinyGGUF(family), export.GGUFOptions{}, "I2_S"},
			"across rows": {odd, export.GGUFOptions{}, "I2_S"},
			"portable":    {modeltest.TinyGGUF(family), export.GGUFOptions{Portable: true}, "TQ2_0"},
			"tiny":        {modeltest.Tiny(family, modeltest.Latent), export.GGUFOptions{}, "F32"},
		} {
			if family == checkpoint.Llama && c.linear == "F32" {
				c.spec.Storage = modeltest.Packed
			}
			want := modeltest.Open(t, modeltest.Folder(t, c.spec))
			got, path := written(t, want, c.o)
			if name := got.Name; name != "copy" {
				t.Errorf("%s: name %q", name, name)
			}
			for _, info := range got.Tensors {
				if info.Linear != nil && info.Type != c.linear {
					t.Errorf("%s: %s is %s", name, info.Name, info.Type)
				}
			}
			if c.o.Portable {
				got.RotateHalves()
			}
			got.BOS = want.BOS // a file without tokenizer names none
			if !reflect.DeepEqual(got.Config, want.Config) || !reflect.DeepEqual(got.Weights, want.Weights) {
				t.Errorf("%s, %s: the model differs", family, name)
			}
			layout(t, path)
		}
	}
}

// layout checks a file with the reader of the container alone.
func layout(t *testing.T, path string) {
	t.Helper()
	f, err := gguf.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, key := range []string{"general.architecture", "general.file_type", "general.name"} {
		if _, ok := f.Meta[key]; !ok {
			t.Errorf("no %s", key)
		}
	}
	info, err := os.Stat(path)
	want := fs.FileMode(0o644)
	if runtime.GOOS == "windows" {
		want = 0o666 // it knows only one bit of them
	}
	if err != nil || info.Mode().Perm() != want {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// TestRotateHalves: bringing rows into order twice changes nothing more, and a
// model that rotates halves stays as it is.
func TestRotateHalves(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	original := modeltest.Open(t, modeltest.Folder(t, s))
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S}))
	if err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(m.Weights.Layers[0].Q, original.Weights.Layers[0].Q) {
		t.Fatal("nothing is permuted")
	}
	for range 2 {
		m.RotateHalves()
		if m.RopeAdjacent || !reflect.DeepEqual(m.Weights.Layers, original.Weights.Layers) {
			t.Error("the layers differ from the original's")
		}
	}
}

// TestWithHead checks the error of smaller embeddings, and that what is small
// already stays.
func TestWithHead(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama) // whose head is its own
	m := modeltest.Open(t, modeltest.Folder(t, s))
	for head, most := range map[model.DType]float64{model.F16: 0x1p-11, model.Q8_0: 0.5 / 127 * (1 + 0x1p-9)} {
		small, err := export.WithHead(m, head)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := written(t, small, export.GGUFOptions{})
		if got.Embed.Type != head || got.Head.Type != head || m.Embed.Type != model.F32 {
			t.Errorf("embedding %v, head %v", got.Embed.Type, got.Head.Type)
		}
		a, b := make([]float32, m.Dim), make([]float32, m.Dim)
		for r := range m.VocabSize {
			got.Head.RowTo(a, r)
			m.Head.RowTo(b, r)
			for i := range b {
				top := math.Abs(float64(b[i])) // of the block for Q8_0, of the number for F16
				if head == model.Q8_0 {
					for _, v := range b[i/32*32:][:32] {
						top = max(top, math.Abs(float64(v)))
					}
				}
				if d := math.Abs(float64(a[i]) - float64(b[i])); d > max(top*most, 0x1p-25) {
					t.Fatalf("%v: [%d][%d] is %g, was %g", head, r, i, a[i], b[i])
				}
			}
		}
		again, err := export.WithHead(small, model.F16)
		if err != nil || !slices.Equal(again.Head.Data, small.Head.Data) {
			t.Errorf("%v as F16: %v", head, err)
		}
	}
	if _, err := export.WithHead(m, model.Q4K); !errors.Is(err, model.ErrUnsupported) {
		t.Errorf("a head of Q4_K: %v", err)
	}
	tiny := modeltest.Open(t, modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Latent))) // of 60 columns
	if _, err := export.WithHead(tiny, model.Q8_0); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "60 numbers") {
		t.Errorf("rows of 60 as Q8_0: %v", err)
	}
	if tied, err := export.WithHead(tiny, model.F16); err != nil || tied.Head != &tied.Embed {
		t.Errorf("the tie is lost: %v", err)
	}
	tiny.Embed.Data[3], tiny.Embed.Data[2] = 0x7f, 0x7f // 3.4e38
	if _, err := export.WithHead(tiny, model.F16); err == nil || !strings.Contains(err.Error(), "row 0") {
		t.Errorf("a number beyond F16: %v", err)
	}
}

// TestExtrasDamaged: what a file says beside the format's keys is not trusted.
func TestExtrasDamaged(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	for name, c := range map[string]struct {
		pair gguf.Pair
		kind error
		says string
	}{
		"stops":         {gguf.Pair{Key: "tern.stop_ids", Value: "x"}, model.ErrDamaged, "tern.stop_ids"},
		"halves":        {gguf.Pair{Key: "tern.rotate_halves", Value: uint32(1)}, model.ErrDamaged, "tern.rotate_halves"},
		"epsilon":       {gguf.Pair{Key: "tern.linear_norm_rms_epsilon", Value: float32(2)}, model.ErrDamaged, "is 2"},
		"no norms":      {gguf.Pair{Key: "tern.linear_norm_rms_epsilon", Value: float32(1e-6)}, model.ErrDamaged, "attn_q.rms_norm.weight"},
		"not float":     {gguf.Pair{Key: "tern.float_modules", Value: []string{"blk.0.attn_v"}}, model.ErrUnsupported, "blk.0.attn_v"},
		"float modules": {gguf.Pair{Key: "tern.float_modules", Value: uint32(1)}, model.ErrDamaged, "tern.float_modules"},
	} {
		_, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{c.pair}}))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %v that says %s", name, err, c.kind, c.says)
		}
	}
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{{Key: "tern.stop_ids", Value: []int32{7, -1, 320, 7, 9}}}}))
	if err != nil || !slices.Equal(m.StopIDs, []int32{7, 9}) {
		t.Errorf("stop ids %v, %v", m.StopIDs, err)
	}
}

// TestGGUFRotation: what the file could not say is refused rather than lost.
func TestGGUFRotation(t *testing.T) {
	m := modeltest.Open(t, modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Latent)))
	m.RopeAdjacent = true
	if _, err := export.GGUFSize(m, export.GGUFOptions{}); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "rotation") {
		t.Errorf("%v", err)
	}
}

// TestRecommended holds that a copy recommends what its original does.
func TestRecommended(t *testing.T) {
	m := modeltest.Open(t, modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Packed)))
	m.Recommended = map[string]float64{"temperature": 0.7, "top_k": 40, "top_p": 0.95, "min_p": 0.05, "repetition_penalty": 1.1, "eos_token_id": 2}
	back, _ := written(t, m, export.GGUFOptions{})
	want := maps.Clone(m.Recommended)
	delete(want, "eos_token_id") // not a sampling setting
	if !maps.Equal(back.Recommended, want) {
		t.Errorf("%v, want %v", back.Recommended, want)
	}
}
