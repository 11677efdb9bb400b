package inference

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"tern/inference/sampling"
)

// TestChoiceOf compares with the definition, computed the plain way.
func TestChoiceOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(n int, f func(i int) float64) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(f(i))
		}
		return v
	}
	for name, logits := range map[string][]float32{
		"random":       fill(1000, func(int) float64 { return 4 * rng.NormFloat64() }),
		"equal":        fill(64, func(int) float64 { return -3 }),
		"many ties":    fill(500, func(int) float64 { return float64(rng.IntN(5)) }),
		"one is sure":  fill(100, func(i int) float64 { return 1000 * float64(i%100/99) }),
		"far apart":    fill(50, func(i int) float64 { return 1e30 * float64(i-25) }),
		"one token":    {7},
		"less than 10": fill(3, func(i int) float64 { return float64(i) }),
	} {
		order := make([]int32, len(logits))
		var z, entropy float64
		top := float64(logits[sampling.Argmax(logits)])
		for i, l := range logits {
			order[i] = int32(i)
			z += math.Exp(float64(l) - top)
		}
		for _, l := range logits {
			if p := math.Exp(float64(l)-top) / z; p > 0 {
				entropy -= p * math.Log2(p)
			}
		}
		slices.SortStableFunc(order, func(a, b int32) int {
			return sampling.ByLogit(sampling.Candidate{ID: a, Logit: logits[a]}, sampling.Candidate{ID: b, Logit: logits[b]})
		})
		for _, rank := range []int{1, 2, 9, len(logits)} {
			if rank > len(logits) {
				continue
			}
			id := order[rank-1]
			c := choiceOf(logits, id, 10)
			want := float64(logits[id]) - top - math.Log(z)
			if c.Rank != rank || math.Abs(c.LogProb-want) > 1e-9*(1+math.Abs(want)) || math.Abs(c.Entropy-entropy) > 1e-9 {
				t.Errorf("%s, rank %d: %+v, want ln p %g, entropy %g", name, rank, c, want, entropy)
			}
			if len(c.Top) != min(10, len(logits)) {
				t.Fatalf("%s: %d alternatives of %d tokens", name, len(c.Top), len(logits))
			}
			for i, a := range c.Top {
				if want := float64(logits[order[i]]) - top - math.Log(z); a.ID != order[i] || math.Abs(a.LogProb-want) > 1e-9*(1+math.Abs(want)) {
					t.Errorf("%s: alternative %d is %+v, want %d with %g", name, i, a, order[i], want)
				}
			}
			if rank <= len(c.Top) && c.Top[rank-1].LogProb != c.LogProb {
				t.Errorf("%s: the token has %g, in the list %g", name, c.LogProb, c.Top[rank-1].LogProb)
			}
		}
	}
	if c := (TokenLogprobs{LogProb: math.Log(0.25)}); math.Abs(c.Surprise()-2) > 1e-12 || math.Abs(c.Prob()-0.25) > 1e-12 {
		t.Errorf("a quarter: %g bits, %g", c.Surprise(), c.Prob())
	}
}

// TestAlternativesChangeNothing checks that asking for figures gives the same
// tokens, with a scanned head and without, and that the figures are those that
// Logprobs finds afterwards, bit for bit.
func TestAlternativesChangeNothing(t *testing.T) {
	e := builtin(t)
	ids := e.Prompt("Once upon a time")
	for name, o := range map[string]Sampling{
		"greedy":  {},
		"sampled": {Temperature: 1.2, TopK: 40, TopP: 0.95, Seed: 3},
		"penalty": {Temperature: 0.9, TopK: 100, RepeatPenalty: 1.3, Seed: 4},
		"all":     {Temperature: 1, Seed: 5},
	} {
		for _, scan := range []*headScan{nil, buildHeadScan(e.model.Head)} {
			e.scan = scan
			plain, _ := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Sampling: o, MaxTokens: 200})
			s := session(t, e, SessionOptions{})
			var tokens []int32
			var live []TokenLogprobs
			for ev, err := range s.Generate(context.Background(), ids, GenerateOptions{Sampling: o, MaxTokens: 200, Alternatives: 10}) {
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case ev.Kind == EventToken:
					tokens, live = append(tokens, ev.ID), append(live, ev.Logprobs)
				case ev.Kind == EventDone && ev.Stop == StopEOS:
					tokens, live = append(tokens, ev.StopID), append(live, ev.Logprobs)
				case ev.Logprobs.Rank != 0:
					t.Errorf("%s: a choice without a token: %+v", name, ev)
				}
			}
			if !slices.Equal(tokens[:len(plain)], plain) {
				t.Fatalf("%s: other tokens with alternatives", name)
			}
			all := slices.Concat(ids, tokens)
			for _, held := range []int{0, 3, len(ids), len(all) - 1} {
				s := session(t, e, SessionOptions{})
				if held > 0 {
					if _, err := s.Sync(context.Background(), all[:held], nil); err != nil {
						t.Fatal(err)
					}
				}
				var later []TokenLogprobs
				if err := s.Logprobs(context.Background(), all, len(ids), 10, func(pos int, c TokenLogprobs) error {
					if pos != len(ids)+len(later) {
						t.Errorf("position %d after %d choices", pos, len(later))
					}
					later = append(later, c)
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(later, live) {
					t.Errorf("%s: Logprobs differ from those of Generate, %d ids held", name, held)
				}
				if !slices.Equal(s.Tokens(), all[:len(all)-1]) {
					t.Errorf("%s: the session holds %d ids, want all but the last of %d", name, len(s.Tokens()), len(all))
				}
			}
			if o.Temperature == 0 && slices.ContainsFunc(live, func(c TokenLogprobs) bool { return c.Rank != 1 || c.Top[0].LogProb != c.LogProb }) {
				t.Error("greedy took a token that is not the most likely")
			}
		}
	}
}

func TestLogprobsRefuses(t *testing.T) {
	e := builtin(t)
	s := session(t, e, SessionOptions{Context: 4})
	yield := func(int, TokenLogprobs) error { return nil }
	for _, c := range []struct {
		ids  []int32
		from int
		err  error
	}{
		{[]int32{1, 2}, 0, nil}, {[]int32{1, 2}, 2, nil}, {nil, 1, nil}, {[]int32{1, -1}, 1, ErrBadToken},
		{[]int32{1, 2, 3, 4, 5, 6}, 1, ErrContextFull},
	} {
		if err := s.Logprobs(context.Background(), c.ids, c.from, 1, yield); err == nil || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("ids %v from %d: %v", c.ids, c.from, err)
		}
	}
	stop := errors.New("stop")
	if err := s.Logprobs(context.Background(), []int32{1, 2, 3}, 1, 1, func(int, TokenLogprobs) error { return stop }); err != stop {
		t.Errorf("the error of yield: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Logprobs(ctx, []int32{1, 2, 3}, 2, 1, yield); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := s.Logprobs(context.Background(), []int32{1, 2, 3, 4, 5}, 1, 1000, func(_ int, c TokenLogprobs) error {
		if len(c.Top) != MaxAlternatives {
			t.Errorf("%d alternatives", len(c.Top))
		}
		return nil
	}); err != nil {
		t.Errorf("a full context: %v", err)
	}
}

// TestChoiceAllocations: nothing where no figures are asked for, the list where
// they are.
func TestChoiceAllocations(t *testing.T) {
	e := open(t, tiny, 1)
	s := session(t, e, SessionOptions{})
	per := func(alternatives int) float64 {
		write := func(n int) float64 {
			return testing.AllocsPerRun(5, func() {
				for _, err := range s.Generate(context.Background(), []int32{406, 5}, GenerateOptions{MaxTokens: n, IgnoreEOS: true, Alternatives: alternatives}) {
					if err != nil {
						t.Fatal(err)
					}
				}
			})
		}
		return (write(120) - write(100)) / 20 // past the growth of the sampler's memory
	}
	if n := per(0); n != 0 {
		t.Errorf("%g allocations per token without figures", n)
	}
	if n := per(10); n > 1 {
		t.Errorf("%g allocations per token with figures", n)
	}
}

func BenchmarkChoice(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 128256) // the vocabulary of Llama 3
	for i := range logits {
		logits[i] = float32(3 * rng.NormFloat64())
	}
	b.ReportAllocs()
	for b.Loop() {
		choiceOf(logits, 5, 10)
	}
}
