package inference

import (
	"path/filepath"
	"slices"
	"testing"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// TestMicro checks the single steps that logits cannot see: rounding ties,
// clamps, the norm, both rotations and one BitLinear (formats.md §7).
func TestMicro(t *testing.T) {
	type quantised struct {
		X []float32
		Q []int8
		S float32
	}
	var m struct {
		Ties   quantised `json:"act_ties"`
		Tiny   quantised `json:"act_tiny_amax_clamped_to_1e-5"`
		Zero   quantised `json:"act_zero_row"`
		Random quantised `json:"act_random"`
		Norm   struct {
			X, W, Y []float32
			Eps     float32
		} `json:"rmsnorm"`
		Rope struct {
			HeadDim              int `json:"head_dim"`
			Theta                float64
			Pos                  int
			X, Half, Interleaved []float32
		}
		BitLinear struct {
			X, Y       [][]float32 // two tokens
			Ternary    [][]int8
			Multiplier float32
		}
	}
	readJSON(t, filepath.Join(goldens, "micro.json"), &m)

	for name, c := range map[string]quantised{"ties": m.Ties, "tiny": m.Tiny, "zero": m.Zero, "random": m.Random} {
		a := newActivation(1, len(c.X)).of(len(c.X))
		a.quantize(0, 1, matrix{len(c.X), c.X}, nil, 0, nil, formInt8)
		if a.scale[0] != c.S {
			t.Errorf("%s: scale %g, want %g", name, a.scale[0], c.S)
		}
		var sum int32
		for i, want := range c.Q {
			if a.q[i] != want {
				t.Errorf("%s: value %d quantised to %d, want %d", name, i, a.q[i], want)
			}
			sum += int32(want)
		}
		if a.sum[0] != sum {
			t.Errorf("%s: sum %d, want %d", name, a.sum[0], sum)
		}
	}

	y := make([]float32, len(m.Norm.X))
	kernel.RMSNorm(y, m.Norm.X, m.Norm.W, m.Norm.Eps)
	if r := relative(t, y, m.Norm.Y); r > 1e-6 {
		t.Errorf("RMSNorm differs by %.2g", r)
	}

	for adjacent, want := range map[bool][]float32{false: m.Rope.Half, true: m.Rope.Interleaved} {
		c := model.Config{HeadDim: m.Rope.HeadDim, RopeTheta: m.Rope.Theta, RopeAdjacent: adjacent}
		s := &Session{rotation: newRotation(&model.Model{Config: c}, 1)}
		p := &pass{
			engine: &Engine{model: &model.Model{Config: c}}, rows: []row{{seq: s, pos: m.Rope.Pos}},
			cos: newMatrix(1, c.HeadDim/2), sin: newMatrix(1, c.HeadDim/2),
		}
		p.angles(0)
		x := append([]float32(nil), m.Rope.X...)
		p.rotate(0, x)
		if r := relative(t, x, want); r > 2e-6 {
			t.Errorf("RoPE, adjacent pairs %v, differs by %.2g", adjacent, r)
		}
	}

	b := m.BitLinear
	lin := model.Linear{Matrix: ternary.New(len(b.Ternary), len(b.X[0]))}
	lin.Scale = b.Multiplier
	for r, row := range b.Ternary {
		lin.PackRow(r, row)
	}
	a := newActivation(len(b.X), lin.Cols).of(lin.Cols)
	a.quantize(0, len(b.X), matrix{lin.Cols, slices.Concat(b.X...)}, nil, 0, nil, formInt8)
	w := &worker{of: 1}
	p := &pass{rows: make([]row, len(b.X)), scratch: []scratch{{mul: make([]float32, len(b.X)), kernel: kernel.NewScratch()}}}
	out := newMatrix(len(b.X), lin.Rows)
	p.bitLinear(w, out, &lin, a, 0, lin.Groups(), 0, len(p.rows))
	for i, want := range b.Y {
		if r := relative(t, out.row(i), want); r > 4e-7 {
			t.Errorf("BitLinear of token %d differs by %.2g", i, r)
		}
	}
}
