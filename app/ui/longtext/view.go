package longtext

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

const (
	Caret = "▍" // the end of a growing answer; it does not blink

	// nearEnd is how far from the end, in device-independent pixels, a reader
	// may be and still be taken along by new text.
	nearEnd = 24
)

// View shows the document: a widget for each paragraph near the view, in a
// scrolled column. While text streams in, only the last one changes.
type View struct {
	widget.BaseWidget
	types    typesetter
	id       string // of the conversation
	page     *page
	scroll   *container.Scroll
	newText  *kit.Button
	writing  bool
	follow   bool // the reader is at the end, and is taken along
	settling bool
}

// New makes an empty view.
func New(do Actions) *View {
	t := &View{follow: true}
	do.scrolled, do.think = func(e *fyne.ScrollEvent) { t.scroll.Scrolled(e) }, t.ShowThoughts
	t.page = newPage(do)
	t.scroll = container.NewVScroll(t.page)
	t.scroll.OnScrolled = func(fyne.Position) { t.scrolled() }
	t.newText = kit.NewButton(kit.Tr("↓ New text"), do.Escape, t.ToEnd)
	t.newText.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// Document is what is shown.
type Document struct {
	ID      string // of the conversation
	Chat    bool   // it has messages, and is not a story
	Parts   []Segment
	Writing bool
}

// Update brings the page in step with a document. It returns true while it holds text
// back, to be called again: what is appended waits while the reader has text
// selected at the end, which would be laid out again. Nothing else waits.
func (t *View) Update(v Document) (waiting bool) {
	another := v.ID != t.id || v.Chat != t.types.chat
	same := !another && v.Writing == t.writing && t.types.same(v.Parts)
	if !another && !same && t.types.grew(v.Parts) && t.page.selectedEnd() {
		return true
	}
	if another {
		t.page.forget()
	}
	ended := t.writing && !v.Writing
	writing := v.Writing
	t.id = v.ID
	t.types.setChat(v.Chat)
	t.types.other, t.types.writing = another, writing
	first := t.types.update(v.Parts)
	n := len(t.types.paras)
	if first == n && n == len(t.page.content.paras) && v.Chat == t.page.content.chat && writing == t.writing && slices.Equal(t.page.content.infos, t.types.infos) {
		return false
	}
	t.writing = writing
	t.page.set(&t.types, first, writing)
	t.settle()
	if t.Below() <= 0 {
		t.follow = true
	}
	switch {
	case t.follow:
		t.newText.Hide()
	case first < n && (writing || ended) && t.newText.Hidden && t.Below() > nearEnd:
		t.newText.Show()
	}
	return false
}

// ShowPlain shows an answer as it was written, or with its formatting. The reader
// stays where that begins or they are.
func (t *View) ShowPlain(m Message, plain bool) {
	p := t.page
	p.content.plain[m.Segment] = plain
	which := slices.IndexFunc(p.content.infos, func(i Message) bool { return i.Segment == m.Segment })
	first := slices.IndexFunc(p.content.paras[:p.content.shown], func(x paragraph) bool { return x.message == which })
	if which < 0 || first < 0 {
		return
	}
	t.follow = false
	keep := p.anchor(t.scroll.Offset.Y)
	p.set(&t.types, first, t.writing)
	t.scroll.Offset.Y = p.offset(keep)
	t.settle()
}

// Empty reports whether there is no text to read.
func (t *View) Empty() bool {
	for _, s := range t.types.seen {
		if strings.TrimSpace(s.Text) != "" || s.Thoughts != "" {
			return false
		}
	}
	return true
}

// ToEnd goes to the newest text and stays with it.
func (t *View) ToEnd() {
	t.follow = true
	t.newText.Hide()
	t.settle()
}

// PageBy scrolls by a number of pages.
func (t *View) PageBy(n float32) {
	t.scroll.ScrollToOffset(t.scroll.Offset.AddXY(0, n*t.scroll.Size().Height*0.9))
	t.scrolled()
}

// reveal scrolls to a byte of a paragraph, unless it can be seen, and stays there.
func (t *View) reveal(para, at int) {
	p := t.page
	t.scrollTo(para, func() (top, bottom float32) {
		if b := p.live[para]; b != nil {
			top, bottom = b.Line(at)
		}
		return p.tops[para] + top, p.tops[para] + bottom
	})
}

// revealButtons scrolls to the buttons below a paragraph.
func (t *View) revealButtons(para int) {
	p := t.page
	t.scrollTo(para, func() (top, bottom float32) {
		end := p.tops[para] + p.heights[para]
		return end, end + rowHeight()
	})
}

// scrollTo scrolls to what stands at a height that depends on a paragraph.
func (t *View) scrollTo(para int, span func() (top, bottom float32)) {
	if para >= t.page.content.shown {
		return
	}
	t.follow, t.settling = false, true
	defer func() { t.settling = false }()
	view := t.scroll.Size().Height
	for range 4 { // what is near turns out to be higher or lower than it was thought to be
		top, bottom := span()
		y := t.scroll.Offset.Y
		if t.page.live[para] != nil && top >= y && bottom <= y+view {
			return
		}
		t.scroll.ScrollToOffset(fyne.NewPos(0, max(0, min(top-view/3, t.page.height-view))))
		t.look()
	}
}

func (t *View) scrolled() {
	if t.settling {
		return
	}
	t.follow = t.Below() <= nearEnd
	if t.follow {
		t.newText.Hide()
	}
	t.look()
}

// settle follows the text to its end, or stays where the reader is.
func (t *View) settle() {
	t.settling = true
	defer func() { t.settling = false }()
	t.scroll.Refresh()
	for range 8 { // what comes near turns out to be higher or lower than it was thought to be
		if t.follow {
			t.scroll.ScrollToBottom()
		}
		height := t.page.height
		t.look()
		if t.page.height == height && t.page.top == t.scroll.Offset.Y {
			return
		}
	}
}

// look makes what can be seen, and keeps the reader's place where heights turn
// out other than they were thought to be.
func (t *View) look() {
	height := t.page.height
	moved := t.page.look(t.scroll.Offset.Y, t.scroll.Offset.Y+t.scroll.Size().Height)
	if moved != 0 && !t.follow {
		t.scroll.Offset.Y += moved
	}
	if t.page.height != height || moved != 0 {
		t.scroll.Refresh()
	}
}

// Below is how much of the page is below what can be seen.
func (t *View) Below() float32 {
	return t.page.MinSize().Height - t.scroll.Offset.Y - t.scroll.Size().Height
}

// Retype lays everything out again, after a change of the text size.
func (t *View) Retype() {
	t.page.width = 0
	t.page.discard()
	t.Refresh()
	t.layout(t.Size())
}

func (t *View) layout(size fyne.Size) {
	keep := t.page.anchor(t.scroll.Offset.Y)
	if t.page.reflow(size.Width) && !t.follow {
		t.scroll.Offset.Y = t.page.offset(keep)
	}
	t.scroll.Resize(size)
	t.settle()
	b := t.newText.MinSize()
	t.newText.Resize(b)
	t.newText.Move(fyne.NewPos((size.Width-b.Width)/2, size.Height-b.Height-8))
}

func (t *View) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(kit.LayoutFunc{Min: fyne.NewSize(100, 60), Do: func(_ []fyne.CanvasObject, size fyne.Size) {
		t.layout(size)
	}}, t.scroll, t.newText))
}
