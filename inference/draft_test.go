package inference

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// drafts are ways to guess what follows, from always right to never: truth is
// the whole text, prompt included, as it is without speculation.
func drafts(truth []int32, vocab int) map[string]func(seq []int32, room int) []int32 {
	rng := rand.New(rand.NewPCG(3, 1))
	next := func(seq []int32, room int) []int32 {
		return slices.Clone(truth[min(len(seq), len(truth)):][:min(room, max(len(truth)-len(seq), 0))])
	}
	return map[string]func([]int32, int) []int32{
		"right": next,
		"wrong": func(seq []int32, room int) []int32 {
			d := next(seq, room)
			for i := range d {
				d[i] = (d[i] + 1) % int32(vocab)
			}
			return d
		},
		"right at first": func(seq []int32, room int) []int32 {
			d := next(seq, rng.IntN(room+1))
			if len(d) > 0 {
				d[rng.IntN(len(d))]++
				d[len(d)-1] %= int32(vocab)
			}
			for i := range d {
				d[i] %= int32(vocab)
			}
			return d
		},
		"anything": func(_ []int32, room int) []int32 {
			d := make([]int32, rng.IntN(room+1))
			for i := range d {
				d[i] = rng.Int32N(int32(vocab))
			}
			return d
		},
	}
}

// TestSpeculationChangesNothing generates with all kinds of drafts, and without,
// for every model and every way of choosing and of stopping: ids, texts, the
// piece that each event shows, positions used and the reason why it ended must
// be the same.
func TestSpeculationChangesNothing(t *testing.T) {
	ways := []GenerateOptions{
		{MaxTokens: 24, IgnoreEOS: true},
		{MaxTokens: 1},
		{MaxTokens: 23, IgnoreEOS: true, Sampling: Sampling{RepeatPenalty: 1.3}},
		{MaxTokens: 22, IgnoreEOS: true, Sampling: Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, Seed: 1}},
		{MaxTokens: 21, IgnoreEOS: true, Sampling: Sampling{Temperature: 1.2, TopK: 20, RepeatPenalty: 1.2, Seed: 2}},
		{MaxTokens: 25, IgnoreEOS: true, Sampling: Sampling{Temperature: 1, TopK: 20, RepeatPenalty: 0.8, Seed: 3}},
		{MaxTokens: 26, IgnoreEOS: true, Sampling: Sampling{Temperature: 0.7, TopP: 0.9, RepeatPenalty: 1.1, Seed: 4}}, // all logits
	}
	for _, name := range allGoldens {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(goldens, name)
			var g golden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			e := open(t, dir, 2)
			scan := buildHeadScan(e.model.Head)
			for i, o := range ways {
				for _, e.scan = range []*headScan{nil, scan} {
					sameWithDrafts(t, fmt.Sprintf("way %d, scan %v", i, e.scan != nil), e, g.Long.Prompt[:12], o, SessionOptions{})
				}
			}
			// Tokens of the draft are what a penalty is for: they may be the
			// most likely ones, and must not hide the one after them.
			sameWithDrafts(t, "penalty on the draft", e, g.Long.Prompt[:1],
				GenerateOptions{MaxTokens: 20, IgnoreEOS: true, Sampling: Sampling{RepeatPenalty: 9}}, SessionOptions{})
		})
	}
	t.Run("built-in", func(t *testing.T) {
		e := builtin(t)
		ids := e.Prompt("Lily found a red box under the tree.") // a story that repeats itself, and ends
		free, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Speculate: SpeculateOff})
		if g.last.Stop != StopEOS {
			t.Fatalf("the story ends with %q", g.last.Stop)
		}
		for i, o := range append(ways, []GenerateOptions{
			{}, // to the end of the story
			{Stop: []string{g.text[50:57], "never"}},
			{Stop: []string{g.text[20:21]}},
			{StopIDs: []int32{free[17]}},
			{MaxTokens: 300, IgnoreEOS: true},
			{Sampling: Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, Seed: 9}},
			{MaxTokens: 60, Alternatives: 3, Sampling: Sampling{Temperature: 0.8, TopK: 40, RepeatPenalty: 1.1, Seed: 9}},
		}...) {
			sameWithDrafts(t, fmt.Sprintf("way %d", i), e, ids, o, SessionOptions{})
		}
		sameWithDrafts(t, "context full", e, ids, GenerateOptions{}, SessionOptions{Context: len(ids) + 21})
		sameWithDrafts(t, "no room", e, ids, GenerateOptions{}, SessionOptions{Context: len(ids)})
	})
}

func sameWithDrafts(t *testing.T, name string, e *Engine, prompt []int32, o GenerateOptions, so SessionOptions) {
	t.Helper()
	o.Speculate = SpeculateOff
	plain := everyEvent(t, session(t, e, so), prompt, o)
	if plain.drafted != 0 {
		t.Fatalf("%s: drafts without speculation", name)
	}
	check := func(how string, s *Session) generatedEvents {
		t.Helper()
		got := everyEvent(t, s, prompt, o)
		if !slices.Equal(got.events, plain.events) {
			t.Errorf("%s, %s: events differ from those without:\n%v\n%v", name, how, got.events, plain.events)
		}
		if !slices.Equal(s.Tokens(), plain.held) {
			t.Errorf("%s, %s: the session holds %d tokens after it, without speculation %d", name, how, len(s.Tokens()), len(plain.held))
		}
		return got
	}
	for _, o.Speculate = range []Speculation{SpeculateOn, SpeculateAuto} {
		check(fmt.Sprintf("lookup %d", o.Speculate), session(t, e, so))
	}
	for how, replace := range drafts(plain.text, e.model.VocabSize) {
		s := session(t, e, so)
		s.drafter.replace = replace
		got := check(how, s)
		if n := len(plain.ids); how == "right" && n > 2*maxDraft && got.accepted < n*3/4 {
			t.Errorf("%s: %d of %d tokens came from drafts that are always right", name, got.accepted, n)
		}
	}
}

// generatedEvents is all that a generation says.
type generatedEvents struct {
	events            []string
	ids, text, held   []int32
	drafted, accepted int
}

func everyEvent(t *testing.T, s *Session, prompt []int32, o GenerateOptions) (g generatedEvents) {
	t.Helper()
	g.text = slices.Clone(prompt)
	for e, err := range s.Generate(context.Background(), prompt, o) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == EventPrefill {
			continue
		}
		if e.Kind == EventToken {
			g.ids, g.text = append(g.ids, e.ID), append(g.text, e.ID)
		}
		g.events = append(g.events, fmt.Sprintf("%d %d %q %v %s %d %q %d of %d", e.Kind, e.ID, e.Text, e.Logprobs, e.Stop, e.StopID, e.StopText,
			e.Stats.Generated, e.Stats.ContextUsed))
		g.drafted, g.accepted = e.Stats.Drafted, e.Stats.Accepted
	}
	g.held = slices.Clone(s.Tokens())
	return g
}

// TestSpeculationCancel stops in the middle of a draft that is right.
func TestSpeculationCancel(t *testing.T) {
	e := builtin(t)
	ids := e.Prompt("Once upon a time")
	plain := everyEvent(t, session(t, e, SessionOptions{}), ids, GenerateOptions{MaxTokens: 40, Speculate: SpeculateOff})
	for at := 1; at < 12; at++ {
		s := session(t, e, SessionOptions{})
		s.drafter.replace = drafts(plain.text, e.model.VocabSize)["right"]
		ctx, cancel := context.WithCancel(context.Background())
		n, stop := 0, StopReason("")
		for ev, err := range s.Generate(ctx, ids, GenerateOptions{MaxTokens: 40}) {
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == EventToken {
				if n++; n == at {
					cancel()
				}
			}
			stop = ev.Stop
		}
		if n != at || stop != StopCancelled || len(s.Tokens()) != len(ids)+at-1 {
			t.Errorf("cancelled at token %d: %d came, stopped by %q, %d evaluated", at, n, stop, len(s.Tokens())-len(ids))
		}
		// What was evaluated ahead does not count as evaluated.
		if err := s.Eval(context.Background(), 7); err != nil {
			t.Fatal(err)
		}
		other := session(t, e, SessionOptions{})
		if _, err := other.Sync(context.Background(), s.Tokens(), nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Logits(), other.Logits()) {
			t.Errorf("cancelled at token %d: other logits after it", at)
		}
		cancel()
	}
}

// TestSpeculationAllocatesNothing: a token costs no garbage, drafted or not.
func TestSpeculationAllocatesNothing(t *testing.T) {
	e := open(t, tiny, 1) // AllocsPerRun leaves one processor, on which a second worker waits in vain
	e.scan = buildHeadScan(e.model.Head)
	s := session(t, e, SessionOptions{})
	prompt := []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3}
	for _, o := range []GenerateOptions{
		{Sampling: Sampling{RepeatPenalty: 1.1}},
		{Sampling: Sampling{Temperature: 1, TopP: 0.9}},
	} {
		o.IgnoreEOS, o.Speculate = true, SpeculateOn
		run := func(n int) float64 {
			o.MaxTokens = n
			return testing.AllocsPerRun(3, func() { collect(t, s, prompt, o) })
		}
		// collect keeps ids and pieces, which grow now and then.
		if short, long := run(40), run(200); long-short > 12 {
			t.Errorf("%+v: %g allocations for 40 tokens, %g for 200", o.Sampling, short, long)
		}
	}
}

// slowMatch looks for the longest end of seq, up to maxMatch, that occurs before.
func slowMatch(seq []int32) (length int) {
	n := len(seq)
	for end := range n {
		l := 0
		for l < maxMatch && l < end && seq[end-1-l] == seq[n-1-l] {
			l++
		}
		length = max(length, l)
	}
	return length
}

func TestDrafterFinds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, vocab := range []int32{1, 2, 3, 20, 1000} {
		d := newDrafter()
		var seq []int32
		for step := range 3000 {
			if step%500 == 499 { // another text with the same beginning
				seq = slices.Clone(seq[:rng.IntN(len(seq))+1])
				d.reset(seq)
			}
			id := rng.Int32N(vocab)
			if len(seq) > 40 && rng.IntN(3) > 0 && d.length > 0 {
				id = d.seq[d.at]
			}
			seq = append(seq, id)
			d.push(id)
			if !slices.Equal(d.seq, seq) {
				t.Fatal("the drafter has another text")
			}
			if d.length > 0 {
				n := min(d.length, d.at)
				if n != d.length || !slices.Equal(seq[d.at-n:d.at], seq[len(seq)-n:]) {
					t.Fatalf("vocabulary %d, step %d: no match of %d at %d", vocab, step, d.length, d.at)
				}
			}
			// Every place has the same hash in a vocabulary of one or two; the
			// search gives up after some.
			if want := slowMatch(seq); want >= minMatch && vocab > 2 && len(seq) < 300 && d.length == 0 {
				t.Fatalf("vocabulary %d, step %d: no match, there is one of %d", vocab, step, want)
			} else if want < minMatch && d.length > 0 {
				t.Fatalf("vocabulary %d: a match of %d, there is none", vocab, d.length)
			}
		}
	}
	d := newDrafter()
	d.reset([]int32{5, 6, 7, 5, 6, 7, 5, 6})
	if got := d.draft(SpeculateOn, 6); !slices.Equal(got, []int32{6, 7, 5, 6, 7, 5, 6}) {
		t.Errorf("a text that repeats itself is drafted to go on as %v", got)
	}
}

// TestDrafterPays drives the decision with made-up times of passes.
func TestDrafterPays(t *testing.T) {
	const pass = 10 * time.Millisecond
	drafter := func(hit float64) *drafter {
		d := newDrafter()
		d.length = minMatch
		for i := range d.hit {
			d.hit[i] = hit
		}
		return d
	}
	for _, c := range []struct {
		name        string
		marginal    float64 // what a token adds to a pass, in plain passes
		hit         float64
		least, most int
	}{
		{"tokens cost nothing", 0.02, 0.95, maxDraft, maxDraft},
		{"tokens at half the price", 0.5, 0.95, 3, maxDraft},
		{"tokens at half the price, right half the time", 0.5, 0.4, 0, 0},
		{"tokens as dear as passes", 1, 0.99, 0, 0},
		{"never right", 0.1, 0.01, 0, 0},
	} {
		d := drafter(c.hit)
		for n := 1; n <= maxDraft+1; n++ {
			d.measured(n, time.Duration(float64(pass)*(1+c.marginal*float64(n-1))))
		}
		if k := d.worth(maxDraft); k < c.least || k > c.most {
			t.Errorf("%s: a draft of %d", c.name, k)
		}
	}

	d := drafter(0.95)
	if k := d.worth(maxDraft); k != 0 {
		t.Errorf("a draft of %d before any pass was timed", k)
	}
	d.measured(1, pass)
	tries := 0
	for range 100 {
		k := d.worth(maxDraft)
		if k > 0 {
			tries++
		}
		d.measured(k+1, time.Duration(k+1)*pass) // as dear as plain passes
	}
	if tries == 0 || tries > 2*maxDraft {
		t.Errorf("%d drafts were tried until it was clear that none pays", tries)
	}
	// While drafts are used, plain passes still are, now and then.
	d = drafter(0.95)
	d.measured(1, pass)
	plain := 0
	for range 10 * plainEvery {
		k := d.worth(maxDraft)
		if k == 0 {
			plain++
		}
		d.measured(k+1, pass)
	}
	if plain < 5 || plain > 20 {
		t.Errorf("%d of %d passes were plain", plain, 10*plainEvery)
	}
}
