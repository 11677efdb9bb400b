package ui

import (
	"math"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/chat"
)

const (
	caret = "▍" // the end of a growing answer; it does not blink

	// nearEnd is how far from the end, in device-independent pixels, a reader
	// may be and still be taken along by new text.
	nearEnd = 24

	pageMargin = 16 // beside and around the column
)

// transcript shows the document: a widget for each paragraph near the view, in a
// scrolled column. While text streams in, only the last one changes.
type transcript struct {
	widget.BaseWidget
	types    typesetter
	infos    []turn // as they were shown
	page     *page
	scroll   *container.Scroll
	newText  *button
	writing  bool
	pending  int  // first paragraph that waits until the reader lets go of a selection
	follow   bool // the reader is at the end, and is taken along
	settling bool
}

// newTranscript makes an empty transcript.
func newTranscript(do pageActions) *transcript {
	t := &transcript{pending: math.MaxInt, follow: true}
	do.scrolled = func(e *fyne.ScrollEvent) { t.scroll.Scrolled(e) }
	t.page = newPage(do)
	t.scroll = container.NewVScroll(t.page)
	t.scroll.OnScrolled = func(fyne.Position) { t.scrolled() }
	t.newText = newButton(tr("↓ New text"), do.escape, t.toEnd)
	t.newText.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// show brings the page in step with the document. It returns true while it
// holds text back, to be called again.
func (t *transcript) show(doc []chat.Segment, writing bool) (waiting bool) {
	ended := t.writing && !writing
	first := min(t.types.update(doc), t.pending)
	n := len(t.types.paras)
	if first == n && n == len(t.page.paras) && writing == t.writing && slices.Equal(t.infos, t.types.infos) {
		return false
	}
	if t.selected(first) {
		t.pending = first
		return true
	}
	t.pending, t.writing = math.MaxInt, writing
	t.infos = append(t.infos[:0], t.types.infos...)
	t.page.set(&t.types, first, writing)
	t.settle()
	if t.below() <= 0 {
		t.follow = true
	}
	switch {
	case t.follow:
		t.newText.Hide()
	case first < n && (writing || ended) && t.newText.Hidden && t.below() > nearEnd:
		t.newText.Show()
	}
	return false
}

// showPlain shows an answer as it was written, or with its formatting. The reader
// stays where that begins or they are.
func (t *transcript) showPlain(m turn, plain bool) {
	p := t.page
	p.plain[m.segment] = plain
	which := slices.IndexFunc(p.infos, func(i turn) bool { return i.segment == m.segment })
	first := slices.IndexFunc(p.paras[:p.shown], func(x paragraph) bool { return x.message == which })
	if which < 0 || first < 0 {
		return
	}
	t.follow = false
	keep := p.anchor(t.scroll.Offset.Y)
	p.set(&t.types, first, t.writing)
	t.scroll.Offset.Y = p.offset(keep)
	t.settle()
}

// setChat tells whether the document is a conversation from now on.
func (t *transcript) setChat(on bool) { t.types.setChat(on) }

// selected tells if the reader has text selected that a change from paragraph
// first on would take away.
func (t *transcript) selected(first int) bool {
	first = max(0, min(first, t.page.shown-1))
	for i, b := range t.page.live {
		if i >= first && b.SelectedText() != "" {
			return true
		}
	}
	return false
}

// empty tells if there is no text to read.
func (t *transcript) empty() bool {
	for _, s := range t.types.seen {
		if strings.TrimSpace(s.Text) != "" {
			return false
		}
	}
	return true
}

// toEnd goes to the newest text and stays with it.
func (t *transcript) toEnd() {
	t.follow = true
	t.newText.Hide()
	t.settle()
}

// pageBy scrolls by a number of pages.
func (t *transcript) pageBy(n float32) {
	t.scroll.ScrollToOffset(t.scroll.Offset.AddXY(0, n*t.scroll.Size().Height*0.9))
	t.scrolled()
}

// reveal scrolls to a byte of a paragraph, unless it can be seen, and stays there.
func (t *transcript) reveal(para, at int) {
	p := t.page
	t.scrollTo(para, func() (top, bottom float32) {
		if b := p.live[para]; b != nil {
			top, bottom = b.line(at)
		}
		return p.tops[para] + top, p.tops[para] + bottom
	})
}

// revealButtons scrolls to the buttons below a paragraph.
func (t *transcript) revealButtons(para int) {
	p := t.page
	t.scrollTo(para, func() (top, bottom float32) {
		end := p.tops[para] + p.heights[para]
		return end, end + rowHeight
	})
}

// scrollTo scrolls to what stands at a height that depends on a paragraph.
func (t *transcript) scrollTo(para int, span func() (top, bottom float32)) {
	if para >= t.page.shown {
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

func (t *transcript) scrolled() {
	if t.settling {
		return
	}
	t.follow = t.below() <= nearEnd
	if t.follow {
		t.newText.Hide()
	}
	t.look()
}

// settle follows the text to its end, or stays where the reader is.
func (t *transcript) settle() {
	t.settling = true
	defer func() { t.settling = false }()
	t.scroll.Refresh()
	for range 4 {
		if t.follow {
			t.scroll.ScrollToBottom()
		}
		height := t.page.height
		t.look()
		if !t.follow || t.page.height == height {
			return
		}
	}
}

// look makes what can be seen, and keeps the reader's place where heights turn
// out other than they were thought to be.
func (t *transcript) look() {
	height := t.page.height
	moved := t.page.look(t.scroll.Offset.Y, t.scroll.Offset.Y+t.scroll.Size().Height)
	if moved != 0 && !t.follow {
		t.scroll.Offset.Y += moved
	}
	if t.page.height != height || moved != 0 {
		t.scroll.Refresh()
	}
}

// below is how much of the page is below what can be seen.
func (t *transcript) below() float32 {
	return t.page.MinSize().Height - t.scroll.Offset.Y - t.scroll.Size().Height
}

// retype lays everything out again, after a change of the text size.
func (t *transcript) retype() {
	t.page.width = 0
	clear(t.page.rows)
	t.Refresh()
	t.layout(t.Size())
}

func (t *transcript) layout(size fyne.Size) {
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

func (t *transcript) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(layoutFunc{min: fyne.NewSize(100, 60), do: func(_ []fyne.CanvasObject, size fyne.Size) {
		t.layout(size)
	}}, t.scroll, t.newText))
}

// inset is the empty space inside a label around its text.
func inset() float32 { return theme.Size(theme.SizeNameInnerPadding) }
