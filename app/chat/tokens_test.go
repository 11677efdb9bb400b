package chat

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tern/app/builtin"
	"tern/app/chat/backend/backendtest"
	"tern/app/recipe"
	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

func wordsOf(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}

func fixed(seed uint32, n int) settings.Generation {
	g := settings.DefaultGeneration()
	g.RandomSeed, g.Seed, g.MaxTokens, g.CutOff = false, seed, n, true
	return g
}

// tokensOnce waits until the answer of a segment has all its figures.
func (b *driven) tokensOnce(segment int) []Token {
	b.t.Helper()
	for range 600 {
		if tokens, missing := b.Tokens.Answer(segment); !missing {
			return tokens
		}
		b.Tokens.Examine(segment)
		time.Sleep(10 * time.Millisecond)
	}
	b.t.Fatal("the figures never come")
	return nil
}

// TestTokens: the figures that an answer was written with spell its text, and
// those that are computed afterwards are the same.
func TestTokens(t *testing.T) {
	g := fixed(3, 60)
	b := openBuiltin(t, g)
	b.Tokens.SetInspect(true)
	b.Generate("Once upon a time", g)
	text, _ := b.answer()
	live, missing := b.Tokens.Answer(0)
	if missing || len(live) != 60 || wordsOf(live) != text {
		t.Fatalf("%d tokens %q, missing %t, of %q", len(live), wordsOf(live), missing, text)
	}
	for i, x := range live {
		if x.Index != i || x.Prob <= 0 || x.Prob > 1 || x.Rank < 1 || len(x.Top) != 10 || x.Entropy < 0 ||
			math.Abs(math.Exp2(-x.Surprise)-x.Prob) > 1e-9 || x.Rank <= 10 && x.Top[x.Rank-1].Prob != x.Prob {
			t.Errorf("token %d: %+v", i, x)
		}
	}

	b.Tokens.SetInspect(false)
	b.Retry(g) // the seed is fixed: the same words
	if again, _ := b.answer(); again != text {
		t.Fatalf("%q, then %q", text, again)
	}
	if tokens, missing := b.Tokens.Answer(0); len(tokens) != 0 || !missing {
		t.Errorf("%d tokens without Inspect, missing %t", len(tokens), missing)
	}
	later := b.tokensOnce(0)
	for i := range later {
		later[i].Segment = live[i].Segment
	}
	if !reflect.DeepEqual(later, live) {
		t.Errorf("afterwards %+v\nlive %+v", later[:2], live[:2])
	}

	// A second part of the answer: its tokens follow those of the first.
	b.Generate("", g)
	more, _ := b.answer()
	if all := b.tokensOnce(0); wordsOf(all) != text+more || len(all) <= 60 {
		t.Errorf("%q, want %q", wordsOf(all), text+more)
	}
}

// TestChoose writes an answer again from one of its words on.
func TestChoose(t *testing.T) {
	g := fixed(3, 40)
	b := openBuiltin(t, g)
	b.Tokens.SetInspect(true)
	b.Generate("Once upon a time", g)
	first, before := b.answer()
	tokens, _ := b.Tokens.Answer(0)
	at := tokens[9]
	i := 0
	for i < len(at.Top) && (i == at.Rank-1 || !at.Top[i].Choosable()) {
		i++
	}
	prefix := wordsOf(tokens[:9]) + at.Top[i].Text
	b.Tokens.Choose(at, at.Top[i].ID, g)
	b.answer()
	v := b.View()
	all, missing := b.Tokens.Answer(0)
	if !strings.HasPrefix(wordsOf(all), prefix) || missing || len(all) < 11 {
		t.Fatalf("%q does not begin with %q", wordsOf(all), prefix)
	}
	if got := all[9]; got.Rank != i+1 || got.Prob != at.Top[i].Prob || got.Entropy != at.Entropy || got.Segment == at.Segment {
		t.Errorf("the chosen token is %+v", got)
	}
	whole := text(v)
	if whole != "Once upon a time"+wordsOf(all) {
		t.Errorf("the document is %q", whole)
	}
	// The old version is still there.
	if v.Document[1].Versions != 2 || v.Document[1].Version != 2 {
		t.Errorf("versions %+v", v.Document[1])
	}
	b.Step(v.Document[1].ID, -1)
	b.until(func(v View) bool {
		return text(v) == "Once upon a time"+first && len(before.Document) == len(v.Document)
	})

	// What the model computes of it is what it would have computed at once.
	if again := b.tokensOnce(0); wordsOf(again) != first {
		t.Errorf("%q after stepping back", wordsOf(again))
	}

	// What cannot be chosen changes nothing.
	serial := text(b.View())
	b.Tokens.Choose(at, 2, g) // the end of the text
	b.Tokens.Choose(Token{Segment: 12345}, at.Top[i].ID, g)
	b.Tokens.Choose(Token{Segment: at.Segment, Index: 999}, at.Top[i].ID, g)
	b.Stop()
	b.until(func(v View) bool { return v.State == Ready })
	if got := text(b.View()); got != serial {
		t.Errorf("%q after choices that cannot be", got)
	}
}

// TestRecipe replays the recipe that the window copies.
func TestRecipe(t *testing.T) {
	g := fixed(11, 30)
	b := openBuiltin(t, g)
	get := func() []byte {
		done := make(chan []byte)
		b.Jobs.Recipe(func(raw []byte) { done <- raw })
		return <-done
	}
	if raw := get(); raw != nil {
		t.Errorf("a recipe of nothing: %s", raw)
	}
	b.Generate("One day", g)
	b.answer()
	b.Generate("", g)
	text, _ := b.answer()
	raw := get()
	r, err := recipe.Read(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d, err := r.Replay(t.Context(), e, func(int, int) {})
	if err != nil || !d.Same() || d.Text != text || r.Settings.Seed != 11 {
		t.Errorf("%+v, %v, want %q", d, err, text)
	}
	hash, err := e.Model().Hash(t.Context())
	if err != nil || r.Check(e, hash) != nil {
		t.Errorf("the model is another one: %v", err)
	}
	b.Models.Unload()
	b.until(func(v View) bool { return v.Model == nil })
	if raw := get(); raw != nil {
		t.Error("a recipe without the model")
	}
}

func TestWeights(t *testing.T) {
	b := openBuiltin(t, settings.DefaultGeneration())
	get := func() *Weights {
		done := make(chan *Weights)
		b.Jobs.Weights(func(w *Weights) { done <- w })
		return <-done
	}
	w := get()
	m, bytes := b.View().Model, int64(0)
	for _, p := range w.Memory {
		bytes += p.Bytes
	}
	if w == nil || len(w.Layers) == 0 || bytes != m.MemoryBytes || len(w.Tensors) != 92 {
		t.Fatalf("%d layers, %d bytes of %d, %d tensors", len(w.Layers), bytes, m.MemoryBytes, len(w.Tensors))
	}
	shapes := map[string][]int{}
	for _, x := range w.Tensors {
		shapes[x.Name] = x.Shape
	}
	up := "model.layers.0.mlp.up_proj.weight"
	for _, p := range w.Layers[0].Parts {
		if p.Name == "mlp.up_proj" && !slices.Equal(shapes[up], []int{p.Rows, p.Cols}) {
			t.Errorf("%s is %v, want %d × %d: several weights are packed into a number", up, shapes[up], p.Rows, p.Cols)
		}
	}
	weights := int64(0)
	for _, l := range w.Layers {
		for _, p := range l.Parts {
			if p.Neg+p.Zero+p.Pos != p.Rows*p.Cols || p.Scale <= 0 || p.Bytes < int64(p.Rows*p.Cols/4) || p.Name == "" {
				t.Errorf("%+v", p)
			}
		}
		neg, zero, pos := l.Counts()
		weights += int64(neg + zero + pos)
	}
	if weights >= m.Params || weights < m.Params/2 {
		t.Errorf("%d ternary weights of %d", weights, m.Params)
	}
	b.Models.Unload()
	b.until(func(v View) bool { return v.Model == nil })
	if get() != nil {
		t.Error("weights without a model")
	}
}

func TestChoosable(t *testing.T) {
	for text, want := range map[string]bool{"": false, " a": true, "\uFFFD": false, "\n": true} {
		if got := (Alternative{Text: text}).Choosable(); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	var tok backendtest.Letters
	if tokenizer.Text(tok, 'a') != "a" || tokenizer.Text(tok, 0xE2) != "\uFFFD" || tokenizer.Text(tok, backendtest.BOS) != "" {
		t.Error("texts of single tokens")
	}
}
