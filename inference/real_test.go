package inference

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"tern/inference/sampling"
)

// TestBitLlama compares greedy ids of a real model, trained by others, with its
// reference for the first 100 tokens.
func TestBitLlama(t *testing.T) {
	dir := shared(t, "models", "bitllama2-3m")
	var g struct {
		Prompt string
		IDs    []int32 `json:"prompt_ids"`
		Greedy []int32 `json:"greedy_ids"`
	}
	readJSON(t, filepath.Join(dir, "golden.json"), &g)
	e := open(t, dir, 2)
	if ids := e.Prompt(g.Prompt); !slices.Equal(ids, g.IDs) {
		t.Errorf("prompt ids %v, want %v", ids, g.IDs)
	}
	for _, kv := range []KVType{KVF16, KVF32} {
		got, _ := collect(t, session(t, e, SessionOptions{KV: kv}), g.IDs, GenerateOptions{MaxTokens: 100, IgnoreEOS: true})
		if want := g.Greedy[:100]; !slices.Equal(got, want) {
			t.Errorf("kv %d: greedy ids %v, want %v", kv, got, want)
		}
	}
}

// builtinGolden is what an independent float32 reference says of the built-in
// model's original, F32 latent weights.
type builtinGolden struct {
	Greedy []struct {
		Prompt string
		IDs    []int32 `json:"ids"`
		Ask    []int32 `json:"prompt_ids"`
		Text   string
		Gap    []float64 `json:"top2_gap"`
	}
	Stories []struct {
		IDs []int32
		NLL float64 // negative log-likelihood of all but the first id, in nats
	} `json:"held_out_stories"`
	Perplexity float64 `json:"held_out_perplexity"`
	Logits     struct {
		IDs  []int32 `json:"prompt_ids"`
		File string
	}
}

// nearTie is the gap between the two largest logits below which two exact
// implementations may choose differently.
const nearTie = 0.02

// TestDemoModel checks the originals of the built-in model's editions: logits,
// greedy continuations up to the first near-tie, texts and held-out perplexity.
func TestDemoModel(t *testing.T) {
	for _, edition := range []string{"demo-model", "demo-model-2"} {
		t.Run(edition, func(t *testing.T) {
			dir := shared(t, edition)
			var g builtinGolden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			e := open(t, dir, 2)
			s := session(t, e, SessionOptions{KV: KVF32})
			var logits []float32
			if err := s.EachLogits(context.Background(), g.Logits.IDs, func(_ int, l []float32) error {
				logits = append(logits, l...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			r := relative(t, logits, readFloats(t, filepath.Join(dir, g.Logits.File)))
			t.Logf("logits within %.2g", r)
			if r > tolerance {
				t.Errorf("logits differ by %.2g of the largest", r)
			}
			compareGreedy(t, e, &g)
			compareAll(t, e, &g, nearTie)
			comparePerplexity(t, e, &g, 2e-3)
		})
	}
}

// TestBuiltin checks the built-in model as it is in the program, its embedding
// in half precision, against the reference of its original. The rounding moves
// the gap between two logits by 0.03 at the median, and by 0.11 in 19 of 20.
func TestBuiltin(t *testing.T) {
	var g builtinGolden
	readJSON(t, filepath.Join("..", "assets", "model", "reference", "golden.json"), &g)
	e := builtin(t)
	compareAll(t, e, &g, 0.1)
	comparePerplexity(t, e, &g, 4e-3)
}

// compareAll compares the most likely token after every beginning of the
// reference's continuations. Where the reference's two largest logits are closer
// than tie, it may be another one.
func compareAll(t *testing.T, e *Engine, g *builtinGolden, tie float64) {
	t.Helper()
	s := session(t, e, SessionOptions{KV: KVF32})
	equal, all := 0, 0
	for _, c := range g.Greedy {
		if ids := e.Prompt(c.Prompt); !slices.Equal(ids, c.Ask) {
			t.Errorf("%q: prompt ids %v, want %v", c.Prompt, ids, c.Ask)
		}
		ids := slices.Concat(c.Ask, c.IDs)
		if err := s.EachLogits(context.Background(), ids, func(pos int, l []float32) error {
			i := pos + 1 - len(c.Ask)
			if i < 0 || i == len(c.IDs) {
				return nil
			}
			all++
			switch got := sampling.Argmax(l); {
			case got == c.IDs[i]:
				equal++
			case c.Gap[i] >= tie:
				t.Errorf("%q: token %d is %d, want %d, which leads by %.3f", c.Prompt, i, got, c.IDs[i], c.Gap[i])
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of %d tokens equal, the others near-ties", equal, all)
	if all < 500 {
		t.Errorf("only %d tokens were compared", all)
	}
}

// comparePerplexity compares the held-out stories with the reference, each to a
// share of its log-likelihood, and all together to 0.1%.
func comparePerplexity(t *testing.T, e *Engine, g *builtinGolden, each float64) {
	t.Helper()
	p := perplexity(t, e, g, each)
	t.Logf("held-out perplexity %.5f, the reference's %.5f", p, g.Perplexity)
	if math.Abs(p/g.Perplexity-1) > 1e-3 {
		t.Errorf("held-out perplexity %.5f, want %.5f within 0.1%%", p, g.Perplexity)
	}
}

func compareGreedy(t *testing.T, e *Engine, g *builtinGolden) {
	t.Helper()
	compared := 0
	defer func() {
		if compared < 150 {
			t.Errorf("only %d tokens could be compared", compared)
		}
	}()
	for _, c := range g.Greedy {
		// The golden keeps the end-of-text token; it ends our text.
		want := c.IDs
		ended := want[len(want)-1] == e.Tokenizer().EOS()
		if ended {
			want = want[:len(want)-1]
		}
		if ids := e.Prompt(c.Prompt); !slices.Equal(ids, c.Ask) {
			t.Errorf("%q: prompt ids %v, want %v", c.Prompt, ids, c.Ask)
		}
		s := session(t, e, SessionOptions{KV: KVF32})
		got, done := collect(t, s, c.Ask, GenerateOptions{MaxTokens: len(want)})
		sure := len(want)
		for i, gap := range c.Gap[:len(want)] {
			if gap < nearTie {
				sure = i
				break
			}
		}
		if len(got) < sure || !slices.Equal(got[:sure], want[:sure]) {
			t.Errorf("%q: ids %v, want %v", c.Prompt, got, want[:sure])
		}
		compared += sure
		if slices.Equal(got, want) && c.Prompt+done.text != c.Text {
			t.Errorf("text %q, want %q", c.Prompt+done.text, c.Text)
		}
		t.Logf("%q: %d of %d ids equal, first near-tie at %d", c.Prompt, commonPrefix(got, want), len(want), sure)
	}
}

// perplexity is exp of the mean negative log-likelihood per predicted token. The
// log-likelihood of each story must be within a share of the reference's.
func perplexity(t *testing.T, e *Engine, g *builtinGolden, each float64) float64 {
	t.Helper()
	var nll float64
	var n int
	s := session(t, e, SessionOptions{KV: KVF32})
	for _, story := range g.Stories {
		before := nll
		err := s.EachLogits(context.Background(), story.IDs, func(pos int, l []float32) error {
			if pos+1 < len(story.IDs) {
				nll -= logProb(l, story.IDs[pos+1])
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Single activations round the other way in any two float32 runs,
		// so a story agrees closely, not exactly (formats.md §6).
		if d := math.Abs((nll-before)/story.NLL - 1); d > each {
			t.Errorf("a story's log-likelihood differs by %.2g", d)
		}
	}
	return math.Exp(nll / float64(n))
}

func logProb(logits []float32, id int32) float64 {
	top := float64(slices.Max(logits))
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l) - top)
	}
	return float64(logits[id]) - top - math.Log(sum)
}

// generated is what collect gathers beside the ids.
type generated struct {
	text   string
	pieces []string
	last   Event
}

// collect runs a generation to its end.
func collect(t testing.TB, s *Session, ids []int32, o GenerateOptions) (out []int32, g generated) {
	t.Helper()
	for e, err := range s.Generate(context.Background(), ids, o) {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case EventToken:
			out = append(out, e.ID)
			g.text += e.Text
			g.pieces = append(g.pieces, e.Text)
		case EventDone:
			g.last = e
		}
	}
	return out, g
}
