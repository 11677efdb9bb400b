package compare_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/compare"
	"tern/model/gguf"
	"tern/model/modeltest"
)

const goldens = "../../inference/testdata/goldens"

// TestCompareTensors changes one thing at a time and expects to be told of it.
func TestCompareTensors(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	s.LinearNorm, s.Exclude = true, []string{"v_proj"}
	dir := modeltest.Folder(t, s)
	a := modeltest.Open(t, dir)
	for name, c := range map[string]struct {
		change func(m *model.Model)
		want   []compare.TensorDifference
	}{
		"nothing": {func(*model.Model) {}, nil},
		"a weight": {func(m *model.Model) {
			row, up := make([]int8, m.Dim), &m.Weights.Layers[1].Up
			up.UnpackRow(3, row)
			row[7] = (row[7]+2)%3 - 1 // another one of -1, 0, 1
			up.PackRow(3, row)
		}, []compare.TensorDifference{{Name: "model.layers.1.mlp.up_proj.weight", Layer: 1, Kind: "ternary", Count: 1, Of: 512 * 256, Largest: 1}}},
		"a multiplier": {func(m *model.Model) { m.Weights.Layers[0].O.Scale *= 2 },
			[]compare.TensorDifference{{Name: "model.layers.0.self_attn.o_proj.weight", Kind: "multiplier", Count: 1, Of: 1, Largest: 1}}},
		"a norm": {func(m *model.Model) { m.Weights.Layers[1].FFNNorm[5] = 100 },
			[]compare.TensorDifference{{Name: "model.layers.1.post_attention_layernorm.weight", Layer: 1, Kind: "values", Count: 1, Of: 256, Largest: math.Inf(1)}}},
		"a norm of a linear": {func(m *model.Model) { m.Weights.Layers[0].Q.NormEps = 7 },
			[]compare.TensorDifference{{Name: "model.layers.0.self_attn.q_proj.weight (norm of its input)", Kind: "values", Count: 1, Of: 257, Largest: math.Inf(1)}}},
		"a float linear": {func(m *model.Model) { m.Weights.Layers[0].V.Dense.Data[2] ^= 0x40 },
			[]compare.TensorDifference{{Name: "model.layers.0.self_attn.v_proj.weight", Kind: "values", Count: 1, Of: 128 * 256, Largest: math.Inf(1)}}},
		"the form of a linear": {func(m *model.Model) { m.Weights.Layers[0].V = m.Weights.Layers[0].K },
			[]compare.TensorDifference{{Name: "model.layers.0.self_attn.v_proj.weight", Kind: "form"}}},
		"the head, and the rotation": {func(m *model.Model) { m.TiedEmbedding, m.Head, m.RopeFactors = true, &m.Embed, []float32{2} },
			[]compare.TensorDifference{
				{Name: "lm_head.weight", Layer: -1, Kind: "values", Count: 320 * 256, Of: 320 * 256, Largest: math.Inf(1)},
				{Name: "rope_freqs.weight", Layer: -1, Kind: "values", Count: 1, Of: 1, Largest: 1},
			}},
	} {
		b := modeltest.Open(t, dir)
		c.change(b)
		got, n, err := compare.Tensors(context.Background(), a, b)
		if err != nil || n < 21 || n > 22 || len(got) != len(c.want) {
			t.Errorf("%s: %d of %d tensors differ, %v", name, len(got), n, err)
			continue
		}
		for i, d := range got {
			w := c.want[i]
			if (d.Kind == "ternary") != (len(d.A) == 64 && d.A != d.B) {
				t.Errorf("%s: digests %q and %q", name, d.A, d.B)
			}
			if math.IsInf(w.Largest, 1) && d.Largest > 0 { // any
				w.Largest = d.Largest
			}
			if d.A, d.B = "", ""; d != w {
				t.Errorf("%s: %+v, want %+v", name, d, w)
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := compare.Tensors(ctx, a, a); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestCompareOrders: a Llama in GGUF is its original, once its rows are in order.
func TestCompareOrders(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	original := modeltest.Open(t, modeltest.Folder(t, s))
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.TQ2, Scales: true}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := compare.Tensors(context.Background(), original, m); err == nil {
		t.Error("other orders are compared")
	}
	m.RotateHalves()
	if list, n, err := compare.Tensors(context.Background(), original, m); err != nil || n != 21 || list != nil {
		t.Errorf("%d tensors: %v, %v", n, list, err)
	}
}

func TestCompareConfigs(t *testing.T) {
	a := modeltest.Open(t, filepath.Join(goldens, "hf-1bitllm-f32"))
	b := modeltest.Open(t, filepath.Join(goldens, "hf-2b4t-packed"))
	same := a.Config
	same.StopIDs, same.RopeTheta = []int32{9, 2}, 1_000_042
	list, ok := compare.Configs(&a.Config, &same)
	if want := (compare.ConfigDifference{Name: "rope theta", A: "10000", B: "1000042"}); !ok || len(list) != 2 || list[0] != want || list[1].B != "[2 9]" {
		t.Errorf("%v %+v", ok, list)
	}
	list, ok = compare.Configs(&a.Config, &b.Config)
	var names []string
	for _, d := range list {
		names = append(names, d.Name)
	}
	if all := strings.Join(names, ", "); ok || !strings.Contains(all, "hidden size") || !strings.Contains(all, "activation") {
		t.Errorf("%v %s", ok, all)
	}
	if _, _, err := compare.Tensors(context.Background(), a, b); err == nil {
		t.Error("models of other shapes are compared")
	}
}
