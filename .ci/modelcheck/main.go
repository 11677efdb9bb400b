// Modelcheck compares a checkpoint with the reference outputs that its training
// script wrote: greedy continuations and the likelihood of held-out stories.
//
//	modelcheck MODEL GOLDEN.json
//
// It prints Markdown table rows for the model card, and fails if the held-out
// perplexity is off by more than 0.1% or a continuation differs before the first
// near-tie.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"

	"tern/inference"
)

// nearTie is the gap between the two largest logits below which an exact
// implementation may choose either.
const nearTie = 0.02

// maxDrift is how far the perplexity may be from the reference's.
const maxDrift = 0.001

type golden struct {
	Greedy []struct {
		Prompt    string    `json:"prompt"`
		PromptIDs []int32   `json:"prompt_ids"`
		IDs       []int32   `json:"ids"`
		Top2Gap   []float32 `json:"top2_gap"`
	} `json:"greedy"`
	HeldOut []struct {
		IDs []int32 `json:"ids"`
	} `json:"held_out_stories"`
	Perplexity float64 `json:"held_out_perplexity"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: modelcheck MODEL GOLDEN.json")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "modelcheck:", err)
		os.Exit(1)
	}
}

func check(path, goldenPath string) error {
	text, err := os.ReadFile(goldenPath)
	if err != nil {
		return err
	}
	var want golden
	if err := json.Unmarshal(text, &want); err != nil {
		return fmt.Errorf("%s: %w", goldenPath, err)
	}
	if len(want.Greedy) == 0 || len(want.HeldOut) == 0 {
		return fmt.Errorf("%s has no greedy continuations or no held-out stories", goldenPath)
	}
	ctx := context.Background()
	engine, err := inference.Open(ctx, path, inference.Options{})
	if err != nil {
		return err
	}
	defer engine.Close()
	session, err := engine.NewSession(inference.SessionOptions{KV: inference.KVF32})
	if err != nil {
		return err
	}
	return errors.Join(
		checkGreedy(ctx, session, &want),
		checkPerplexity(ctx, session, &want),
	)
}

// checkGreedy compares continuations up to the first near-tie of each.
func checkGreedy(ctx context.Context, s *inference.Session, want *golden) error {
	var equal, total int
	for _, g := range want.Greedy {
		ids := g.PromptIDs
		for i, id := range g.IDs {
			if g.Top2Gap[i] < nearTie {
				break
			}
			if _, err := s.Sync(ctx, ids, nil); err != nil {
				return err
			}
			if got := argmax(s.Logits()); got != id {
				return fmt.Errorf("token %d after %q is %d, the reference says %d", i, g.Prompt, got, id)
			}
			ids = append(ids[:len(ids):len(ids)], id)
			equal++
		}
		total += len(g.IDs)
	}
	fmt.Printf("| greedy continuations | %d of %d tokens compared with the reference (to the first near-tie of each prompt), all equal |\n", equal, total)
	return nil
}

// checkPerplexity computes exp of the mean negative log-likelihood in nats of
// every token of the stories but the first of each.
func checkPerplexity(ctx context.Context, s *inference.Session, want *golden) error {
	var nll float64
	var n int
	for _, story := range want.HeldOut {
		err := s.EachLogits(ctx, story.IDs, func(pos int, logits []float32) error {
			if pos+1 < len(story.IDs) {
				nll -= logProbability(logits, story.IDs[pos+1])
				n++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	ppl := math.Exp(nll / float64(n))
	drift := ppl/want.Perplexity - 1
	fmt.Printf("| held-out perplexity | %.4f over %d stories; the reference in float32 has %.4f (%+.4f%%) |\n",
		ppl, len(want.HeldOut), want.Perplexity, 100*drift)
	if !(math.Abs(drift) <= maxDrift) { // not a number fails too
		return fmt.Errorf("held-out perplexity %.4f is more than %.1f%% from %.4f", ppl, 100*maxDrift, want.Perplexity)
	}
	return nil
}

// logProbability is the natural logarithm of softmax(logits)[id].
func logProbability(logits []float32, id int32) float64 {
	top := float64(logits[argmax(logits)])
	var sum float64
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return float64(logits[id]) - top - math.Log(sum)
}

func argmax(logits []float32) int32 {
	best := 0
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	return int32(best)
}
