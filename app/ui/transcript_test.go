package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"tern/app/chat"
	"tern/app/settings"
	"tern/app/ui/kit"
)

// label is the widget of a plain paragraph.
func (p *page) label(i int) *prose { return p.live[i].block.(*prose) }

// story is a text of n paragraphs of several lines each.
func story(n int) string {
	p := strings.Repeat("One day a little tern flew over the sea and saw a ship. ", 6)
	return strings.TrimSuffix(strings.Repeat(p+"\n\n", n), "\n\n")
}

// While text streams in, nothing but the last paragraph is laid out: the cost
// does not grow with the text.
func TestStreamingChangesTheLastParagraph(t *testing.T) {
	r := newRig(t, 1100, 720)
	text := story(20) + "\n\n"
	r.show(state(chat.Generating), document("", text))
	p := r.transcript.page
	labels, before := map[int]*prose{}, map[int]string{}
	for i := range p.live {
		labels[i], before[i] = p.label(i), p.label(i).Text
	}
	if len(labels) < 3 || len(labels) > 18 {
		t.Fatalf("%d of %d paragraphs have a widget", len(labels), p.shown)
	}
	p.resized = 0
	for i := range 50 {
		text += " word"
		r.show(document("", text))
		if p.resized != i+1 {
			t.Fatalf("%d paragraphs were laid out in %d steps", p.resized, i+1)
		}
	}
	for i, l := range labels {
		if i < p.shown-1 && (l != p.label(i) || l.Text != before[i]) {
			t.Errorf("paragraph %d changed", i)
		}
	}
	if got, want := p.label(p.shown-1).Text, strings.Repeat(" word", 50)+caret; got != want {
		t.Errorf("the last paragraph is %q, want %q", got, want)
	}
	r.show(state(chat.Ready))
	if got := p.label(p.shown - 1).Text; strings.Contains(got, caret) {
		t.Errorf("the caret stays: %q", got)
	}
	if p.shown != 21 || len(p.rows) != 1 {
		t.Errorf("%d paragraphs, %d rows of buttons", p.shown, len(p.rows))
	}
}

func TestReaderIsFollowedOnlyAtTheEnd(t *testing.T) {
	r := newRig(t, 1100, 720)
	text := story(12)
	r.show(state(chat.Generating), document("", text))
	s := r.transcript.scroll
	if r.transcript.below() > 1 {
		t.Fatalf("%v of the text is below the view", r.transcript.below())
	}
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 300)})
	at := s.Offset
	text += "\n\n" + story(2)
	r.show(document("", text))
	if s.Offset != at {
		t.Errorf("the page moved from %v to %v under the reader", at, s.Offset)
	}
	if !r.transcript.newText.Visible() {
		t.Error("nothing says that there is new text")
	}
	r.transcript.newText.OnTapped()
	if r.transcript.below() > 1 || r.transcript.newText.Visible() {
		t.Error("“New text” did not lead to the end")
	}
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, nearEnd-4)})
	text += "\n\n" + story(2)
	r.show(document("", text))
	if r.transcript.below() > 1 {
		t.Error("a reader near the end was left behind")
	}
}

// What the reader has selected in the growing paragraph stays; the text comes
// when the selection is gone.
func TestSelectionHoldsTextBack(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(state(chat.Generating), document("", "Once upon a time"))
	l := r.transcript.page.label(0)
	l.Refresh()
	selectable := selectionOf(t, l)
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

type selectable interface {
	fyne.Draggable
	desktop.Mouseable
}

func selectionOf(t testing.TB, l fyne.CanvasObject) selectable {
	t.Helper()
	var found selectable
	walk(l, func(o fyne.CanvasObject) {
		if s, ok := o.(selectable); ok {
			found = s
		}
	})
	if found == nil {
		t.Fatal("the label cannot be selected in")
	}
	return found
}

// Paragraphs stand one below the other whatever happened to the window: no
// holes, no overlaps of text, nothing left of the column.
func TestNoHolesAfterResize(t *testing.T) {
	r := newRig(t, 1100, 720)
	text := story(3) + "\nA line.\nAnother line.\n\n" + story(2)
	r.show(document("", text))
	check := func(when string) {
		t.Helper()
		p := r.transcript.page
		for i := 1; i < p.shown; i++ {
			above := p.label(i - 1)
			gap := p.label(i).Position().Y - above.Position().Y - above.MinSize().Height
			if want := space(p.paras[i].gap); gap < want-0.5 || gap > want+0.5 {
				t.Errorf("%s: paragraph %d is %v below the one above, want %v", when, i, gap, want)
			}
		}
		last := p.label(p.shown - 1)
		if end := last.Position().Y + last.MinSize().Height; p.MinSize().Height < end {
			t.Errorf("%s: the page ends at %v, its text at %v", when, p.MinSize().Height, end)
		}
		if w, full := p.column(), r.transcript.Size().Width; w > full-2*pageMargin+0.5 || w > kit.ColumnWidth()+0.5 {
			t.Errorf("%s: the column is %v wide in %v", when, w, full)
		}
		if got := p.Size().Height; got < p.MinSize().Height {
			t.Errorf("%s: the page is %v high, its text %v", when, got, p.MinSize().Height)
		}
	}
	check("at first")
	for _, size := range []fyne.Size{{Width: 720, Height: 560}, {Width: 560, Height: 420}, {Width: 1280, Height: 900}} {
		r.win.Resize(size)
		check(size2(size))
	}
	r.setTextSize(150)
	check("larger text")
	r.togglePanel(r.options.side)
	check("panel closed")
	r.show(document("", text, " More words.", " And more."))
	check("continued")
	if p := r.transcript.page; p.mark.Hidden || p.marked != p.shown-1 {
		t.Errorf("the continuation is marked from paragraph %d of %d", p.marked, p.shown)
	}
	r.show(document("Once."))
	check("undone")
}

func size2(s fyne.Size) string { return kit.Count(int(s.Width)) + "x" + kit.Count(int(s.Height)) }

// A reader in the middle of the text stays there when the window gets narrower.
func TestResizeKeepsThePlace(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("", story(30)))
	s := r.transcript.scroll
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 900)})
	before := r.transcript.page.anchor(s.Offset.Y)
	r.win.Resize(fyne.NewSize(600, 720))
	if after := r.transcript.page.anchor(s.Offset.Y); after.para != before.para {
		t.Errorf("paragraph %d was at the top, now %d", before.para, after.para)
	}
}

func TestThemeKeepsTextAndScroll(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(document("", story(12)))
	r.composer.entry.SetText("half a sentence")
	r.transcript.scroll.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 400)})
	at := r.transcript.scroll.Offset
	r.setTheme(settings.ThemeDark)
	if r.transcript.scroll.Offset != at || r.composer.entry.Text != "half a sentence" {
		t.Errorf("offset %v, was %v; prompt %q", r.transcript.scroll.Offset, at, r.composer.entry.Text)
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
	r.copyAll()
	if got := fyne.CurrentApp().Clipboard().Content(); got != "Once upon a time.\n" {
		t.Errorf("copied %q", got)
	}
	r.press(fyne.KeyC, fyne.KeyModifierShift)
	if got := fyne.CurrentApp().Clipboard().Content(); got != " upon a time.\n" {
		t.Errorf("copied %q", got)
	}
}
