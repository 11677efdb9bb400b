package export_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/compare"
	"tern/model/export"
	"tern/model/modeltest"
)

const families = "../../inference/testdata/goldens2"

// hybrids are models with linear attention, some of them rotated.
var hybrids = []string{"qwen35-f32", "qwen35-pq2_0", "qwen35-pq2_0-hadamard", "qwen35-ptq1_0", "qwen35-ptq1_0-hadamard-identity",
	"qwen35-ptq1_0-hadamard-tied", "qwen35-q2_0-g64", "qwen35-q2_0-legacy", "refuse/hadamard-keys.gguf"}

// TestHybridCopies: a copy of every hybrid and every rotated model is the model, its
// rotations and the kinds of its layers included.
func TestHybridCopies(t *testing.T) {
	for _, name := range hybrids {
		t.Run(name, func(t *testing.T) {
			m := modeltest.Open(t, filepath.Join(families, name))
			path := filepath.Join(t.TempDir(), "copy.gguf")
			if err := export.GGUF(t.Context(), m, path, export.GGUFOptions{Vocab: m.Tokenizer.GGUF}); err != nil {
				t.Fatal(err)
			}
			c := modeltest.Open(t, path)
			if list, same := compare.Configs(&m.Config, &c.Config); !same || len(list) > 0 {
				t.Errorf("%v", list)
			}
			if list, n, err := compare.Tensors(t.Context(), m, c); len(list) > 0 || n == 0 || err != nil {
				t.Errorf("%d tensors: %+v, %v", n, list, err)
			}
			want, err := m.Hash(t.Context())
			got, err2 := c.Hash(t.Context())
			if want != got || err != nil || err2 != nil {
				t.Errorf("hash %s, want %s", got, want)
			}
			if !slices.Equal(m.Recurrent, c.Recurrent) || m.DeltaNet != c.DeltaNet || m.RopeDim != c.RopeDim {
				t.Errorf("%+v, want %+v", c.Config, m.Config)
			}
			if err := export.Packed(m, t.TempDir(), false); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "one GGUF file") {
				t.Errorf("packed: %v", err)
			}
		})
	}
}

// TestRotationIsKept: what other programs would skip is not written for them, what no
// file can say is refused, and two models that differ in a rotation alone differ.
func TestRotationIsKept(t *testing.T) {
	m := modeltest.Open(t, filepath.Join(families, "qwen35-pq2_0-hadamard"))
	if _, err := export.GGUFSize(m, export.GGUFOptions{Portable: true}); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "rotated") {
		t.Errorf("portable: %v", err)
	}
	plain := modeltest.Open(t, filepath.Join(families, "qwen35-pq2_0"))
	if _, err := export.GGUFSize(plain, export.GGUFOptions{Portable: true}); err != nil {
		t.Errorf("portable, not rotated: %v", err)
	}
	for what, change := range map[string]func(m *model.Model){
		"a sign":      func(m *model.Model) { m.Weights.Layers[0].Gate.Rotation.Signs[3] *= -1 },
		"a block":     func(m *model.Model) { m.Weights.Layers[0].Gate.Rotation.Block /= 2 },
		"one of them": func(m *model.Model) { m.Weights.Layers[0].Gate.Rotation = nil },
		"the head":    func(m *model.Model) { m.HeadRotation = nil },
	} {
		c := modeltest.Open(t, filepath.Join(families, "qwen35-pq2_0-hadamard"))
		own := *c.Weights.Layers[0].Gate.Rotation
		own.Signs = slices.Clone(own.Signs)
		c.Weights.Layers[0].Gate.Rotation = &own
		change(c)
		list, _, err := compare.Tensors(t.Context(), m, c)
		if err != nil || len(list) != 1 || list[0].Kind != "form" || list[0].A == list[0].B {
			t.Errorf("%s: %+v, %v", what, list, err)
		}
		_, err = export.GGUFSize(c, export.GGUFOptions{})
		if refused := what == "a sign" || what == "a block"; (err != nil) != refused || refused && !errors.Is(err, model.ErrUnsupported) {
			t.Errorf("%s: written: %v", what, err)
		}
	}
}
