package ui

import (
	"slices"
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

// drag selects with the mouse from one place of a paragraph to another.
func (r *rig) drag(i int, from, to fyne.Position) *longtext.Prose {
	r.t.Helper()
	kittest.Select(r.t, r.label(i), from, to)
	return r.label(i)
}

// A selection holds back what is appended to its own text, and nothing else:
// another conversation, another version and another model are shown at once.
func TestSelectionDoesNotFreeze(t *testing.T) {
	stay := fyne.NewPos(150, 14)
	for name, change := range map[string]func(*chat.View){
		"another conversation":              func(v *chat.View) { v.ID = "other"; document("Lily found a box.")(v) },
		"another that begins with the same": func(v *chat.View) { v.ID = "other"; document("Once upon a time. The end.")(v) },
		"a new one":                         func(v *chat.View) { v.ID, v.Document = "other", nil },
		"another version": func(v *chat.View) {
			document("Once upon a time")(v)
			v.Document[0].ID = 9
		},
		"undo": func(v *chat.View) { v.Document = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 1100, 720)
			r.show(document("Once upon a time."))
			l := r.drag(0, fyne.NewPos(10, 14), stay)
			r.show(change)
			var got strings.Builder
			for i := range len(r.transcript.Paragraphs()) {
				got.WriteString(r.label(i).Text)
			}
			if got.String() != text(r.view.Document) {
				t.Errorf("on screen is %q, open is %q", got.String(), text(r.view.Document))
			}
			if l.SelectedText() != "" {
				t.Errorf("%q stays selected", l.SelectedText())
			}
			if len(r.transcript.Paragraphs()) > 0 {
				r.clickText(0, fyne.NewPos(40, 14))
				if e := r.transcript.Editor(); e == nil || e.Entry.Text != text(r.view.Document) {
					t.Error("a click edits other words than the document has")
				}
				r.transcript.Editor().Entry.SetText("Mine.")
				r.key(fyne.KeyEscape)
				r.took("splice 0 " + kit.Count(len(text(r.view.Document))) + " Mine.")
			}
		})
	}
}

// An editor that is opened while a selection holds text back has all of its
// paragraph.
func TestEditWhileTextIsHeldBack(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(state(chat.Generating), document("", "One.\nOnce upon a time"))
	r.drag(1, fyne.NewPos(10, 14), fyne.NewPos(60, 14))
	r.show(state(chat.Ready), document("", "One.\nOnce upon a time there was.\nThe end."))
	if len(r.transcript.Paragraphs()) != 2 {
		t.Fatal("nothing is held back: the test does not work")
	}
	r.editing.editLast()
	if e := r.transcript.Editor(); e == nil || e.Entry.Text != "The end." || e.From != len("One.\nOnce upon a time there was.\n") {
		t.Errorf("the editor is %+v", e)
	}
	r.editing.closeEditor(false)
	r.show(state(chat.Generating), document("", "One.\nOnce upon a time"))
	r.drag(1, fyne.NewPos(10, 14), fyne.NewPos(60, 14))
	r.show(state(chat.Ready), document("", "One.\nOnce upon a time there was.\nThe end."))
	r.transcript.Reader().On = 1
	r.editing.editParagraph(1)
	if e := r.transcript.Editor(); e == nil || e.Entry.Text != "Once upon a time there was." {
		t.Errorf("the editor is %+v", e)
	}
}

// The caret that writes has an empty paragraph of its own at the end, which is gone once
// what a selection there held is let go: a click on it, or a key, opens nothing.
func TestEditWhereTheCaretWas(t *testing.T) {
	r := newRig(t, 1100, 720)
	for _, open := range []func(){
		func() { r.clickText(1, fyne.NewPos(5, 14)) },
		func() { r.editing.editParagraph(1) },
	} {
		r.show(state(chat.Generating), document("", "One.\n"))
		r.drag(1, fyne.NewPos(0, 14), fyne.NewPos(60, 14))
		r.show(state(chat.Ready), document("", "One.\n"))
		if len(r.transcript.Paragraphs()) != 2 {
			t.Fatal("nothing is held back: the test does not work")
		}
		open()
		if e := r.transcript.Editor(); e != nil || len(r.transcript.Paragraphs()) != 1 {
			t.Errorf("%d paragraphs, the editor is %+v", len(r.transcript.Paragraphs()), e)
		}
	}
}

// The end of the session asks nothing, whatever runs, and loses neither what is being
// edited nor the window's size.
func TestEndKeepsTheEdit(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.shelf.Downloads = &fakeDownloads{busy: true}
	r.show(document("Once upon a time."), func(v *chat.View) { v.Unsaved = true })
	r.clickText(0, fyne.NewPos(10, 14))
	r.transcript.Editor().Entry.SetText("Mine.")
	r.saved = nil
	r.window.end()
	r.took("splice 0 17 Mine.", "closing")
	if len(r.saved) == 0 || r.saved[len(r.saved)-1].Width != 1100 {
		t.Errorf("saved are %v", r.saved)
	}
}

// What a user types is not lost where the document becomes another one under it.
func TestEditorOutlivesNoDocument(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once upon a time."))
	open := func() {
		t.Helper()
		r.clickText(0, fyne.NewPos(10, 14))
		if r.transcript.Editor() == nil {
			t.Fatal("no editor")
		}
		r.transcript.Editor().Entry.SetText("Mine.")
	}
	open()
	r.show(func(v *chat.View) { v.Mode = chat.ChatMode }) // a model that chats: the text is the same
	r.took("splice 0 17 Mine.")
	r.show(func(v *chat.View) { v.Mode = chat.StoryMode })
	for _, change := range []func(*chat.View){
		func(v *chat.View) { v.ID = "other" }, document("Another."), state(chat.Generating),
	} {
		r.show(state(chat.Ready), document("Once upon a time."), func(v *chat.View) { v.ID = "now" })
		open()
		fyne.CurrentApp().Clipboard().SetContent("")
		r.show(change)
		r.took()
		if r.transcript.Editor() != nil || fyne.CurrentApp().Clipboard().Content() != "Mine." {
			t.Errorf("the editor stays, or %q is on the clipboard", fyne.CurrentApp().Clipboard().Content())
		}
	}
}

// The colour of a selection lies on the letters that are selected.
func TestSelectionLiesOnItsLetters(t *testing.T) {
	for _, percent := range []int{80, 100, 150} {
		r := newRig(t, 1100, 720)
		r.preferences.setTextSize(percent)
		r.show(document(kittest.Story(1)))
		l := r.label(0)
		height := l.Size().Height
		r.drag(0, fyne.NewPos(40, height-20), fyne.NewPos(140, height-20))
		var boxes, lines []placedText
		u := &user{rig: r, t: t}
		lines = u.texts(l, fyne.Position{})
		var selection fyne.CanvasObject // Fyne's, below the one that hears clicks
		kittest.Walk(l, func(o fyne.CanvasObject) {
			if _, ours := o.(*longtext.Ear); !ours {
				if s, ok := o.(kittest.Selectable); ok {
					selection = s
				}
			}
		})
		kittest.Walk(selection, func(o fyne.CanvasObject) {
			if s := o.Size(); s.Height > 5 && s.Height < 60 {
				boxes = append(boxes, placedText{"", 0, o.Position().Y, 0, o.Position().Y + s.Height, nil})
			}
		})
		last := lines[len(lines)-1]
		last.top, last.bottom = last.top-l.Position().Y, last.bottom-l.Position().Y
		if len(boxes) != 1 || boxes[0].top > last.top+1 || boxes[0].bottom < last.bottom-1 || boxes[0].top < last.top-2 || boxes[0].bottom > last.bottom+2 {
			t.Errorf("%d%%: the colour is at %+v, the line at %v to %v", percent, boxes, last.top, last.bottom)
		}
	}
}

// A click with the other button opens the menu of the paragraph, with and without
// formatting; only an answer that has some can be shown without.
func TestTextMenu(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nPlain words.", "\n\nAnd?", "\n\nSome **bold** words.\n\nOthers."))
	labels := func(i int) (list []string) {
		t.Helper()
		d := fyne.CurrentApp().Driver()
		b := r.transcript.Places().Block(i)
		at := d.AbsolutePositionForObject(b).AddXY(20, b.Size().Height/2)
		e := &fyne.PointEvent{AbsolutePosition: at}
		if b, ok := r.transcript.Places().Block(i).(*longtext.Prose); ok {
			kittest.SelectionOf(t, b).(*longtext.Ear).TappedSecondary(e)
		} else {
			r.transcript.Places().Column().(fyne.SecondaryTappable).TappedSecondary(e)
		}
		over := r.win.Canvas().Overlays()
		if over.Top() == nil {
			t.Fatalf("no menu of paragraph %d", i)
		}
		kittest.Walk(over.Top(), func(o fyne.CanvasObject) {
			if x, ok := o.(*canvas.Text); ok {
				list = append(list, x.Text)
			}
		})
		over.Remove(over.Top())
		return list
	}
	has := func(i int, label string, want bool) {
		t.Helper()
		if got := labels(i); slices.Contains(got, label) != want {
			t.Errorf("the menu of paragraph %d has %q: %v, want %v; all: %q", i, label, !want, want, got)
		}
	}
	for i := range len(r.transcript.Paragraphs()) {
		has(i, "Copy this paragraph", true)
		has(i, "Copy this message", true)
	}
	has(1, "Show as plain text", false)
	has(3, "Show as plain text", true)
	has(4, "Show as plain text", true)
	r.messages.textMenu(4, fyne.Position{})
	r.show(func(v *chat.View) { v.Mode, v.Model = chat.StoryMode, &builtin }, document("Once.\nTwice."))
	has(1, "Edit", true)
}

// The ring around a button of its own colour stands off it, and a button of the
// top bar shows that its panel is open.
func TestFocusAndOpenAreSeen(t *testing.T) {
	r := newRig(t, 1100, 720)
	main := r.composer.main
	line := func() *canvas.Rectangle {
		objects := test.WidgetRenderer(main).Objects()
		return objects[len(objects)-1].(*canvas.Rectangle)
	}
	r.win.Canvas().Focus(main)
	r.arrangement.relayout()
	if l := line(); l.Hidden || l.Position().X+l.StrokeWidth > -2 || l.Size().Width-2*l.StrokeWidth < main.Size().Width+4 {
		t.Errorf("the ring is at %v, %v large, around %v", l.Position(), l.Size(), main.Size())
	}
	for _, p := range r.arrangement.panels {
		if r.arrangement.panelShown() != p {
			r.arrangement.togglePanel(p)
		}
		for _, x := range r.arrangement.panels {
			if open := x.button.Importance == widget.MediumImportance; open != (x == p) {
				t.Errorf("with %s open, the button of %s says %v", p.button.Text, x.button.Text, open)
			}
		}
	}
}

// A slow minute is not the speed of a model.
func TestSpeedOutlivesASlowMinute(t *testing.T) {
	r := newRig(t, 1100, 720)
	wrote := func(rate float64) float64 {
		r.show(state(chat.Generating))
		r.show(state(chat.Ready), func(v *chat.View) { v.Figures.Rate, v.Figures.ContextUsed = rate, 100 })
		return r.settings.Recent[0].Rate
	}
	if got := wrote(40); got != 40 {
		t.Errorf("the first answer says %v", got)
	}
	if got := wrote(5); got < 36 || got > 37 {
		t.Errorf("a slow answer makes it %v", got)
	}
	if got := wrote(60); got != 60 {
		t.Errorf("a faster one makes it %v", got)
	}
	for range 60 {
		wrote(5)
	}
	if got := r.settings.Recent[0].Rate; got > 6 {
		t.Errorf("what is slow for long stays at %v", got)
	}
}
