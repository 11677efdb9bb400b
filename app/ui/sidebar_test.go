package ui

import (
	"fmt"
	"io/fs"
	"tern/app/ui/kit/kittest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/files"
	saying "tern/app/say"
	"tern/app/settings"
	"tern/app/ui/kit"
)

func entries(names ...string) func(*chat.View) {
	return func(v *chat.View) {
		v.Conversations = nil
		for _, n := range names {
			v.Conversations = append(v.Conversations, chat.Entry{ID: "id " + n, Name: n})
		}
	}
}

// rows are the titles that the sidebar shows.
func (r *rig) rows() []string {
	var names []string
	kittest.Walk(r.sidebar.list, func(o fyne.CanvasObject) {
		if t, ok := o.(*title); ok && t.Visible() && t.i < len(r.sidebar.shown) {
			names = append(names, t.text.Text())
		}
	})
	return names
}

func (r *rig) tapRow(name string) {
	r.t.Helper()
	var found *title
	kittest.Walk(r.sidebar.list, func(o fyne.CanvasObject) {
		if t, ok := o.(*title); ok && t.text.Text() == name {
			found = t
		}
	})
	if found == nil {
		r.t.Fatalf("no row %q in %q", name, r.rows())
	}
	test.Tap(found)
}

func TestSidebar(t *testing.T) {
	r := newRig(t, 1100, 720)
	if !r.sidebar.empty.Visible() || r.sidebar.empty.Text() != "Conversations appear here." {
		t.Errorf("empty: %q", r.sidebar.empty.Text())
	}
	r.show(entries("A tern", "The bear", "A box"))
	if got := r.rows(); len(got) != 3 || r.sidebar.empty.Visible() {
		t.Fatalf("rows %q", got)
	}
	r.tapRow("The bear")
	r.took("open id The bear")
	if r.win.Canvas().Focused() != r.composer.entry {
		t.Error("opening a conversation does not lead to the prompt")
	}

	r.press(fyne.KeyF, fyne.KeyModifierShift)
	if r.win.Canvas().Focused() != r.sidebar.search {
		t.Fatal("the search does not get the focus")
	}
	r.sidebar.search.SetText("BOX")
	r.took("search BOX")
	if got := r.rows(); len(r.sidebar.shown) != 1 || got[0] != "A box" {
		t.Errorf("by title: %q", got)
	}
	r.show(func(v *chat.View) { v.Found = &chat.Found{Query: "BOX", IDs: map[string]bool{"id A tern": true}} })
	if len(r.sidebar.shown) != 2 {
		t.Errorf("by text: %v", r.sidebar.shown)
	}
	r.show(func(v *chat.View) { v.Found = nil })
	r.sidebar.search.SetText("xyz")
	if !r.sidebar.empty.Visible() || r.sidebar.empty.Text() != "Nothing matches “xyz”." {
		t.Errorf("nothing found: %q", r.sidebar.empty.Text())
	}
	r.sidebar.search.SetText("")
	r.took("search xyz", "search")

	r.win.Canvas().Focus(r.sidebar.list)
	r.key(fyne.KeyDown)
	r.key(fyne.KeyReturn)
	r.took("open id The bear")
	r.win.Canvas().Focus(r.sidebar.list)
	r.key(fyne.KeyDelete)
	r.took("delete id The bear")
	r.stripIs("Deleted “The bear”. [Undo]")
	r.tapStrip("Undo")
	r.took("restore id The bear")
	r.win.Canvas().Focus(r.sidebar.list)
	r.key(fyne.KeyF2)
	entry := r.win.Canvas().Focused().(*kit.LineEntry)
	if entry.Text != "The bear" {
		t.Errorf("renaming begins with %q", entry.Text)
	}
	entry.SetText("Bear")
	r.key(fyne.KeyReturn)
	r.took("rename id The bear Bear")
}

// Below its breakpoint the sidebar lies over the text and goes when something
// is chosen.
func TestSidebarDrawer(t *testing.T) {
	r := newRig(t, 720, 560)
	r.show(entries("A tern"))
	r.press(fyne.KeyB)
	if !r.sidebar.box.Visible() || r.win.Canvas().Focused() != r.sidebar.fresh {
		t.Fatal("the drawer does not open with the focus in it")
	}
	r.tapRow("A tern")
	r.took("open id A tern")
	if r.sidebar.box.Visible() || r.win.Canvas().Focused() != r.composer.entry {
		t.Error("the drawer stays")
	}
	r.press(fyne.KeyB)
	r.key(fyne.KeyEscape)
	if r.sidebar.box.Visible() {
		t.Error("Esc does not close the drawer")
	}
	r.win.Resize(fyne.NewSize(1100, 720))
	r.press(fyne.KeyB)
	if r.sidebar.box.Visible() || r.settings.SidebarOpen {
		t.Error("the sidebar does not fold")
	}
}

// Each conversation brings its unsent words and its settings.
func TestSwitch(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.composer.entry.SetText("half")
	g := settings.DefaultGeneration().WithPreset("Creative")
	g.Threads = 7
	r.show(document("Hi", " ho"), func(v *chat.View) { v.ID, v.Draft, v.Generation = "b", "another", &g })
	if r.composer.entry.Text != "another" || r.composer.preset.Text != "Creative ▾" || r.options.g.Preset != "Creative" {
		t.Errorf("prompt %q, preset %q, panel %q", r.composer.entry.Text, r.composer.preset.Text, r.options.g.Preset)
	}
	if r.settings.Generation.Preset != "Recommended" || r.generation.Threads != 0 {
		t.Error("the settings of a conversation became those of all")
	}
	r.answering.retry()
	if r.took("retry"); r.fake.last.Preset != "Creative" {
		t.Errorf("answered with %q", r.fake.last.Preset)
	}
	r.show(func(v *chat.View) { v.ID, v.Draft, v.Generation = "c", "", nil })
	if r.composer.entry.Text != "" || r.composer.preset.Text != "Recommended ▾" {
		t.Errorf("prompt %q, preset %q", r.composer.entry.Text, r.composer.preset.Text)
	}
	r.press(fyne.KeyN)
	r.took("new")
}

func TestExportAndImport(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.conversations.export("now", ".md")
	r.took() // there is nothing
	r.show(document("Once"), func(v *chat.View) { v.Conversations = []chat.Entry{{ID: "now", Name: `A "tern": what/why…`}} })
	r.conversations.export("now", ".md")
	r.took("choose new A tern whatwhy.md")
	r.done("/tmp/a", nil)
	r.took("export now /tmp/a.md")
	r.conversations.importFile()
	r.done("/tmp/a.json", nil)
	r.took("choose JSON", "import /tmp/a.json")
}

func TestRecoveryStrip(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(func(v *chat.View) { v.Recovered = &chat.Recovered{ID: "x", Words: 412} })
	r.stripIs("Tern closed unexpectedly while writing. [Show] [Discard]")
	if r.strip.Now.Hint != "412 words were saved." {
		t.Errorf("hint %q", r.strip.Now.Hint)
	}
	r.tapStrip("Discard")
	r.tapStrip("Show")
	r.took("discard", "open x")
}

// A report of a crash is offered once, behind what was recovered.
func TestCrashStrip(t *testing.T) {
	r := newRig(t, 1100, 720)
	const offer = "Tern closed unexpectedly. [Show report] [Copy]"
	for _, button := range []string{"Show report", "Copy", "Dismiss"} {
		r.notices.report = "panic: 7"
		r.show(func(v *chat.View) { v.Recovered = &chat.Recovered{ID: "x", Words: 1} })
		r.stripIs("Tern closed unexpectedly while writing. [Show] [Discard]")
		r.show(func(v *chat.View) { v.Recovered = nil })
		r.stripIs(offer)
		fyne.CurrentApp().Clipboard().SetContent("")
		r.tapStrip(button)
		if button == "Show report" {
			r.tapDialog("Copy")
		}
		if got := fyne.CurrentApp().Clipboard().Content(); (got == "panic: 7") != (button != "Dismiss") {
			t.Errorf("%s: the clipboard has %q", button, got)
		}
		r.pass(time.Minute)
		r.stripIs("")
	}
}

// Text that could not be saved can be saved elsewhere, and is not left behind
// unasked.
func TestUnsavedText(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once"), func(v *chat.View) {
		v.Conversations = []chat.Entry{{ID: "now", Name: "Once"}}
		v.Unsaved, v.Trouble = true, &saying.Problem{Sentence: saying.Say("Could not save: the disk is full"), Detail: "no space"}
	})
	r.stripIs("Could not save: the disk is full [Save elsewhere…] [More]")
	r.tapStrip("Save elsewhere…")
	r.done("/usb/Once.json", nil)
	r.took("choose new Once.json", "export now /usb/Once.json")
	saves := len(r.saved) // closing saves the settings
	r.quit()
	r.tapDialog("Stay")
	if len(r.saved) > saves {
		t.Error("the window closed")
	}
	r.preferences.settingsKept(fmt.Errorf("settings: save: %w: %w", files.ErrNotWritten, &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrPermission}), "/x/settings.json")
	r.show(func(v *chat.View) { v.Unsaved, v.Trouble = false, nil })
	r.stripIs("Settings could not be saved: permission denied [More]")
	r.preferences.settingsKept(nil, "/x/settings.json")
	r.stripIs("Everything is saved again.")
	r.quit()
	if len(r.saved) == saves {
		t.Error("the window did not close")
	}
	r.took("closing")
}

func TestVersionKeys(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Hi", " ho"), func(v *chat.View) { v.Document[1].Version, v.Document[1].Versions = 2, 3 })
	for _, i := range r.menu.versions {
		if i.Disabled {
			t.Error("a version cannot be chosen")
		}
		i.Action()
	}
	r.took("step 2 -1", "step 2 1")
	r.show(state(chat.Generating))
	r.menu.versions[0].Action()
	r.took()
}
