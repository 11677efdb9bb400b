package chat

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/history"
)

// long is an answer that takes 400 ms.
var long = strings.Repeat(" abc.", 40)

// TestElsewhere: an answer goes on while other conversations are shown, lands in
// its own, and one that is asked for meanwhile waits for its turn.
func TestElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context = 10000
		f.says = []string{long, " second", " third"}
		dir := t.TempDir()
		c := f.kept(dir)
		answers := func() (list []string) {
			for _, a := range c.View().Answers {
				list = append(list, a.Name+": "+a.State.String())
			}
			return list
		}
		is := func(what string, state State, shown string, want ...string) {
			t.Helper()
			synctest.Wait()
			if v := c.View(); v.State != state || text(v) != shown || !slices.Equal(answers(), want) {
				t.Errorf("%s: %v, %q, answers %q; want %v, %q, %q", what, v.State, text(v), answers(), state, shown, want)
			}
		}
		c.Generate("One", balanced)
		is("begun", Prefilling, "One", "One: Prefilling")
		one := c.View().ID
		time.Sleep(perPrompt + 10*perToken + perToken/2)
		c.New()
		is("another one is shown", Ready, "", "One: Generating")
		if v := c.View(); v.ID == one || v.CanUndo || v.Figures.Generated != 0 {
			t.Errorf("%+v", v)
		}
		c.Generate("Two", balanced)
		two := c.View().ID
		is("a second one waits", Waiting, "Two", "One: Generating", "Two: Waiting")
		c.Stop()
		is("not any more", Ready, "Two", "One: Generating")
		if v := c.View(); v.Figures.Stop != StoppedByUser {
			t.Errorf("stopped by %q", v.Figures.Stop)
		}
		c.Generate("", balanced)
		is("it does", Waiting, "Two", "One: Generating", "Two: Waiting")
		c.New()
		c.Generate("Three", balanced)
		is("and a third one", Waiting, "Three", "One: Generating", "Two: Waiting", "Three: Waiting")
		c.Shelf.Rename(two, "Zwei")
		c.Open(one)
		synctest.Wait()
		if v := c.View(); v.ID != one || v.State != Generating || v.Figures.Generated < 10 || !strings.HasPrefix(text(v), "One abc. abc.") {
			t.Errorf("back: %v, %q, %+v", v.State, text(v), v.Figures)
		}
		c.New()
		c.Generate("Four", balanced)
		synctest.Wait()
		if got := c.View().Answers[2].Name; got != "Three" || c.View().Answers[1].Name != "Zwei" {
			t.Errorf("answers %q", answers())
		}
		c.Stop()
		c.New()
		idle()
		is("all ended", Ready, "")
		for id, want := range map[string]string{one: "One" + long, two: "Two second"} {
			x, err := history.NewStore(dir).Read(id)
			if err != nil || x.Writer != 0 {
				t.Fatal(err, x)
			}
			got := ""
			for _, m := range x.Path() {
				got += m.Text
			}
			if got != want {
				t.Errorf("%s has %q, want %q", x.Name(), got, want)
			}
			c.Open(id)
			idle()
			if v := c.View(); text(v) != want || v.Figures.Stop != EndedByItself || v.Figures.Generated == 0 {
				t.Errorf("%q, %+v", text(v), v.Figures)
			}
		}
		if x, err := history.NewStore(dir).Read(two); err != nil || x.Title != "Zwei" {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

// TestElsewhereActs does to a conversation that is not shown, while an answer is
// written in it, whatever the list of conversations offers.
func TestElsewhereActs(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, c *Controller, id string)
		text string // of its file in the end; a star for any end
	}{
		{"nothing", func(*testing.T, *Controller, string) {}, "One" + long},
		{"stop", func(t *testing.T, c *Controller, id string) { c.StopIn(id) }, "One abc. abc.*"},
		{"rename", func(t *testing.T, c *Controller, id string) { c.Shelf.Rename(id, "Title") }, "One" + long},
		{"duplicate", func(t *testing.T, c *Controller, id string) { c.Shelf.Duplicate(id) }, "One" + long},
		{"edit the one that is shown", func(t *testing.T, c *Controller, _ string) {
			c.Splice(Passage{ID: c.View().ID}, "x")
			c.Undo()
			c.DropOldest()
		}, "One" + long},
		{"delete and restore", func(t *testing.T, c *Controller, id string) { c.Shelf.Delete(id); c.Shelf.Restore(id) }, "One abc. abc.*"},
		{"open a model", func(t *testing.T, c *Controller, _ string) { c.Models.Load("b", balanced) }, "One abc. abc.*"},
		{"unload", func(t *testing.T, c *Controller, _ string) { c.Models.Unload() }, "One abc. abc.*"},
		{"close", func(t *testing.T, c *Controller, _ string) { c.Close() }, "One abc. abc.*"},
		{"another system prompt", func(t *testing.T, c *Controller, id string) { c.SetSystem(id, "x") }, "One" + long},
		{"export", func(t *testing.T, c *Controller, id string) {
			path := filepath.Join(t.TempDir(), "a.md")
			c.Shelf.Export(id, path, "You", "Tern", false)
			synctest.Wait()
			if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), "abc. abc.") {
				t.Errorf("%q, %v", data, err)
			}
		}, "One" + long},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.context = 10000
				f.says = []string{" other", long}
				dir := t.TempDir()
				c := f.kept(dir)
				c.Generate("Two", balanced)
				idle()
				two := c.View().ID
				c.New()
				c.Generate("One", balanced)
				synctest.Wait()
				one := c.View().ID
				c.Open(two)
				time.Sleep(perPrompt + 15*perToken)
				synctest.Wait()
				if v := c.View(); v.ID != two || len(v.Answers) != 1 || v.Answers[0].ID != one {
					t.Fatalf("%+v", v)
				}
				test.do(t, c, one)
				idle()
				x, err := history.NewStore(dir).Read(one)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				for _, m := range x.Path() {
					got += m.Text
				}
				want, open := strings.CutSuffix(test.text, "*")
				if x.Writer != 0 || got != want && !(open && strings.HasPrefix(got, want) && len(got) < len("One"+long)) {
					t.Errorf("%q, writer %d, want %q", got, x.Writer, test.text)
				}
				if test.name == "rename" && x.Title != "Title" || test.name == "another system prompt" && x.System != "x" {
					t.Errorf("%+v", x)
				}
				if test.name == "duplicate" {
					if v := c.View(); v.ID == one || !strings.HasPrefix(text(v), "One abc.") || len(text(v)) >= len("One"+long) {
						t.Errorf("the copy has %q", text(v))
					}
				}
			})
		})
	}
}

// TestBranchOfRunning takes what is written so far into a new conversation; the
// answer goes on in the old one.
func TestBranchOfRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context = 10000
		f.says = []string{long, " more"}
		dir := t.TempDir()
		c := f.kept(dir)
		c.Generate("One", balanced)
		time.Sleep(perPrompt + 15*perToken + perToken/2)
		v := c.View()
		old := v.ID
		c.Branch(v.Document[len(v.Document)-1].ID)
		synctest.Wait()
		v = c.View()
		if v.ID == old || v.State != Ready || text(v) != "One"+long[:15] {
			t.Errorf("%v, %q", v.State, text(v))
		}
		branch := v.ID
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "One"+long[:15]+" more" {
			t.Errorf("%q", text(v))
		}
		c.Open(old)
		idle()
		if v := c.View(); text(v) != "One"+long || v.ID != old {
			t.Errorf("%q", text(v))
		}
		c.Open(branch)
		idle()
		if v := c.View(); text(v) != "One"+long[:15]+" more" {
			t.Errorf("%q", text(v))
		}
	})
}

// TestFailsElsewhere says of an answer that fails in another conversation that it
// did, and why when that is shown.
func TestFailsElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.fail = os.ErrClosed
		c := f.kept(t.TempDir())
		c.Generate("One", balanced)
		synctest.Wait()
		one := c.View().ID
		c.New()
		idle()
		v := c.View()
		if v.Problem != nil || !strings.HasPrefix(v.Notice.String(), "The answer in “One” ended: ") {
			t.Errorf("%+v, %q", v.Problem, v.Notice)
		}
		c.Open(one)
		idle()
		if v := c.View(); v.Problem == nil || text(v) != "One " {
			t.Errorf("%+v, %q", v.Problem, text(v))
		}
	})
}

// TestLastOpened: of conversations that are opened faster than they are read, the
// last one is shown, and a deleted one is not.
func TestLastOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.kept(t.TempDir())
		var ids []string
		for _, words := range []string{"a", "b", "c"} {
			c.New()
			c.Generate(words, balanced)
			idle()
			ids = append(ids, c.View().ID)
		}
		for _, step := range []struct {
			do   func()
			want string
		}{
			{func() { c.Open(ids[0]); c.Open(ids[1]) }, ids[1]},
			{func() { c.Open(ids[2]); c.Open(ids[1]) }, ids[1]},
			{func() { c.Open(ids[0]); c.Open(ids[1]); c.Open(ids[0]) }, ids[0]},
			{func() { c.Open(ids[2]); c.Shelf.Delete(ids[2]) }, ids[0]},
		} {
			step.do()
			idle()
			if v := c.View(); v.ID != step.want {
				t.Errorf("%q is shown, want %q", v.ID, step.want)
			}
		}
	})
}

// TestWrittenKept: what an answer was written with is in its file, and is shown
// again when it is opened or another version is chosen. It is not in what others
// get: where a model is on this computer.
func TestWrittenKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" one.", " two and more."}
		dir := t.TempDir()
		c := f.kept(dir)
		g := balanced
		g.RandomSeed, g.Seed, g.Temperature, g.MaxTokens = false, 7, 0.25, 5
		c.Models.Load("/models/x.gguf", g)
		idle()
		c.Generate("Hi", g)
		idle()
		at := time.Now()
		g.Seed = 8
		c.Retry(g)
		idle()
		id := c.View().ID
		check := func(c *Controller, seed uint32) {
			t.Helper()
			v := c.View()
			w := c.Tokens.Written(0)
			if len(w) != 1 || w[0].Model != "x" || w[0].Path != "/models/x.gguf" || w[0].Seed != seed || w[0].Tokens != 5 || w[0].FirstToken != perPrompt ||
				w[0].Stop != v.Figures.Stop || w[0].Generation == nil || w[0].Generation.Temperature != 0.25 || w[0].At.Sub(at).Abs() > time.Hour {
				t.Errorf("%+v", w)
			}
			if f := v.Figures; f.Seed != seed || f.Generated != 5 || f.FirstToken != perPrompt || f.Stop == "" || v.Document[1].Model != "x" {
				t.Errorf("%+v", v.Figures)
			}
		}
		check(c, 8)
		c.Step(c.View().Document[1].ID, -1)
		idle()
		check(c, 7)
		c.New()
		c.Open(id)
		idle()
		check(c, 7)
		c.Step(c.View().Document[1].ID, 1)
		idle()
		check(c, 8)

		path := filepath.Join(t.TempDir(), "x.json")
		c.Shelf.Export(id, path, "You", "Tern", false)
		idle()
		data, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(data), "/models/") || !strings.Contains(string(data), `"temperature": 0.25`) {
			t.Errorf("%s, %v", data, err)
		}
		c.Edit(c.View().Document[1].ID, "changed", false, g)
		idle()
		if w := c.Tokens.Written(0); len(w) != 1 || !w[0].Edited || w[0].Model != "x" {
			t.Errorf("%+v", w)
		}
	})
}

// TestOldFiles: what earlier versions wrote is read, and what this one adds does
// not keep them from reading.
func TestOldFiles(t *testing.T) {
	const old = `{"format":"tern-conversation","version":1,"created":"2026-01-02T03:04:05Z","changed":"2026-01-02T03:04:05Z","chat":true,"leaf":2,
		"messages":[{"id":1,"author":"user","text":"Hi"},{"id":2,"parent":1,"author":"model","text":"Hello","model":"x","seed":9,"stop":"eos"}]}`
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		c := newFake(t).kept(dir)
		c.Open("a")
		idle()
		v := c.View()
		if text(v) != "Hi\n\nHello" || v.Mode != ChatMode || v.Figures.Seed != 9 || v.Figures.Stop != EndedByItself {
			t.Errorf("%q, %+v", text(v), v.Figures)
		}
		if w := c.Tokens.Written(0); len(w) != 1 || w[0] != (Written{Model: "x", Seed: 9, Stop: EndedByItself}) {
			t.Errorf("%+v", w)
		}
		c.Shelf.Rename("a", "Title")
		idle()
		data, err := os.ReadFile(filepath.Join(dir, "a.json"))
		if err != nil || !strings.Contains(string(data), `"version": 1`) || strings.Contains(string(data), `"rate"`) {
			t.Errorf("%s, %v", data, err)
		}
	})
}

// TestNothingToAdd says so where a model ends before it began.
func TestNothingToAdd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" abc", ""}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Hi", balanced)
		idle()
		if v := c.View(); v.Notice.Key != "" {
			t.Errorf("%q", v.Notice)
		}
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "Hi abc" || v.Notice.String() != "The model has nothing to add." {
			t.Errorf("%q, %q", text(v), v.Notice)
		}
		c.Generate("x", balanced)
		synctest.Wait()
		if v := c.View(); v.Notice.Key != "" {
			t.Errorf("%q stays", v.Notice)
		}
	})
}

// TestDropUntilRoom drops as much as it takes to go on, of a single turn too, and
// says where that does not help.
func TestDropUntilRoom(t *testing.T) {
	for _, template := range []string{"", "fake"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.template = template
			c := f.start(Options{})
			c.Models.Load("a", balanced)
			idle()
			c.Generate(strings.Repeat("A long sentence. ", 60), balanced)
			idle()
			v := c.View()
			if v.Figures.Stop != ContextFull || v.Figures.ContextUsed != 100 {
				t.Fatalf("%+v", v.Figures)
			}
			c.DropOldest()
			idle()
			v = c.View()
			if v.Figures.ContextUsed > 75 || v.Problem != nil || !strings.HasPrefix(text(v), "A long sentence.") || len(v.Document) != 1 {
				t.Errorf("%+v, %q, %+v", v.Figures, text(v), v.Problem)
			}
			c.Generate("", balanced)
			idle()
			if v := c.View(); v.Problem != nil || v.Figures.Stop != EndedByItself || v.State != Ready {
				t.Errorf("then: %+v, %+v", v.Figures, v.Problem)
			}
			c.Undo()
			c.Undo()
			idle()
			if v := c.View(); len(text(v)) < 900 {
				t.Errorf("undone: %q", text(v))
			}
			if template == "" {
				return
			}
			c.SetSystem(c.View().ID, strings.Repeat("x", 200))
			before := text(c.View())
			c.DropOldest()
			idle()
			if v := c.View(); v.Problem == nil || text(v) != before {
				t.Errorf("%q, %+v", text(v), v.Problem)
			}
		})
	}
}
