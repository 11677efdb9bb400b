package history

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tern/app/settings"
	"tern/model/fuzztest"
)

var day = time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC)

// talk is a conversation with two versions of its answer, the second shown.
func talk(id string) *Conversation {
	g := settings.DefaultGeneration()
	g.Temperature, g.Stop = 0.5, []string{"x"}
	g.Preset = g.PresetName()
	return &Conversation{
		ID: id, Created: day, Changed: day.Add(time.Hour), Chat: true, System: "Be brief.", Draft: "and", Leaf: 4, Generation: &g,
		Messages: []Message{
			{ID: 1, Author: User, Text: "Why is the sky blue, and what has the light of the sun to do with it?"},
			{ID: 2, Parent: 1, Author: Model, Text: "No idea.", Model: "m", Stop: "eos", Seed: 7},
			{ID: 3, Parent: 1, Author: Model, Text: "Blue light is", Stop: "length"},
			{ID: 4, Parent: 3, Author: Model, Text: " scattered most.\n\n```go\nx\n```"},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	s := NewStore(filepath.Join(t.TempDir(), "new", "folder"))
	want := talk("a")
	if err := s.Save(want); err != nil {
		t.Fatal(err)
	}
	got, err := NewStore(s.dir).Load("a")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	text := ""
	for _, m := range got.Path() {
		text += m.Text
	}
	if !strings.HasSuffix(text, "it?Blue light is scattered most.\n\n```go\nx\n```") {
		t.Errorf("the path reads %q", text)
	}
	if got.Name() != "Why is the sky blue, and what has the light of…" {
		t.Errorf("its name is %q", got.Name())
	}
	for _, c := range []struct {
		text        string
		found, word bool
	}{{"IDEA", true, true}, {"why is", true, true}, {"brief.x", false, false}, {"ight is", true, false}, {"scatter", true, true}, {"cattered", true, false}} {
		if hit, found := got.Find(c.text); found != c.found || hit.Word != c.word {
			t.Errorf("%q: %v, %+v", c.text, found, hit)
		}
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("é", 100)
	for text, want := range map[string]string{
		"":                        "",
		" \n\t":                   "",
		"  Once\n\nupon  a time ": "Once upon a time",
		"## A heading":            "A heading",
		long:                      long[:2*maxTitle] + "…",
		"Once upon a time, a little tern flew, over the wide sea": "Once upon a time, a little tern flew, over the…",
		"a\xffb": "ab",
	} {
		if got := firstWords(text); got != want {
			t.Errorf("%q is called %q, want %q", text, got, want)
		}
	}
}

// A conversation cut short anywhere is noticed.
func TestTruncated(t *testing.T) {
	whole, err := talk("x").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(bytes.TrimSpace(whole)) {
		if _, err := Import(whole[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// Every file that is not a conversation is refused, and none is lost.
func TestDamaged(t *testing.T) {
	good, err := talk("x").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string { return strings.Replace(string(good), from, to, 1) }
	for name, data := range map[string]string{
		"empty": "", "cut": string(good[:len(good)/2]), "binary": "\x00\xff", "another": `{"format":"x"}`,
		"twice": change(`"id": 2`, `"id": 1`), "no parent": change(`"parent": 3`, `"parent": 9`),
		"a loop": change(`"parent": 1`, `"parent": 4`), "nobody": change(`"author": "user"`, `"author": "me"`),
		"no leaf": change(`"leaf": 4`, `"leaf": 9`), "below zero": change(`"id": 1`, `"id": -1`),
	} {
		s := NewStore(t.TempDir())
		if err := os.WriteFile(s.path(name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(talk("good")); err != nil {
			t.Fatal(err)
		}
		list, err := s.List()
		if len(list) != 1 || list[0].ID != "good" || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
		if kept, err := os.ReadFile(s.path(name) + ".damaged"); err != nil || string(kept) != data {
			t.Errorf("%s: %q was kept, %v", name, kept, err)
		}
		if _, err := s.List(); err != nil {
			t.Errorf("%s: it is said again: %v", name, err)
		}
	}
	s := NewStore(t.TempDir())
	if err := os.WriteFile(s.path("new"), []byte(change(`"version": 1`, `"version": 2`)), 0o600); err != nil {
		t.Fatal(err)
	}
	if list, err := s.List(); len(list) != 0 || !errors.Is(err, ErrNewer) {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := os.Stat(s.path("new")); err != nil {
		t.Errorf("a newer file was touched: %v", err)
	}
}

// Two programs with one folder: the second one to write finds out.
func TestTwoPrograms(t *testing.T) {
	a := NewStore(t.TempDir())
	b := NewStore(a.dir)
	if err := a.Save(talk("a")); err != nil {
		t.Fatal(err)
	}
	theirs, err := b.Load("a")
	if err != nil {
		t.Fatal(err)
	}
	theirs.Title = "Theirs, which is longer"
	if err := b.Save(theirs); err != nil {
		t.Fatal(err)
	}
	if list, err := a.List(); err != nil || list[0].Name != theirs.Title {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := a.Read("a"); err != nil {
		t.Error(err)
	}
	if err := a.Save(talk("a")); !errors.Is(err, ErrChanged) {
		t.Fatalf("their version was overwritten: %v", err)
	}
	if err := NewStore(a.dir).Save(talk("a")); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that was never read was overwritten: %v", err)
	}
	if err := b.Delete("a"); err != nil {
		t.Fatal(err)
	}
	if err := a.Save(talk("a")); err != nil {
		t.Errorf("what they deleted cannot be saved here: %v", err)
	}
}

func TestDeleteAndRestore(t *testing.T) {
	s := NewStore(t.TempDir())
	for i, id := range []string{"a", "b"} {
		c := talk(id)
		c.Changed = day.Add(time.Duration(i) * time.Hour)
		if err := s.Save(c); err != nil {
			t.Fatal(err)
		}
	}
	ids := func() string {
		list, err := s.List()
		if err != nil {
			t.Error(err)
		}
		all := ""
		for _, e := range list {
			all += e.ID
		}
		return all
	}
	if got := ids(); got != "ba" {
		t.Errorf("%q", got)
	}
	if err := s.Delete("b"); err != nil || ids() != "a" {
		t.Errorf("%v, %q are left", err, ids())
	}
	s.Purge(time.Now())
	if err := s.Restore("b"); err != nil || ids() != "ba" {
		t.Errorf("%v, %q are left", err, ids())
	}
	if err := s.Restore("b"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("restored over another one: %v", err)
	}
	if err := errors.Join(s.Delete("a"), s.Delete("gone")); err != nil {
		t.Error(err)
	}
	s.Purge(time.Now().Add(keepDeleted + time.Hour))
	if err := s.Restore("a"); err == nil {
		t.Error("what was deleted long ago is still there")
	}
}

func TestCrashed(t *testing.T) {
	s := NewStore(t.TempDir())
	now := time.Now()
	parent := os.Getppid()
	if parent == 0 {
		t.Skip("this process has no parent that it knows") // as under Wine
	}
	for pid, want := range map[int]bool{0: false, os.Getpid(): true, 1 << 30: true, parent: false} {
		c := talk("a")
		c.Writer = pid
		if err := s.Save(c); err != nil {
			t.Fatal(err)
		}
		list, _ := s.List()
		if got := s.Crashed(list[0], now); got != want {
			t.Errorf("process %d: crashed %v, want %v", pid, got, want)
		}
		if pid == parent && !s.Crashed(list[0], now.Add(2*staleAfter)) {
			t.Error("a file that nobody writes any more is taken for one that is being written")
		}
	}
}

func TestMarkdown(t *testing.T) {
	want := "# Why is the sky blue, and what has the light of…\n\n> Be brief.\n\n*" + talk("a").Changed.Local().Format("2006-01-02 15:04") +
		" · temperature 0.5, top-p 0.95, top-k 40, min-p 0.05, repeat penalty 1*\n\n**You:**\n\nWhy is the sky blue, and what has the light of the sun to do with it?\n\n" +
		"**Tern:**\n\nBlue light is scattered most.\n\n```go\nx\n```\n"
	if got := talk("a").Markdown("You", "Tern"); got != want {
		t.Errorf("%q", got)
	}
	g := settings.DefaultGeneration()
	at := time.Date(2026, 11, 27, 1, 2, 3, 0, time.Local)
	list := "One\ntwo\n- a\n- b\n\n```\nx\ny\n```\n# H\nz\nend"
	chat := &Conversation{Title: "T", Chat: true, Changed: at, Leaf: 2, Messages: []Message{{ID: 1, Author: User, Text: "- a\n- b"},
		{ID: 2, Parent: 1, Author: Model, Model: "M", Text: list, Settings: &g}}}
	want = "# T\n\n*2026-11-27 01:02 · M · temperature 0.8, top-p 0.95, top-k 40, min-p 0.05, repeat penalty 1*\n\n" +
		"**You:**\n\n- a\n\n- b\n\n**M:**\n\nOne\n\ntwo\n- a\n- b\n\n```\nx\ny\n```\n# H\nz\n\nend\n"
	if got := chat.Markdown("You", "Tern"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	lines := &Conversation{Title: "T", Leaf: 1, Messages: []Message{{ID: 1, Author: Model, Text: "One.\nTwo.\n\nThree.\n"}}}
	if got := lines.Markdown("You", "Tern"); got != "# T\n\nOne.\n\nTwo.\n\nThree.\n" {
		t.Errorf("%q", got)
	}
	story := &Conversation{Title: "T", Leaf: 2, Messages: []Message{{ID: 1, Author: User, Text: "Once"}, {ID: 2, Parent: 1, Author: Model, Text: " upon.\n"}}}
	if got := story.Markdown("You", "Tern"); got != "# T\n\nOnce upon.\n" {
		t.Errorf("%q", got)
	}
}

func TestImport(t *testing.T) {
	own, err := talk("a").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]int{
		string(own): 4,
		`[{"role":"system","content":"S"},{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]`: 2,
		`{"messages":[{"role":"user","content":"Hi"}]}`:                                                        1,
		`{"messages":[{"role":"robot","content":"Hi"}]}`:                                                       0,
		`{"messages":[]}`: 0, `[]`: 0, `null`: 0, `hello`: 0, `{"a":1}`: 0,
	} {
		c, err := Import([]byte(data))
		if want == 0 {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%.30q: %v, %v", data, c, err)
			}
			continue
		}
		if err != nil || len(c.Messages) != want || c.check() != nil || len(c.Path()) == 0 {
			t.Errorf("%.30q: %+v, %v", data, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	good, _ := talk("a").Bytes()
	f.Add(good)
	f.Add([]byte(`{"format":"tern-conversation","leaf":1,"messages":[{"id":1,"author":"user"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c *Conversation
		var err error
		fuzztest.Bounded(t, len(data), func() { c, err = Import(data) })
		if err == nil {
			_, _ = c.Name(), c.Markdown("a", "b")
			if len(c.Path()) > len(c.Messages) {
				t.Error("a path longer than the conversation")
			}
		}
	})
}
