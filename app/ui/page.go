package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// page is the column of text inside the scroll. It knows the height of every
// paragraph at its width, so that its least size is always true: a box of Fyne
// would read the heights that wrapped text had at its old width.
type page struct {
	widget.BaseWidget
	labels  []*widget.Label // labels[:shown] are in use, the rest is kept for reuse
	shown   int
	tops    []float32 // of labels[:shown]
	heights []float32
	gaps    []gap
	mine    []bool // those of labels[:shown] that stand in bubbles
	bubbles bubbles
	mark    *surface // beside the last continuation
	marked  int      // its first paragraph, -1 for none
	actions fyne.CanvasObject

	width, height float32
	resized       int // labels laid out so far; the tests count them
}

func newPage(actions fyne.CanvasObject) *page {
	p := &page{mark: newSurface(theme.ColorNamePrimary), marked: -1, actions: actions}
	p.mark.Hide()
	p.actions.Hide()
	p.ExtendBaseWidget(p)
	return p
}

// set shows paras, of which those before first are as they were; mine stand in
// bubbles. The caret
// stands at the end while it is being written; the mark begins at the
// paragraph that holds the offset last.
func (p *page) set(paras []paragraph, mine []bool, first, last int, writing bool) {
	n := len(paras)
	for n > 0 && !writing && strings.TrimSpace(paras[n-1].text) == "" {
		n-- // an empty line at the end waits for more text; it is not shown
	}
	changed := n != p.shown
	for len(p.labels) < n {
		p.labels = append(p.labels, proseLabel())
	}
	p.shown = n
	p.tops, p.heights, p.gaps, p.mine = resize(p.tops, n), resize(p.heights, n), resize(p.gaps, n), append(p.mine[:0], mine[:n]...)
	changed = p.bubbles.group(p.mine) || changed
	first = p.bubbles.start(first)
	for i := max(0, min(first, n-1)); i < n; i++ {
		text := strings.TrimRight(paras[i].text, " \t\r")
		if writing && i == n-1 && !p.mine[i] {
			text = paras[i].text + caret
		}
		p.gaps[i] = paras[i].gap
		if l := p.labels[i]; l.Text != text {
			l.SetText(text)
		}
	}
	for i := max(0, min(first, n-1)); i < n; i++ {
		p.measure(i)
	}
	p.marked = -1
	for i := 0; last >= 0 && i < n && paras[i].from <= last; i++ {
		p.marked = i
	}
	p.mark.Hidden = p.marked < 0
	p.setActions(!writing && n > 0)
	p.place(first)
	if changed {
		p.Refresh()
	}
}

func (p *page) setActions(show bool) {
	if show == p.actions.Visible() {
		return
	}
	if show {
		p.actions.Show()
	} else {
		p.actions.Hide()
	}
}

// measure lays label i out at the width of the column. The first refresh of a
// label tells Fyne's selection which text size it is drawn in.
func (p *page) measure(i int) {
	l := p.labels[i]
	p.resized++
	h := heightFor(l, p.labelWidth(i))
	if p.heights[i] == 0 {
		l.Refresh()
		h = l.MinSize().Height
	}
	p.heights[i] = h
	l.Resize(fyne.NewSize(l.Size().Width, h))
}

// column is the width of the text.
func (p *page) column() float32 {
	return max(100, min(columnWidth(), p.width-2*pageMargin))
}

// left is where the text begins.
func (p *page) left() float32 { return (p.width - p.column()) / 2 }

// place moves everything from paragraph first on to where it belongs.
func (p *page) place(first int) {
	y := float32(pageMargin) - inset()
	first = max(0, min(first, p.shown-1))
	if first > 0 {
		y = p.tops[first-1] + p.heights[first-1]
	}
	for i := first; i < p.shown; i++ {
		if i > 0 {
			y += space(p.gaps[i])
		}
		p.tops[i] = y
		p.labels[i].Move(fyne.NewPos(p.labelLeft(i), y))
		y += p.heights[i]
	}
	p.height = y + pageMargin - inset()
	p.placeBubbles()
	if p.marked >= 0 {
		p.mark.Move(fyne.NewPos(p.left()-12, p.tops[p.marked]+inset()))
		p.mark.Resize(fyne.NewSize(2, y-p.tops[p.marked]-2*inset()))
	}
	if p.actions.Visible() {
		h := p.actions.MinSize().Height
		p.actions.Move(fyne.NewPos(p.left()-inset(), y))
		p.actions.Resize(fyne.NewSize(p.column()+2*inset(), h))
		p.height = y + h + 8
	}
}

// space is the distance between two labels: the visible distance of their
// texts less the empty space inside both.
func space(g gap) float32 {
	switch g {
	case paraGap:
		return 2
	case lineGap:
		return 8 - 2*inset()
	default:
		return -2 * inset()
	}
}

// reflow lays everything out at a new width and tells if it had to.
func (p *page) reflow(width float32) bool {
	if width == p.width {
		return false
	}
	before := p.column()
	unlaid := p.width == 0
	p.width = width
	if p.column() != before || unlaid {
		for i := range p.shown {
			p.heights[i] = 0
			p.measure(i)
		}
	}
	p.place(0)
	return true
}

// anchor is a place in the text: a paragraph and how far into it, as a share
// of its height, some y is.
type anchor struct {
	para  int
	share float32
}

func (p *page) anchor(y float32) anchor {
	for i := range p.shown {
		if y < p.tops[i]+p.heights[i] {
			return anchor{i, max(0, y-p.tops[i]) / p.heights[i]}
		}
	}
	return anchor{}
}

// offset is where an anchor is now.
func (p *page) offset(a anchor) float32 {
	if a.para >= p.shown || a.para == 0 && a.share == 0 {
		return 0
	}
	return p.tops[a.para] + a.share*p.heights[a.para]
}

// MinSize is the true height at the width of the page.
func (p *page) MinSize() fyne.Size { return fyne.NewSize(0, p.height) }

func (p *page) CreateRenderer() fyne.WidgetRenderer { return pageRenderer{p} }

type pageRenderer struct{ p *page }

func (r pageRenderer) Objects() []fyne.CanvasObject {
	objects := r.p.bubbles.objects(make([]fyne.CanvasObject, 0, r.p.shown+len(r.p.bubbles.groups)+2))
	for _, l := range r.p.labels[:r.p.shown] {
		objects = append(objects, l)
	}
	return append(objects, r.p.mark, r.p.actions)
}

func (r pageRenderer) Layout(fyne.Size)   {}
func (r pageRenderer) MinSize() fyne.Size { return r.p.MinSize() }
func (r pageRenderer) Refresh()           { canvas.Refresh(r.p) }
func (r pageRenderer) Destroy()           {}

func resize[T any](s []T, n int) []T {
	for len(s) < n {
		s = append(s, *new(T))
	}
	return s[:n]
}
