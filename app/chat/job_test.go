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
		c.Rename(two, "Zwei")
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
		{"rename", func(t *testing.T, c *Controller, id string) { c.Rename(id, "Title") }, "One" + long},
		{"duplicate", func(t *testing.T, c *Controller, id string) { c.Duplicate(id) }, "One" + long},
		{"edit the one that is shown", func(t *testing.T, c *Controller, _ string) {
			c.Splice(Passage{ID: c.View().ID}, "x")
			c.Undo()
			c.DropOldest()
		}, "One" + long},
		{"delete and restore", func(t *testing.T, c *Controller, id string) { c.Delete(id); c.Restore(id) }, "One abc. abc.*"},
		{"open a model", func(t *testing.T, c *Controller, _ string) { c.Load("b", balanced) }, "One abc. abc.*"},
		{"unload", func(t *testing.T, c *Controller, _ string) { c.Unload() }, "One abc. abc.*"},
		{"close", func(t *testing.T, c *Controller, _ string) { c.Close() }, "One abc. abc.*"},
		{"another system prompt", func(t *testing.T, c *Controller, id string) { c.SetSystem(id, "x") }, "One" + long},
		{"export", func(t *testing.T, c *Controller, id string) {
			path := filepath.Join(t.TempDir(), "a.md")
			c.Export(id, path, "You", "Tern")
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
			{func() { c.Open(ids[2]); c.Delete(ids[2]) }, ids[0]},
		} {
			step.do()
			idle()
			if v := c.View(); v.ID != step.want {
				t.Errorf("%q is shown, want %q", v.ID, step.want)
			}
		}
	})
}
