package chat

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/history"
)

// inside is what is said of a mistake in the program.
var inside = words{"Something went wrong inside Tern", "Your text is kept. Try again; the report behind More helps to mend it."}

// TestPanics: a panic anywhere but in the window ends what was being done, is
// said and reported, and nothing else.
func TestPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		var reports []string
		c := f.start(Options{Folder: t.TempDir(), Panicked: func(what string, stack []byte) { reports = append(reports, what+string(stack)) }})
		c.Models.Load("a", balanced)
		idle()
		for _, step := range []struct {
			name  string
			do    func()
			text  string // after it
			stop  StopReason
			where string // in the stack
		}{
			{"while an answer is written", func() { c.Generate("Once", balanced) }, "Once ", StoppedByError, "Generate"},
			{"while a model is opened", func() { c.Models.Load("b", balanced) }, "Once  abc", EndedByItself, "opener"},
			{"in a command", func() { c.do(func(context.Context) { panic("my words") }) }, "Once  abc abc", EndedByItself, "runCommand"},
			{"in what needs the disk", func() { c.Shelf.Load(c.View().ID, func(*history.Conversation) { panic("my words") }) }, "Once  abc abc abc", EndedByItself, "shelf"},
		} {
			reports, f.panics = nil, true
			sessions := f.sessions
			step.do()
			idle()
			v := c.View()
			if v.Problem == nil || said(*v.Problem) != inside || !strings.Contains(v.Problem.Detail, step.where) || strings.Contains(v.Problem.Detail, "my words") {
				t.Errorf("%s: %+v", step.name, v.Problem)
			}
			if len(reports) != 1 || !strings.Contains(reports[0], step.where) || strings.Contains(reports[0], "my words") {
				t.Errorf("%s: %d reports", step.name, len(reports))
			}
			if text(v) != step.text || v.State != Ready || v.Figures.Stop != step.stop {
				t.Errorf("%s: %q, %v, %q", step.name, text(v), v.State, v.Figures.Stop)
			}
			f.panics = false
			c.Generate("", balanced)
			idle()
			if v := c.View(); v.Problem != nil || v.Unsaved || text(v) != step.text+" abc" || (step.stop == StoppedByError && f.sessions == sessions) {
				t.Errorf("%s, then: %+v, %q, %d sessions", step.name, v.Problem, text(v), f.sessions)
			}
		}
	})
}

// TestPanicInWorker breaks an open model so that the workers of its passes panic.
func TestPanicInWorker(t *testing.T) {
	g := balanced
	g.Threads = 2
	b := openBuiltin(t, g)
	layers := &b.writer.model.Local.Weights.Weights.Layers
	all := *layers
	*layers = append(slices.Clip(all), all[0]) // which the cache has no room for
	b.Generate("Once upon a time", g)
	v := b.View()
	for v.Figures.Stop == "" {
		<-b.changed
		v = b.View()
	}
	if v.Problem == nil || said(*v.Problem) != inside || v.Figures.Stop != StoppedByError || text(v) != "Once upon a time" {
		t.Errorf("%+v, %+v, %q", v.Problem, v.Figures, text(v))
	}
	*layers = all
	b.DismissProblem()
	b.Generate("", g)
	b.until(func(v View) bool {
		return v.State == Ready && len(text(v)) > 30 && v.Figures.Stop == EndedByItself || v.Figures.Stop == ReachedLength
	})
}

// TestFolderVanishes: what is open is saved again, in a folder made again.
func TestFolderVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "tern", "conversations")
		c := newFake(t).kept(dir)
		c.Generate("Once", balanced)
		idle()
		if err := os.RemoveAll(filepath.Dir(dir)); err != nil {
			t.Fatal(err)
		}
		c.Generate("more", balanced)
		idle()
		if v := c.View(); v.Trouble != nil || text(v) != "Once abc more abc" || names(v) != "Once" {
			t.Errorf("%+v, %q", v.Trouble, names(v))
		}

		// Something else took its place: nothing can be saved until it goes.
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c.Generate("and more", balanced)
		idle()
		want := words{"A conversation could not be saved or read: not a directory", "Your text is kept in memory; check the folder of the settings."}
		if v := c.View(); v.Trouble == nil || said(*v.Trouble) != want || !v.Unsaved || len(v.Conversations) != 1 {
			t.Errorf("%+v, unsaved: %v, %q", v.Trouble, v.Unsaved, names(v))
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		idle()
		if x, err := history.NewStore(dir).Read(c.View().ID); err != nil || len(x.Messages) != 6 {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

// TestClockJumps: clocks that are set back or forward by years change neither
// the order of the list, nor what is saved and recovered. The clock of the test
// begins in 2000; files of the real one are there already.
func TestClockJumps(t *testing.T) {
	dir := t.TempDir()
	future := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	old := history.NewStore(dir)
	for _, x := range []*history.Conversation{
		{ID: "old", Title: "old", Changed: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)},
		{ID: "future", Title: "future", Changed: future},
		// Its writer died, and another program that runs got its number: our parent, which
		// is 0 under Wine.
		{ID: "cut", Title: "cut", Changed: future.Add(time.Second), Leaf: 1, Writer: max(os.Getppid(), 1),
			Messages: []history.Message{{ID: 1, Author: history.Model, Text: "two words"}}},
	} {
		if err := old.Save(x); err != nil {
			t.Fatal(err)
		}
	}
	deleted := history.NewStore(dir)
	if err := deleted.Save(&history.Conversation{ID: "deleted", Title: "deleted"}); err != nil {
		t.Fatal(err)
	}
	if err := deleted.Delete("deleted"); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context = 10000
		c := f.kept(dir)
		if v := c.View(); v.Recovered == nil || v.Recovered.ID != "cut" || v.Recovered.Words != 2 {
			t.Errorf("recovered %+v", v.Recovered)
		}
		c.Shelf.DiscardRecovered()
		if err := history.NewStore(dir).Restore("deleted"); err != nil {
			t.Error(err)
		}
		c.Generate("new", balanced)
		idle()
		if v := c.View(); names(v) != "new|cut|future|old|deleted" {
			t.Errorf("%q", names(v))
		}
		c.Open("old")
		idle()
		c.Generate("again", balanced)
		idle()
		time.Sleep(30 * 365 * 24 * time.Hour) // forward, beyond all of them
		c.New()
		c.Generate("newest", balanced)
		idle()
		c.Open("future")
		idle()
		c.Generate("at last", balanced)
		idle()
		if v := c.View(); names(v) != "future|newest|old|new|cut|deleted" || v.Trouble != nil {
			t.Errorf("%q, %+v", names(v), v.Trouble)
		}
	})
}
