package inference

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
)

// TestResultsDoNotDependOnCutting checks that logits are the same bit for bit
// for any number of workers and for any way of cutting the same ids into
// prefill chunks, decode steps and reused prefixes.
func TestResultsDoNotDependOnCutting(t *testing.T) {
	for _, name := range allGoldens {
		kinds := []KVType{KVF16}
		if name == "hf-1bitllm-f16-sharded" {
			kinds = KVTypes()
		}
		for _, kv := range kinds {
			t.Run(fmt.Sprintf("%s/%v", name, kv), func(t *testing.T) {
				dir := filepath.Join(goldens, name)
				var g golden
				readJSON(t, filepath.Join(dir, "golden.json"), &g)
				// Longer than a chunk of prefill; for the smallest model of
				// each rotation and head sharing, longer than one of the cache.
				length := prefillChunk + 9
				if name == "hf-1bitllm-f16-sharded" || name == "hf-2b4t-bf16-online" {
					length = kvChunk + prefillChunk + 5
				}
				var ids []int32
				for len(ids) < length {
					ids = append(ids, g.Long.Prompt...)
				}
				var want []float32
				for _, threads := range []int{1, 2, 3, 5} {
					e := open(t, dir, threads)
					s := session(t, e, SessionOptions{KV: kv})
					for _, cut := range cuts(len(ids), uint64(threads)) {
						for _, end := range cut.ends {
							if _, err := s.Sync(context.Background(), ids[:end], nil); err != nil {
								t.Fatal(err)
							}
						}
						if want == nil {
							want = slices.Clone(s.Logits())
						} else if !slices.Equal(s.Logits(), want) {
							t.Errorf("%d workers, %s: logits differ by %.2g of the largest",
								threads, cut.name, relative(t, s.Logits(), want))
						}
						s.Rewind(cut.keep)
					}
				}
			})
		}
	}
}

// TestSetThreads changes the number of workers between the tokens of an answer,
// which must write the same, whole logits or only the largest.
func TestSetThreads(t *testing.T) {
	write := func(alternatives int, threads func(token int) int) (ids []int32) {
		e := builtinWith(t, 4)
		e.scan = buildHeadScan(e.model.Head)
		o := GenerateOptions{MaxTokens: 40, Alternatives: alternatives, Sampling: Sampling{Temperature: 0.8, TopK: 20, Seed: 3}}
		for event, err := range session(t, e, SessionOptions{}).Generate(context.Background(), e.Prompt("Once upon a time"), o) {
			if err != nil {
				t.Fatal(err)
			}
			if event.Kind == EventToken {
				ids = append(ids, event.ID)
				e.SetThreads(threads(len(ids)))
			}
		}
		return ids
	}
	for _, alternatives := range []int{0, 3} {
		want := write(alternatives, func(int) int { return 4 })
		got := write(alternatives, func(token int) int { return 1 + token*3%4 })
		if len(want) != 40 || !slices.Equal(got, want) {
			t.Errorf("with another number of workers each token, %d alternatives: %d, want %d", alternatives, got, want)
		}
	}
}

type cut struct {
	name string
	ends []int // Sync up to here, one after the other
	keep int   // what the next cut finds in the cache
}

// cuts are ways of evaluating n ids.
func cuts(n int, seed uint64) []cut {
	rng := rand.New(rand.NewPCG(seed, 1))
	steps := cut{name: "decode steps at the end", ends: []int{n - 20}}
	for i := n - 20; i < n; i++ {
		steps.ends = append(steps.ends, i+1)
	}
	random := cut{name: "random chunks", keep: n - 7}
	for at := 0; at < n; at = min(n, at+1+rng.IntN(60)) {
		if at > 0 {
			random.ends = append(random.ends, at)
		}
	}
	random.ends = append(random.ends, n)
	return []cut{
		{name: "one prefill", ends: []int{n}},
		steps,
		random,
		{name: "reused prefix", ends: []int{n}, keep: n - 33},
		{name: "reused chunk", ends: []int{n}, keep: n},
	}
}
