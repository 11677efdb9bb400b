package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/app/say"
	"tern/app/settings"
)

// driven is a controller with the built-in model, as a window uses it.
type driven struct {
	*Controller
	t       *testing.T
	changed chan struct{}
	last    int // id of the last segment that was waited for
}

func openBuiltin(t *testing.T, g settings.Generation) *driven {
	t.Helper()
	changed := make(chan struct{}, 1)
	c := New(Options{Notify: func() { changed <- struct{}{} }})
	t.Cleanup(c.Close)
	b := &driven{Controller: c, t: t, changed: changed}
	c.Models.Load("", g)
	b.until(func(v View) bool { return v.State == Ready })
	return b
}

// until waits for a view.
func (b *driven) until(is func(View) bool) View {
	b.t.Helper()
	late := time.After(time.Minute)
	for {
		v := b.View()
		if is(v) {
			return v
		}
		if v.Problem != nil && v.Figures.Stop != ContextFull {
			b.t.Fatalf("%+v", *v.Problem)
		}
		select {
		case <-b.changed:
		case <-late:
			b.t.Fatalf("never comes: %+v", v)
		}
	}
}

// begin starts an answer and returns in the middle of it. The model writes a
// short story within a frame or two: one that ends unseen is started again.
func (b *driven) begin(prompt string, g settings.Generation) {
	b.t.Helper()
	for {
		b.Generate(prompt, g)
		v := b.until(func(v View) bool {
			return v.State == Generating || v.State == Ready && v.Figures.Stop != ""
		})
		if v.State == Generating {
			return
		}
		b.New()
		b.until(func(v View) bool { return len(v.Document) == 0 && v.Figures.Stop == "" })
	}
}

// answer waits for the end of the next answer and returns its text.
func (b *driven) answer() (string, View) {
	b.t.Helper()
	var answer Segment
	v := b.until(func(v View) bool {
		if len(v.Document) == 0 {
			return false
		}
		answer = v.Document[len(v.Document)-1]
		return v.State == Ready && v.Figures.Stop != "" && answer.Author == Model && answer.ID != b.last
	})
	b.last = answer.ID
	return answer.Text, v
}

// TestBuiltin tells a story with the built-in model from the first press to the
// last.
func TestBuiltin(t *testing.T) {
	g := settings.DefaultGeneration()
	g.RandomSeed, g.Seed, g.MaxTokens, g.CutOff = false, 11, 6, true
	b := openBuiltin(t, g)
	v := b.View()
	if m := v.Model; !m.Builtin || m.Name == "" || m.Params == 0 || m.MemoryBytes == 0 || m.ContextLen == 0 ||
		m.OpenedIn == 0 || m.Family == "" || m.Summary == "" || m.Path != "" || len(m.Examples) != 3 {
		t.Errorf("%+v", *m)
	}
	const prompt = "Once upon a time" // few tokens: the race detector makes them slow

	b.Generate(prompt, g)
	first, v := b.answer()
	if !strings.HasPrefix(first, " ") && !strings.HasPrefix(first, ",") || strings.Contains(first, "  ") || len(first) < 6 {
		t.Errorf("%q continues %q", first, prompt)
	}
	if f := v.Figures; f.Stop != ReachedLength || f.Generated != 6 || f.Seed != 11 || f.Rate <= 0 || f.FirstToken <= 0 || f.Context != v.Model.ContextLen {
		t.Errorf("%+v", f)
	}
	used := v.Figures.ContextUsed
	t.Logf("%.0f tokens/s, first token %v: %s", v.Figures.Rate, v.Figures.FirstToken, text(v))

	b.Retry(g)
	if again, _ := b.answer(); again != first {
		t.Errorf("the same seed gives %q, then %q", first, again)
	}
	b.Generate("", g)
	if _, v := b.answer(); v.Figures.PromptTotal != 1 || v.Figures.ContextUsed != used+6 {
		t.Errorf("going on reads %d tokens again, %d are in use", v.Figures.PromptTotal, v.Figures.ContextUsed)
	}
	b.Undo()
	b.until(func(v View) bool { return strings.HasSuffix(text(v), first) })

	g.Threads = 1
	b.Retry(g)
	if again, _ := b.answer(); again != first {
		t.Errorf("one thread gives %q, not %q", again, first)
	}

	g.Context = used + 4
	b.Generate("Then", g)
	v = b.until(func(v View) bool { return v.Problem != nil })
	if v.Figures.Stop != ContextFull || v.Figures.Context != g.Context || v.Figures.ContextUsed != g.Context {
		t.Errorf("%+v, %+v", v.Figures, v.Problem)
	}
	b.DropOldest()
	b.until(func(v View) bool { return v.Figures.Stop == "" })
	b.Generate("", g)
	if _, v := b.answer(); v.Figures.ContextUsed > g.Context || v.Problem != nil {
		t.Errorf("%+v", v.Figures)
	}

	b.New()
	b.until(func(v View) bool { return len(v.Document) == 0 })
	b.Generate("", g)
	if story, _ := b.answer(); story == "" || strings.HasPrefix(story, " ") {
		t.Errorf("a story from nothing begins %q", story)
	}
}

// TestFilesGone: a model that is open needs its files no more, whatever becomes
// of them, and opening them again is a problem that leaves it open.
func TestFilesGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tales")
	if err := os.CopyFS(dir, os.DirFS("../../assets/model")); err != nil {
		t.Fatal(err)
	}
	g := settings.DefaultGeneration()
	g.RandomSeed, g.Seed, g.MaxTokens = false, 11, 4
	b := openFile(t, dir, map[string]string{dir: AsItSays})
	b.Generate("Once upon a time", g)
	first, _ := b.answer()
	for _, c := range []struct {
		happened, said string
		happen         func() error
	}{
		{"cut", "tales is damaged: it ends too early", func() error { return os.Truncate(filepath.Join(dir, "model.safetensors"), 1000) }},
		{"deleted", "tales is not there any more", func() error { return os.RemoveAll(dir) }},
	} {
		if err := c.happen(); err != nil {
			t.Fatal(err)
		}
		g.Threads = 3 - g.Threads%2 // which makes a new engine
		b.Retry(g)
		if again, _ := b.answer(); again != first {
			t.Errorf("with its files %s the model writes %q, not %q", c.happened, again, first)
		}
		b.Models.Load(dir, g)
		var p *say.Problem
		for p == nil {
			p = b.View().Problem
			time.Sleep(time.Millisecond)
		}
		if v := b.View(); v.Model == nil || v.Model.Path != dir || p.Sentence.String() != c.said {
			t.Errorf("files %s: %s", c.happened, p.Sentence)
		}
		b.DismissProblem()
	}
	done := make(chan *Weights)
	b.Jobs.Weights(func(w *Weights) { done <- w })
	if w := <-done; w == nil || len(w.Layers) == 0 {
		t.Error("nothing is known of the weights")
	}
}

// TestBuiltinStops stops, closes and unloads in the middle of an answer.
func TestBuiltinStops(t *testing.T) {
	g := settings.DefaultGeneration()
	g.MaxTokens = 500
	g.Temperature, g.TopP, g.TopK, g.MinP = 2, 1, 0, 0 // such a story does not end by itself before it is seen
	for name, end := range map[string]func(*driven){
		"stop": func(b *driven) {
			b.Stop()
			if _, v := b.answer(); v.Figures.Stop != StoppedByUser || v.Figures.Generated >= 500 {
				t.Errorf("%+v", v.Figures)
			}
		},
		"unload": func(b *driven) {
			b.Models.Unload()
			b.until(func(v View) bool { return v.State == NoModel })
		},
		"load": func(b *driven) {
			b.Models.Load("", g)
			b.until(func(v View) bool { return v.State == Ready })
		},
		"close": func(b *driven) { b.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			b := openBuiltin(t, g)
			b.begin("Once upon a time", g)
			end(b)
			if got := text(b.View()); !strings.HasPrefix(got, "Once upon a time") || len(got) <= len("Once upon a time") {
				t.Errorf("%q is left", got)
			}
			b.Close()
		})
	}
}

// TestCancelBuiltin gives up a load before it has begun to read.
func TestCancelBuiltin(t *testing.T) {
	b := openBuiltin(t, balanced)
	b.Models.Load("", balanced)
	b.Models.CancelLoad()
	b.until(func(v View) bool { return v.Notice.String() == "Cancelled. "+v.Model.Name+" is still open." })
}

// TestEndOfStory: a story that reaches the limit ends with a sentence, unless it
// is to be cut off.
func TestEndOfStory(t *testing.T) {
	g := fixed(2, 9)
	b := openBuiltin(t, g)
	for _, g.CutOff = range []bool{false, true} {
		b.New()
		b.Generate("Once upon a time, there was a small bird named Pip.", g)
		text, v := b.answer()
		ends := strings.HasSuffix(strings.TrimSpace(text), ".")
		if f := v.Figures; f.Stop != ReachedLength || f.MaxTokens != 9 || (f.Generated == 9) != g.CutOff || ends == g.CutOff {
			t.Errorf("cut off %t: %q, %+v", g.CutOff, text, f)
		}
	}
}
