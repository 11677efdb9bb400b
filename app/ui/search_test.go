package ui

import (
	"tern/app/ui/kit/kittest"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// TestSearchConversations: words are found where they begin, rows say where, what
// is opened shows the place, and Esc empties the search before it leaves it.
func TestSearchConversations(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(entries("A wanted man", "Ted", "A box"))
	r.press(fyne.KeyF, fyne.KeyModifierShift)
	r.sidebar.search.SetText("ted")
	r.took("search ted")
	if got := r.rows(); len(r.sidebar.shown) != 1 || got[0] != "Ted" || !r.sidebar.clear.Visible() {
		t.Errorf("rows %q", got)
	}
	r.show(func(v *chat.View) {
		v.Found = &chat.Found{Query: "ted", IDs: map[string]bool{"id A box": true}, Snippets: map[string]string{"id A box": "…and then Ted came"}}
	})
	var lines []string
	kittest.Walk(r.sidebar.list, func(o fyne.CanvasObject) {
		if x, ok := o.(*title); ok && x.Visible() && x.i < len(r.sidebar.shown) && x.sub.Visible() {
			lines = append(lines, x.text.Text()+": "+x.sub.Text())
			if bottom := x.sub.Position().Y + x.sub.Size().Height; bottom > x.Size().Height+8 || x.Size().Height < 35 {
				t.Errorf("a row of %v has its second line end at %v", x.Size().Height, bottom)
			}
		}
	})
	if len(lines) != 1 || lines[0] != "A box: …and then Ted came" {
		t.Errorf("lines %q", lines)
	}
	r.tapRow("A box")
	r.took("open id A box")
	if r.finder.Open() {
		t.Error("the place is looked for in another conversation")
	}
	r.show(document("Once", " and then Ted came"), func(v *chat.View) { v.ID = "id A box" })
	if !r.finder.Open() || r.finder.Entry.Text != "ted" || len(r.finder.Matches) != 1 {
		t.Errorf("open %v, %q, %d matches", r.finder.Open(), r.finder.Entry.Text, len(r.finder.Matches))
	}
	r.reading.closeFind()
	r.fake.calls = nil
	r.win.Canvas().Focus(r.sidebar.search)
	r.key(fyne.KeyEscape)
	if r.took("search"); r.sidebar.search.Text != "" || r.win.Canvas().Focused() != r.sidebar.search || len(r.sidebar.shown) != 3 || r.sidebar.clear.Visible() {
		t.Errorf("the search has %q", r.sidebar.search.Text)
	}
	r.key(fyne.KeyEscape)
	if r.win.Canvas().Focused() != r.composer.entry {
		t.Error("Esc does not leave the search")
	}
	r.sidebar.search.SetText("x")
	test.Tap(r.sidebar.clear)
	if r.sidebar.search.Text != "" {
		t.Errorf("the search has %q", r.sidebar.search.Text)
	}
}

// TestCopyIsNotPressed: a copy is offered of a model that took long to open, in the
// conversation that was shown then.
func TestCopyIsNotPressed(t *testing.T) {
	r := newRig(t, 1100, 720)
	m := chat.ModelInfo{Name: "small", Path: "/m/small", ContextLen: 512, Latent: true, OpenedIn: 84 * time.Millisecond}
	r.show(model(m))
	r.stripIs("")
	m.OpenedIn, m.Path = 5*time.Second, "/m/large"
	r.show(model(m))
	r.stripIs("A compact copy of this model would open in a moment. [Keep a compact copy…]")
	r.show(func(v *chat.View) { v.ID = "next" })
	r.stripIs("")
}

// TestChatStart offers something to say to a model that chats, and no figures that
// the top bar has.
func TestChatStart(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting)
	if got := notes(r.start.page); got != "2B is ready to chat." {
		t.Errorf("the start says %q", got)
	}
	var examples []*kit.Button
	kittest.Walk(r.start.page, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok {
			examples = append(examples, b)
		}
	})
	if len(examples) != 3 {
		t.Fatalf("%d prompts", len(examples))
	}
	test.Tap(examples[0])
	r.took("generate " + examples[0].Text)
	r.show(func(v *chat.View) { v.Model = &chat.ModelInfo{Name: "2B", Path: "/m/large"} })
	if got := notes(r.start.page); got != "2B is ready to write.|It continues texts; it was not made to answer messages." {
		t.Errorf("the start says %q", got)
	}
}
