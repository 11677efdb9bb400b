package longtext

import (
	"strings"
	"tern/app/ui/kit/kittest"
	"testing"

	"fyne.io/fyne/v2"

	"tern/app/ui/kit"
)

// While text streams in, nothing but the last paragraph is laid out: the cost
// does not grow with the text.
func TestStreamingChangesTheLastParagraph(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	text := kittest.Story(20) + "\n\n"
	r.show(growing(true), says("", text))
	p := r.page
	labels, before := map[int]*Prose{}, map[int]string{}
	for i := range p.live {
		labels[i], before[i] = r.label(i), r.label(i).Text
	}
	if len(labels) < 3 || len(labels) > 18 {
		t.Fatalf("%d of %d paragraphs have a widget", len(labels), p.content.shown)
	}
	p.resized = 0
	for i := range 50 {
		text += " word"
		r.show(says("", text))
		if p.resized != i+1 {
			t.Fatalf("%d paragraphs were laid out in %d steps", p.resized, i+1)
		}
	}
	for i, l := range labels {
		if i < p.content.shown-1 && (l != r.label(i) || l.Text != before[i]) {
			t.Errorf("paragraph %d changed", i)
		}
	}
	if got, want := r.label(p.content.shown-1).Text, strings.Repeat(" word", 50)+Caret; got != want {
		t.Errorf("the last paragraph is %q, want %q", got, want)
	}
	r.show(growing(false))
	if got := r.label(p.content.shown - 1).Text; strings.Contains(got, Caret) {
		t.Errorf("the caret stays: %q", got)
	}
	if p.content.shown != 21 || len(p.rows) != 1 {
		t.Errorf("%d paragraphs, %d rows of buttons", p.content.shown, len(p.rows))
	}
}

func TestReaderIsFollowedOnlyAtTheEnd(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	text := kittest.Story(12)
	r.show(growing(true), says("", text))
	s := r.scroll
	if r.Below() > 1 {
		t.Fatalf("%v of the text is below the view", r.Below())
	}
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 300)})
	at := s.Offset
	text += "\n\n" + kittest.Story(2)
	r.show(says("", text))
	if s.Offset != at {
		t.Errorf("the page moved from %v to %v under the reader", at, s.Offset)
	}
	if !r.newText.Visible() {
		t.Error("nothing says that there is new text")
	}
	r.newText.OnTapped()
	if r.Below() > 1 || r.newText.Visible() {
		t.Error("“New text” did not lead to the end")
	}
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, nearEnd-4)})
	text += "\n\n" + kittest.Story(2)
	r.show(says("", text))
	if r.Below() > 1 {
		t.Error("a reader near the end was left behind")
	}
}

// Paragraphs stand one below the other whatever happened to the window: no
// holes, no overlaps of text, nothing left of the column.
func TestNoHolesAfterResize(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	text := kittest.Story(3) + "\nA line.\nAnother line.\n\n" + kittest.Story(2)
	r.show(says("", text))
	check := func(when string) {
		t.Helper()
		p := r.page
		for i := 1; i < p.content.shown; i++ {
			above := r.label(i - 1)
			gap := r.label(i).Position().Y - above.Position().Y - above.MinSize().Height
			if want := space(p.content.paras[i].gap); gap < want-0.5 || gap > want+0.5 {
				t.Errorf("%s: paragraph %d is %v below the one above, want %v", when, i, gap, want)
			}
		}
		last := r.label(p.content.shown - 1)
		if end := last.Position().Y + last.MinSize().Height; p.MinSize().Height < end {
			t.Errorf("%s: the page ends at %v, its text at %v", when, p.MinSize().Height, end)
		}
		if w, full := p.column(), r.Size().Width; w > full-2*kit.PageMargin+0.5 || w > kit.ColumnWidth()+0.5 {
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
	fyne.CurrentApp().Settings().SetTheme(kit.NewTheme(kit.Light, 150))
	r.Retype()
	check("larger text")
	r.win.Resize(fyne.NewSize(900, 900))
	check("narrower")
	r.show(says("", text, " More words.", " And more."))
	check("continued")
	if p := r.page; p.mark.Hidden || p.marked != p.content.shown-1 {
		t.Errorf("the continuation is marked from paragraph %d of %d", p.marked, p.content.shown)
	}
	r.show(says("Once."))
	check("undone")
}

func size2(s fyne.Size) string { return kit.Count(int(s.Width)) + "x" + kit.Count(int(s.Height)) }

// A reader in the middle of the text stays there when the window gets narrower.
func TestResizeKeepsThePlace(t *testing.T) {
	r := newViewRig(t, 1100, 720)
	r.show(says("", kittest.Story(30)))
	s := r.scroll
	s.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 900)})
	before := r.page.anchor(s.Offset.Y)
	r.win.Resize(fyne.NewSize(600, 720))
	if after := r.page.anchor(s.Offset.Y); after.para != before.para {
		t.Errorf("paragraph %d was at the top, now %d", before.para, after.para)
	}
}
