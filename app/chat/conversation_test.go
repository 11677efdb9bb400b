package chat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"tern/app/chat/backend/backendtest"
	"tern/app/settings"
	"tern/inference"
)

// spelled is what the ids of Letters spell, "^" for BOS.
func spelled(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if id == backendtest.BOS {
			b.WriteByte('^')
		} else {
			b.WriteByte(byte(id))
		}
	}
	return b.String()
}

// TestConversation walks through a conversation: what the window shows and what
// the model is asked, rendered as the fake does it.
func TestConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		f.says = []string{"one", "two", "three", " and four"}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		for _, step := range []struct {
			name        string
			do          func()
			text, asked string
			problem     string
		}{
			{"nothing said", func() { c.Generate(" \n", balanced) }, "", "", "There is nothing to continue"},
			{"a message", func() { c.Generate(" Hi\n", balanced) }, "Hi\n\none", "^u:Hi\na:", ""},
			{"again", func() { c.Retry(balanced) }, "Hi\n\ntwo", "^u:Hi\na:", ""},
			{"the next turn", func() { c.Generate("So?", balanced) }, "Hi\n\ntwo\n\nSo?\n\nthree", "^u:Hi\na:two\nu:So?\na:", ""},
			{"written on", func() { c.Generate("", balanced) }, "Hi\n\ntwo\n\nSo?\n\nthree and four", "^u:Hi\na:two\nu:So?\na:three", ""},
			{"undo that", c.Undo, "Hi\n\ntwo\n\nSo?\n\nthree", "", ""},
			{"drop a turn", c.DropOldest, "So?\n\nthree", "", ""},
			{"go on", func() { c.Generate("x", balanced) }, "So?\n\nthree\n\nx\n\n and four", "^u:So?\na:three\nu:x\na:", ""},
		} {
			idle()
			before := len(f.asked)
			step.do()
			idle()
			v := c.View()
			asked := ""
			if len(f.asked) > before {
				asked = spelled(f.asked[before])
			}
			if v.Mode != ChatMode || text(v) != step.text || asked != step.asked {
				t.Errorf("%s: %q, asked %q, want %q and %q", step.name, text(v), asked, step.text, step.asked)
			}
			if problem := v.Problem; problem != nil && problem.Sentence.String() != step.problem || problem == nil && step.problem != "" {
				t.Errorf("%s: %+v, want %q", step.name, problem, step.problem)
			}
		}
		o := f.options[len(f.options)-1]
		if !slices.Equal(o.StopIDs, []int32{'\n'}) || !slices.Contains(o.Stop, "u:") {
			t.Errorf("stops at %v and %q", o.StopIDs, o.Stop)
		}
	})
}

// TestConversationKeepsCache: of each turn only what is new is evaluated, also
// where the model wrote ids that no text encodes to.
func TestConversationKeepsCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template, f.context = "fake", 1000
		f.says = []string{"a long answer", "b"}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("first", balanced)
		idle()
		held := len("^u:first\na:a long answer")
		c.Generate("second", balanced)
		idle()
		if v, want := c.View(), len("^u:first\na:a long answer\nu:second\na:")-held; v.Figures.PromptTotal != want {
			t.Errorf("%d ids evaluated, want %d", v.Figures.PromptTotal, want)
		}
	})
}

// TestConversationStopText: the text that begins the user's turn is not part of
// the answer, and neither is the white space before it.
func TestConversationStopText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template, f.stop = "fake", "u:"
		f.says = []string{"yes\n\nu:"}
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Hi", balanced)
		idle()
		if v := c.View(); text(v) != "Hi\n\nyes" || v.Figures.Stop != StoppedByText {
			t.Errorf("%q, %s", text(v), v.Figures.Stop)
		}
		c.Generate("So?", balanced)
		idle()
		if asked := spelled(f.asked[1]); asked != "^u:Hi\na:yes\nu:So?\na:" {
			t.Errorf("asked %q", asked)
		}
	})
}

// TestConversationRefused: what the template does not take is said, and the
// words stay.
func TestConversationRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.template = "fake"
		f.chatFail = fmt.Errorf("inference: %w: roles must alternate", inference.ErrRefused)
		c := f.start(Options{})
		c.Models.Load("a", balanced)
		idle()
		c.Generate("Hi", balanced)
		idle()
		v := c.View()
		if v.Problem == nil || v.Problem.Sentence.String() != "This model does not take the conversation: roles must alternate" || text(v) != "Hi" {
			t.Errorf("%q, %+v", text(v), v.Problem)
		}
		f.chatFail = nil
		c.Generate("", balanced)
		idle()
		if v := c.View(); text(v) != "Hi\n\n abc" {
			t.Errorf("%q", text(v))
		}
	})
}

// TestModes takes what was written through models that continue and that chat: it
// stays what it was, a story or messages, until the user chooses otherwise.
func TestModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.says = []string{" time.", "one", " two", "three"}
		dir := t.TempDir()
		c := f.start(Options{Folder: dir})
		is := func(what string, mode Mode, shown string) {
			t.Helper()
			idle()
			if v := c.View(); v.Mode != mode || text(v) != shown {
				t.Errorf("%s: mode %d, %q, want %d, %q", what, v.Mode, text(v), mode, shown)
			}
		}
		asked := func(want string) {
			t.Helper()
			if got := spelled(f.asked[len(f.asked)-1]); got != want {
				t.Errorf("asked %q, want %q", got, want)
			}
		}
		c.Models.Load("story", balanced)
		idle()
		c.Generate("Once upon a", balanced)
		is("a story", StoryMode, "Once upon a time.")
		story := c.View().ID
		f.template = "fake"
		c.Models.Load("chat", balanced)
		is("a story under a model that chats", StoryMode, "Once upon a time.")
		c.SetStory(false)
		is("made a chat", ChatMode, "Once upon a\n\ntime.")
		c.Generate("Why?", balanced)
		is("asked", ChatMode, "Once upon a\n\ntime.\n\nWhy?\n\none")
		asked("^u:Once upon a\na:time.\nu:Why?\na:")
		c.SetStory(true)
		is("made a story again", StoryMode, "Once upon a\n\ntime.\n\nWhy?\n\none")
		c.SetStory(false)
		c.Undo()
		c.Undo()
		is("taken back", ChatMode, "")

		f.template = ""
		c.Models.Load("story", balanced)
		is("nothing under a model that continues", StoryMode, "")
		f.template = "fake"
		c.Models.Load("chat", balanced)
		idle()
		c.New()
		c.Generate("Hi", balanced)
		is("a chat", ChatMode, "Hi\n\n two")
		chat := c.View().ID
		f.template = ""
		c.Models.Load("story", balanced)
		is("a chat under a model that continues", ChatMode, "Hi\n\n two")
		before := len(f.asked)
		c.Generate("And?", balanced)
		is("which does not answer it", ChatMode, "Hi\n\n two\n\nAnd?")
		if v := c.View(); len(f.asked) > before || v.Problem == nil || v.Problem.Sentence.String() != "story continues texts and answers no messages" {
			t.Errorf("asked %d times more, %+v", len(f.asked)-before, v.Problem)
		}
		c.SetStory(true)
		c.Generate("", balanced)
		is("unless as a story", StoryMode, "Hi\n\n two\n\nAnd?three")
		c.New()
		c.Open(story)
		is("from the disk", StoryMode, "")
		c.Open(chat)
		is("from the disk", StoryMode, "Hi\n\n two\n\nAnd?three")
	})
	synctest.Test(t, func(t *testing.T) { // a chat from the disk, whatever model is open
		f := newFake(t)
		dir := t.TempDir()
		f.template = "fake"
		c := f.kept(dir)
		c.Generate("Hi", balanced)
		idle()
		id := c.View().ID
		c.Close()
		for _, template := range []string{"", "fake"} {
			f.template = template
			c = f.kept(dir)
			c.Open(id)
			idle()
			if v := c.View(); v.Mode != ChatMode || text(v) != "Hi\n\n abc" || v.Document[1].Lead != 2 || v.Document[1].Model != "a" {
				t.Errorf("template %q: mode %d, %+v", template, v.Mode, v.Document)
			}
			c.Models.Unload()
			idle()
			if v := c.View(); v.Mode != ChatMode {
				t.Errorf("without a model: mode %d", v.Mode)
			}
			c.Close()
		}
	})
}

// openChat is a controller with a tiny model that chats. In its template, behind
// BOS, "User: " takes five tokens, "hi" two and <|eot_id|> one; "Assistant: "
// takes eight.
func openChat(t *testing.T, g settings.Generation) *driven {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"../../inference/testdata/goldens/hf-2b4t-packed", "../../tokenizer/testdata/bpe"} {
		for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json"} {
			raw, err := os.ReadFile(filepath.Join(from, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, name), raw, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := openBuiltin(t, g)
	b.Models.Load(dir, g)
	v := b.until(func(v View) bool { return v.State == Ready && v.Model.Path == dir })
	if v.Mode != ChatMode || v.Model.Template != "2B-4T" {
		t.Fatalf("mode %d, template %q", v.Mode, v.Model.Template)
	}
	return b
}

const question, header = 5 + 2 + 1, 8 // tokens of "hi", and of what makes the model write

// TestConversationInFull has two turns with a model in memory: of the second
// prompt only what follows the first answer is read, and of a retry nothing but
// the last token, without which there is nothing to choose from.
func TestConversationInFull(t *testing.T) {
	g := fixed(3, 5)
	b := openChat(t, g)
	b.Generate("hi", g)
	_, v := b.answer()
	if v.Figures.PromptTotal != 1+question+header {
		t.Errorf("the first prompt has %d tokens", v.Figures.PromptTotal)
	}
	b.Generate("hi", g)
	// The last token of an answer that reached its length was never evaluated,
	// and <|eot_id|> follows it.
	if _, v = b.answer(); v.Figures.PromptTotal != 1+1+question+header {
		t.Errorf("the second prompt reads %d tokens", v.Figures.PromptTotal)
	}
	b.Retry(g)
	if _, v = b.answer(); v.Figures.PromptTotal != 1 {
		t.Errorf("a retry reads %d tokens", v.Figures.PromptTotal)
	}
	b.RetryAt(v.Document[1].ID, g)
	if _, v = b.answer(); v.Figures.PromptTotal != 1 || len(v.Document) != 2 {
		t.Errorf("a retry of the first answer reads %d tokens, %d messages are left", v.Figures.PromptTotal, len(v.Document))
	}
}

// TestChooseInConversation writes an answer of a chat again from one of its
// tokens on: what stands before it stays, in the text and in the session.
func TestChooseInConversation(t *testing.T) {
	g := fixed(3, 12)
	b := openChat(t, g)
	b.Tokens.SetInspect(true)
	b.Generate("hi", g)
	b.answer()
	b.Generate("hi", g)
	_, v := b.answer()
	tokens, missing := b.Tokens.Answer(0)
	whole := func(tokens []Token) string { return strings.TrimSuffix(wordsOf(tokens), "\uFFFD") } // as an answer is shown
	if missing || len(tokens) != 12 || "\n\n"+whole(tokens) != v.Document[3].Text {
		t.Fatalf("%d tokens %q, missing %t, of %q", len(tokens), wordsOf(tokens), missing, v.Document[3].Text)
	}
	at := tokens[4]
	other := slices.IndexFunc(at.Top, func(a Alternative) bool { return a.Choosable() && a.Text != at.Text })
	if other < 0 {
		t.Fatalf("nothing can be chosen instead of %+v", at)
	}
	b.Tokens.Choose(at, at.Top[other].ID, g)
	_, w := b.answer()
	all, missing := b.Tokens.Answer(0)
	if want := wordsOf(tokens[:4]) + at.Top[other].Text; missing || !strings.HasPrefix(wordsOf(all), want) || len(all) != 4+1+12 {
		t.Errorf("%d tokens %q, want some that begin with %q", len(all), wordsOf(all), want)
	}
	if text(w) != text(View{ConversationView: ConversationView{Document: v.Document[:3]}})+"\n\n"+whole(all) {
		t.Errorf("%q became %q", text(v), text(w))
	}
	if s := w.Document[3]; s.Version != 2 || s.Versions != 2 || s.Author != Model {
		t.Errorf("the new version is %+v", s)
	}
	if w.Figures.PromptTotal != 1 {
		t.Errorf("%d tokens were read, want the chosen one alone", w.Figures.PromptTotal)
	}

	// What is computed of it afterwards is what it was written with.
	b.Step(w.Document[3].ID, -1)
	b.until(func(v View) bool { return v.Document[3].Version == 1 })
	b.Step(b.View().Document[3].ID, 1)
	b.until(func(v View) bool { return v.Document[3].Version == 2 })
	if again := b.tokensOnce(0); wordsOf(again) != wordsOf(all) || again[4].Rank != other+1 {
		t.Errorf("%q with rank %d afterwards", wordsOf(again), again[4].Rank)
	}

	// An answer that others follow has figures too, and can be chosen in.
	first := b.View().Document[1]
	earlier, missing := b.Tokens.Answer(first.ID)
	if missing || "\n\n"+whole(earlier) != first.Text {
		t.Errorf("%q, missing %t, of the first answer %q", wordsOf(earlier), missing, first.Text)
	}
	b.Tokens.SetInspect(false)
	b.RetryAt(first.ID, g)
	b.answer()
	b.Generate("hi", g)
	b.answer()
	first = b.View().Document[1]
	if _, missing = b.Tokens.Answer(first.ID); !missing {
		t.Error("an answer has figures that nobody asked for")
	}
	if earlier = b.tokensOnce(first.ID); "\n\n"+whole(earlier) != first.Text {
		t.Errorf("%q is found of the first answer %q", wordsOf(earlier), first.Text)
	}
}
