package ui

import (
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tern/app/chat"
)

// What is typed is found in any case and in every kind of paragraph; Enter and
// F3 go from one to the next, around the ends; Esc takes the marks away.
func TestFind(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("A Tern?", "\n\nThe **tern** is a bird:\n```go\nvar tern = 1\n```\nIt flies.\n\n"+kittest.Story(12)+"\n\nSo says TERN."))
	f := r.finder
	r.press(fyne.KeyF)
	if !f.Open() || r.win.Canvas().Focused() != fyne.Focusable(f.Entry) {
		t.Fatal("Ctrl+F opens nothing to type in")
	}
	f.Entry.SetText("tErn")
	is := func(when, want string, at int) {
		t.Helper()
		if got := f.Count.Text(); got != want || f.At != at {
			t.Errorf("%s: %q at %d, want %q at %d", when, got, f.At, want, at)
		}
		if at < 0 {
			return
		}
		m := f.Matches[at]
		b := r.transcript.Places().Block(m.Para)
		if b == nil {
			t.Fatalf("%s: paragraph %d has no widget", when, m.Para)
		}
		from, to := b.Line(m.From)
		top, _ := r.transcript.Places().Span(m.Para)
		if y := r.transcript.Offset(); top+from < y || top+to > y+r.transcript.Size().Height {
			t.Errorf("%s: the match cannot be seen", when)
		}
		edges := 0
		for _, l := range r.transcript.Places().Blocks() {
			for _, text := range l.Shaded() {
				if !strings.EqualFold(text, "tern") {
					t.Errorf("%s: %q is marked", when, text)
				}
			}
			kittest.Walk(l, func(o fyne.CanvasObject) {
				if x, ok := o.(*canvas.Rectangle); ok && x.StrokeWidth == 1.5 {
					edges++
				}
			})
		}
		if edges != 1 {
			t.Errorf("%s: %d matches are marked as the current one", when, edges)
		}
	}
	n := len(f.Matches)
	if n != 3+12*6+1 {
		t.Fatalf("%d matches", n)
	}
	r.transcript.ScrollTop()
	f.Look("tern")
	is("from the top", "1 of 76", 0)
	r.key(fyne.KeyReturn)
	is("Enter", "2 of 76", 1)
	f.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF3})
	is("F3", "3 of 76", 2)
	f.Entry.KeyDown(&fyne.KeyEvent{Name: "LeftShift"})
	for range 3 {
		r.key(fyne.KeyReturn)
	}
	is("Shift+Enter, around the beginning", "76 of 76", 75)
	f.Entry.KeyUp(&fyne.KeyEvent{Name: "LeftShift"})
	r.key(fyne.KeyReturn)
	is("around the end", "1 of 76", 0)

	// Text that is written is searched as it comes, and moves nobody.
	at := r.transcript.Offset()
	r.show(state(chat.Generating), func(v *chat.View) { v.Document[1].Text += " A tern" })
	is("more text", "1 of 77", 0)
	if r.transcript.Offset() != at {
		t.Error("the page moved")
	}
	r.show(func(v *chat.View) { v.Document = v.Document[:1] })
	is("less text", "1 of 1", 0)

	f.Entry.SetText("penguin")
	is("nothing", "No matches", -1)
	f.Step(1)
	f.Entry.SetText("(a")
	is("what is a pattern to others", "No matches", -1)
	f.Entry.SetText("tern")
	r.key(fyne.KeyEscape)
	if f.Open() || r.win.Canvas().Focused() != fyne.Focusable(r.composer.entry) || len(r.transcript.Places().Block(0).Shaded()) != 0 {
		t.Error("Esc leaves the line or its marks")
	}
	r.key(fyne.KeyF3)
	if !f.Open() || f.Entry.Text != "tern" {
		t.Error("F3 does not look for the same words again")
	}
}
