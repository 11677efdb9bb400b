package ui

import (
	"fmt"
	"strings"
	"tern/app/ui/inspect/inspecttest"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"tern/app/chat"
	"tern/app/ui/kit"
	"tern/app/ui/longtext"
)

func (r *rig) buttonNamed(in fyne.CanvasObject, name string) *kit.Button {
	r.t.Helper()
	var found *kit.Button
	kittest.Walk(in, func(o fyne.CanvasObject) {
		if b, ok := o.(*kit.Button); ok && b.AccessibilityLabel() == name && b.Visible() {
			found = b
		}
	})
	if found == nil {
		r.t.Fatalf("no button %q", name)
	}
	return found
}

// The buttons below messages: of the last answer always, of others under the pointer.
func TestMessageButtons(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nHo", "\n\nSo?", "\n\nSo."), func(v *chat.View) {
		v.Document[1].Version, v.Document[1].Versions = 2, 3
		v.Figures.Stop = chat.EndedByItself
	})
	if r.transcript.Places().RowCount() != 2 {
		t.Fatalf("%d rows of buttons, want those of the last answer and of the one with versions", r.transcript.Places().RowCount())
	}
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(1).CanvasObject, "Previous version"))
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(1).CanvasObject, "Retry"))
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(3).CanvasObject, "Retry"))
	r.took("step 2 -1", "retry at 2", "retry")
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(1).CanvasObject, "Copy"))
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Ho" {
		t.Errorf("copied %q", got)
	}
	top := func(i int) float32 { y, _ := r.transcript.Places().Span(i); return y }
	r.transcript.Places().Column().(desktop.Hoverable).MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, top(2)+5)}})
	if r.transcript.Places().RowCount() != 3 {
		t.Fatal("no buttons under the pointer")
	}
	test.Tap(r.buttonNamed(r.transcript.Places().Buttons(2).CanvasObject, "Edit"))
	e := r.transcript.Editor()
	if e == nil || e.Entry.Text != "So?" || r.win.Canvas().Focused() != e.Entry {
		t.Fatal("Edit opens no entry with the message")
	}
	if top(3) < top(2)+e.Box.Size().Height {
		t.Error("the editor lies over the answer")
	}
	e.Entry.SetText("Then?")
	test.Tap(r.buttonNamed(e.Row, "Send"))
	r.took("edit 3 Then? true")
	if r.transcript.Editor() != nil || r.win.Canvas().Focused() != r.composer.entry {
		t.Error("the editor stays")
	}
	r.press(fyne.KeyE)
	r.transcript.Editor().Entry.SetText("Now?")
	r.press(fyne.KeyReturn)
	r.took("edit 3 Now? true")
	r.press(fyne.KeyE)
	r.transcript.Editor().Entry.SetText("x")
	r.key(fyne.KeyEscape)
	r.took()
	r.show(state(chat.Generating))
	r.press(fyne.KeyE)
	if r.transcript.Editor() != nil {
		t.Error("a message can be edited while an answer is written")
	}
}

// label is the widget of a plain paragraph.
func (r *rig) label(i int) *longtext.Prose { return r.transcript.Places().Block(i).(*longtext.Prose) }

// clickText clicks a paragraph of a story at a place in it.
func (r *rig) clickText(i int, at fyne.Position) {
	r.t.Helper()
	s := kittest.SelectionOf(r.t, r.label(i))
	m := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}, Button: desktop.MouseButtonPrimary}
	s.MouseDown(m)
	s.MouseUp(m)
}

// A clicked paragraph of a story becomes an entry, which leaves its words there.
func TestStoryEditing(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("Once upon a time\nthere was a tern.", "\nIt flew."))
	r.clickText(1, fyne.NewPos(10000, 15))
	e := r.transcript.Editor()
	if e == nil || e.Entry.Text != "there was a tern." || r.win.Canvas().Focused() != e.Entry {
		t.Fatal("a click opens no entry")
	}
	if got := e.Entry.Before(); got != "there was a tern." {
		t.Errorf("the caret is behind %q", got)
	}
	if r.composer.main.Text != "Continue here" {
		t.Errorf("the button says %q", r.composer.main.Text)
	}
	test.Type(e.Entry, " Big")
	r.key(fyne.KeyReturn)
	test.Type(e.Entry, "and white.")
	r.key(fyne.KeyEscape)
	r.took("splice 17 34 there was a tern. Big\nand white.")
	if r.transcript.Editor() != nil || r.composer.main.Text != "Continue" {
		t.Error("Esc does not leave the entry")
	}

	r.clickText(1, fyne.NewPos(0, 15))
	r.key(fyne.KeyBackspace)
	if got := r.transcript.Editor().Entry.Text; got != "Once upon a timethere was a tern." || r.transcript.Editor().First != 0 {
		t.Errorf("joined: %q", got)
	}
	test.Type(r.transcript.Editor().Entry, ", ")
	r.key(fyne.KeyEscape)
	r.took("splice 0 34 Once upon a time, there was a tern.")

	r.clickText(1, fyne.NewPos(0, 15))
	for range 5 {
		r.key(fyne.KeyRight)
	}
	test.Tap(r.composer.main)
	r.took("continue at 17 there")
	if r.transcript.Editor() != nil {
		t.Error("the entry stays while the story goes on")
	}

	r.clickText(0, fyne.NewPos(0, 15))
	test.Type(r.transcript.Editor().Entry, "Y")
	r.press(fyne.KeyR) // what was typed is kept before anything else is done
	r.took("splice 0 16 YOnce upon a time", "retry")

	r.clickText(0, fyne.NewPos(0, 15))
	test.Type(r.transcript.Editor().Entry, "X")
	r.win.Canvas().Focus(r.composer.entry)
	r.took("splice 0 16 XOnce upon a time")
	r.show(state(chat.Generating))
	r.clickText(0, fyne.NewPos(0, 15))
	if r.transcript.Editor() != nil {
		t.Error("the text can be edited while it is written")
	}
}

// longConversation has about 100,000 tokens.
func longConversation(v *chat.View) { document(kittest.LongConversation()...)(v) }

// BenchmarkStream grows an answer at the end of a long conversation, as a window
// does 30 times a second, with its tokens shown and without, and while words are
// looked for.
func BenchmarkStream(b *testing.B) {
	for name, open := range map[string]func(*rig){
		"plain":   func(*rig) {},
		"inspect": func(r *rig) { r.arrangement.togglePanel(r.inspectSide) },
		"find":    func(r *rig) { r.reading.find(); r.finder.Look("word") },
	} {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, 1100, 720)
			r.show(chatting, longConversation, state(chat.Generating))
			last := &r.fake.view.Document[len(r.fake.view.Document)-1]
			last.Text = ""
			open(r)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				words := inspecttest.Tokens(" word")
				if n++; n%60 == 0 {
					words[0].Text += "\n\n"
				}
				words[0].Segment, words[0].Index, words[0].Prob = last.ID, n, float64(n%40)/40
				last.Text += words[0].Text
				r.fake.tokens = append(r.fake.tokens, words...)
				r.show()
			}
		})
	}
}

// TestRemoveMessage: a message can be deleted from the menus, and is undone from the
// strip rather than asked about.
func TestRemoveMessage(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("Hi", "\n\nHo"), func(v *chat.View) { v.CanUndo = true })
	for _, m := range r.transcript.Messages() {
		r.messages.removal(m).Action()
		r.took(fmt.Sprint("remove ", m.Segment))
		r.stripIs("The message was deleted. [Undo]")
		r.tapStrip("Undo")
		r.took("undo")
	}
	r.show(state(chat.Generating))
	r.messages.removal(r.transcript.Messages()[0]).Action()
	r.took()
}

// TestForgottenRuler: the prompt counts its rows also when what it measures with was
// not drawn for a minute.
func TestForgottenRuler(t *testing.T) {
	r := newRig(t, 1100, 720)
	t.Run("a minute", func(t *testing.T) { test.TempWidgetRenderer(t, r.composer.ruler) })
	r.composer.entry.SetText(strings.Repeat("many words ", 60))
	if rows := r.composer.measure(r.composer.card.Size().Width); rows < 4 {
		t.Errorf("the prompt counts %d rows", rows)
	}
}
