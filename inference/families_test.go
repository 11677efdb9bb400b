package inference

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"tern/inference/sampling"
	"tern/model"
)

// families is the golden set of models with a scale per group and float
// activations; its README says how it was made.
const families = "testdata/goldens2"

var allFamilies = []string{
	"hf-qwen3-bf16-unpacked", "hf-qwen3-f32", "llama-tq1_0-trilm", "llama-tq2_0-float",
	"minicpm-tq2_0-longrope-long", "minicpm-tq2_0-longrope-short", "qwen3-f16-ternary-values", "qwen3-pq2_0-yarn",
	"qwen3-ptq1_0", "qwen3-q1_0", "qwen3-q2_0-g64-tied", "qwen3-q2_0-legacy-g128-untied", "qwen3-tq1_0", "qwen3-tq2_0-q4_0emb",
}

// TestFamilies compares every stage of the forward pass with the reference's
// float32 run. With 24 bits per activation, as --exact has them, all must be within
// the tolerance; with 16 bits, the default, greedy tokens must be the same and
// logits within what that costs.
func TestFamilies(t *testing.T) {
	for _, name := range allFamilies {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(families, name)
			var g golden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			load := func(a array) []float32 { return readFloats(t, filepath.Join(dir, a.File)) }
			e := openExact(t, dir)
			if in := e.Model().Input; in != model.InputFloat {
				t.Fatalf("input %v, want float", in)
			}
			t.Run("logits", func(t *testing.T) { goldenLogits(t, e, &g, load) })
			t.Run("greedy", func(t *testing.T) { goldenGreedy(t, e, &g, load) })
			t.Run("long", func(t *testing.T) { familyLong(t, e, &g, load) })
			t.Run("default", func(t *testing.T) { familyDefault(t, open(t, dir, 2), &g, load) })
		})
	}
}

// openExact opens a checkpoint as --exact does.
func openExact(t *testing.T, dir string) *Engine {
	t.Helper()
	e, err := Open(context.Background(), dir, Options{Threads: 2, Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// familyLong checks every position of an arbitrary prompt.
func familyLong(t *testing.T, e *Engine, g *golden, load func(array) []float32) {
	var last []float32
	var ids []int32
	err := session(t, e, SessionOptions{KV: KVF32}).EachLogits(context.Background(), g.Long.Prompt, func(_ int, l []float32) error {
		ids, last = append(ids, sampling.Argmax(l)), append(last[:0], l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ids, g.Long.Argmax) {
		t.Errorf("the most likely ids are %v, want %v", ids, g.Long.Argmax)
	}
	if r := relative(t, last, load(g.Long.LastLogits)); r > tolerance {
		t.Errorf("last logits differ by %.2g", r)
	}
}

// defaultTolerance is what 16 bits per activation may cost on the goldens.
const defaultTolerance = 5e-4

func familyDefault(t *testing.T, e *Engine, g *golden, load func(array) []float32) {
	r := relative(t, promptLogits(t, e, g.Prompt), load(g.Logits))
	t.Logf("prompt logits within %.2g", r)
	if r > defaultTolerance {
		t.Errorf("logits differ by %.2g of the largest", r)
	}
	got, _ := collect(t, session(t, e, SessionOptions{KV: KVF32}), g.Prompt, GenerateOptions{MaxTokens: len(g.Greedy), IgnoreEOS: true})
	if !slices.Equal(got, g.Greedy) {
		t.Errorf("greedy ids %v, want %v", got, g.Greedy)
	}
}
