package inference

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
)

// TestCompare: a change in one layer is found in that layer.
func TestCompare(t *testing.T) {
	dir := filepath.Join(goldens, "hf-2b4t-packed")
	a := open(t, dir, 2)
	var g golden
	readJSON(t, filepath.Join(dir, "golden.json"), &g)
	layers, ids := a.Model().Config.Layers, g.Long.Prompt
	for name, c := range map[string]struct {
		change func(m *model.Model)
		first  int
	}{
		"nothing":       {func(*model.Model) {}, -1},
		"embedding":     {func(m *model.Model) { m.Embed.Data[2*(int(ids[0])*m.Dim+1)+1] ^= 0x80 }, 0},
		"last layer":    {func(m *model.Model) { m.Weights.Layers[layers-1].Down.Scale *= 1.01 }, layers},
		"final norm":    {func(m *model.Model) { m.Norm[3] *= 1.5 }, layers + 1},
		"not a number":  {func(m *model.Model) { m.Weights.Layers[0].AttnNorm[0] = float32(math.NaN()) }, 1},
		"first of many": {func(m *model.Model) { m.Weights.Layers[0].O.Scale *= 2; m.Norm[0] = 7 }, 1},
	} {
		m, err := checkpoint.Open(context.Background(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.change(m)
		got, err := Compare(context.Background(), a, newEngine(t, m), ids)
		if err != nil {
			t.Fatal(err)
		}
		if got.FirstStage() != c.first || len(got.Stages) != layers+2 || got.Positions != len(ids) {
			t.Errorf("%s: stages %v, %d positions, want the first to differ %d", name, got.Stages, got.Positions, c.first)
		}
		if same := c.first < 0; same != (got.Logits == 0) || same != (got.FirstPosition < 0) || same && got.SameArgmax != len(ids) {
			t.Errorf("%s: logits differ by %g, first at %d, %d of %d argmax equal", name, got.Logits, got.FirstPosition, got.SameArgmax, len(ids))
		}
		if name == "not a number" && !math.IsInf(got.Stages[1], 1) {
			t.Errorf("%s: %v", name, got.Stages)
		}
	}
}

// TestCompareFigures checks differences and perplexities against plain sums.
func TestCompareFigures(t *testing.T) {
	a := open(t, filepath.Join(goldens, "gguf-bitnet-i2_s"), 1)
	m := *a.Model()
	m.Norm = slices.Clone(m.Norm)
	m.Norm[1] *= 2
	b := newEngine(t, &m)
	ids := []int32{1, 17, 200, 33, 5, 150}
	c, err := Compare(context.Background(), a, b, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []*Engine{a, b} {
		vocab, sum := m.VocabSize, 0.0
		all := kvf32Logits(t, e, ids)
		for t := range len(ids) - 1 {
			sum += logProb(all[t*vocab:][:vocab], ids[t+1])
		}
		if want := math.Exp(-sum / float64(len(ids)-1)); math.Abs(c.Perplexity[i]/want-1) > 1e-9 {
			t.Errorf("perplexity %g, want %g", c.Perplexity[i], want)
		}
	}
	if want := relative(t, kvf32Logits(t, b, ids), kvf32Logits(t, a, ids)); c.Logits != want {
		t.Errorf("logits differ by %g, want %g", c.Logits, want)
	}
	if _, err := Compare(context.Background(), a, open(t, filepath.Join(goldens, "hf-2b4t-packed"), 1), ids); err == nil {
		t.Error("models of other sizes are compared")
	}
	if one, err := Compare(context.Background(), a, b, ids[:1]); err != nil || !math.IsNaN(one.Perplexity[0]) {
		t.Errorf("of one id: %v, %v", one, err)
	}
}

// kvf32Logits are the logits of every position, with a cache of single precision.
func kvf32Logits(t *testing.T, e *Engine, ids []int32) (all []float32) {
	t.Helper()
	err := session(t, e, SessionOptions{KV: KVF32}).EachLogits(context.Background(), ids, func(_ int, l []float32) error {
		all = append(all, l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
