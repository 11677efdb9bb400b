package inference

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"tern/assets"
)

func builtin(t testing.TB) *Engine {
	t.Helper()
	return builtinWith(t, 2)
}

// builtinWith opens the built-in model.
func builtinWith(t testing.TB, threads int) *Engine {
	t.Helper()
	e, err := OpenFS(context.Background(), assets.Model(), ".", Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// TestGenerateEvents checks the order of events and that the pieces add up.
func TestGenerateEvents(t *testing.T) {
	e := builtin(t)
	s := session(t, e, SessionOptions{})
	ids := e.Prompt("Once upon a time")
	var kinds []EventKind
	var text strings.Builder
	var tokens []int32
	for ev, err := range s.Generate(context.Background(), ids, GenerateOptions{MaxTokens: 30}) {
		if err != nil {
			t.Fatal(err)
		}
		if n := len(kinds); n == 0 || kinds[n-1] != ev.Kind {
			kinds = append(kinds, ev.Kind)
		}
		switch ev.Kind {
		case EventPrefill:
			if ev.Total != len(ids) || ev.Done > ev.Total {
				t.Errorf("prefill %d of %d, the prompt has %d", ev.Done, ev.Total, len(ids))
			}
		case EventToken:
			tokens = append(tokens, ev.ID)
			text.WriteString(ev.Text)
		case EventDone:
			if ev.Stop != StopLength || ev.Stats.Generated != 30 || ev.Stats.PromptTokens != len(ids) {
				t.Errorf("done: %+v", ev)
			}
			if st := ev.Stats; st.Prefill <= 0 || st.FirstToken < st.Prefill || st.Decode <= 0 || st.DecodeRate() <= 0 || st.PrefillRate() <= 0 {
				t.Errorf("figures: %+v", st)
			}
		}
	}
	if want := []EventKind{EventPrefill, EventToken, EventDone}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	if len(tokens) != 30 {
		t.Errorf("%d tokens, want 30", len(tokens))
	}
	// The leading space belongs to the text: prompt + text is the document.
	if !strings.HasPrefix(text.String(), ", there was a little girl") {
		t.Errorf("text %q", text.String())
	}
	if got := s.Tokens(); !slices.Equal(got, append(ids, tokens[:29]...)) {
		t.Errorf("the session holds %d tokens, want prompt and all but the last", len(got))
	}
}

func TestGenerateStops(t *testing.T) {
	e := builtin(t)
	ids := e.Prompt("Once upon a time")
	greedy, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{})
	if g.last.Stop != StopEOS || g.last.StopID != e.Tokenizer().EOS() {
		t.Fatalf("the story ends with %q, id %d", g.last.Stop, g.last.StopID)
	}

	t.Run("ignore EOS", func(t *testing.T) {
		got, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{IgnoreEOS: true, MaxTokens: len(greedy) + 5})
		if g.last.Stop != StopLength || got[len(greedy)] != e.Tokenizer().EOS() {
			t.Errorf("stopped by %q after %d tokens", g.last.Stop, len(got))
		}
	})
	t.Run("stop id", func(t *testing.T) {
		got, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{StopIDs: []int32{greedy[5]}})
		if g.last.Stop != StopEOS || g.last.StopID != greedy[5] || len(got) != slices.Index(greedy, greedy[5]) {
			t.Errorf("stopped by %q, %d after %d tokens", g.last.Stop, g.last.StopID, len(got))
		}
	})
	t.Run("stop string", func(t *testing.T) {
		// Every piece of the text, over token borders too, ends it where it
		// first appears.
		for at := 10; at < 60; at += 7 {
			stop := g.text[at : at+9]
			_, cut := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Stop: []string{"never there", stop}})
			want, _, _ := strings.Cut(g.text, stop)
			if cut.text != want || cut.last.Stop != StopString || cut.last.StopText != stop {
				t.Errorf("stop %q: text %q by %q", stop, cut.text, cut.last.Stop)
			}
		}
	})
	t.Run("stop string that never ends", func(t *testing.T) {
		// The beginning of a stop string at the very end is shown.
		_, free := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{MaxTokens: 12})
		begun := free.text[len(free.text)-9:] + " and never so"
		_, cut := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{MaxTokens: 12, Stop: []string{begun}})
		if cut.text != free.text || len(cut.pieces) != 12 {
			t.Errorf("text %q in %d pieces, want %q", cut.text, len(cut.pieces), free.text)
		}
	})
	t.Run("context full", func(t *testing.T) {
		s := session(t, e, SessionOptions{Context: len(ids) + 3})
		got, g := collect(t, s, ids, GenerateOptions{})
		if g.last.Stop != StopContext || len(got) != 4 || !slices.Equal(got, greedy[:4]) {
			t.Errorf("stopped by %q after %d tokens", g.last.Stop, len(got))
		}
		if g.last.Stats.ContextUsed != s.Context() {
			t.Errorf("context used %d of %d", g.last.Stats.ContextUsed, s.Context())
		}
	})
}

func TestGenerateCancel(t *testing.T) {
	e := builtin(t)
	s := session(t, e, SessionOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	for ev, err := range s.Generate(ctx, e.Prompt("Once"), GenerateOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev.Kind {
		case EventToken:
			if n++; n == 7 {
				cancel()
			}
		case EventDone:
			if ev.Stop != StopCancelled {
				t.Errorf("stopped by %q", ev.Stop)
			}
		}
	}
	if n != 7 {
		t.Errorf("%d tokens came, cancelled at the 7th", n)
	}
	// Cancelled before it begins: no token, and a reason.
	_, g := collectCtx(t, ctx, s, e.Prompt("Twice"))
	if g.last.Stop != StopCancelled || len(g.pieces) != 0 {
		t.Errorf("cancelled before: %+v", g)
	}
}

func collectCtx(t *testing.T, ctx context.Context, s *Session, ids []int32) (out []int32, g generated) {
	t.Helper()
	for e, err := range s.Generate(ctx, ids, GenerateOptions{MaxTokens: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == EventToken {
			out, g.pieces = append(out, e.ID), append(g.pieces, e.Text)
		}
		g.last = e
	}
	return out, g
}

// TestGenerateLeave leaves the loop at every event; the session stays usable.
func TestGenerateLeave(t *testing.T) {
	e := builtin(t)
	s := session(t, e, SessionOptions{})
	ids := e.Prompt("Once upon a time")
	for leaveAt := range 6 {
		n := 0
		for _, err := range s.Generate(context.Background(), ids, GenerateOptions{MaxTokens: 4}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n > leaveAt {
				break
			}
		}
		s.Rewind(leaveAt)
	}
	if got, _ := collect(t, s, ids, GenerateOptions{MaxTokens: 4}); len(got) != 4 {
		t.Errorf("%d tokens after leaving loops", len(got))
	}
}

func TestGenerateErrors(t *testing.T) {
	e := builtin(t)
	s := session(t, e, SessionOptions{})
	fails := func(ids []int32) (err error) {
		for _, err = range s.Generate(context.Background(), ids, GenerateOptions{MaxTokens: 1}) {
		}
		return err
	}
	if err := fails([]int32{99999}); !errors.Is(err, ErrBadToken) {
		t.Errorf("bad id: %v", err)
	}
	if err := fails(make([]int32, s.Context()+1)); !errors.Is(err, ErrContextFull) {
		t.Errorf("too long: %v", err)
	}
	// Invalid numbers in the model end the generation with an error.
	norm := e.Model().Weights.Norm
	norm[0] = float32(math.NaN())
	if err := fails([]int32{1}); !errors.Is(err, ErrNonFinite) {
		t.Errorf("NaN in a norm: %v", err)
	}
}

// TestGenerateSeed checks that a seed repeats a text and that settings reach
// the sampler.
func TestGenerateSeed(t *testing.T) {
	e := builtin(t)
	ids := e.Prompt("One day")
	write := func(o Sampling) []int32 {
		out, _ := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Sampling: o, MaxTokens: 40})
		return out
	}
	o := DefaultSampling
	o.Seed = 5
	first := write(o)
	if !slices.Equal(first, write(o)) {
		t.Error("the same seed wrote two texts")
	}
	o.Seed = 6
	if slices.Equal(first, write(o)) {
		t.Error("two seeds wrote the same text")
	}
}

// TestGenerateWithoutTokenizer runs a checkpoint that has none.
func TestGenerateWithoutTokenizer(t *testing.T) {
	e := open(t, tiny, 1)
	if e.Tokenizer() != nil {
		t.Fatal("the golden has a tokenizer")
	}
	if ids := e.Prompt("text"); ids != nil {
		t.Errorf("Prompt gave %v", ids)
	}
	got, g := collect(t, session(t, e, SessionOptions{}), []int32{406, 5}, GenerateOptions{MaxTokens: 5, Stop: []string{"x"}, IgnoreEOS: true})
	if len(got) != 5 || g.text != "" || g.last.Stop != StopLength {
		t.Errorf("%d tokens, text %q, %q", len(got), g.text, g.last.Stop)
	}
}
