package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"tern/app/chat"
)

// shadedText is what a block says on its coloured runs.
func (b *placed) shadedText() (list []string) {
	add := func(h *shades) {
		for _, s := range h.list {
			list = append(list, h.source[s.from:s.to])
		}
		if len(h.list) > len(h.boxes) {
			list = append(list, "a run that is not drawn")
		}
	}
	switch x := b.block.(type) {
	case *prose:
		add(&x.shades)
	case *rich:
		add(&x.shades)
	case *code:
		add(&x.text.shades)
	}
	return list
}

// What is typed is found in any case and in every kind of paragraph; Enter and
// F3 go from one to the next, around the ends; Esc takes the marks away.
func TestFind(t *testing.T) {
	r := newRig(t, 1100, 720)
	r.show(chatting, document("A Tern?", "\n\nThe **tern** is a bird:\n```go\nvar tern = 1\n```\nIt flies.\n\n"+story(12)+"\n\nSo says TERN."))
	p, f := r.transcript.page, r.finder
	r.press(fyne.KeyF)
	if !f.open() || r.win.Canvas().Focused() != fyne.Focusable(f.entry) {
		t.Fatal("Ctrl+F opens nothing to type in")
	}
	f.entry.SetText("tErn")
	is := func(when, want string, at int) {
		t.Helper()
		if got := f.count.Text(); got != want || f.at != at {
			t.Errorf("%s: %q at %d, want %q at %d", when, got, f.at, want, at)
		}
		if at < 0 {
			return
		}
		m := f.matches[at]
		b := p.live[m.para]
		if b == nil {
			t.Fatalf("%s: paragraph %d has no widget", when, m.para)
		}
		from, to := b.line(m.from)
		if y := r.transcript.scroll.Offset.Y; p.tops[m.para]+from < y || p.tops[m.para]+to > y+r.transcript.scroll.Size().Height {
			t.Errorf("%s: the match cannot be seen", when)
		}
		edges := 0
		for _, l := range p.live {
			for _, text := range l.shadedText() {
				if !strings.EqualFold(text, "tern") {
					t.Errorf("%s: %q is marked", when, text)
				}
			}
			walk(l.block, func(o fyne.CanvasObject) {
				if x, ok := o.(*canvas.Rectangle); ok && x.StrokeWidth == 1.5 {
					edges++
				}
			})
		}
		if edges != 1 {
			t.Errorf("%s: %d matches are marked as the current one", when, edges)
		}
	}
	n := len(f.matches)
	if n != 3+12*6+1 {
		t.Fatalf("%d matches", n)
	}
	r.transcript.scroll.ScrollToTop()
	r.transcript.scrolled()
	f.look("tern")
	is("from the top", "1 of 76", 0)
	r.key(fyne.KeyReturn)
	is("Enter", "2 of 76", 1)
	f.entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF3})
	is("F3", "3 of 76", 2)
	f.entry.KeyDown(&fyne.KeyEvent{Name: "LeftShift"})
	for range 3 {
		r.key(fyne.KeyReturn)
	}
	is("Shift+Enter, around the beginning", "76 of 76", 75)
	f.entry.KeyUp(&fyne.KeyEvent{Name: "LeftShift"})
	r.key(fyne.KeyReturn)
	is("around the end", "1 of 76", 0)

	// Text that is written is searched as it comes, and moves nobody.
	at := r.transcript.scroll.Offset
	r.show(state(chat.Generating), func(v *chat.View) { v.Document[1].Text += " A tern" })
	is("more text", "1 of 77", 0)
	if r.transcript.scroll.Offset != at {
		t.Error("the page moved")
	}
	r.show(func(v *chat.View) { v.Document = v.Document[:1] })
	is("less text", "1 of 1", 0)

	f.entry.SetText("penguin")
	is("nothing", "No matches", -1)
	f.step(1)
	f.entry.SetText("(a")
	is("what is a pattern to others", "No matches", -1)
	f.entry.SetText("tern")
	r.key(fyne.KeyEscape)
	if f.open() || r.win.Canvas().Focused() != fyne.Focusable(r.composer.entry) || len(p.live[0].shadedText()) != 0 {
		t.Error("Esc leaves the line or its marks")
	}
	r.key(fyne.KeyF3)
	if !f.open() || f.entry.Text != "tern" {
		t.Error("F3 does not look for the same words again")
	}
}

// Every drawn piece of a text is found where it stands, however it is formatted.
func TestPieces(t *testing.T) {
	r := newRig(t, 700, 720)
	long := strings.TrimSpace(strings.Repeat("one two three ", 30))
	r.show(chatting, document("x", "\n\n"+long+"\n- an *item* of `code` and a [link](http://a.b/item) in **bold** "+long+"\n```go\ngo run .\n```\n"))
	p := r.transcript.page
	for i, want := range map[int]string{1: long, 2: "item", 3: "go run ."} {
		b := p.live[i]
		from := strings.LastIndex(p.paras[i].text, want)
		if i == 2 {
			from = strings.Index(p.paras[i].text, want)
		}
		list := []shade{{from: from, to: from + len(want)}}
		b.shade(list)
		if got := b.shadedText(); len(got) != 1 || got[0] != want {
			t.Errorf("%d: %q is shaded, want %q", i, got, want)
		}
		top, bottom := b.line(from)
		if bottom <= top {
			t.Errorf("%d: a line from %v to %v", i, top, bottom)
		}
		// Each byte is found at its place.
		var pieces []piece
		var in fyne.Position
		switch x := b.block.(type) {
		case *prose:
			pieces = x.pieces()
		case *rich:
			pieces = x.pieces()
		case *code:
			pieces, in = x.text.pieces(), x.scroll.Position()
		}
		if len(pieces) == 0 {
			t.Fatalf("%d: no pieces", i)
		}
		for _, x := range pieces {
			if got := p.paras[i].text[x.from : x.from+len(x.text)]; got != x.text {
				t.Errorf("%d: %q is taken for %q", i, x.text, got)
			}
			for n := range len(x.text) {
				pos := x.at.Add(in).AddXY((x.width(n)+x.width(n+1))/2, x.high/2)
				if got := b.at(pos); got != x.from+n {
					t.Errorf("%d: byte %d of %q is found as %d", i, x.from+n, x.text, got)
				}
			}
		}
		if b.at(fyne.NewPos(-5, top+1)) != -1 || b.at(fyne.NewPos(5, 1e6)) != -1 {
			t.Errorf("%d: there is text where there is none", i)
		}
	}
}

// A long conversation is searched while one types, and only what is new while it
// is written.
func BenchmarkFind(b *testing.B) {
	r := newRig(b, 1100, 720)
	r.show(chatting, longConversation)
	r.find()
	for b.Loop() {
		r.finder.look("tern flew")
	}
	b.ReportMetric(float64(len(r.finder.matches)), "matches")
}
