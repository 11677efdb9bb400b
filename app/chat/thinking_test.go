package chat

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/history"
	"tern/app/settings"
	"tern/inference"
	"tern/inference/chattemplate"
)

// thinker is a fake whose template has thoughts and a switch for them.
func thinker(t *testing.T, says ...string) *fake {
	f := newFake(t)
	f.context, f.template, f.says = 4000, "its own", says
	f.format = inference.AnswerFormat{Open: "<think>", Close: "</think>", Closing: "\n</think>\n\n", Levels: []chattemplate.Level{
		{Name: "off", Variables: map[string]json.RawMessage{"enable_thinking": json.RawMessage("false")}},
		{Name: "on", Variables: map[string]json.RawMessage{"enable_thinking": json.RawMessage("true")}, Default: true},
	}}
	return f
}

// with is balanced, changed.
func with(change func(*settings.Generation)) settings.Generation {
	g := balanced
	change(&g)
	return g
}

// lastSegment is the newest of a view.
func lastSegment(t *testing.T, v View) Segment {
	t.Helper()
	if len(v.Document) == 0 {
		t.Fatal("no text")
	}
	return v.Document[len(v.Document)-1]
}

// asking is the prompt of answer n.
func (f *fake) asking(n int) string { return spelled(f.asked[n]) }

// TestDropThoughts: where the thoughts of the last answer alone fill the context, dropping
// turns says that, changes nothing, and does not look like nothing.
func TestDropThoughts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\n"+strings.Repeat("More and more. ", 40))
		f.context = 300
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Well?", with(func(g *settings.Generation) { g.MaxTokens = 2000 }))
		idle()
		v := c.View()
		if s := lastSegment(t, v); v.Figures.Stop != ContextFull || !s.Thinking || v.Figures.ContextUsed != 300 {
			t.Fatalf("%+v, %+v", v.Figures, s)
		}
		before := len(v.Document)
		c.DropOldest()
		idle()
		v = c.View()
		if v.Problem == nil || !strings.HasPrefix(v.Problem.Sentence.String(), "What was thought for the last answer fills the model’s 300 tokens") ||
			v.Figures.Stop == ContextFull || len(v.Document) != before || v.Figures.ContextUsed != 300 {
			t.Errorf("%+v, %+v", v.Problem, v.Figures)
		}
		c.SetSystem(v.ID, strings.Repeat("x", 400))
		c.DropOldest()
		idle()
		if v := c.View(); v.Problem == nil || !strings.HasPrefix(v.Problem.Sentence.String(), "What stands before") {
			t.Errorf("with a long system prompt: %+v", v.Problem)
		}
	})
}

// TestThoughts: what a model thinks is kept beside its answer, with the time it took, is in the file, is left to the
// template in later turns, and is there after a restart.
func TestThoughts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\nTwo and two.\nFour?\n</think>\n\nFour.", "<think>\n\n</think>\n\nYes.", "No block.")
		dir := t.TempDir()
		c := f.start(Options{Folder: dir})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("2+2", balanced)
		time.Sleep(perPrompt + 15*perToken)
		synctest.Wait()
		if s := lastSegment(t, c.View()); s.Thoughts != "Two and" || !s.Thinking || strings.TrimSpace(s.Text) != "" || c.View().State != Generating {
			t.Errorf("while it thinks: %+v", s)
		}
		idle()
		s := lastSegment(t, c.View())
		const thinks = "Two and two.\nFour?"
		if s.Thoughts != thinks || s.Thinking || s.Text != "\n\nFour." || s.Took != 34*perToken {
			t.Errorf("%+v", s)
		}
		c.Generate("Sure?", balanced)
		idle()
		if s := lastSegment(t, c.View()); s.Thoughts != "" || s.Text != "\n\nYes." {
			t.Errorf("an empty block is shown: %+v", s)
		}
		if got, want := f.asking(1), "^u:2+2\na:Four.\nu:Sure?\na:"; got != want {
			t.Errorf("the later turn begins %q, want %q", got, want)
		}
		c.Generate("Really?", balanced)
		idle()
		if s := lastSegment(t, c.View()); s.Thoughts != "" || s.Text != "\n\nNo block." {
			t.Errorf("%+v", s)
		}
		id, md, js, all := c.View().ID, filepath.Join(dir, "x.md"), filepath.Join(dir, "x.json"), filepath.Join(dir, "y.md")
		c.Shelf.Export(id, md, "You", "Tern", false)
		c.Shelf.Export(id, js, "You", "Tern", false)
		c.Shelf.Export(id, all, "You", "Tern", true)
		c.New()
		idle()
		c.Open(id)
		idle()
		if s := c.View().Document[1]; s.Thoughts != thinks || s.Thinking || s.Text != "\n\nFour." || s.Took != 34*perToken {
			t.Errorf("read again: %+v", s)
		}
		for path, want := range map[string]bool{md: false, js: false, all: true} {
			if got := strings.Contains(contents(t, path), "Two and two."); got != want {
				t.Errorf("%s has thoughts: %v", filepath.Base(path), got)
			}
		}
	})
}

// TestBegunBlock: a template that begins the block itself.
func TestBegunBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "\nhm\n</think>\n\nYes. <tool_call>\n{\"name\": \"x_y\"}\n</tool_call>", " Sure.")
		f.begun = true
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("so?", balanced)
		idle()
		if s := lastSegment(t, c.View()); s.Thoughts != "hm" || s.Text != "\n\nYes. <tool_call>\n{\"name\": \"x_y\"}\n</tool_call>" {
			t.Errorf("%+v", s)
		}
		c.Generate("", balanced)
		idle()
		if got, want := f.asking(1), "^u:so?\na:<think>\nhm\n</think>\n\nYes. <tool_call>\n{\"name\": \"x_y\"}\n</tool_call>"; got != want {
			t.Errorf("it goes on behind %q, want %q", got, want)
		}
	})
}

// TestGoOnInside: an answer that ends inside its block says so and goes on there, with the tokens of before, or after a
// restart with as good as these; behind the block it goes on there.
func TestGoOnInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := "<think>\nOne, two, \nthree.\n</think>\n\nSix."
		cut := func(n int) settings.Generation { return with(func(g *settings.Generation) { g.MaxTokens = n }) }
		for _, restart := range []bool{false, true} {
			f := thinker(t, "")
			f.reply = func(prompt string) string { // what is missing of the whole
				_, begun, _ := strings.Cut(prompt, "a:")
				return strings.TrimPrefix(whole, begun)
			}
			c := f.start(Options{Folder: t.TempDir()})
			c.Models.Load("a", balanced)
			idle()
			c.Generate("1+2+3", cut(19))
			idle()
			v := c.View()
			if s := lastSegment(t, v); s.Thoughts != "One, two, \n" || !s.Thinking || v.Figures.Stop != ReachedLength {
				t.Fatalf("cut inside: %+v, %q", s, v.Figures.Stop)
			}
			if restart {
				c.New()
				idle()
				c.Open(v.ID)
				idle()
				if s := lastSegment(t, c.View()); !s.Thinking || s.Stop != ReachedLength {
					t.Errorf("read again: %+v", s)
				}
			}
			c.Generate("", cut(19))
			idle()
			if got, want := f.asking(1), "^u:1+2+3\na:"+whole[:len("<think>\nOne, two, \n")]; got != want {
				t.Errorf("it goes on behind %q, want %q", got, want)
			}
			if o := f.options[1].Thinking; !o.Begun {
				t.Errorf("%+v", o)
			}
			c.Generate("", balanced)
			idle()
			thought, words := "", ""
			for _, s := range c.View().Document[1:] {
				thought, words = thought+s.Thoughts, words+strings.TrimSpace(s.Text)
			}
			if thought != "One, two, \nthree." || words != "Six." {
				t.Errorf("in all %q and %q", thought, words)
			}
			c.Close()
		}
	})
}

// TestLevels: the switch and the budget reach the model; an answer goes on as it was begun.
func TestLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\nlong long thoughts", "Hi.")
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		on := with(func(g *settings.Generation) { g.ThinkingBudget, g.MaxTokens = 100, 20 })
		off := with(func(g *settings.Generation) { g.Thinking = "off" })
		c.Generate("a", on)
		idle()
		if o := f.options[0].Thinking; o.Budget != 100 || o.Open != "<think>" || o.Begun || f.variables[len(f.variables)-1]["enable_thinking"] != nil {
			t.Errorf("%+v, %v", o, f.variables)
		}
		on.MaxTokens = 200
		c.Generate("", on)
		idle()
		if o := f.options[1].Thinking; !o.Begun || o.Budget != 80 {
			t.Errorf("the rest of the budget: %+v", o)
		}
		f.variables = nil
		c.Generate("b", off)
		idle()
		for _, v := range f.variables {
			if string(v["enable_thinking"]) != "false" {
				t.Errorf("off: %s", v)
			}
		}
		f.variables = nil
		c.Generate("", on) // the answer was begun without
		idle()
		if v := f.variables[0]; string(v["enable_thinking"]) != "false" || f.options[3].Thinking != (inference.Thinking{}) {
			t.Errorf("gone on with: %s, %+v", v, f.options[3].Thinking)
		}
		// No switch: a block is closed at once.
		f.format.Levels = nil
		c.Generate("c", off)
		idle()
		if o := f.options[4].Thinking; o.Budget != -1 {
			t.Errorf("without a switch: %+v", o)
		}
	})
}

// TestEndsInside: a model that ends its text inside the block is made to answer when it goes on.
func TestEndsInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\nhm", "\n</think>\n\nYes.")
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("so?", balanced)
		idle()
		if s := lastSegment(t, c.View()); !s.Thinking || s.Stop != EndedByItself || s.Thoughts != "hm" {
			t.Errorf("%+v", s)
		}
		c.Generate("", balanced)
		idle()
		if o := f.options[1].Thinking; !o.Begun || o.Budget != -1 {
			t.Errorf("%+v", o)
		}
		if s := lastSegment(t, c.View()); s.Text != "Yes." || s.Thinking {
			t.Errorf("%+v", s)
		}
	})
}

// TestThoughtsAndVersions: what is done with an answer that was thought about.
func TestThoughtsAndVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\na\n</think>\n\nA.", "<think>\nb\n</think>\n\nB.", "C.")
		c := f.start(Options{Folder: t.TempDir()})
		c.Models.Load("a", balanced)
		idle()
		check := func(what, thoughts, text string) {
			t.Helper()
			idle()
			if s := lastSegment(t, c.View()); s.Thoughts != thoughts || strings.TrimSpace(s.Text) != text {
				t.Errorf("%s: %q, %q, want %q, %q", what, s.Thoughts, s.Text, thoughts, text)
			}
		}
		c.Generate("q", balanced)
		check("answered", "a", "A.")
		c.Retry(balanced)
		check("again", "b", "B.")
		c.Step(lastSegment(t, c.View()).ID, -1)
		check("a version back", "a", "A.")
		c.Edit(lastSegment(t, c.View()).ID, "Ah.", false, balanced)
		check("edited", "a", "Ah.")
		c.Undo()
		check("undone", "a", "A.")
		c.Branch(lastSegment(t, c.View()).ID)
		check("a branch", "a", "A.")
		c.SetStory(true)
		check("as a story", "a", "A.")
		c.SetStory(false)
		check("as a chat", "a", "A.")
		c.Edit(lastSegment(t, c.View()).ID, "Ah.", false, balanced)
		idle()
		n := len(f.asked)
		c.Generate("", balanced)
		idle()
		if got, want := f.asking(n), "^u:q\na:<think>\na\n</think>\n\nAh."; got != want {
			t.Errorf("an edited answer goes on behind %q, want %q", got, want)
		}
	})
}

// TestStoppedWhileThinking: Stop keeps what was thought, and a message may follow.
func TestStoppedWhileThinking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := thinker(t, "<think>\n"+strings.Repeat("hm ", 100), "Well.")
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("one", balanced)
		time.Sleep(perPrompt + 30*perToken)
		c.Stop()
		idle()
		if s := lastSegment(t, c.View()); !s.Thinking || !strings.HasPrefix(s.Thoughts, "hm hm") || s.Stop != StoppedByUser {
			t.Errorf("%+v", s)
		}
		c.Generate("two", balanced)
		idle()
		if got, want := f.asking(1), "^u:one\n\ntwo\na:"; got != want {
			t.Errorf("the next question is %q, want %q", got, want)
		}
		if n := len(c.View().Document); n != 4 {
			t.Errorf("%d segments", n)
		}
	})
}

// TestThoughtlessFiles: files of before are read, and say nothing of thoughts.
func TestThoughtlessFiles(t *testing.T) {
	f, err := history.Parse([]byte(`{"format": "tern-conversation", "version": 1, "chat": true, "leaf": 2, "messages": [
		{"id": 1, "author": "user", "text": "a"}, {"id": 2, "parent": 1, "author": "model", "text": "b"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	conv := readConversation(f, func() int { n++; return n })
	raw, err := conv.file().Bytes()
	if err != nil || strings.Contains(string(raw), "thought") || strings.Contains(string(raw), "thinking") {
		t.Errorf("%s, %v", raw, err)
	}
	if v := conv.view(); v.Document[1].Thoughts != "" || v.Document[1].Text != "\n\nb" {
		t.Errorf("%+v", v.Document)
	}
}

// contents is what a file says.
func contents(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
