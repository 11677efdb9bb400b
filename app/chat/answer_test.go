package chat

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/chat/backend/backendtest"
	"tern/inference"
	"tern/tokenizer"
)

// TestVersions walks through answers, retries, undo and clear in one story.
func TestVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" one.", " two.", " three and four."}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		for _, step := range []struct {
			name              string
			do                func()
			text              string
			canRetry, canUndo bool
		}{
			{"at first", func() {}, "", false, false},
			{"nothing to undo", c.Undo, "", false, false},
			{"nothing to retry", func() { c.Retry(balanced) }, "", false, false},
			{"nothing to drop", c.DropOldest, "", false, false},
			{"an answer", func() { c.Generate("Hi", balanced) }, "Hi one.", true, true},
			{"again", func() { c.Retry(balanced) }, "Hi two.", true, true},
			{"the first one after all", c.Undo, "Hi one.", true, true},
			{"go on", func() { c.Generate("", balanced) }, "Hi one. three and four.", true, true},
			{"again", func() { c.Retry(balanced) }, "Hi one. three and four.", true, true},
			{"the version before", c.Undo, "Hi one. three and four.", true, true},
			{"the first answer", c.Undo, "Hi one.", true, true},
			{"before the words", c.Undo, "", false, false},
			{"from nothing", func() { c.Generate("", balanced) }, " three and four.", true, true},
			{"drop half", c.DropOldest, "and four.", false, true},
			{"bring it back", c.Undo, " three and four.", true, true},
		} {
			idle()
			step.do()
			idle()
			v := c.View()
			if text(v) != step.text || v.CanRetry != step.canRetry || v.CanUndo != step.canUndo {
				t.Errorf("%s: %q, retry %v, undo %v", step.name, text(v), v.CanRetry, v.CanUndo)
			}
			if v.Problem != nil || v.State != Ready {
				t.Errorf("%s: %v, %+v", step.name, v.State, v.Problem)
			}
		}
	})
}

// TestUndoIsBounded makes more versions than are kept.
func TestUndoIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		for range maxUndo + 20 {
			c.Generate("x", balanced)
		}
		synctest.Wait()
		for range 2 * maxUndo {
			c.Undo()
		}
		synctest.Wait()
		if v := c.View(); v.CanUndo || strings.Count(text(v), "x") != 20 {
			t.Errorf("%q", text(v))
		}
	})
}

// TestSegments checks what a window relies on: ids are unique, a segment grows
// at its end, authors alternate as written, and a snapshot never changes.
func TestSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" a long answer that takes its time"}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		known := map[int]string{}
		serial := 0
		check := func(v View) {
			t.Helper()
			if v.Serial < serial {
				t.Errorf("serial went from %d to %d", serial, v.Serial)
			}
			serial = v.Serial
			for _, s := range v.Document {
				if !strings.HasPrefix(s.Text, known[s.ID]) || s.Text == "" {
					t.Errorf("segment %d was %q and is %q", s.ID, known[s.ID], s.Text)
				}
				known[s.ID] = s.Text
			}
		}
		c.Generate("Hi", balanced)
		var views []View
		var copies []string
		for range 20 {
			time.Sleep(perToken * 2)
			v := c.View()
			check(v)
			views, copies = append(views, v), append(copies, fmt.Sprint(v))
		}
		idle()
		c.Generate("ho", balanced)
		c.Generate("", balanced)
		idle()
		check(c.View())
		c.DropOldest()
		idle()
		check(c.View())
		c.Retry(balanced)
		idle()
		check(c.View())
		for i := range views {
			if fmt.Sprint(views[i]) != copies[i] {
				t.Error("a snapshot changed after it was given out")
			}
		}
		if len(known) != 6 { // Hi, answer, ho, answer; half of the first answer; the second one again
			t.Errorf("%d segments: %v", len(known), known)
		}
	})
}

// TestContinueKeepsTokens answers with tokens as no encoder makes them: the
// next prompt has to begin with exactly these, or the cache is lost.
func TestContinueKeepsTokens(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.tok = backendtest.Vocabulary(t, "../..", name)
				f.ids = [][]int32{backendtest.LetterByLetter(t, f.tok, " the little tern")}
				c := f.start(Options{})
				c.Models.Load("a", balanced)
				idle()
				for _, words := range []string{"Once", "flew", "", ", and"} {
					c.Generate(words, balanced)
					idle()
				}
				for i := 1; i < len(f.asked); i++ {
					before := append(append([]int32{}, f.asked[i-1]...), f.ids[0]...)
					if got := f.asked[i]; len(got) < len(before) || fmt.Sprint(got[:len(before)]) != fmt.Sprint(before) {
						t.Errorf("prompt %d does not begin with the one before and its answer", i)
					}
				}
				all := append(append([]int32{}, f.asked[3]...), f.ids[0]...)
				const want = "Once the little tern flew the little tern the little tern, and the little tern"
				if v := c.View(); text(v) != want || tokenizer.Decode(f.tok, all) != want {
					t.Errorf("%q, in tokens %q", text(v), tokenizer.Decode(f.tok, all))
				}
			})
		})
	}
}

// TestCutAnswers ends answers where their tokens do not: after a stop text and
// within a character. What follows must continue the text that is shown.
func TestCutAnswers(t *testing.T) {
	for _, c := range []struct {
		name, says, stop string
		max              int
		shown, then      string
	}{
		{"stop text", " well. The End", "The End", 0, "Hi well. ", "Hi well.  well. "},
		{"nothing but a stop text", "The End", "The End", 0, "Hi", "Hi"},
		{"within a character", " é", "", 2, "Hi ", "Hi  "},
		{"within the first character", "é", "", 1, "Hi", "Hi"},
		{"after a character", "é", "", 2, "Hié", "Hiéé"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.says, f.stop = []string{c.says}, c.stop
				ctl := f.start(Options{})
				g := balanced
				g.MaxTokens = 100
				if c.max > 0 {
					g.MaxTokens = c.max
				}
				ctl.Models.Load("a", g)
				idle()
				ctl.Generate("Hi", g)
				idle()
				v := ctl.View()
				if text(v) != c.shown {
					t.Errorf("%q, want %q", text(v), c.shown)
				}
				if c.stop != "" && (v.Figures.Stop != StoppedByText || v.Figures.StopText != c.stop) {
					t.Errorf("%+v", v.Figures)
				}
				ctl.Generate("", g)
				idle()
				if got := tokenizer.Decode(f.tok, f.asked[1]); got != c.shown {
					t.Errorf("it goes on from %q, want %q", got, c.shown)
				}
				if v := ctl.View(); text(v) != c.then {
					t.Errorf("then %q, want %q", text(v), c.then)
				}
			})
		})
	}
}

func TestContextFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context, f.says = 40, []string{strings.Repeat(" word", 8)}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		expect := func(when string, full bool, used int) {
			t.Helper()
			idle()
			v := c.View()
			const sentence = "This conversation fills the model's 40 tokens."
			if (v.Problem != nil && v.Problem.Sentence.String() == sentence) != full || (v.Figures.Stop == ContextFull) != full {
				t.Errorf("%s: %+v, %+v", when, v.Figures, v.Problem)
			}
			if v.Figures.ContextUsed != used || v.Figures.Context != 40 {
				t.Errorf("%s: %d of %d tokens", when, v.Figures.ContextUsed, v.Figures.Context)
			}
		}
		c.Generate("Once.", balanced)
		expect("the answer fills it", true, 40)
		c.Generate("", balanced)
		expect("going on", true, 40)
		c.Generate("more", balanced)
		expect("more words", true, 40)
		if v := c.View(); !strings.HasSuffix(text(v), " more") || v.State != Ready {
			t.Errorf("the words are lost: %q", text(v))
		}
		c.DismissProblem()
		idle()
		if c.View().Problem != nil {
			t.Error("the problem stays")
		}
		c.DropOldest()
		idle()
		n := len(text(c.View())) + 1
		expect("after dropping the oldest", false, n)
		g := balanced
		g.MaxTokens = 5
		c.Generate("", g)
		expect("and going on", false, n+5)
		if v := c.View(); !strings.HasSuffix(text(v), "more word") {
			t.Errorf("%q", text(v))
		}
		c.Undo()
		c.Undo()
		c.Undo()
		expect("back before the last words", false, 40)
	})
}

// TestMemoryShort: where memory leaves room for less than the model has, that is
// said, and what is written stays; with memory again, it goes on.
func TestMemoryShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.room, f.says = 20, []string{strings.Repeat(" word", 8)}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Once.", balanced)
		idle()
		const sentence = "This computer has memory left for 20 tokens of this conversation."
		v := c.View()
		if v.Problem == nil || v.Problem.Sentence.String() != sentence || v.Figures.Stop != ContextFull ||
			!v.Figures.Short || v.Figures.Context != 20 || v.Figures.ContextUsed != 20 || text(v) != "Once. word word word" {
			t.Errorf("%+v, %+v, %q", v.Figures, v.Problem, text(v))
		}
		f.room = 0
		c.Generate("", balanced)
		idle()
		if v := c.View(); v.Problem != nil || v.Figures.Short || v.Figures.Context != 100 || len(text(v)) != 60 {
			t.Errorf("%+v, %+v, %q", v.Figures, v.Problem, text(v))
		}
	})
}

// TestAnswerFails fails in the middle of an answer: words and answer stay, the
// next command works.
func TestAnswerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.fail = fmt.Errorf("inference: position 3: %w", inference.ErrNonFinite)
		c := f.start(Options{})
		c.Models.Load("/secret/place/a", balanced)
		idle()
		c.Generate("Hi", balanced)
		idle()
		v := c.View()
		if v.State != Ready || text(v) != "Hi " || v.Figures.Stop != StoppedByError {
			t.Errorf("%v, %q, %+v", v.State, text(v), v.Figures)
		}
		want := words{"The model produced invalid numbers", "The file may be damaged."}
		if v.Problem == nil || said(*v.Problem) != want || v.Problem.Detail != f.fail.Error() {
			t.Errorf("%+v", v.Problem)
		}
		f.fail = nil
		c.Retry(balanced)
		idle()
		if v := c.View(); text(v) != "Hi abc" || v.Problem != nil {
			t.Errorf("%q, %+v", text(v), v.Problem)
		}
	})
}

// bare is a vocabulary without a token that starts a text.
type bare struct{ backendtest.Letters }

func (bare) BOS() (int32, bool) { return -1, false }

// optional has a BOS that texts do not begin with.
type optional struct{ backendtest.Letters }

func (optional) BOS() (int32, bool) { return backendtest.BOS, false }

func TestEmptyDocument(t *testing.T) {
	for _, c := range []struct {
		tok           tokenizer.Tokenizer
		text, problem string
	}{
		{backendtest.Letters{}, " abc", ""},
		{optional{}, " abc", ""},
		{bare{}, "", "There is nothing to continue"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.tok = c.tok
			ctl := f.start(Options{})
			ctl.Models.Load("a", balanced)
			idle()
			ctl.Generate("", balanced)
			idle()
			v := ctl.View()
			problem := ""
			if v.Problem != nil {
				problem = v.Problem.Sentence.String()
			}
			if text(v) != c.text || problem != c.problem || v.State != Ready || v.CanUndo != (c.text != "") {
				t.Errorf("%T: %q, %q", c.tok, text(v), problem)
			}
		})
	}
}

func TestWithoutModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		c.Generate("Hi", balanced)
		idle()
		if v := c.View(); v.State != NoModel || text(v) != "Hi" || v.Problem == nil || !v.CanUndo || v.CanRetry {
			t.Errorf("%+v", v)
		}
		c.Models.Load("a", balanced)
		synctest.Wait()
		c.Generate("ho", balanced)
		synctest.Wait()
		if v := c.View(); v.State != Loading || text(v) != "Hi ho" || v.Problem != nil || v.Notice.String() != "Available when the model is open." {
			t.Errorf("%+v", v)
		}
		idle()
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "Hi ho abc" || v.Notice.Key != "" {
			t.Errorf("%+v", v)
		}
	})
}
