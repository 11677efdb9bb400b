package ui

import (
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"tern/app/chat"
	"tern/app/settings"
)

// What the reader has selected in the growing paragraph stays; the text comes
// when the selection is gone.
func TestSelectionHoldsTextBack(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(state(chat.Generating), document("", "Once upon a time"))
	l := r.label(0)
	l.Refresh()
	selectable := kittest.SelectionOf(t, l)
	selectable.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(60, 14)}, Dragged: fyne.NewDelta(50, 0)})
	selectable.DragEnd()
	if l.SelectedText() == "" {
		t.Fatal("nothing is selected: the test does not work")
	}
	r.show(document("", "Once upon a time there was"))
	if l.SelectedText() == "" || strings.Contains(l.Text, "there") {
		t.Errorf("the selection was taken away: %q", l.Text)
	}
	if r.wake == 0 {
		t.Error("nobody looks again")
	}
	selectable.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	selectable.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	r.pass(figuresEvery)
	if !strings.Contains(l.Text, "there was") {
		t.Errorf("the text did not come: %q", l.Text)
	}
}

func TestThemeKeepsTextAndScroll(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("", kittest.Story(12)))
	r.composer.entry.SetText("half a sentence")
	r.transcript.ScrollBy(400)
	at := r.transcript.Offset()
	r.preferences.setTheme(settings.ThemeDark)
	if r.transcript.Offset() != at || r.composer.entry.Text != "half a sentence" {
		t.Errorf("offset %v, was %v; prompt %q", r.transcript.Offset(), at, r.composer.entry.Text)
	}
	if r.win.Canvas().Focused() != r.composer.entry {
		t.Error("the focus left the prompt")
	}
	if len(r.saved) == 0 || r.saved[len(r.saved)-1].Theme != settings.ThemeDark {
		t.Error("the theme was not kept")
	}
}

func TestCopy(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once", " upon a time.\n"))
	r.messages.copyAll()
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Once upon a time.\n" {
		t.Errorf("copied %q", got)
	}
	r.press(fyne.KeyC, fyne.KeyModifierShift)
	if got := fyne.CurrentApp().Clipboard().Content(); got != " upon a time.\n" {
		t.Errorf("copied %q", got)
	}
}
