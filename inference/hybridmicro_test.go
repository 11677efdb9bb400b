package inference

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/inference/kernel"
	"tern/model"
)

// hybridMicro is qwen35-micro.json: small vectors for each step.
type hybridMicro struct {
	L2 struct {
		X, Y [][]float32
		Eps  float32
	} `json:"l2norm"`
	Softplus struct{ X, Y []float64 }
	Delta    struct {
		Q, K, V, G, Beta, S0, O, S []float32
	} `json:"delta_rule"`
	Conv struct {
		X, W, State, Y []float32
		New            []float32 `json:"new_state"`
	}
	Grouped struct{ X, Y []float32 } `json:"tiled_to_grouped_6v_2k_dim4"`
}

// near fails where a differs from b by more than a millionth of the largest.
func near(t *testing.T, what string, a, b []float32) {
	t.Helper()
	if r := relative(t, a, b); r > 1e-6 {
		t.Errorf("%s differs by %.2g: %v, want %v", what, r, a, b)
	}
}

func TestHybridMicro(t *testing.T) {
	var m hybridMicro
	file := filepath.Join(families, "qwen35-micro.json")
	readJSON(t, file, &m)
	for i, x := range m.L2.X {
		got := make([]float32, len(x))
		scratch := newDeltaScratch(&model.DeltaNet{HeadDim: len(x), Kernel: 1})
		if unit(got, x, scratch.unitK, m.L2.Eps); m.L2.Y[i][0] != 0 {
			near(t, "unit", got, m.L2.Y[i])
		}
	}
	for i, x := range m.Softplus.X {
		if got, want := float64(decayOf(float32(x), 0, 1)), math.Exp(m.Softplus.Y[i]); math.Abs(got/want-1) > 1e-5 {
			t.Errorf("exp(softplus(%g)) is %g, want %g", x, got, want)
		}
	}
	// 5 tokens, 2 heads of 4.
	shape := model.DeltaNet{KeyHeads: 2, ValueHeads: 2, HeadDim: 4, Kernel: 4}
	s := layerState{&shape, append([]float32{}, m.Delta.S0...)}
	var out []float32
	for i := range 5 {
		for h := range 2 {
			at := (2*i + h) * 4
			k, q := m.Delta.K[at:][:4], slices.Clone(m.Delta.Q[at:][:4])
			scaleBy(q, 0.5) // 1/√4
			var kq [1]float32
			kernel.Scores(kq[:], q, k, 1)
			o := make([]float32, 4)
			kernel.DeltaStep(o, s.head(h, 4), k, q, m.Delta.V[at:][:4], float32(math.Exp(float64(m.Delta.G[2*i+h]))), m.Delta.Beta[2*i+h], kq[0])
			out = append(out, o...)
		}
	}
	near(t, "the output of the delta rule", out, m.Delta.O)
	near(t, "the state of the delta rule", s.data, m.Delta.S)

	// 3 tokens through 2 channels, which one head of 2 stands for.
	conv := &pass{engine: &Engine{model: &model.Model{Config: model.Config{
		DeltaNet: model.DeltaNet{KeyHeads: 0, ValueHeads: 1, HeadDim: 2, Kernel: 4}, Recurrent: []bool{true},
	}}}}
	conv.engine.model.Weights.Layers = []model.Layer{{Delta: &model.Delta{Conv: m.Conv.W}}}
	conv.engine.conv = convolutions(conv.engine.model)
	conv.qkv = matrix{2, append([]float32{}, m.Conv.X...)}
	cs := layerState{&conv.engine.model.DeltaNet, append(make([]float32, 4), m.Conv.State...)}
	cscratch := newDeltaScratch(&conv.engine.model.DeltaNet)
	conv.convolve(&span{n: 3}, cs, 0, &cscratch, 0)
	silu := func(x []float32) (y []float32) {
		for _, v := range x {
			y = append(y, v*sigmoid(v))
		}
		return y
	}
	if a, b := relative(t, conv.qkv.data, m.Conv.Y), relative(t, conv.qkv.data, silu(m.Conv.Y)); min(a, b) > 1e-6 {
		t.Errorf("the convolution gives %v, want %v", conv.qkv.data, m.Conv.Y)
	}
	near(t, "the state of the convolution", cs.data[4:], m.Conv.New)

	e := &Engine{model: &model.Model{Config: model.Config{DeltaNet: model.DeltaNet{KeyHeads: 2, ValueHeads: 6, HeadDim: 4}}}}
	d := &model.Delta{Out: model.Linear{Rotation: &model.Rotation{Grouped: true}}}
	got := make([]float32, len(m.Grouped.X))
	for v := range 6 {
		copy(got[e.outHead(v, d)*4:][:4], m.Grouped.X[v*4:][:4])
	}
	near(t, "grouped order", got, m.Grouped.Y)
}

// TestRotationMicro rotates and undoes it, as the reference does.
func TestRotationMicro(t *testing.T) {
	var all map[string]any
	readJSON(t, filepath.Join(families, "qwen35-micro.json"), &all)
	floats := func(v any) (out []float32) {
		for _, x := range v.([]any) {
			out = append(out, float32(x.(float64)))
		}
		return out
	}
	seen := 0
	for name, v := range all {
		if !strings.HasPrefix(name, "hadamard_") {
			continue
		}
		seen++
		c := v.(map[string]any)
		r := &model.Rotation{Block: int(c["block"].(float64))}
		if at, big := c["at"]; big {
			x := make([]float32, r.Block)
			r.Signs = make([]float32, r.Block)
			for i := range x {
				x[i] = float32((i*37+11)%97 - 48)
				r.Signs[i] = float32(1 - 2*(i*73%101%2))
			}
			back := append([]float32{}, x...)
			rotateInput(x, r)
			unrotate(back, r)
			var fx, bx []float32
			for _, i := range floats(at) {
				fx, bx = append(fx, x[int(i)]), append(bx, back[int(i)])
			}
			near(t, name, fx, floats(c["forward_at"]))
			near(t, name+" inverse", bx, floats(c["inverse_of_x_at"]))
			continue
		}
		r.Signs = floats(c["signs"])
		x := floats(c["x"])
		back := append([]float32{}, x...)
		rotateInput(x, r)
		unrotate(back, r)
		near(t, name, x, floats(c["forward"]))
		near(t, name+" inverse", back, floats(c["inverse_of_x"]))
	}
	if seen < 7 {
		t.Errorf("%d vectors", seen)
	}
}
