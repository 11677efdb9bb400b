package ui

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/explain"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// writtenBy says which model wrote the answers.
func writtenBy(name string) func(*chat.View) {
	return func(v *chat.View) {
		for i := range v.Document {
			if v.Document[i].Author == chat.Model {
				v.Document[i].Model = name
			}
		}
	}
}

// TestAnotherModel: before a conversation of another model is continued, that is
// offered; what is written meanwhile stays in the prompt.
func TestAnotherModel(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.settings.Recent = []settings.Recent{{Path: "/m/chat", Name: "Storychat"}, {Path: "", Name: "Tern Tales"}}
	r.show(document("Hi", "\n\nHello"), writtenBy("Tern Tales"))
	r.stripIs("")
	r.show(chatting, document("Hi", "\n\nHello"), writtenBy("Storychat"))
	r.stripIs("Storychat wrote this conversation. [Open Storychat] [Continue with 2B]")
	r.tapStrip("Open Storychat")
	r.took("load /m/chat")

	r.composer.entry.SetText("And then?")
	for _, act := range []func(){r.answering.generate, r.answering.mainAction, r.answering.retry} {
		act()
		r.took()
		if r.dialogs.Shown == nil || r.composer.entry.Text != "And then?" {
			t.Fatalf("no question, and the prompt has %q", r.composer.entry.Text)
		}
		r.tapDialog("Cancel")
	}
	r.took()
	r.answering.generate()
	r.tapDialog("Open Storychat")
	r.took("load /m/chat")
	if r.composer.entry.Text != "And then?" {
		t.Errorf("the prompt has %q", r.composer.entry.Text)
	}
	r.answering.generate()
	r.tapDialog("Continue with 2B")
	r.took("generate And then?")
	r.stripIs("")
	r.answering.generate()
	if r.composer.entry.SetText("x"); r.dialogs.Shown != nil {
		t.Error("it asks again")
	}
	r.answering.generate()
	r.took("generate x")

	// Another conversation asks again; one whose last answer is the open model's does not.
	r.show(func(v *chat.View) { v.ID = "other" })
	r.stripIs("Storychat wrote this conversation. [Open Storychat] [Continue with 2B]")
	r.show(document("Hi", "\n\nHello", "\n\nSo?", "\n\nYes"), writtenBy("Storychat"), func(v *chat.View) { v.Document[3].Model = "2B" })
	r.stripIs("")

	// A model that continues texts answers no messages, whoever wrote them.
	r.show(func(v *chat.View) { m := builtin; v.Model, v.Document[3].Model = &m, "Gone" })
	r.stripIs("Gone wrote this conversation. [Open another…] [Write as a story]")
	if !strings.Contains(r.strip.Now.Hint, "answers no messages") {
		t.Errorf("hint %q", r.strip.Now.Hint)
	}
	r.fake.written = []chat.Written{{Model: "Gone", Path: "/elsewhere/gone.gguf"}}
	r.show(func(v *chat.View) { v.ID = "third" })
	r.tapStrip("Open Gone")
	r.took("load /elsewhere/gone.gguf")
	r.show(document("Hi"))
	r.stripIs("This is a conversation. [Open another…] [Write as a story]")
	r.tapStrip("Write as a story")
	r.took("story true")
}

// TestAboutAnswer: what is known of an answer is shown, no more; its settings have
// the names that the panel gives them.
func TestAboutAnswer(t *testing.T) {
	g := settings.DefaultGeneration()
	g.Stop, g.Context = []string{"END"}, 2048
	at := time.Date(2026, 11, 27, 1, 2, 0, 0, time.Local)
	for want, a := range map[string]chat.Written{
		"Storychat · 2026-11-27 01:02\n12 tok/s · first token 340 ms · 181 tokens · reached 256 tokens\nseed 42\n" +
			"Recommended · Temperature 0.8 · Top-p 0.95 · Top-k 40 · Min-p 0.05 · Repetition penalty 1 · at most 256 tokens · context 2,048 · stop text “END”\nChanged by you since": {
			Model: "Storychat", At: at, Rate: 12, FirstToken: 340 * time.Millisecond, Tokens: 181, Seed: 42, Stop: chat.ReachedLength, Edited: true, Generation: &g},
		"A model that is not known":          {},
		"Old\nended by itself\nseed 7":       {Model: "Old", Seed: 7, Stop: chat.EndedByItself},
		"Old\nfound the stop text “x”":       {Model: "Old", Stop: chat.StoppedByText, StopText: "x"},
		"Old\n1,200 tokens · stopped by you": {Model: "Old", Tokens: 1200, Stop: chat.StoppedByUser},
	} {
		if got := answerWords(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	r := newRig(t, 1100, 720)
	r.fake.written = []chat.Written{{Model: "One"}, {Model: "Two"}}
	r.show(document("Once", " upon"))
	r.messages.aboutAnswer(r.transcript.Messages()[0])
	r.tapDialog("Copy")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "One\n\nTwo" {
		t.Errorf("copied %q", got)
	}
}

// TestNoRoom: a full context is said at once, with what can be done, and the main
// button leads there.
func TestNoRoom(t *testing.T) {
	r := newRig(t, 1100, 720)
	const strip = "This conversation fills the model’s 512 tokens. [Drop oldest turns] [New conversation]"
	r.show(document("Once", " upon"), func(v *chat.View) { v.Figures.ContextUsed = 512 }) // as after another model was opened
	r.stripIs(strip)
	r.statusIs("! 512 of 512 tokens (100%) · context full")
	for _, act := range []func(){func() { test.Tap(r.composer.main) }, func() { r.press(fyne.KeyReturn) }, r.answering.retry} {
		r.focusPrompt()
		r.composer.entry.SetText("more")
		act()
		r.took()
		if b, ok := r.win.Canvas().Focused().(*kit.Button); !ok || b.Text != "Drop oldest turns" || r.composer.entry.Text != "more" {
			t.Errorf("the focus is on %v, the prompt has %q", r.win.Canvas().Focused(), r.composer.entry.Text)
		}
	}
	r.key(fyne.KeyReturn)
	r.took("drop oldest")
	if r.win.Canvas().Focused() != r.composer.entry {
		t.Error("the focus is not in the prompt again")
	}
	r.show(func(v *chat.View) { v.Figures.Stop = chat.EndedByItself }) // dropping did not help
	r.stripIs(strip)
	r.show(func(v *chat.View) { v.Problem = &saying.Problem{Sentence: saying.Say("No model in this folder")} })
	r.stripIs("No model in this folder")
	r.show(func(v *chat.View) { v.Problem = nil })
	g := r.generation
	g.Context = 512
	r.generation = g
	r.show(func(v *chat.View) { v.Model.ContextLen = 4096 })
	if r.strip.Now.Hint != "The settings say 512; the model has 4,096." {
		t.Errorf("hint %q", r.strip.Now.Hint)
	}
	r.show(func(v *chat.View) { v.Figures.ContextUsed, v.Figures.Stop = 256, "" })
	r.stripIs("")
}

// TestFirstModel: Tern opens the model that it was closed with, or says why not.
func TestFirstModel(t *testing.T) {
	open := func(change func(*settings.Settings), path string) *rig {
		r := newRig(t, 1100, 720)
		r.settings.Recent = []settings.Recent{{Path: "/m/b", Name: "B"}, {Path: "", Name: "Tern Tales"}}
		r.show(func(v *chat.View) { v.State, v.Model = chat.NoModel, nil })
		change(&r.settings)
		r.opener.openFirst(path)
		return r
	}
	last := func(path string) func(*settings.Settings) {
		return func(s *settings.Settings) { s.Model = &path }
	}
	open(last("/m/b"), "/m/c").took("load /m/c") // as it was asked to
	open(last(""), "").took("load")
	open(func(s *settings.Settings) { s.Model = nil }, "").took("load /m/b") // the settings of an older Tern
	open(func(s *settings.Settings) { s.Model, s.Recent = nil, nil }, "").took("load")

	r := open(last("/m/b"), "")
	r.took("load /m/b")
	if s := r.saved[len(r.saved)-1]; s.Opening != "/m/b" {
		t.Errorf("opening %q", s.Opening)
	}
	r.show(state(chat.Loading))
	r.show(state(chat.Ready), func(v *chat.View) { v.Model = &chat.ModelInfo{Name: "B", Path: "/m/b"} })
	r.stripIs("")
	if s := r.saved[len(r.saved)-1]; s.Opening != "" || s.LastModel() != "/m/b" {
		t.Errorf("opening %q, last %q", s.Opening, s.LastModel())
	}
	r.took()
	r.opener.unload()
	if s := r.saved[len(r.saved)-1]; s.LastModel() != "" {
		t.Errorf("last %q", s.LastModel())
	}

	// It is not there any more.
	r = open(last("/m/b"), "")
	r.show(state(chat.Loading))
	r.show(func(v *chat.View) {
		v.State = chat.NoModel
		p := explain.Problem(&os.PathError{Op: "open", Path: "/m/b", Err: os.ErrNotExist}, "/m/b")
		v.Problem = &p
	})
	r.took("load /m/b", "load")
	m := builtin
	r.show(func(v *chat.View) { v.State, v.Model, v.Problem = chat.Ready, &m, nil })
	r.stripIs("b is not there any more [Try again] [Open another…]")
	if !strings.HasSuffix(r.strip.Now.Hint, "Tern Tales is open instead.") || r.settings.LastModel() != "/m/b" {
		t.Errorf("hint %q, last %q", r.strip.Now.Hint, r.settings.LastModel())
	}
	r.tapStrip("Dismiss")
	r.stripIs("")
	if r.settings.LastModel() != "" {
		t.Errorf("last %q", r.settings.LastModel())
	}

	// The last start ended while it was opened.
	r = open(func(s *settings.Settings) { last("/m/b")(s); s.Opening = "/m/b" }, "")
	r.took("load")
	r.show(func(v *chat.View) { v.State, v.Model = chat.Ready, &m })
	r.stripIs("Tern ended while it opened B. [Open anyway] [Open another…]")
	r.tapStrip("Open anyway")
	r.took("load /m/b")
	r.show()
	r.stripIs("")

	// It does not fit.
	path := filepath.Join("..", "..", "inference", "testdata", "goldens", "gguf-bitnet-f32", "model.gguf")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	r = open(func(s *settings.Settings) { last(path)(s) }, "/x")
	r.fake.calls = nil
	r.shelf.Memory = func() (int64, bool) { return 1000, true }
	r.opener.openFirst("")
	r.took("load")
	r.show(func(v *chat.View) { v.State, v.Model = chat.Ready, &m })
	if got := r.strip.Now.Sentence; !strings.Contains(got, " needs ") || !strings.Contains(got, " are free.") {
		t.Errorf("strip %q", got)
	}
}

// TestContinueHereAsks: a choice that another model is to go on with is asked about,
// and is carried out after the answer, an editor's included; Cancel keeps the editor.
func TestContinueHereAsks(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("One day", " a tern flew."), writtenBy("Gone"))
	r.editing.editParagraph(0)
	e := r.transcript.Editor()
	if e == nil {
		t.Fatal("no editor")
	}
	e.Entry.SetText("One day a bear")
	e.ToEnd()
	r.answering.generate()
	r.tapDialog("Cancel")
	if r.transcript.Editor() != e || e.Entry.Text != "One day a bear" || r.win.Canvas().Focused() != fyne.Focusable(e.Entry) {
		t.Fatal("Cancel ended the editor")
	}
	r.took()
	r.answering.generate()
	r.tapDialog("Continue with " + r.view.Model.Name)
	r.took("continue at 0 One day a bear")
	if r.transcript.Editor() != nil {
		t.Error("the editor is still there")
	}

	r.show(func(v *chat.View) { v.ID = "other" })
	r.inspect.Do.Branch(chat.Token{Segment: 2, Index: 1}, 7)
	r.took()
	r.tapDialog("Continue with " + r.view.Model.Name)
	r.took("choose 2 1 7")
	r.inspect.Do.Branch(chat.Token{Segment: 2, Index: 1}, 8)
	r.took("choose 2 1 8")
}
