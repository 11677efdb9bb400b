package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// page is the column of text inside the scroll. It knows the height of every
// paragraph at its width: measured for those that were near the view, estimated
// for the others. Widgets exist only near the view, so that a text may be as
// long as it likes.
type page struct {
	widget.BaseWidget
	do pageActions

	paras   []paragraph
	infos   []turn
	chat    bool
	writing bool
	shown   int // of paras
	tops    []float32
	heights []float32
	known   []bool // of heights: measured at this width
	live    map[int]*placed
	free    [codeKind + 1][]block
	bubbles bubbles
	mark    *surface // beside the last continuation
	marked  int      // its first paragraph, -1 for none
	rows    map[int]*actionRow
	hovered int // the message that the pointer is over, -1 for none
	edit    *editor

	width, height float32
	top, bottom   float32 // what can be seen
	resized       int     // blocks laid out so far; the tests count them
}

// pageActions are what the page needs of the window.
type pageActions struct {
	row      func(turn) fyne.CanvasObject  // the buttons below a message
	clicked  func(i int, at fyne.Position) // on a paragraph of a story
	copyText func(string)
	escape   func()
	scrolled func(*fyne.ScrollEvent)
}

// placed is a paragraph's widget.
type placed struct {
	block
	kind blockKind
	para int
}

// actionRow is the buttons below a message.
type actionRow struct {
	fyne.CanvasObject
	info turn
}

const (
	rowHeight   = 34   // kept free below every message, for its buttons
	overscan    = 600  // how far beyond the view widgets exist
	codeWidth   = 700  // the widest block of code, at 100 % text
	estimateRow = 20.4 // the height of a line at 100 % text
)

func newPage(do pageActions) *page {
	p := &page{do: do, mark: newSurface(theme.ColorNamePrimary), marked: -1, hovered: -1,
		live: map[int]*placed{}, rows: map[int]*actionRow{}}
	p.mark.Hide()
	p.ExtendBaseWidget(p)
	return p
}

// set shows paras, of which those before first are as they were. The caret
// stands at the end while it is being written; the mark begins at the paragraph
// that holds the offset last.
func (p *page) set(t *typesetter, first int, writing bool) {
	n := len(t.paras)
	for n > 0 && !writing && strings.TrimSpace(t.paras[n-1].text) == "" {
		n-- // an empty line at the end waits for more text; it is not shown
	}
	p.paras, p.infos, p.chat = t.paras, t.infos, t.chat
	first = min(first, p.shown, max(0, n-1))
	p.shown, p.writing = n, writing
	p.tops, p.heights, p.known = resize(p.tops, n), resize(p.heights, n), resize(p.known, n)
	p.bubbles.group(t.paras[:n])
	first = max(0, p.bubbles.start(first))
	for i := first; i < n; i++ {
		p.known[i], p.heights[i] = false, p.estimate(i)
	}
	for i, b := range p.live {
		if i >= n {
			p.release(b)
		} else if i >= first {
			p.build(i)
		}
	}
	p.marked = -1
	for i := max(0, first-1); t.last >= 0 && i < n; i++ {
		if p.paras[i].from <= t.last {
			p.marked = i
		}
	}
	if t.last >= 0 && p.marked < 0 {
		for i := range n {
			if p.paras[i].from <= t.last {
				p.marked = i
			}
		}
	}
	p.mark.Hidden = p.marked < 0
	p.locate()
	p.place(first)
	p.realise()
	p.Refresh()
}

// text is what is shown of a paragraph.
func (p *page) text(i int) string {
	if p.growing(i) {
		return p.paras[i].text + caret
	}
	return strings.TrimRight(p.paras[i].text, " \t\r")
}

// growing tells if a paragraph is the one that is being written.
func (p *page) growing(i int) bool { return p.writing && i == p.shown-1 && !p.paras[i].mine }

// estimate is a height that is near the true one, without laying anything out.
func (p *page) estimate(i int) float32 {
	row := float32(estimateRow) * theme.Size(sizeProse) / 15
	text := p.paras[i].text
	if p.paras[i].code {
		return row*float32(strings.Count(text, "\n")) + 30
	}
	perLine := max(10, p.column()/(theme.Size(sizeProse)*0.464))
	lines := 1 + int(float32(len(text))/perLine)
	return row*float32(lines) + 2*inset()
}

// build gives a paragraph its widget and measures it.
func (p *page) build(i int) {
	kind := kindOf(p.paras[i], p.chat, p.growing(i))
	b := p.live[i]
	if b != nil && b.kind != kind {
		p.release(b)
		b = nil
	}
	if b == nil {
		b = &placed{block: p.take(kind), kind: kind, para: i}
		p.live[i] = b
	}
	b.set(p.paras[i], p.text(i))
	p.resized++
	h := heightFor(b.block, p.labelWidth(i))
	if l, ok := b.block.(*prose); ok && l.Size().Height == 0 {
		l.Refresh() // tells Fyne's selection which text size it is drawn in
		h = l.MinSize().Height
	}
	p.known[i], p.heights[i] = true, h
	b.Resize(fyne.NewSize(b.Size().Width, h))
}

// take returns a widget of a kind that is free, or a new one.
func (p *page) take(kind blockKind) block {
	if n := len(p.free[kind]); n > 0 {
		b := p.free[kind][n-1]
		p.free[kind] = p.free[kind][:n-1]
		return b
	}
	switch kind {
	case richKind:
		return newRich()
	case codeKind:
		return newCode(p.do.copyText, p.do.escape, p.do.scrolled)
	}
	return proseLabel(p.click)
}

func (p *page) release(b *placed) {
	delete(p.live, b.para)
	if len(p.free[b.kind]) < 100 {
		p.free[b.kind] = append(p.free[b.kind], b.block)
	}
}

// click tells the window of a click on a paragraph.
func (p *page) click(l *prose, at fyne.Position) {
	for i, b := range p.live {
		if b.block == block(l) {
			p.do.clicked(i, at)
			return
		}
	}
}

// look says what can be seen. It returns how far what stood at the top of the
// view has moved, since heights turned out other than they were estimated.
func (p *page) look(top, bottom float32) (moved float32) {
	p.top, p.bottom = top, bottom
	return p.realise()
}

// realise makes the widgets near the view and lets the others go.
func (p *page) realise() (moved float32) {
	if p.width == 0 {
		return 0
	}
	changed := false
	for range 4 {
		keep := p.anchor(p.top)
		before := p.offset(keep)
		remeasured := p.shown
		for i := p.at(p.top - overscan); i < p.shown && p.tops[i] <= p.bottom+overscan; i++ {
			if p.live[i] != nil && p.known[i] || p.hidden(i) {
				continue
			}
			h := p.heights[i]
			p.build(i)
			changed = true
			if p.heights[i] != h {
				remeasured = min(remeasured, i)
			}
		}
		if remeasured == p.shown {
			break
		}
		p.place(remeasured)
		by := p.offset(keep) - before
		p.top, p.bottom, moved = p.top+by, p.bottom+by, moved+by
	}
	for i, b := range p.live {
		far := p.tops[i]+p.heights[i] < p.top-2*overscan || p.tops[i] > p.bottom+2*overscan
		if (far || p.hidden(i)) && b.SelectedText() == "" {
			p.release(b)
			changed = true
		}
	}
	for i, b := range p.live {
		b.Move(fyne.NewPos(p.labelLeft(i), p.tops[i]))
	}
	if p.placeRows() || changed {
		p.Refresh()
	}
	return moved
}

// at is the first paragraph that ends below y.
func (p *page) at(y float32) int {
	low, high := 0, p.shown
	for low < high {
		if m := (low + high) / 2; p.tops[m]+p.heights[m] < y {
			low = m + 1
		} else {
			high = m
		}
	}
	return low
}

// hidden tells if a paragraph is being edited.
func (p *page) hidden(i int) bool { return p.edit != nil && p.edit.first <= i && i < p.edit.end }

// column is the width of the text.
func (p *page) column() float32 {
	return max(100, min(columnWidth(), p.width-2*pageMargin))
}

// left is where the text begins.
func (p *page) left() float32 { return (p.width - p.column()) / 2 }

// ends tells if a message ends with paragraph i.
func (p *page) ends(i int) bool {
	return i == p.shown-1 || p.paras[i+1].message != p.paras[i].message
}

// place moves everything from paragraph first on to where it belongs.
func (p *page) place(first int) {
	y := float32(pageMargin) - inset()
	first = max(0, min(first, p.shown-1))
	if p.edit != nil {
		first = max(0, min(first, p.edit.first))
	}
	if first > 0 {
		y = p.below(first - 1)
	}
	for i := first; i < p.shown; i++ {
		if i > 0 && !(p.hidden(i) && i > p.edit.first) {
			y += p.space(i)
		}
		p.tops[i] = y
		if p.hidden(i) {
			if p.heights[i] = 0; i == p.edit.first {
				p.heights[i] = p.edit.height(p.column() + 2*inset())
			}
			p.known[i] = false
		}
		y = p.below(i)
	}
	p.height = y + pageMargin - inset()
	if p.shown > 0 && !p.chat {
		p.height += rowHeight
	}
	p.placeBubbles()
	if p.marked >= 0 && p.marked < p.shown {
		p.mark.Move(fyne.NewPos(p.left()-12, p.tops[p.marked]+inset()))
		p.mark.Resize(fyne.NewSize(2, p.tops[p.shown-1]+p.heights[p.shown-1]-p.tops[p.marked]-2*inset()))
	}
	if e := p.edit; e != nil && e.first < p.shown {
		e.box.Move(fyne.NewPos(p.left()-inset(), p.tops[e.first]))
		e.box.Resize(fyne.NewSize(p.column()+2*inset(), p.heights[e.first]))
	}
}

// below is where what follows paragraph i begins, but for its gap.
func (p *page) below(i int) float32 {
	y := p.tops[i] + p.heights[i]
	if p.chat && p.ends(i) {
		y += rowHeight
	}
	return y
}

// space is the distance between paragraph i and the one above.
func (p *page) space(i int) float32 {
	s := space(p.paras[i].gap)
	if p.paras[i].code || p.paras[i-1].code {
		s = max(s, 4) // boxes have no empty space of their own
	}
	if e := p.edit; e != nil && (i == e.first || i == e.end) {
		s = max(s, 4)
	}
	return s
}

// space is the distance between two labels: the visible distance of their
// texts less the empty space inside both.
func space(g gap) float32 {
	switch g {
	case paraGap:
		return 2
	case lineGap:
		return 8 - 2*inset()
	case messageGap:
		return 0
	default:
		return -2 * inset()
	}
}

// placeRows shows the buttons below messages near the view: of the last one, of
// the one that the pointer is over, and of those that have several versions. It
// tells if they changed.
func (p *page) placeRows() (changed bool) {
	want := map[int]turn{}
	if p.edit == nil || !p.chat {
		for i := p.at(p.top - overscan); i < p.shown && p.tops[i] <= p.bottom+overscan; i++ {
			m := p.paras[i].message
			if !p.ends(i) || m >= len(p.infos) {
				continue
			}
			info := p.infos[m]
			if p.writing && info.last {
				continue
			}
			if info.last && !info.mine || m == p.hovered && p.chat || info.versions > 1 {
				want[i] = info
			}
		}
	}
	for i, r := range p.rows {
		if want[i] != r.info {
			delete(p.rows, i)
			changed = true
		}
	}
	for i, info := range want {
		r := p.rows[i]
		if r == nil {
			r = &actionRow{CanvasObject: p.do.row(info), info: info}
			p.rows[i] = r
			changed = true
		}
		size := r.MinSize()
		x := p.left() - inset()
		if info.mine {
			x = p.left() + p.column() - size.Width + inset()
		}
		r.Move(fyne.NewPos(x, p.tops[i]+p.heights[i]-2))
		r.Resize(size)
	}
	return changed
}

// MouseMoved shows the buttons of the message under the pointer.
func (p *page) MouseMoved(e *desktop.MouseEvent) {
	m := -1
	if i := p.at(e.Position.Y - rowHeight); i < p.shown && p.tops[i] <= e.Position.Y {
		m = p.paras[i].message
	}
	if m >= 0 && m != p.hovered {
		p.hovered = m
		if p.chat && p.placeRows() {
			p.Refresh()
		}
	}
}

// MouseIn and MouseOut complete desktop.Hoverable. The buttons stay where they
// are when the pointer goes on to them.
func (p *page) MouseIn(e *desktop.MouseEvent) { p.MouseMoved(e) }

// MouseOut does nothing.
func (p *page) MouseOut() {}

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
			p.known[i], p.heights[i] = false, p.estimate(i)
		}
		for i := range p.live {
			if !p.hidden(i) {
				p.build(i)
			}
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
	if i := p.at(y); i < p.shown && p.heights[i] > 0 {
		return anchor{i, max(0, y-p.tops[i]) / p.heights[i]}
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

// MinSize is the height at the width of the page.
func (p *page) MinSize() fyne.Size { return fyne.NewSize(0, p.height) }

func (p *page) CreateRenderer() fyne.WidgetRenderer { return pageRenderer{p} }

type pageRenderer struct{ p *page }

func (r pageRenderer) Objects() []fyne.CanvasObject {
	p := r.p
	objects := p.bubbles.objects(make([]fyne.CanvasObject, 0, len(p.live)+16))
	for i := p.at(p.top - 3*overscan); i < p.shown && p.tops[i] <= p.bottom+3*overscan; i++ {
		if b := p.live[i]; b != nil { // in the order of the text, for the Tab key
			objects = append(objects, b.block)
		}
		if row := p.rows[i]; row != nil {
			objects = append(objects, row.CanvasObject)
		}
	}
	if p.edit != nil {
		objects = append(objects, p.edit.box)
	}
	return append(objects, p.mark)
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
