package model

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestShapes counts the parts of the published shapes without making them.
func TestShapes(t *testing.T) {
	want := map[string]struct {
		tensors int
		params  string
	}{
		"large": {266, "728M"}, "xl": {266, "1.27B"}, "3b": {288, "3.32B"}, "2b-4t": {332, "2.41B"}, "llama3-8b": {291, "8.03B"},
	}
	if len(want) != len(Shapes()) {
		t.Errorf("shapes %v", Shapes())
	}
	for name, want := range want {
		m := &Model{Config: shapes[name]}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m.allocate()
		var params int64
		for _, p := range m.parts() {
			params += int64(p.rows) * int64(p.cols)
		}
		if got := short(params, "", "K", "M", "B"); got != want.params || len(m.parts()) != want.tensors {
			t.Errorf("%s has %d tensors and %s parameters, want %d and %s", name, len(m.parts()), got, want.tensors, want.params)
		}
	}
}

func TestSynthetic(t *testing.T) {
	c := Config{
		Arch: ArchLlama, Layers: 2, Dim: 250, FFNDim: 341, Heads: 5, KVHeads: 1, HeadDim: 50,
		VocabSize: 301, ContextLen: 64, NormEps: 1e-5, RopeTheta: 1e4, Activation: SiLU,
	}
	for _, head := range []DType{F32, F16, BF16} {
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
			for j, l := range m.Weights.Layers[i].linears() {
				if d := l.Digest(); d == other.Weights.Layers[i].linears()[j].Digest() || digests[d] {
					t.Errorf("%v: layer %d: matrix %d is another's", head, i, j)
				} else {
					digests[d] = true
				}
				if want := float32(math.Sqrt(2 / float64(l.Cols))); l.Scale != want {
					t.Errorf("%v: scale %g, want %g", head, l.Scale, want)
				}
			}
			for _, n := range m.Weights.Layers[i].norms() {
				if slices.ContainsFunc(n, func(v float32) bool { return v != 1 }) {
					t.Errorf("%v: norms are not 1", head)
				}
			}
		}
		row := make([]float32, c.Dim)
		for _, d := range []*Dense{&m.Embed, m.Head} {
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
	if _, err := Synthetic("Large", F16, 1); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "2b-4t") {
		t.Errorf("unknown name: %v", err)
	}
	if _, err := Synthetic("xl", 0, 1); !errors.Is(err, ErrUnsupported) {
		t.Errorf("head of no type: %v", err)
	}
}
