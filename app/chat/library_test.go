package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tern/app/chat/shelf"
	"tern/app/history"
)

// kept starts a controller with a model that chats and a folder.
func (f *fake) kept(dir string) *Controller {
	c := f.start(Options{Folder: dir})
	c.Models.Load("a", balanced)
	idle()
	return c
}

// names lists the conversations of the view.
func names(v View) string {
	var all []string
	for _, e := range v.Conversations {
		all = append(all, e.Name)
	}
	return strings.Join(all, "|")
}

// versions says of each segment which version of how many it is.
func versions(v View) string {
	var b strings.Builder
	for _, s := range v.Document {
		b.WriteString(string(rune('0'+s.Version)) + "/" + string(rune('0'+s.Versions)) + " ")
	}
	return strings.TrimSpace(b.String())
}

// TestTree walks through versions: every one can be reached again, with what
// followed it.
func TestTree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		f.says = []string{"one", "two", "three", "four", "five", "six"}
		f.context = 1000
		dir := t.TempDir()
		c := f.kept(dir)
		at := func(i int) int { return c.View().Document[i].ID }
		for _, step := range []struct {
			name        string
			do          func()
			text, which string
		}{
			{"a question", func() { c.Generate("Hi", balanced) }, "Hi\n\none", "1/1 1/1"},
			{"again", func() { c.Retry(balanced) }, "Hi\n\ntwo", "1/1 2/2"},
			{"the next", func() { c.Generate("So", balanced) }, "Hi\n\ntwo\n\nSo\n\nthree", "1/1 2/2 1/1 1/1"},
			{"the first answer", func() { c.Step(at(1), -1) }, "Hi\n\none", "1/1 1/2"},
			{"there is none before it", func() { c.Step(at(1), -1) }, "Hi\n\none", "1/1 1/2"},
			{"back, with what followed", func() { c.Step(at(1), 1) }, "Hi\n\ntwo\n\nSo\n\nthree", "1/1 2/2 1/1 1/1"},
			{"edit a question", func() { c.Edit(at(2), " Then ", true, balanced) }, "Hi\n\ntwo\n\nThen\n\nfour", "1/1 2/2 2/2 1/1"},
			{"edit an answer", func() { c.Edit(at(1), "TWO", false, balanced) }, "Hi\n\nTWO\n\nThen\n\nfour", "1/1 3/3 1/1 1/1"},
			{"again in the middle", func() { c.RetryAt(at(1), balanced) }, "Hi\n\nfive", "1/1 4/4"},
			{"an edit that changes nothing", func() { c.Edit(at(1), "  ", false, balanced) }, "Hi\n\nfive", "1/1 4/4"},
			{"the edited one", func() { c.Step(at(1), -1) }, "Hi\n\nTWO\n\nThen\n\nfour", "1/1 3/4 1/1 1/1"},
			{"undo the regeneration twice", func() { c.Undo(); c.Undo() }, "Hi\n\ntwo\n\nThen\n\nfour", "1/1 2/4 2/2 1/1"},
		} {
			step.do()
			idle()
			if v := c.View(); text(v) != step.text || versions(v) != step.which || v.Problem != nil {
				t.Errorf("%s: %q %s, want %q %s; %v", step.name, text(v), versions(v), step.text, step.which, v.Problem)
			}
		}

		// All of it is there after a restart.
		id := c.View().ID
		c.Close()
		c = f.kept(dir)
		c.Open(id)
		idle()
		v := c.View()
		if text(v) != "Hi\n\ntwo\n\nThen\n\nfour" || versions(v) != "1/1 2/4 2/2 1/1" || v.Trouble != nil {
			t.Errorf("after a restart: %q %s, %v", text(v), versions(v), v.Trouble)
		}
		c.Step(at(1), 1)
		idle()
		if v := c.View(); text(v) != "Hi\n\nTWO\n\nThen\n\nfour" {
			t.Errorf("after a restart, another version: %q", text(v))
		}
		c.Generate("And", balanced)
		idle()
		if asked := spelled(f.asked[len(f.asked)-1]); asked != "^u:Hi\na:TWO\nu:Then\na:four\nu:And\na:" {
			t.Errorf("after a restart, the model is asked %q", asked)
		}
	})
}

// TestLibrary opens, renames, copies, deletes and finds conversations.
func TestLibrary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		dir := t.TempDir()
		c := f.kept(dir)
		if v := c.View(); names(v) != "" {
			t.Errorf("at first: %q", names(v))
		}
		c.New()
		idle()
		if found, _ := filepath.Glob(filepath.Join(dir, "*")); found != nil {
			t.Errorf("an empty conversation was saved: %q", found)
		}
		c.Generate("Once upon a time", balanced)
		idle()
		first := c.View().ID
		c.SetDraft(first, "half a thought")
		c.SetSystem(first, "Be brief.")
		c.New()
		idle()
		if v := c.View(); len(v.Document) != 0 || v.ID == first || v.Draft != "" || v.System != "" || v.Generation != nil || v.CanUndo {
			t.Errorf("a new conversation is not new: %+v", v)
		}
		g := balanced
		g.Temperature = 1.5
		c.Generate("The second", g)
		idle()
		second := c.View().ID
		if v := c.View(); names(v) != "The second abc|Once upon a time abc" && names(v) != "The second|Once upon a time" {
			t.Errorf("%q", names(v))
		}
		c.Open(first)
		idle()
		v := c.View()
		if text(v) != "Once upon a time abc" || v.Draft != "half a thought" || v.System != "Be brief." || v.Generation == nil || v.Generation.Temperature != balanced.Temperature {
			t.Errorf("opened again: %q, %+v", text(v), v)
		}
		c.Generate("", balanced)
		idle()
		if asked := spelled(f.asked[len(f.asked)-1]); asked != "^Once upon a time abc" {
			t.Errorf("asked %q", asked)
		}
		c.Shelf.Rename(first, " A  tern ")
		c.Shelf.Rename(second, "Two")
		idle()
		if v := c.View(); names(v) != "A tern|Two" || v.Title != "A tern" {
			t.Errorf("renamed: %q, %q", names(v), v.Title)
		}
		c.Shelf.Search(" UPON a ")
		idle()
		if v := c.View(); len(v.Found.IDs) != 1 || !v.Found.IDs[first] || v.Found.Query != " UPON a " {
			t.Errorf("found %+v", v.Found)
		}
		c.Shelf.Search("")
		c.Shelf.Duplicate(first)
		idle()
		v = c.View()
		if v.Found != nil || v.ID == first || names(v) != "A tern|A tern|Two" || text(v) != "Once upon a time abc abc" {
			t.Errorf("the copy: %q, %q", names(v), text(v))
		}
		c.Branch(v.Document[0].ID)
		idle()
		v = c.View()
		if text(v) != "Once upon a time" || names(v) != "A tern|A tern|A tern|Two" {
			t.Errorf("the branch: %q, %q", names(v), text(v))
		}
		c.Shelf.Delete(v.ID)
		c.Shelf.Delete(first)
		idle()
		if v := c.View(); names(v) != "A tern|Two" || len(v.Document) != 0 {
			t.Errorf("deleted: %q, open %q", names(v), text(v))
		}
		c.Shelf.Restore(first)
		idle()
		if v := c.View(); v.ID != first || text(v) != "Once upon a time abc abc" || v.Trouble != nil {
			t.Errorf("restored: %q, %v", text(v), v.Trouble)
		}
	})
}

// TestExportImport writes and reads what a person keeps elsewhere.
func TestExportImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		c := f.kept(t.TempDir())
		c.Generate("Hi", balanced)
		idle()
		out := t.TempDir()
		md, js := filepath.Join(out, "a.md"), filepath.Join(out, "a.JSON")
		c.Shelf.Export(c.View().ID, md, "You", "Tern", false)
		c.Shelf.Export(c.View().ID, js, "You", "Tern", false)
		idle()
		if raw, err := os.ReadFile(md); err != nil || !strings.HasPrefix(string(raw), "# Hi\n\n*2000-01-01 ") || !strings.HasSuffix(string(raw), " · a · temperature 0.8, top-p 0.95, top-k 40, min-p 0.05, repeat penalty 1*\n\n**You:**\n\nHi\n\n**a:**\n\n abc\n") {
			t.Errorf("%q, %v", raw, err)
		}
		if v := c.View(); v.Notice.String() != "Exported to a.JSON." {
			t.Errorf("%q", v.Notice)
		}
		c.Shelf.Import(js)
		idle()
		if v := c.View(); text(v) != "Hi\n\n abc" || len(v.Conversations) != 2 {
			t.Errorf("%q, %q", text(v), names(v))
		}
		c.Shelf.Import(md)
		idle()
		if v := c.View(); v.Trouble == nil || v.Trouble.Sentence.String() != "a.md is not a conversation" {
			t.Errorf("%+v", v.Trouble)
		}
		c.DismissProblem()
		c.Shelf.Export(c.View().ID, filepath.Join(md, "b.md"), "You", "Tern", false)
		idle()
		if v := c.View(); v.Trouble == nil {
			t.Error("a failed export is not said")
		}
	})
}

// TestSavedWhileWriting: an answer is on disk within seconds, with the mark of
// who writes it; without the end of the program, that is what a crash leaves.
func TestSavedWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.context = 10000
		f.says = []string{strings.Repeat(" and on", 1000)} // 14 s
		dir := t.TempDir()
		c := f.kept(dir)
		g := balanced
		g.MaxTokens = 10000
		c.Generate("It goes", g)
		synctest.Wait()
		at := func(what string) string {
			t.Helper()
			x, err := history.NewStore(dir).Read(c.View().ID)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			all := ""
			for _, m := range x.Path() {
				all += m.Text
			}
			if x.Writer != os.Getpid() {
				t.Errorf("%s: written by %d", what, x.Writer)
			}
			return all
		}
		if got := at("at once"); got != "It goes" {
			t.Errorf("at once: %q", got)
		}
		for s := shelf.SaveEvery + time.Second; s < 10*time.Second; s += 3 * time.Second {
			time.Sleep(3 * time.Second)
			want := text(c.View())
			if got := at("later"); !strings.HasPrefix(want, got) || len(want)-len(got) > int(shelf.SaveEvery/perToken)+1 {
				t.Errorf("%d of %d bytes are saved", len(got), len(want))
			}
		}
		crash := t.TempDir()
		if err := os.CopyFS(crash, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		id := c.View().ID
		c.Stop()
		idle()
		if x, err := history.NewStore(dir).Read(id); err != nil || x.Writer != 0 {
			t.Errorf("it was stopped, and is written by %d: %v", x.Writer, err)
		}

		f = newFake(t)
		c = f.kept(crash)
		v := c.View()
		if v.Recovered == nil || v.Recovered.ID != id || v.Recovered.Words < 1000 || v.Recovered.Name != "It goes" {
			t.Fatalf("recovered %+v", v.Recovered)
		}
		c.Open(id)
		idle()
		if v := c.View(); v.Recovered != nil || len(text(v)) < 3000 {
			t.Errorf("shown: %+v, %d bytes", v.Recovered, len(text(v)))
		}
		c = newFake(t).kept(crash)
		if v := c.View(); v.Recovered != nil {
			t.Errorf("it is offered again: %+v", v.Recovered)
		}
	})
}

// TestDiscardRecovered leaves the words of the user, and the answer as another version.
func TestDiscardRecovered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		x := &history.Conversation{ID: "x", Leaf: 2, Writer: os.Getpid(), Messages: []history.Message{
			{ID: 1, Author: history.User, Text: "Once"}, {ID: 2, Parent: 1, Author: history.Model, Text: " upon a"},
		}}
		if err := history.NewStore(dir).Save(x); err != nil {
			t.Fatal(err)
		}
		c := newFake(t).kept(dir)
		if r := c.View().Recovered; r == nil || r.Words != 2 {
			t.Fatalf("recovered %+v", r)
		}
		c.Shelf.DiscardRecovered()
		idle()
		c.Open("x")
		idle()
		if v := c.View(); v.Recovered != nil || text(v) != "Once" {
			t.Errorf("%+v, %q", v.Recovered, text(v))
		}
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "Once abc" || versions(v) != "1/1 2/2" {
			t.Errorf("%q, %s", text(v), versions(v))
		}
	})
}

// TestTwoWindows: two programs with one conversation lose nothing of either.
func TestTwoWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		dir := t.TempDir()
		a := f.kept(dir)
		a.Generate("Once", balanced)
		idle()
		id := a.View().ID
		b := newFake(t).kept(dir)
		b.Open(id)
		idle()
		b.New() // looked at, and left
		idle()
		a.Generate("mine", balanced)
		idle()
		if v := a.View(); v.ID != id || len(v.Conversations) != 1 {
			t.Errorf("a look made a copy: %q", names(v))
		}
		b.Open(id)
		idle()
		b.Generate("theirs", balanced)
		idle()
		a.Generate("more", balanced)
		idle()
		v := a.View()
		if v.ID == id || len(v.Conversations) != 2 || !strings.Contains(v.Notice.String(), "kept as a copy") {
			t.Errorf("%q, %q", names(v), v.Notice)
		}
		b.Close()
		a.Open(id)
		idle()
		if got := text(a.View()); got != "Once abc mine abc theirs abc" {
			t.Errorf("theirs is %q", got)
		}
		a.Open(v.ID)
		idle()
		if got := text(a.View()); got != "Once abc mine abc more abc" {
			t.Errorf("mine is %q", got)
		}
	})
}

// TestDamagedConversation is said in a sentence, and kept.
func TestDamagedConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "x.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := newFake(t).kept(dir)
		v := c.View()
		if v.Trouble == nil || v.Trouble.Sentence.String() != "A conversation could not be read" {
			t.Errorf("%+v", v.Trouble)
		}
		if _, err := os.Stat(filepath.Join(dir, "x.json.damaged")); err != nil {
			t.Error(err)
		}
		c.DismissProblem()
		c.Generate("Hi", balanced)
		idle()
		if v := c.View(); v.Trouble != nil || names(v) != "Hi" {
			t.Errorf("%+v, %q", v.Trouble, names(v))
		}
	})
}

// TestStoryEdits changes the text of a story anywhere; what followed is kept.
func TestStoryEdits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" one", " two", " three"}
		c := f.kept(t.TempDir())
		splice := func(from, to int, by string) {
			c.Splice(Passage{ID: c.View().ID, From: from, Text: text(c.View())[from:to]}, by)
		}
		for _, step := range []struct {
			name        string
			do          func()
			text, which string
		}{
			{"begin", func() { c.Generate("Once", balanced) }, "Once one", "1/1 1/1"},
			{"go on", func() { c.Generate("", balanced) }, "Once one two", "1/1 1/1 1/1"},
			{"a word in the middle", func() { splice(5, 8, "ONE\n\nand") }, "Once ONE\n\nand two", "1/1 2/2 1/1"},
			{"across a border", func() { splice(2, 7, "") }, "OnE\n\nand two", "2/2 1/1"},
			{"nothing", func() { splice(2, 2, "") }, "OnE\n\nand two", "2/2 1/1"},
			{"at the end", func() { splice(12, 12, ".") }, "OnE\n\nand two.", "2/2 2/2"},
			{"out of it", func() { c.Splice(Passage{ID: c.View().ID, From: 99, Text: "x"}, "y") }, "OnE\n\nand two.", "2/2 2/2"},
			{"other words are there", func() { c.Splice(Passage{ID: c.View().ID, From: 1, Text: "no"}, "y") }, "OnE\n\nand two.", "2/2 2/2"},
			{"another conversation", func() { c.Splice(Passage{ID: "other", From: 0, Text: "On"}, "y") }, "OnE\n\nand two.", "2/2 2/2"},
			{"on in another conversation", func() { c.ContinueAt(Passage{ID: "other", From: 0, Text: "On"}, "y", balanced) }, "OnE\n\nand two.", "2/2 2/2"},
			{"from here", func() { c.ContinueAt(Passage{ID: c.View().ID, From: 3, Text: "\n\nand"}, "!", balanced) }, "OnE! three", "3/3 1/1"},
			{"the other version", func() { c.Step(c.View().Document[0].ID, -1) }, "OnE\n\nand two.", "2/3 2/2"},
			{"all of it", func() { splice(0, 13, "") }, "", ""},
			{"bring it back", c.Undo, "OnE\n\nand two.", "2/3 2/2"},
		} {
			step.do()
			idle()
			if v := c.View(); text(v) != step.text || versions(v) != step.which {
				t.Errorf("%s: %q %s, want %q %s", step.name, text(v), versions(v), step.text, step.which)
			}
		}
	})
}

// TestAsStory has a model that chats continue a text, and answer again.
func TestAsStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		f.says = []string{"yes", " and more"}
		c := f.kept(t.TempDir())
		c.SetSystem(c.View().ID, "S")
		c.Generate("Hi", balanced)
		idle()
		if asked := spelled(f.asked[0]); asked != "^s:S\nu:Hi\na:" {
			t.Errorf("asked %q", asked)
		}
		c.SetStory(true)
		c.Generate("", balanced)
		idle()
		if v, asked := c.View(), spelled(f.asked[1]); v.Mode != StoryMode || !v.AsStory || asked != "^Hi\n\nyes" || text(v) != "Hi\n\nyes and more" {
			t.Errorf("%v, asked %q, %q", v.Mode, asked, text(v))
		}
		c.SetStory(false)
		c.Generate("So", balanced)
		idle()
		if asked := spelled(f.asked[2]); asked != "^s:S\nu:Hi\na:yes and more\nu:So\na:" {
			t.Errorf("asked %q", asked)
		}
	})
}
