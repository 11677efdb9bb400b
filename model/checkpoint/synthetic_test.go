package checkpoint

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"tern/model"
	"testing"
)

// TestShapes counts the parts of the published shapes without making them.
func TestShapes(t *testing.T) {
	want := map[string]struct{ tensors, millions int }{
		"large": {266, 728}, "xl": {266, 1273}, "3b": {288, 3324}, "2b-4t": {332, 2412}, "llama3-8b": {291, 8030},
		"bonsai-1.7b": {310, 1720}, "bonsai-4b": {398, 4021}, "bonsai-8b": {399, 8188},
		"bonsai-2-2b": {320, 1881}, "bonsai-2-4b": {426, 4205}, "bonsai-2-9b": {427, 8953}, // 202 + 177 + 48
	}
	if len(want) != len(Shapes()) {
		t.Errorf("shapes %v", Shapes())
	}
	for name, want := range want {
		c, _ := Shape(name)
		m := &model.Model{Config: c}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m.Allocate()
		params, slots := 0, Find(c.Arch).slots(m)
		for _, p := range slots {
			params += p.Rows * p.Cols
		}
		if params/1e6 != want.millions || len(slots) != want.tensors {
			t.Errorf("%s has %d tensors and %d parameters, want %d and %d million", name, len(slots), params, want.tensors, want.millions)
		}
	}
}

func TestSynthetic(t *testing.T) {
	c := model.Config{
		Arch: Llama, Layers: 2, Dim: 250, FFNDim: 341, Heads: 5, KVHeads: 1, HeadDim: 50,
		VocabSize: 301, ContextLen: 64, NormEps: 1e-5, RopeTheta: 1e4, Activation: model.SiLU,
	}
	for _, head := range []model.DType{model.F32, model.F16, model.BF16} {
		m, err := SyntheticConfig("test", c, head, 1)
		if err != nil {
			t.Fatal(err)
		}
		again, err := SyntheticConfig("test", c, head, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m, again) {
			t.Errorf("%v: the same seed gives another model", head)
		}
		other, err := SyntheticConfig("test", c, head, 1000)
		if err != nil {
			t.Fatal(err)
		}
		digests := map[string]bool{}
		for i := range m.Weights.Layers {
			for j, l := range m.Weights.Layers[i].Projections() {
				if d := l.Digest(); d == other.Weights.Layers[i].Projections()[j].Digest() || digests[d] {
					t.Errorf("%v: layer %d: matrix %d is another's", head, i, j)
				} else {
					digests[d] = true
				}
				if want := float32(math.Sqrt(2 / float64(l.Cols))); l.Scale != want {
					t.Errorf("%v: scale %g, want %g", head, l.Scale, want)
				}
			}
		}
		for _, p := range m.Slots(&model.GGUFNames) {
			if p.Norm != nil && slices.ContainsFunc(*p.Norm, func(v float32) bool { return v != 1 }) {
				t.Errorf("%v: %s is not 1", head, p.Name)
			}
		}
		row := make([]float32, c.Dim)
		for _, d := range []*model.Dense{&m.Embed, m.Head} {
			if d.Type != head || len(d.Data) != d.Rows*d.Cols*head.Size() {
				t.Errorf("%v: %d bytes of %v", head, len(d.Data), d.Type)
			}
			for r := range d.Rows - 1 { // the last bytes stay 0 where 8 do not divide the size
				d.RowTo(row, r)
				for _, v := range row {
					if abs := math.Abs(float64(v)); abs < 1./64 || abs >= 1./32 {
						t.Fatalf("%v: row %d holds %g", head, r, v)
					}
				}
			}
		}
		if len(m.Tensors) != 3+2*9 || m.BOS != -1 || m.Head == &m.Embed {
			t.Errorf("%v: %d tensors, BOS %d", head, len(m.Tensors), m.BOS)
		}
	}
	if _, err := Synthetic("Large", model.F16, 1); !errors.Is(err, model.ErrNotFound) || !strings.Contains(err.Error(), "2b-4t") {
		t.Errorf("unknown name: %v", err)
	}
	if _, err := Synthetic("xl", 0, 1); !errors.Is(err, model.ErrUnsupported) {
		t.Errorf("head of no type: %v", err)
	}
}
