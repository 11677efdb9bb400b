package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
)

// With the keyboard alone one goes from message to message, which shows a ring
// and its buttons, and does with each what the mouse can.
func TestReader(t *testing.T) {
	r := newRig(t, 1100, 720)
	const shift = fyne.KeyModifierShift
	r.show(chatting, document("Hi", "\n\nHo\n\nho", "\n\nSo?", "\n\n"+story(20)), func(v *chat.View) {
		v.Document[1].Version, v.Document[1].Versions = 2, 3
		v.Figures.Stop = chat.EndedByItself
	})
	p := r.transcript.page
	on := func(when string, want int) {
		t.Helper()
		if p.reader.on != want {
			t.Fatalf("%s leads to message %d, want %d", when, p.reader.on, want)
		}
		if want < 0 {
			return
		}
		if r.win.Canvas().Focused() != fyne.Focusable(p.reader) {
			t.Errorf("%s: the focus is on %T", when, r.win.Canvas().Focused())
		}
		u := p.unit(want)
		top, bottom := p.tops[u.first], p.tops[u.end-1]+p.heights[u.end-1]
		if at, size := p.reader.Position(), p.reader.Size(); !p.reader.Visible() || at.Y != top || at.Y+size.Height != bottom || at.X > p.labelLeft(u.first) {
			t.Errorf("%s: the ring is at %v, %v large, the message from %v to %v", when, at, size, top, bottom)
		}
		if y := r.transcript.scroll.Offset.Y; top < y || top > y+r.transcript.scroll.Size().Height {
			t.Errorf("%s: the message begins at %v, out of the view at %v", when, top, y)
		}
		if p.chat && p.rows[u.end-1] == nil && bottom < p.bottom {
			t.Errorf("%s: the message has no buttons", when)
		}
	}
	r.press(fyne.KeyUp, shift)
	on("Ctrl+Shift+Up", 3)
	r.key(fyne.KeyUp)
	on("Up", 2)
	r.key(fyne.KeyReturn)
	if p.edit == nil || p.edit.entry.Text != "So?" {
		t.Fatal("Enter does not edit")
	}
	r.key(fyne.KeyEscape)
	on("Esc in the editor", -1)
	r.transcript.scroll.ScrollToTop()
	r.transcript.scrolled()
	r.press(fyne.KeyDown, shift)
	on("Ctrl+Shift+Down", 0)
	r.key(fyne.KeyUp)
	on("Up at the first", 0)
	r.key(fyne.KeyDown)
	on("Down", 1)
	if got := p.reader.AccessibilityLabel(); got != "Answer: Ho\n\nho" {
		t.Errorf("it says %q", got)
	}
	p.reader.TypedShortcut(&fyne.ShortcutCopy{})
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Ho\n\nho" {
		t.Errorf("copied %q", got)
	}
	r.key(fyne.KeyLeft)
	r.took("step 2 -1")
	r.key(fyne.KeyTab)
	if got := r.win.Canvas().Focused(); got != fyne.Focusable(p.rows[2].first) {
		t.Errorf("Tab leads to %T", got)
	}
	r.win.Canvas().FocusNext()
	if b, ok := r.win.Canvas().Focused().(*kit.Button); !ok || b.Text != "Edit" {
		t.Error("Tab does not go on to Edit")
	}
	test.Tap(r.buttonNamed(p.rows[2].CanvasObject, "Next version"))
	r.took("step 2 1")
	on("stepping with a button", 1)
	r.key(fyne.KeyDown)
	r.key(fyne.KeyDown)
	on("Down and Down", 3)
	r.key(fyne.KeyTab)
	if b := p.rows[p.shown-1].first; r.win.Canvas().Focused() != fyne.Focusable(b) || r.transcript.below() > 1 {
		t.Errorf("%v are below the buttons of a long message, the focus is on %T", r.transcript.below(), r.win.Canvas().Focused())
	}
	r.win.Canvas().Focus(p.reader)
	p.reader.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	r.key(fyne.KeyTab)
	if on("Shift+Tab", -1); r.win.Canvas().Focused() != fyne.Focusable(r.composer.entry) || p.reader.Visible() {
		t.Error("Shift+Tab does not go to the prompt")
	}

	// What is gone is left.
	r.press(fyne.KeyDown, shift)
	r.press(fyne.KeyDown, shift)
	r.show(func(v *chat.View) { v.Document = v.Document[:1] })
	on("fewer messages", -1)
	p.reader.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	p.reader.TypedShortcut(&fyne.ShortcutCopy{})
	r.took()

	// Of a story it is the paragraphs.
	r.show(func(v *chat.View) { v.Mode, v.Model = chat.StoryMode, &builtin }, document("Once\nupon\na time."))
	r.press(fyne.KeyUp, shift)
	r.key(fyne.KeyUp)
	on("Up in a story", 1)
	r.key(fyne.KeyReturn)
	if p.edit == nil || p.edit.entry.Text != "upon" {
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
	if c := r.transcript.page.live[2].block.(*code); !stops[c.copy] {
		t.Error("Tab does not come to the button of the code")
	}
	l := r.transcript.page.label(4)
	e := selectionOf(t, l)
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
