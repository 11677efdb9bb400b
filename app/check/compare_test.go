package check

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
)

// TestCompare: a change in one layer is found in that layer.
func TestCompare(t *testing.T) {
	dir := filepath.Join("../../inference/testdata/goldens", "hf-2b4t-packed")
	a := open(t, dir)
	var g struct {
		Long struct {
			Prompt []int32 `json:"prompt"`
		} `json:"long"`
	}
	raw, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &g); err != nil || len(g.Long.Prompt) < 8 {
		t.Fatalf("%d ids, %v", len(g.Long.Prompt), err)
	}
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
		m, err := checkpoint.Open(t.Context(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.change(m)
		got, err := Compare(t.Context(), a, newEngine(t, m), ids)
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
	a := open(t, filepath.Join("../../inference/testdata/goldens", "gguf-bitnet-i2_s"))
	m := *a.Model()
	m.Norm = slices.Clone(m.Norm)
	m.Norm[1] *= 2
	b := newEngine(t, &m)
	ids := []int32{1, 17, 200, 33, 5, 150}
	c, err := Compare(t.Context(), a, b, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []*inference.Engine{a, b} {
		vocab, sum := m.VocabSize, 0.0
		all := kvf32Logits(t, e, ids)
		for t := range len(ids) - 1 {
			sum += logProb(all[t*vocab:][:vocab], ids[t+1])
		}
		if want := math.Exp(-sum / float64(len(ids)-1)); math.Abs(c.Perplexity[i]/want-1) > 1e-9 {
			t.Errorf("perplexity %g, want %g", c.Perplexity[i], want)
		}
	}
	if want := relative(kvf32Logits(t, b, ids), kvf32Logits(t, a, ids)); c.Logits != want {
		t.Errorf("logits differ by %g, want %g", c.Logits, want)
	}
	if _, err := Compare(t.Context(), a, open(t, filepath.Join("../../inference/testdata/goldens", "hf-2b4t-packed")), ids); err == nil {
		t.Error("models of other sizes are compared")
	}
	if one, err := Compare(t.Context(), a, b, ids[:1]); err != nil || !math.IsNaN(one.Perplexity[0]) {
		t.Errorf("of one id: %v, %v", one, err)
	}
}

// open opens a checkpoint and closes it with the test.
func open(t *testing.T, dir string) *inference.Engine {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return newEngine(t, m)
}

func newEngine(t *testing.T, m *model.Model) *inference.Engine {
	t.Helper()
	e, err := inference.New(m, inference.Options{Threads: 2, OnlyIDs: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// logProb is the log-likelihood of id.
func logProb(logits []float32, id int32) float64 {
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - float64(logits[id]))
	}
	return -math.Log(sum)
}

// relative is max|got-want| / max|want|.
func relative(got, want []float32) float64 {
	var diff, top float64
	for i, w := range want {
		diff, top = max(diff, math.Abs(float64(got[i])-float64(w))), max(top, math.Abs(float64(w)))
	}
	return diff / top
}

// kvf32Logits are the logits of every position, with a cache of single precision.
func kvf32Logits(t *testing.T, e *inference.Engine, ids []int32) (all []float32) {
	t.Helper()
	s, err := e.NewSession(inference.SessionOptions{KV: inference.KVF32})
	if err != nil {
		t.Fatal(err)
	}
	err = s.EachLogits(t.Context(), ids, func(_ int, l []float32) error {
		all = append(all, l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
