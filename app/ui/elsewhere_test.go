package ui

import (
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
)

// writingIn has answers written in conversations, the first one now.
func writingIn(names ...string) func(*chat.View) {
	return func(v *chat.View) {
		v.Answers = nil
		for i, n := range names {
			a := chat.Answering{ID: "id " + n, Name: n, State: chat.Waiting}
			if i == 0 {
				a.State = chat.Generating
			}
			v.Answers = append(v.Answers, a)
		}
	}
}

// marks are the rows of the sidebar as they are spoken.
func (r *rig) marks() (list []string) {
	kittest.Walk(r.sidebar.list, func(o fyne.CanvasObject) {
		if t, ok := o.(*title); ok && t.Visible() && t.mark.Visible() {
			list = append(list, t.AccessibilityLabel())
		}
	})
	return list
}

// TestWrittenElsewhere: the sidebar marks the conversations with an answer, the
// status line leads to the one that is written, which can be stopped from here.
func TestWrittenElsewhere(t *testing.T) {
	for _, width := range []float32{1100, 600} {
		r := newRig(t, width, 720)
		r.show(entries("A tern", "The bear", "A box"))
		if len(r.marks()) > 0 || r.status.other.Visible() || r.status.halt.Visible() {
			t.Fatalf("marks %q", r.marks())
		}
		r.show(writingIn("The bear", "A box"))
		if got := r.marks(); width > sidebarDockWidth && (len(got) != 2 || got[0] != "The bear, an answer is being written" || got[1] != "A box, an answer waits for its turn") {
			t.Errorf("marks %q", got)
		}
		if b := r.status.other; !b.Visible() || b.Text != "Writing in “The bear”" || b.Position().X+b.Size().Width > r.status.halt.Position().X {
			t.Errorf("%q at %v, %v", b.Text, b.Position(), b.Size())
		}
		if l := r.status.line; l.Position().X+l.Size().Width > r.status.other.Position().X {
			t.Error("the status line lies under the link")
		}
		test.Tap(r.status.other)
		r.took("open id The bear")
		test.Tap(r.status.halt)
		r.took("stop in id The bear")
		r.press(fyne.KeyPeriod)
		r.took("stop in id The bear")
		r.key(fyne.KeyEscape) // ends what is shown alone
		r.took()
		if r.composer.main.Text != "Generate" || r.composer.main.Disabled() {
			t.Errorf("the button says %q", r.composer.main.Text)
		}

		// An answer that waits here can be given up.
		r.show(document("Once"), func(v *chat.View) { v.ID, v.State = "id A box", chat.Waiting })
		r.statusIs("Waiting: another answer is written first")
		if r.composer.main.Text != "Stop" || r.composer.main.Disabled() {
			t.Errorf("the button says %q", r.composer.main.Text)
		}
		test.Tap(r.composer.main)
		r.took("stop")
		r.key(fyne.KeyEscape)
		r.took("stop")
		r.press(fyne.KeyPeriod)
		r.took("stop")
		r.answering.generate()
		r.took()
		r.show(writingIn("x", "y", "A box"))
		r.statusIs("Waiting: 2 other answers are written first")

		// The one that is written is shown: nothing is elsewhere.
		r.show(writingIn("A box"), state(chat.Generating))
		if r.status.other.Visible() || r.status.halt.Visible() {
			t.Error("the line leads to what is shown")
		}

		// Opening a model asks first, wherever something is written.
		r.show(writingIn("The bear"), state(chat.Ready), func(v *chat.View) { v.ID = "now" })
		r.opener.load("/m/b")
		r.took()
		r.tapDialog("Stop and open")
		r.took("load /m/b")
	}
}

// TestRateOfItsOwn: the speed of an answer is not noted for what is shown by
// turning away from it.
func TestRateOfItsOwn(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(state(chat.Generating), writingIn("now"), func(v *chat.View) { v.Figures.Rate, v.Figures.ContextUsed = 5, 100 })
	saves := len(r.saved)
	r.show(state(chat.Ready), func(v *chat.View) { v.ID, v.Figures.Rate = "other", 77 })
	if len(r.saved) > saves {
		t.Error("a speed was saved")
	}
}

// TestTurn: messages can be made a story whatever model is open, a story messages
// where the model answers them.
func TestTurn(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once", " upon"))
	r.conversations.setStory()
	r.took()
	r.show(func(v *chat.View) { v.Mode = chat.ChatMode })
	r.conversations.setStory()
	r.took("story true")
	r.show(chatting, func(v *chat.View) { v.Mode = chat.StoryMode })
	r.conversations.setStory()
	r.took("story false")
	if !r.menu.story.Checked || r.menu.story.Disabled {
		t.Error("the menu does not say so")
	}
}
