package longtext

import (
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"tern/app/ui/kit"
)

// Paragraphs are those that are shown.
func (t *View) Paragraphs() []paragraph { return t.page.content.paras[:t.page.content.shown] }

// Messages are those that the paragraphs belong to.
func (t *View) Messages() []Message { return t.page.content.infos }

// MessageOf is the message that a paragraph belongs to.
func (t *View) MessageOf(para int) Message {
	return t.page.content.infos[t.page.content.paras[para].message]
}

// ParagraphsOf is which paragraphs a message has, from first up to end, without what was thought before it; none if
// it is not shown.
func (t *View) ParagraphsOf(segment int) (first, end int) {
	first, end = t.page.content.words(segment)
	if first == end {
		return 0, 0
	}
	return first, end
}

// Chat reports whether the text is messages rather than a story.
func (t *View) Chat() bool { return t.types.chat }

// Find is a finder of words in the text; close takes its line away.
func (t *View) Find(close func()) *Finder {
	p := t.page
	return newFinder(finderActions{paras: t.Paragraphs, top: func() int { return p.at(p.top) },
		reveal: func(m match) { t.reveal(m.Para, m.From) }, mark: p.reshade, close: close})
}

// Reshade draws the shades again where they may be others.
func (t *View) Reshade() { t.page.reshade() }

// Deselect ends the reader's selection.
func (t *View) Deselect() { t.page.deselect() }

// RevealAt scrolls to a byte of the document.
func (t *View) RevealAt(at int) {
	paras := t.Paragraphs()
	i := sort.Search(len(paras), func(i int) bool { return paras[i].From > at }) - 1
	if i >= 0 {
		t.reveal(i, at-paras[i].From)
	}
}

// Plain reports whether an answer is shown as it was written.
func (t *View) Plain(m Message) bool { return t.page.content.plain[m.Segment] }

// Formatted reports whether a message has anything that is shown with formatting.
func (t *View) Formatted(m Message) bool { return t.page.content.formatted(m) }

// Editor is the one that is open, nil for none.
func (t *View) Editor() *Editor { return t.page.edit }

// Edit puts an editor in the place of what it stands for.
func (t *View) Edit(e *Editor) {
	objects := []fyne.CanvasObject{e.holder}
	if e.Row != nil {
		objects = append(objects, e.Row)
	}
	e.Box = container.New(kit.LayoutFunc{Do: e.layout}, objects...)
	e.Entry.Join = func() bool { return false }
	e.Entry.OnChanged = func(string) { t.Refit() }
	t.page.edit = e
	clear(t.page.rows)
	t.page.locate()
	t.Refit()
}

// EndEdit shows the text again that the editor stood for.
func (t *View) EndEdit() {
	e := t.page.edit
	t.page.edit = nil
	t.page.unedit(e)
	t.Refit()
}

// Refit places everything again around the editor.
func (t *View) Refit() {
	t.follow = false
	t.page.place(0)
	t.page.realise()
	t.page.Refresh()
	t.scroll.Refresh()
	t.look()
}

// Reader is where the keyboard reads.
func (t *View) Reader() *Reader { return t.page.reader }

// Reading is the message that the reader is on, and its first paragraph.
func (t *View) Reading() (m Message, first int) {
	p := t.page
	u := p.content.unit(p.reader.On)
	return p.content.infos[min(p.content.paras[u.first].message, len(p.content.infos)-1)], u.first
}

// Read moves the reader by a number of messages, or of paragraphs of a story, at
// first from what can be seen. It reports whether there is something to read there.
func (t *View) Read(by int) bool {
	p := t.page
	to := p.reader.On + by
	if p.reader.On < 0 {
		if to = p.content.unitAt(min(p.at(p.top), p.content.shown-1)); by < 0 {
			to = p.content.unitAt(min(p.at(p.bottom), p.content.shown-1))
		}
	}
	if to >= p.content.units() {
		return false
	}
	to = max(0, to)
	t.reveal(p.content.unit(to).first, 0)
	p.readAt(to)
	return true
}

// StopReading takes the reader away.
func (t *View) StopReading() { t.page.readAt(-1) }

// FocusButtons scrolls to the buttons of what the reader is on and returns the
// first of them, nil for none.
func (t *View) FocusButtons() *kit.Button {
	p := t.page
	last := p.content.shown - 1 // of a story the buttons are at its end
	if p.content.chat {
		last = p.content.unit(p.reader.On).end - 1
	}
	t.revealButtons(last)
	if row := p.rows[last]; row != nil {
		return row.First
	}
	return nil
}
