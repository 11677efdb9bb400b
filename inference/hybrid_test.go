package inference

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var allHybrids = []string{
	"qwen35-f32", "qwen35-pq2_0", "qwen35-pq2_0-hadamard", "qwen35-ptq1_0", "qwen35-ptq1_0-hadamard-identity",
	"qwen35-ptq1_0-hadamard-tied", "qwen35-q2_0-g64", "qwen35-q2_0-legacy",
}

// hybridGolden is the part of golden.json that only hybrid models have.
type hybridGolden struct {
	golden
	AfterPrompt map[string]array `json:"state_after_prompt"`
	AfterSteps  map[string]array `json:"state_after_steps"`
	Short       struct {
		Prompt []int32
		Logits array
		Greedy []int32
		Steps  array `json:"step_logits"`
	}
}

// TestHybrids compares logits, every stage, states and steps of models with linear
// attention with the reference's float32 run.
func TestHybrids(t *testing.T) {
	for _, name := range allHybrids {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(families, name)
			var g hybridGolden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			load := func(a array) []float32 { return readFloats(t, filepath.Join(dir, a.File)) }
			e := openExact(t, dir)
			t.Run("logits", func(t *testing.T) { hybridLogits(t, e, &g, load) })
			t.Run("greedy", func(t *testing.T) { hybridGreedy(t, e, &g, load) })
			t.Run("short", func(t *testing.T) {
				short := golden{Prompt: g.Short.Prompt, Greedy: g.Short.Greedy, Steps: g.Short.Steps}
				goldenGreedy(t, e, &short, load)
			})
			t.Run("long", func(t *testing.T) { familyLong(t, e, &g.golden, load) })
			t.Run("default", func(t *testing.T) { familyDefault(t, open(t, dir, 2), &g.golden, load) })
		})
	}
}

func hybridLogits(t *testing.T, e *Engine, g *hybridGolden, load func(array) []float32) {
	s := session(t, e, SessionOptions{KV: KVF32})
	traces := map[string][]float32{}
	s.pass.tracer = func(point string, index int, values []float32) {
		key := point
		switch {
		case point == "resid":
			key = fmt.Sprintf("resid_%d", index)
		case index >= 0:
			key = fmt.Sprintf("l%d_%s", index, point)
		}
		traces[key] = append(traces[key], inFileOrder(e, point, index, values)...)
	}
	var logits []float32
	err := s.EachLogits(context.Background(), g.Prompt, func(_ int, l []float32) error {
		logits = append(logits, l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for point, a := range g.Trace {
		if traces[point] == nil {
			continue // mix, beta and g are not kept
		}
		compared++
		if r := relative(t, traces[point], load(a)); r > tolerance {
			t.Errorf("%s differs by %.2g of its largest value", point, r)
		}
	}
	if compared < 9 {
		t.Errorf("%d of %d stages are compared", compared, len(g.Trace))
	}
	r := relative(t, logits, load(g.Logits))
	t.Logf("prompt logits within %.2g", r)
	if r > tolerance {
		t.Errorf("logits differ by %.2g of the largest", r)
	}
	checkState(t, s, g.AfterPrompt, load)
}

// inFileOrder takes the gates out of a row of queries, and puts heads that go into
// grouped order back into that of the file.
func inFileOrder(e *Engine, point string, layer int, values []float32) (out []float32) {
	c := &e.model.Config
	switch {
	case point == "q_rope":
		for head := range slices.Chunk(values, 2*c.HeadDim) {
			out = append(out, head[:c.HeadDim]...)
		}
		return out
	case point == "gated" && c.IsRecurrent(layer):
		d, n := e.model.Weights.Layers[layer].Delta, c.DeltaNet.HeadDim
		for row := range slices.Chunk(values, c.DeltaNet.Values()) {
			for v := range c.DeltaNet.ValueHeads {
				out = append(out, row[e.outHead(v, d)*n:][:n]...)
			}
		}
		return out
	}
	return values
}

// checkState compares states of layers, called lN_conv, lN_S or lN_S_head0.
func checkState(t *testing.T, s *Session, want map[string]array, load func(array) []float32) {
	t.Helper()
	shape := &s.engine.model.DeltaNet
	for name, a := range want {
		var layer int
		if _, err := fmt.Sscanf(name, "l%d_", &layer); err != nil {
			t.Fatal(name)
		}
		st := s.state.of(layer)
		n := shape.HeadDim
		heads := shape.ValueHeads * n * n
		got := st.data[:heads]
		if strings.HasSuffix(name, "conv") {
			got = st.data[heads:]
		}
		values := load(a)
		if r := relative(t, got[:len(values)], values); r > tolerance {
			t.Errorf("%s differs by %.2g of its largest value", name, r)
		}
	}
	if len(want) == 0 {
		t.Error("no states are compared")
	}
}

func hybridGreedy(t *testing.T, e *Engine, g *hybridGolden, load func(array) []float32) {
	goldenGreedy(t, e, &g.golden, load)
	s := session(t, e, SessionOptions{KV: KVF32})
	if _, err := s.Sync(context.Background(), g.Prompt, nil); err != nil {
		t.Fatal(err)
	}
	for _, id := range g.Greedy {
		if err := s.Eval(context.Background(), id); err != nil {
			t.Fatal(err)
		}
	}
	checkState(t, s, g.AfterSteps, load)
}

// TestHybridSplits: any way of cutting a prompt, and any way back, gives the same
// bits.
func TestHybridSplits(t *testing.T) {
	for _, name := range []string{"qwen35-pq2_0-hadamard", "qwen35-q2_0-g64"} {
		dir := filepath.Join(families, name)
		var g hybridGolden
		readJSON(t, filepath.Join(dir, "golden.json"), &g)
		ids := g.Long.Prompt
		one := open(t, dir, 1)
		want := promptLogits(t, one, ids)
		vocab := one.Model().VocabSize
		last := want[len(want)-vocab:]
		for _, threads := range []int{1, 2, 3} {
			e := open(t, dir, threads)
			if !slices.Equal(promptLogits(t, e, ids), want) {
				t.Errorf("%s: %d threads give other bits", name, threads)
			}
			for _, cut := range []int{1, 2, 64, 101, len(ids) - 1} {
				s := session(t, e, SessionOptions{KV: KVF32})
				for _, part := range [][]int32{ids[:cut], ids} {
					if _, err := s.Sync(context.Background(), part, nil); err != nil {
						t.Fatal(err)
					}
				}
				if !slices.Equal(s.Logits(), last) {
					t.Errorf("%s: cut at %d gives other bits", name, cut)
				}
			}
		}
	}
}

// TestHybridTree walks a tree of conversations at random: wherever the session
// goes back to and on from, its logits are those of a session that read the
// sequence from its beginning.
func TestHybridTree(t *testing.T) {
	const walks, steps = 2, 60
	e := open(t, filepath.Join(families, "qwen35-ptq1_0-hadamard-tied"), 2)
	for seed := range uint64(walks) {
		rng := rand.NewPCG(seed+1, 7)
		s := session(t, e, SessionOptions{KV: KVF32})
		s.state.limit = 3 // so that snapshots go
		ids := []int32{5}
		for step := range steps {
			keep := 1 + int(rng.Uint64()%uint64(len(ids)))
			if rng.Uint64()%3 > 0 {
				keep = len(ids)
			}
			ids = slices.Clone(ids[:keep])
			for range 1 + rng.Uint64()%20 {
				ids = append(ids, int32(rng.Uint64()%uint64(e.Model().VocabSize)))
			}
			if len(ids) > 400 {
				ids = ids[:40]
			}
			var err error
			if rng.Uint64()%2 == 0 && keep+1 == len(ids) && len(s.Tokens()) == keep {
				err = s.Eval(context.Background(), ids[keep])
			} else {
				_, err = s.Sync(context.Background(), ids, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			fresh := session(t, e, SessionOptions{KV: KVF32})
			if _, err := fresh.Sync(context.Background(), ids, nil); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.Logits(), fresh.Logits()) {
				t.Fatalf("seed %d, step %d: %d tokens give other bits", seed+1, step, len(ids))
			}
			if n := len(s.state.saved); n > s.state.limit {
				t.Fatalf("%d snapshots", n)
			}
		}
	}
}
