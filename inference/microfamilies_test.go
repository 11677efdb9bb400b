package inference

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/x448/float16"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// TestMicroFamilies compares with the vectors of models with a scale per group: YaRN,
// the norm of heads, and products.
func TestMicroFamilies(t *testing.T) {
	var m struct {
		YaRN []struct {
			Name      string
			Theta     float64
			HeadDim   int `json:"head_dim"`
			Factor    float64
			Original  int
			Fast      float64 `json:"beta_fast"`
			Slow      float64 `json:"beta_slow"`
			Amplitude float64
			InvFreq   []float64 `json:"inv_freq"`
		}
		MatMul struct {
			Codes  [][]int8
			Scales [][]float32
			X      [][]float32
			Y      [][]float64 `json:"y_float64"`
		}
		QKNorm struct {
			Eps     float32
			Heads   int
			HeadDim int `json:"head_dim"`
			X, W, Y []float32
		} `json:"qk_norm"`
	}
	readJSON(t, filepath.Join(families, "micro2.json"), &m)
	for _, y := range m.YaRN {
		c := model.Config{HeadDim: y.HeadDim, RopeTheta: y.Theta, RopeScaling: model.RopeScaling{
			Kind: model.RopeYaRN, Factor: y.Factor, Original: y.Original, BetaFast: y.Fast, BetaSlow: y.Slow, Amplitude: y.Amplitude}}
		r := newRotation(&model.Model{Config: c}, 1)
		if math.Abs(float64(r.amplitude)-y.Amplitude) > 1e-7 || len(r.invFreq) != len(y.InvFreq) {
			t.Errorf("%s: amplitude %g of %d pairs", y.Name, r.amplitude, len(r.invFreq))
		}
		for j, want := range y.InvFreq {
			if got := float64(r.invFreq[j]); math.Abs(got/want-1) > 3e-7 {
				t.Errorf("%s: frequency %d is %g, want %g", y.Name, j, got, want)
			}
		}
	}

	got := make([]float32, len(m.QKNorm.X))
	for h := range m.QKNorm.Heads {
		at := h * m.QKNorm.HeadDim
		kernel.RMSNorm(got[at:][:m.QKNorm.HeadDim], m.QKNorm.X[at:][:m.QKNorm.HeadDim], m.QKNorm.W, m.QKNorm.Eps)
	}
	near(t, "the norm of heads", got, m.QKNorm.Y)

	rows, cols := len(m.MatMul.Codes), len(m.MatMul.Codes[0])
	g := ternary.NewGrouped(rows, cols, 128, false)
	for r, codes := range m.MatMul.Codes {
		row := make([]uint8, cols)
		for i, c := range codes {
			row[i] = uint8(c + 1)
		}
		g.PackRow(r, row)
		for i, d := range m.MatMul.Scales[r] {
			g.SetScale(r, i, float16.Fromfloat32(d).Float32())
		}
	}
	for planes, within := range map[kernel.Planes]float64{kernel.Fixed16: 1e-4, kernel.Fixed24: 1e-6} {
		var x kernel.Fixed
		x.Reset(len(m.MatMul.X), cols, 128, planes)
		for i, row := range m.MatMul.X {
			x.Set(i, row)
		}
		y := make([]float32, len(m.MatMul.X)*rows)
		kernel.MatMulGrouped(y, rows, &g, 0, g.Bands(), &x, kernel.NewScratch())
		for i, want := range m.MatMul.Y {
			top := 0.0
			for _, v := range want {
				top = max(top, math.Abs(v))
			}
			for r, v := range want {
				if off := math.Abs(float64(y[i*rows+r])-v) / top; !(off <= within) {
					t.Errorf("planes %v, token %d, row %d: %g, want %g", planes, i, r, y[i*rows+r], v)
				}
			}
		}
	}
}
