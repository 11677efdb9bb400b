package ui

import (
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// With the keyboard alone one goes from message to message, which shows a ring
// and its buttons, and does with each what the mouse can.
func TestReader(t *testing.T) {
	r := newRig(t, 1100, 720)
	const shift = fyne.KeyModifierShift
	r.show(chatting, document("Hi", "\n\nHo\n\nho", "\n\nSo?", "\n\n"+kittest.Story(20)), func(v *chat.View) {
		v.Document[1].Version, v.Document[1].Versions = 2, 3
		v.Figures.Stop = chat.EndedByItself
	})
	on := func(when string, want int) {
		t.Helper()
		if r.transcript.Reader().On != want {
			t.Fatalf("%s leads to message %d, want %d", when, r.transcript.Reader().On, want)
		}
		if want < 0 {
			return
		}
		if r.win.Canvas().Focused() != fyne.Focusable(r.transcript.Reader()) {
			t.Errorf("%s: the focus is on %T", when, r.win.Canvas().Focused())
		}
		first, end := want, want+1
		if r.transcript.Chat() {
			first, end = r.transcript.ParagraphsOf(r.transcript.Messages()[want].Segment)
		}
		top, _ := r.transcript.Places().Span(first)
		_, bottom := r.transcript.Places().Span(end - 1)
		if at, size := r.transcript.Reader().Position(), r.transcript.Reader().Size(); !r.transcript.Reader().Visible() || at.Y != top || at.Y+size.Height != bottom || r.transcript.Places().Block(first) != nil && at.X > r.transcript.Places().Block(first).Position().X {
			t.Errorf("%s: the ring is at %v, %v large, the message from %v to %v", when, at, size, top, bottom)
		}
		if y := r.transcript.Offset(); top < y || top > y+r.transcript.Size().Height {
			t.Errorf("%s: the message begins at %v, out of the view at %v", when, top, y)
		}
		if r.transcript.Chat() && r.transcript.Places().Buttons(end-1) == nil && bottom < r.transcript.Offset()+r.transcript.Size().Height {
			t.Errorf("%s: the message has no buttons", when)
		}
	}
	r.press(fyne.KeyUp, shift)
	on("Ctrl+Shift+Up", 3)
	r.key(fyne.KeyUp)
	on("Up", 2)
	r.key(fyne.KeyReturn)
	if r.transcript.Editor() == nil || r.transcript.Editor().Entry.Text != "So?" {
		t.Fatal("Enter does not edit")
	}
	r.key(fyne.KeyEscape)
	on("Esc in the editor", -1)
	r.transcript.ScrollTop()
	r.press(fyne.KeyDown, shift)
	on("Ctrl+Shift+Down", 0)
	r.key(fyne.KeyUp)
	on("Up at the first", 0)
	r.key(fyne.KeyDown)
	on("Down", 1)
	if got := r.transcript.Reader().AccessibilityLabel(); got != "Answer: Ho\n\nho" {
		t.Errorf("it says %q", got)
	}
	r.transcript.Reader().TypedShortcut(&fyne.ShortcutCopy{})
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Ho\n\nho" {
		t.Errorf("copied %q", got)
	}
	r.key(fyne.KeyLeft)
	r.took("step 2 -1")
	r.key(fyne.KeyTab)
	if got := r.win.Canvas().Focused(); got != fyne.Focusable(r.transcript.Places().Buttons(2).First) {
		t.Errorf("Tab leads to %T", got)
	}
	r.win.Canvas().FocusNext()
	if b, ok := r.win.Canvas().Focused().(*kit.Button); !ok || b.Text != "Edit" {
		t.Error("Tab does not go on to Edit")
	}
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(2).CanvasObject, "Next version"))
	r.took("step 2 1")
	on("stepping with a button", 1)
	r.key(fyne.KeyDown)
	r.key(fyne.KeyDown)
	on("Down and Down", 3)
	r.key(fyne.KeyTab)
	if b := r.transcript.Places().Buttons(len(r.transcript.Paragraphs()) - 1).First; r.win.Canvas().Focused() != fyne.Focusable(b) || r.transcript.Below() > 1 {
		t.Errorf("%v are below the buttons of a long message, the focus is on %T", r.transcript.Below(), r.win.Canvas().Focused())
	}
	r.win.Canvas().Focus(r.transcript.Reader())
	r.transcript.Reader().KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	r.key(fyne.KeyTab)
	if on("Shift+Tab", -1); r.win.Canvas().Focused() != fyne.Focusable(r.composer.entry) || r.transcript.Reader().Visible() {
		t.Error("Shift+Tab does not go to the prompt")
	}

	// What is gone is left.
	r.press(fyne.KeyDown, shift)
	r.press(fyne.KeyDown, shift)
	r.show(func(v *chat.View) { v.Document = v.Document[:1] })
	on("fewer messages", -1)
	r.transcript.Reader().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	r.transcript.Reader().TypedShortcut(&fyne.ShortcutCopy{})
	r.took()

	// Of a story it is the paragraphs.
	r.show(func(v *chat.View) { v.Mode, v.Model = chat.StoryMode, &builtin }, document("Once\nupon\na time."))
	r.press(fyne.KeyUp, shift)
	r.key(fyne.KeyUp)
	on("Up in a story", 1)
	r.key(fyne.KeyReturn)
	if r.transcript.Editor() == nil || r.transcript.Editor().Entry.Text != "upon" {
		t.Fatal("Enter does not edit the paragraph")
	}
	r.key(fyne.KeyEscape)
	r.press(fyne.KeyUp, shift)
	on("Ctrl+Shift+Up in a story", 2)
	r.key(fyne.KeyDown)
	on("Down at the last", -1)
}

// The Tab key stops where a ring shows that it does, and at no text; what was
// selected with the mouse can still be copied.
func TestTabShowsWhereItIs(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nHo\n\n```\nx := 1\n```\nand **so** on", "\n\nSo?", "\n\nSo it is."))
	stops := map[fyne.Focusable]bool{}
	for range 60 {
		r.win.Canvas().FocusNext()
		f := r.win.Canvas().Focused()
		if !ours(f) {
			t.Fatalf("Tab stops at a %T", f)
		}
		stops[f] = true
	}
	if c := r.transcript.Places().Block(2).(*longtext.Code); !stops[c.Copy] {
		t.Error("Tab does not come to the button of the code")
	}
	l := r.label(4)
	e := kittest.SelectionOf(t, l)
	e.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	e.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(60, 14)}, Dragged: fyne.NewDelta(50, 0)})
	e.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	e.DragEnd()
	f, ok := r.win.Canvas().Focused().(fyne.Shortcutable)
	if !ok || l.SelectedText() == "" {
		t.Fatalf("%q is selected, the focus is on %T", l.SelectedText(), r.win.Canvas().Focused())
	}
	f.TypedShortcut(&fyne.ShortcutCopy{})
	if got := fyne.CurrentApp().Clipboard().Content(); got == "" || got != l.SelectedText() {
		t.Errorf("copied %q of %q", got, l.SelectedText())
	}
	e.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	e.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	if l.SelectedText() != "" || l.Selectable {
		t.Error("a click does not end the selection")
	}
}
