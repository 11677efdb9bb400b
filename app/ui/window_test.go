package ui

import (
	"errors"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func TestGenerate(t *testing.T) {
	r := newRig(t, 1100, 720)
	if r.win.Canvas().Focused() != r.composer.entry {
		t.Fatal("the prompt does not have the focus at the start")
	}
	test.Type(r.composer.entry, "Once upon")
	r.press(fyne.KeyReturn)
	r.took("generate Once upon")
	if r.composer.entry.Text != "" {
		t.Errorf("the prompt keeps %q", r.composer.entry.Text)
	}

	test.Type(r.composer.entry, "a")
	r.shift(true)
	r.key(fyne.KeyReturn)
	r.shift(false)
	test.Type(r.composer.entry, "b")
	r.took()
	r.key(fyne.KeyReturn)
	r.took("generate a\nb")

	r.preferences.setEnterSends(false)
	test.Type(r.composer.entry, "c")
	r.key(fyne.KeyReturn)
	r.took()
	r.press(fyne.KeyReturn)
	r.took("generate c")
}

func TestMainButton(t *testing.T) {
	r := newRig(t, 1100, 720)
	b := r.composer.main
	place := b.Position()
	for _, c := range []struct {
		name    string
		change  func(*chat.View)
		label   string
		enabled bool
		tapped  []string
	}{
		{"empty", func(*chat.View) {}, "Generate", true, []string{"generate"}},
		{"text", document("Once", " upon"), "Continue", true, []string{"generate"}},
		{"prefilling", state(chat.Prefilling), "Stop", true, []string{"stop"}},
		{"generating", state(chat.Generating), "Stop", true, []string{"stop"}},
		{"stopping", state(chat.Stopping), "Stop", false, nil},
		{"loading", state(chat.Loading), "Continue", false, nil},
		{"full", func(v *chat.View) { v.State, v.Figures.ContextUsed = chat.Ready, 512 }, "Continue", true, nil},
		{"no model", func(v *chat.View) { v.State, v.Model, v.Document = chat.NoModel, nil, nil }, "Generate", false, nil},
	} {
		r.show(c.change)
		if b.Text != c.label || b.Disabled() == c.enabled {
			t.Errorf("%s: button %q, enabled %v; want %q, %v", c.name, b.Text, !b.Disabled(), c.label, c.enabled)
		}
		if b.Position() != place {
			t.Errorf("%s: the button moved from %v to %v", c.name, place, b.Position())
		}
		test.Tap(b)
		r.took(c.tapped...)
		r.press(fyne.KeyReturn) // shortcuts run whatever the menu shows
		if c.enabled && c.label != "Stop" {
			r.took(c.tapped...)
		} else {
			r.took()
		}
	}
	r.show(func(v *chat.View) { m := builtin; v.Model, v.State, v.Figures.ContextUsed = &m, chat.Stopping, 0 })
	r.pass(showStoppingAfter)
	if b.Text != "Stopping…" {
		t.Errorf("after a while: %q", b.Text)
	}
}

func TestEscape(t *testing.T) {
	r := newRig(t, 720, 560)
	r.show(state(chat.Generating), document("Once", " upon"))
	r.arrangement.togglePanel(r.options.side)
	r.about()
	r.key(fyne.KeyEscape)
	if r.dialogs.Shown != nil || r.arrangement.drawer != rightDrawer {
		t.Fatal("Esc did not close the dialog alone")
	}
	r.key(fyne.KeyEscape)
	if r.arrangement.drawer != noDrawer {
		t.Fatal("Esc did not close the drawer")
	}
	r.took()
	r.key(fyne.KeyEscape)
	r.took("stop")
	r.show(state(chat.Ready))
	r.key(fyne.KeyEscape)
	r.took()
	r.arrangement.openScreen(r.prefs.page)
	r.key(fyne.KeyEscape)
	if r.arrangement.screen != nil || r.win.Canvas().Focused() != r.composer.entry {
		t.Error("Esc did not lead back from the settings page to the prompt")
	}
}

func TestStart(t *testing.T) {
	r := newRig(t, 1100, 720)
	if !r.start.box.Visible() || r.transcript.Visible() {
		t.Fatal("no start page at the start")
	}
	var examples []*kit.Button
	var find func(o fyne.CanvasObject)
	find = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *kit.Button:
			examples = append(examples, o)
		case *fyne.Container:
			for _, c := range o.Objects {
				find(c)
			}
		}
	}
	find(r.start.page)
	if len(examples) != 3 {
		t.Fatalf("%d examples, want 3", len(examples))
	}
	test.Tap(examples[1])
	r.took("generate Lily found a red box.")
	r.show(state(chat.Generating), document("Lily found a red box."))
	if r.start.box.Visible() || !r.transcript.Visible() {
		t.Error("the start page stays while text is written")
	}
	r.show(func(v *chat.View) { v.State, v.Model, v.Document = chat.NoModel, nil, nil })
	examples = nil
	find(r.start.page)
	test.Tap(examples[0])
	r.took("choose")
	r.done("", nil)
	test.Tap(examples[1])
	r.took("load")
}

func TestOpen(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.press(fyne.KeyO)
	r.press(fyne.KeyO) // one file window at a time
	r.took("choose")
	if r.dialogs.Shown == nil {
		t.Fatal("the window does not say that a file is being chosen")
	}
	r.key(fyne.KeyEscape)
	if r.dialogs.Shown == nil {
		t.Fatal("Esc uncovered the window while the file window is open")
	}
	r.done("/models/a/model.safetensors", nil)
	r.took("load /models/a/model.safetensors")
	if r.settings.Folder != "/models/a" {
		t.Errorf("folder %q", r.settings.Folder)
	}

	r.press(fyne.KeyO, fyne.KeyModifierShift)
	r.done("", errors.New("no GTK"))
	r.took("choose")
	entry, ok := r.win.Canvas().Focused().(*kit.LineEntry)
	if !ok {
		t.Fatal("no entry for a path where there is no file window")
	}
	entry.SetText("/models/b")
	r.key(fyne.KeyReturn)
	r.took("load /models/b")

	r.opener.dropped([]fyne.URI{storage.NewFileURI("/models/c")})
	r.took("load /models/c")

	r.show(state(chat.Generating))
	r.opener.dropped([]fyne.URI{storage.NewFileURI("/models/d")})
	r.took()
	r.key(fyne.KeyReturn) // the safe answer has the focus
	r.took()
	r.opener.load("/models/d")
	test.Tap(r.dialogs.Shown.Buttons[1])
	r.took("load /models/d")
}

func TestRecent(t *testing.T) {
	r := newRig(t, 1100, 720)
	if len(r.saved) != 1 || r.saved[0].Recent[0] != (settings.Recent{Name: "Tern Tales", Used: r.clock}) {
		t.Fatalf("saved %v", r.saved)
	}
	r.show(func(v *chat.View) { v.Model = &chat.ModelInfo{Name: "Large", Path: "/m/large"} })
	r.show()
	if len(r.saved) != 2 || r.saved[1].Recent[0] != (settings.Recent{Name: "Large", Path: "/m/large", Used: r.clock}) {
		t.Fatalf("saved %v", r.saved)
	}
	items := r.menu.recent.ChildMenu.Items
	if len(items) != 2 || items[0].Label != "Large" {
		t.Fatalf("recent models %v", items)
	}
	items[0].Action()
	r.took("load /m/large")
}

func TestStrips(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.stripIs("")
	top := r.transcript.Position().Y

	r.opener.load("/empty") // it may fail before the window sees it load
	r.took("load /empty")
	r.show(func(v *chat.View) {
		v.Problem = &saying.Problem{Sentence: saying.Say("No model in this folder"), Hint: saying.Say("Choose another."), Detail: "model: x"}
	})
	r.stripIs("No model in this folder [Open another…] [More]")
	if got := r.transcript.Position().Y; got < top+r.strip.Height(r.strip.Box.Size().Width) {
		t.Errorf("the strip covers the text: it begins at %v", got)
	}
	r.tapStrip("More")
	if r.dialogs.Shown == nil {
		t.Error("More shows nothing")
	}
	r.dialogs.Close()
	r.tapStrip("Dismiss")
	r.took("dismiss")
	r.show(func(v *chat.View) { v.Problem = nil })
	r.stripIs("")
	r.answering.generate()
	r.took("generate")
	r.show(func(v *chat.View) {
		v.Problem = &saying.Problem{Sentence: saying.Say("The model produced invalid numbers")}
	})
	r.stripIs("The model produced invalid numbers")
	r.show(func(v *chat.View) { v.Problem = nil })

	r.show(document("Once", " upon"), func(v *chat.View) {
		v.Figures.Stop, v.Figures.MaxTokens, v.Figures.Generated = chat.ReachedLength, 256, 256
	})
	r.stripIs("The answer reached 256 tokens. [Continue] [Raise limit]")
	r.tapStrip("Raise limit")
	r.took("generate")
	if r.fake.last.MaxTokens != 512 {
		t.Errorf("raised to %d tokens, want 512", r.fake.last.MaxTokens)
	}
	r.tapStrip("Dismiss")
	r.stripIs("")

	r.show(func(v *chat.View) {
		v.Figures.Stop, v.Figures.ContextUsed = chat.ContextFull, 512
	})
	r.stripIs("This conversation fills the model’s 512 tokens. [Drop oldest turns] [New conversation]")
	r.tapStrip("Drop oldest turns")
	r.took("drop oldest")
	r.show(func(v *chat.View) {
		v.Figures.Short, v.Problem = true, &saying.Problem{Sentence: saying.Say("Memory is short")}
	})
	r.stripIs("Memory is short [Drop oldest turns] [New conversation]")
	if !r.canWrite() {
		t.Error("with memory again one cannot write on")
	}
	r.show(func(v *chat.View) { v.Figures, v.Problem = chat.Figures{Context: 512, ContextUsed: 200}, nil })

	r.fake.view.Conversations = []chat.Entry{{ID: "now", Name: "Once upon"}}
	r.show()
	r.press(fyne.KeyBackspace, fyne.KeyModifierShift)
	r.took("delete now")
	r.stripIs("Deleted “Once upon”. [Undo]")
	if r.wake != 0 && r.wake > infoFor {
		t.Errorf("next drawing in %v", r.wake)
	}
	r.pass(infoFor)
	r.stripIs("")
	r.conversations.remove("now")
	for range 3 { // two were deleted
		r.conversations.restore()
	}
	r.took("delete now", "restore now", "restore now")
	if !r.menu.undelete.Disabled {
		t.Error("the menu offers to undo a deletion, and there is none")
	}
	r.conversations.branch()
	r.took("branch 2")
}

// A model of a kind that Tern does not run leads to those that it does.
func TestUnsupportedModel(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.opener.opening = true
	r.show(func(v *chat.View) {
		v.Problem = &saying.Problem{Sentence: saying.Say("Tern"), Unsupported: true}
	})
	r.stripIs("Tern [See supported models]")
	r.tapStrip("See supported models")
	if r.arrangement.screen != r.modelsPage {
		t.Error("the page of models does not open")
	}
}

func TestSavedAtTheEnd(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.win.Resize(fyne.NewSize(800, 600))
	r.arrangement.togglePanel(r.options.side) // a drawer at this width: not a lasting choice
	r.preferences.zoom(1)
	r.press(fyne.KeyQ)
	got := r.saved[len(r.saved)-1]
	if got.Width != 800 || got.Height != 600 || got.TextScale != 115 || !got.PanelOpen {
		t.Errorf("kept %+v", got)
	}
}

func TestStatusLine(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.statusIs("Ready · Tern Tales opened in 0.4 s")

	r.show(state(chat.Loading), func(v *chat.View) {
		v.Load = chat.LoadProgress{Name: "Large", Layer: 12, Layers: 30, Bytes: 500e6, TotalBytes: 1.2e9, Left: 3 * time.Second}
	})
	r.statusIs("Ready · Tern Tales opened in 0.4 s") // not before it lasts
	if r.wake != showLoadingAfter {
		t.Errorf("next drawing in %v, want %v", r.wake, showLoadingAfter)
	}
	r.pass(showLoadingAfter)
	r.statusIs("Opening Large · layer 12 of 30 · 0.5 of 1.2 GB · 3 s left")
	if !r.status.bar.Visible() || !r.status.cancel.Visible() {
		t.Error("no bar or no Cancel while loading")
	}
	test.Tap(r.status.cancel)
	r.took("cancel load")
	r.show(state(chat.Ready), func(v *chat.View) { v.Notice = saying.Say("Cancelled. Tern Tales is still open.") })
	r.statusIs("Cancelled. Tern Tales is still open.")
	if r.status.bar.Visible() || r.status.cancel.Visible() {
		t.Error("bar or Cancel stay")
	}

	r.show(state(chat.Prefilling), func(v *chat.View) {
		v.Notice, v.Figures = saying.Text{}, chat.Figures{PromptDone: 512, PromptTotal: 1024, PromptRate: 1234, Context: 2048}
	})
	r.pass(showPrefillingAfter)
	r.statusIs("Reading the prompt · 512 of 1,024 tokens · 1,234 tok/s")
	r.show(func(v *chat.View) {
		v.Figures = chat.Figures{PromptDone: 12400, PromptTotal: 30000, PromptRate: 880, ReadAgain: true, Context: 32768}
	})
	r.statusIs("Reading the conversation again · 12,400 of 30,000 tokens · 880 tok/s · about 20 s left")

	r.show(state(chat.Generating), func(v *chat.View) {
		v.Figures = chat.Figures{Rate: 412.3, FirstToken: 12 * time.Millisecond, ContextUsed: 181, Context: 512, Seed: 42}
	})
	r.statusIs("412 tok/s · first token 12 ms · 181 of 512 tokens (35%) · seed 42")
	r.show(func(v *chat.View) { v.Figures.Rate = 9.44 })
	r.statusIs("412 tok/s · first token 12 ms · 181 of 512 tokens (35%) · seed 42") // four times a second
	r.pass(figuresEvery)
	r.statusIs("9.4 tok/s · first token 12 ms · 181 of 512 tokens (35%) · seed 42")

	r.show(state(chat.Stopping))
	r.pass(showStoppingAfter)
	r.statusIs("Stopping…")
	for stop, want := range map[chat.StopReason]string{
		chat.EndedByItself: "ended by itself",
		chat.ReachedLength: "reached 256 tokens",
		chat.StoppedByUser: "stopped by you",
		chat.StoppedByText: "found the stop text “The end”",
	} {
		r.show(state(chat.Ready), func(v *chat.View) { v.Figures.Stop, v.Figures.StopText, v.Figures.MaxTokens = stop, "The end", 256 })
		r.statusIs("9.4 tok/s · first token 12 ms · 181 of 512 tokens (35%) · seed 42 · " + want)
	}
	r.show(func(v *chat.View) { v.Figures.Stop = chat.StoppedByError })
	r.statusIs("Stopped by an error · see above")
	r.show(func(v *chat.View) { v.Figures.Stop, v.Figures.ContextUsed = chat.ContextFull, 512 })
	r.statusIs("! 512 of 512 tokens (100%) · context full")
	r.show(func(v *chat.View) { v.State, v.Model, v.Figures = chat.NoModel, nil, chat.Figures{} })
	r.statusIs("No model open · open or drop a file or folder")
}
