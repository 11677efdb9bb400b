package longtext

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

// Every drawn piece of a text is found where it stands, however it is formatted.
func TestPieces(t *testing.T) {
	r := newViewRig(t, 700, 720)
	long := strings.TrimSpace(strings.Repeat("one two three ", 30))
	r.show(messages, says("x", "\n\n"+long+"\n- an *item* of `code` and a [link](http://a.b/item) in **bold** "+long+"\n```go\ngo run .\n```\n"))
	p := r.page
	for i, want := range map[int]string{1: long, 2: "item", 3: "go run ."} {
		b := p.live[i]
		from := strings.LastIndex(p.content.paras[i].Text, want)
		if i == 2 {
			from = strings.Index(p.content.paras[i].Text, want)
		}
		list := []Shade{{From: from, To: from + len(want)}}
		b.shade(list)
		if got := b.Shaded(); len(got) != 1 || got[0] != want {
			t.Errorf("%d: %q is shaded, want %q", i, got, want)
		}
		top, bottom := b.Line(from)
		if bottom <= top {
			t.Errorf("%d: a line from %v to %v", i, top, bottom)
		}
		// Each byte is found at its place.
		var pieces []piece
		var in fyne.Position
		switch x := b.Block.(type) {
		case *Prose:
			pieces = x.pieces()
		case *Rich:
			pieces = x.pieces()
		case *Code:
			pieces, in = x.Text.pieces(), x.scroll.Position()
		}
		if len(pieces) == 0 {
			t.Fatalf("%d: no pieces", i)
		}
		for _, x := range pieces {
			if got := p.content.paras[i].Text[x.from : x.from+len(x.text)]; got != x.text {
				t.Errorf("%d: %q is taken for %q", i, x.text, got)
			}
			for n := range len(x.text) {
				pos := x.at.Add(in).AddXY((x.width(n)+x.width(n+1))/2, x.high/2)
				if got := b.At(pos); got != x.from+n {
					t.Errorf("%d: byte %d of %q is found as %d", i, x.from+n, x.text, got)
				}
			}
		}
		if b.At(fyne.NewPos(-5, top+1)) != -1 || b.At(fyne.NewPos(5, 1e6)) != -1 {
			t.Errorf("%d: there is text where there is none", i)
		}
	}
}

// A long conversation is searched while one types, and only what is new while it
// is written.
func BenchmarkFind(b *testing.B) {
	r := newViewRig(b, 1100, 720)
	r.show(longDocument)
	r.finder.Box.Show()
	for b.Loop() {
		r.finder.Look("tern flew")
	}
	b.ReportMetric(float64(len(r.finder.Matches)), "matches")
}
