package longtext

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// page is the column of text inside the scroll. It knows the height of every
// paragraph at its width: measured for those that were near the view, estimated
// for the others. Widgets exist only near the view, so that a text may be as
// long as it likes.
type page struct {
	widget.BaseWidget
	do Actions

	content content

	tops    []float32
	heights []float32
	known   []bool // of heights: measured at this width
	live    map[int]*placed
	free    [blockKinds][]Block
	bubbles bubbles
	mark    *kit.Surface // beside the last continuation
	marked  int          // its first paragraph, -1 for none
	rows    map[int]*actionRow
	hovered int // the message that the pointer is over, -1 for none
	edit    *Editor
	reader  *Reader

	width, height float32
	top, bottom   float32 // what can be seen
	resized       int     // blocks laid out so far; the tests count them
}

// Actions are what the page needs of the window.
type Actions struct {
	Row      func(Message) Buttons              // the buttons below a message
	Clicked  func(i, at int, pos fyne.Position) // on byte at of a paragraph, and where in its widget
	Pointing func() bool                        // the bytes that the mouse is over are of interest
	Pointed  func(i, at int)                    // over byte at of a paragraph, -1 for none
	Menu     func(i int, at fyne.Position)      // of a paragraph, at a place of the window
	CopyText func(string)
	Escape   func()
	scrolled func(*fyne.ScrollEvent)
	think    func(segment int, open bool) // shows what was thought, or hides it
	Changed  func(first int)              // the paragraphs from first on are others
	Shades   func(i int) []Shade          // of a paragraph, in the order of its text
}

// placed is a paragraph's widget.
type placed struct {
	Block
	kind blockKind
	para int
}

const (
	overscan    = 600  // how far beyond the view widgets exist
	shadeMargin = 100  // how far beyond the view shades exist
	codeWidth   = 700  // the widest block of code, at 100 % text
	estimateRow = 20.4 // the height of a line at 100 % text
)

func newPage(do Actions) *page {
	p := &page{do: do, mark: kit.NewSurface(theme.ColorNamePrimary), marked: -1, hovered: -1, reader: newReader(),
		live: map[int]*placed{}, rows: map[int]*actionRow{}, content: content{plain: map[int]bool{}}}
	p.reader.fold = p.foldReading
	p.mark.Hide()
	p.ExtendBaseWidget(p)
	return p
}

// set shows paras; those before first are as they were. The caret
// stands at the end while it is being written; the mark begins at the paragraph
// that holds the offset last.
func (p *page) set(t *typesetter, first int, writing bool) {
	n := len(t.paras)
	for n > 0 && !writing && t.paras[n-1].part != foldPart && strings.TrimSpace(t.paras[n-1].Text) == "" {
		n-- // an empty line at the end waits for more text; it is not shown
	}
	first = min(first, p.content.shown, max(0, n-1), p.content.replaced(t))
	// The page keeps its own: the typesetter writes over its paragraphs as they grow.
	p.content.paras = append(p.content.paras[:min(first, len(p.content.paras))], t.paras[min(first, len(p.content.paras)):]...)
	p.content.infos, p.content.chat = append(p.content.infos[:0], t.infos...), t.chat
	if e := p.edit; e != nil {
		first = min(first, e.First) // those that it stands for have no height
	}
	first = p.bubbles.start(max(0, first-1), first)
	p.content.shown, p.content.writing = n, writing
	p.tops, p.heights, p.known = resize(p.tops, n), resize(p.heights, n), resize(p.known, n)
	p.do.Changed(first)
	p.bubbles.group(p.content.paras[:n])
	first = p.bubbles.start(first, first)
	p.locate()
	for i := first; i < n; i++ {
		p.known[i], p.heights[i] = false, p.estimate(i)
	}
	for i, b := range p.live {
		if i >= n || p.hidden(i) {
			p.release(b)
		} else if i >= first {
			p.build(i)
		}
	}
	p.marked = -1
	for i := max(0, first-1); t.last >= 0 && i < n; i++ {
		if p.content.paras[i].From <= t.last {
			p.marked = i
		}
	}
	if t.last >= 0 && p.marked < 0 {
		for i := range n {
			if p.content.paras[i].From <= t.last {
				p.marked = i
			}
		}
	}
	p.mark.Hidden = p.marked < 0
	p.place(first)
	p.realise()
	p.Refresh()
}

// forget lets go of all that concerns the document that was shown: another one
// comes.
func (p *page) forget() {
	p.deselect()
	p.hovered, p.reader.On = -1, -1
}

// deselect ends the reader's selection.
func (p *page) deselect() {
	for _, b := range p.live {
		b.deselect()
	}
}

// selectedEnd reports whether the reader has text selected in the last paragraph, which
// is the one that grows.
func (p *page) selectedEnd() bool {
	b := p.live[p.content.shown-1]
	return b != nil && b.SelectedText() != ""
}

// discard lets go of every widget: all are made again, in another size of letters.
func (p *page) discard() {
	for _, b := range p.live {
		p.release(b)
	}
	p.free = [blockKinds][]Block{}
	clear(p.rows)
}

// estimate is a height that is near the true one, without laying anything out.
func (p *page) estimate(i int) float32 {
	row := float32(estimateRow) * theme.Size(kit.SizeProse) / 15
	text := p.content.paras[i].Text
	if p.content.paras[i].code {
		return row*float32(strings.Count(text, "\n")) + 30
	}
	perLine := max(10, p.column()/(theme.Size(kit.SizeProse)*0.464))
	lines := 1 + int(float32(len(text))/perLine)
	return row*float32(lines) + 2*kit.Inset()
}

// build gives a paragraph its widget and measures it.
func (p *page) build(i int) {
	kind := p.content.kind(i)
	b := p.live[i]
	if b != nil && b.kind != kind {
		p.release(b)
		b = nil
	}
	if b == nil {
		b = &placed{Block: p.take(kind), kind: kind, para: i}
		p.live[i] = b
	}
	b.set(p.content.paras[i], p.content.text(i))
	p.resized++
	width := p.labelWidth(i)
	if b.Size().Width != width {
		b.deselect() // Fyne counts rows, which are others now
	}
	h := kit.HeightFor(b.Block, width)
	p.known[i], p.heights[i] = true, h
	b.Resize(fyne.NewSize(b.Size().Width, h))
}

// reshade brings the shades in step with what is looked for or looked at, where
// that can be seen: each is an object to draw.
func (p *page) reshade() {
	for i, b := range p.live {
		if i >= p.content.shown || p.hidden(i) {
			continue
		}
		var list []Shade
		if p.tops[i]+p.heights[i] >= p.top-shadeMargin && p.tops[i] <= p.bottom+shadeMargin {
			list = p.do.Shades(i)
		}
		b.shade(list)
	}
}

// take returns a widget of a kind that is free, or a new one.
func (p *page) take(kind blockKind) Block {
	if n := len(p.free[kind]); n > 0 {
		b := p.free[kind][n-1]
		p.free[kind] = p.free[kind][:n-1]
		return b
	}
	switch kind {
	case richKind:
		return newRich(p.click)
	case codeKind:
		c := newCode(p.click, p.copyCode, p.do.Escape, p.do.scrolled)
		c.Text.menu = p.TappedSecondary
		return c
	case foldKind:
		return newFold(p.do.Escape, p.do.think)
	}
	l := NewProse(p.click)
	l.menu = p.TappedSecondary
	if kind == thoughtKind {
		quiet(l)
	}
	return l
}

// TappedSecondary opens the menu of the paragraph at a place.
func (p *page) TappedSecondary(e *fyne.PointEvent) {
	y := e.AbsolutePosition.Y - fyne.CurrentApp().Driver().AbsolutePositionForObject(p).Y
	if i := p.at(y); i < p.content.shown && p.tops[i] <= y && !p.hidden(i) {
		p.do.Menu(i, e.AbsolutePosition)
	}
}

func (p *page) release(b *placed) {
	b.deselect()
	delete(p.live, b.para)
	if len(p.free[b.kind]) < 100 {
		p.free[b.kind] = append(p.free[b.kind], b.Block)
	}
}

// copyCode copies a block of code, all of it where it is so long that several
// widgets show it.
func (p *page) copyCode(c *Code) {
	for i, b := range p.live {
		if b.Block != c {
			continue
		}
		for p.content.paras[i].cont {
			i--
		}
		all, _ := p.content.paras[i].CodeText()
		for i++; i < p.content.shown && p.content.paras[i].cont; i++ {
			more, _ := p.content.paras[i].CodeText()
			all += "\n" + more
		}
		p.do.CopyText(all)
		return
	}
}

// click tells the window of a click on a paragraph.
func (p *page) click(text Block, pos fyne.Position) {
	for i, b := range p.live {
		if c, ok := b.Block.(*Code); ok && c.Text == text || b.Block == text {
			p.do.Clicked(i, text.At(pos), pos)
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
	for { // each turn makes widgets that there were not
		keep := p.anchor(p.top)
		before := p.offset(keep)
		remeasured := p.content.shown
		for i := p.at(p.top - overscan); i < p.content.shown && p.tops[i] <= p.bottom+overscan; i++ {
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
		if remeasured == p.content.shown {
			break
		}
		p.place(remeasured)
		by := p.offset(keep) - before
		p.top, p.bottom, moved = p.top+by, p.bottom+by, moved+by
	}
	for i, b := range p.live {
		far := p.tops[i]+p.heights[i] < p.top-2*overscan || p.tops[i] > p.bottom+2*overscan
		if p.hidden(i) || far && b.SelectedText() == "" {
			p.release(b)
			changed = true
		}
	}
	for i, b := range p.live {
		b.Move(fyne.NewPos(p.labelLeft(i), p.tops[i]))
	}
	p.reshade()
	if p.placeRows() || changed {
		p.Refresh()
	}
	return moved
}

// hidden reports whether a paragraph is being edited.
func (p *page) hidden(i int) bool { return p.edit != nil && p.edit.First <= i && i < p.edit.End }

// MinSize is the height at the width of the page.
func (p *page) MinSize() fyne.Size { return fyne.NewSize(0, p.height) }

func (p *page) CreateRenderer() fyne.WidgetRenderer { return pageRenderer{p} }

type pageRenderer struct{ p *page }

func (r pageRenderer) Objects() []fyne.CanvasObject {
	p := r.p
	objects := p.bubbles.objects(make([]fyne.CanvasObject, 0, len(p.live)+16))
	if p.reader.On >= 0 {
		objects = append(objects, p.reader)
	}
	for i := p.at(p.top - 3*overscan); i < p.content.shown && p.tops[i] <= p.bottom+3*overscan; i++ {
		if b := p.live[i]; b != nil { // in the order of the text, for the Tab key
			objects = append(objects, b.Block)
		}
		if row := p.rows[i]; row != nil {
			objects = append(objects, row.CanvasObject)
		}
	}
	if p.edit != nil {
		objects = append(objects, p.edit.Box)
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
