package ui

import (
	"image/color"
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// reader is where someone is who reads with the keyboard: on a message, or on a
// paragraph of a story. It lies below the text, so that the mouse finds that, and
// draws a line around it.
type reader struct {
	widget.BaseWidget
	do      readerActions
	on      int // the message or paragraph, -1 for none
	focused bool
	shift   kit.ShiftKey
}

// readerActions are what the keys do.
type readerActions struct {
	move    func(by int)
	edit    func()
	copy    func()
	version func(by int)
	buttons func()
	page    func(by float32)
	find    func(by int)
	leave   func()
	text    func() string // what is spoken
}

func newReader() *reader {
	r := &reader{on: -1}
	r.ExtendBaseWidget(r)
	return r
}

// AcceptsTab is true: Tab goes to the buttons of the message.
func (r *reader) AcceptsTab() bool { return true }

// FocusGained implements fyne.Focusable.
func (r *reader) FocusGained() { r.focused = true; r.Refresh() }

// FocusLost implements fyne.Focusable.
func (r *reader) FocusLost() { r.focused, r.shift = false, false; r.Refresh() }

// TypedRune implements fyne.Focusable.
func (r *reader) TypedRune(rune) {}

// KeyDown implements desktop.Keyable.
func (r *reader) KeyDown(k *fyne.KeyEvent) { r.shift.Track(k, true) }

// KeyUp implements desktop.Keyable.
func (r *reader) KeyUp(k *fyne.KeyEvent) { r.shift.Track(k, false) }

// TypedKey implements fyne.Focusable.
func (r *reader) TypedKey(k *fyne.KeyEvent) {
	if r.on < 0 { // the text is another one by now
		r.do.leave()
		return
	}
	switch k.Name {
	case fyne.KeyUp:
		r.do.move(-1)
	case fyne.KeyDown:
		r.do.move(1)
	case fyne.KeyLeft:
		r.do.version(-1)
	case fyne.KeyRight:
		r.do.version(1)
	case fyne.KeyReturn, fyne.KeyEnter:
		r.do.edit()
	case fyne.KeyTab:
		if r.shift {
			r.do.leave()
		} else {
			r.do.buttons()
		}
	case fyne.KeyPageUp:
		r.do.page(-1)
	case fyne.KeyPageDown:
		r.do.page(1)
	case fyne.KeyF3:
		r.do.find(r.shift.Step())
	case fyne.KeyEscape:
		r.do.leave()
	}
}

// TypedShortcut copies the message.
func (r *reader) TypedShortcut(s fyne.Shortcut) {
	if _, ok := s.(*fyne.ShortcutCopy); ok && r.on >= 0 {
		r.do.copy()
	}
}

// AccessibilityLabel is what the message says.
func (r *reader) AccessibilityLabel() string {
	if r.on < 0 {
		return ""
	}
	return r.do.text()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (r *reader) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// MinSize is nothing: the page gives it its place.
func (r *reader) MinSize() fyne.Size { return fyne.Size{} }

// CreateRenderer draws the ring alone.
func (r *reader) CreateRenderer() fyne.WidgetRenderer {
	return kit.NewRing(widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent)), r, func() bool { return r.focused })
}

var (
	_ desktop.Keyable = (*reader)(nil)
	_ fyne.Tabbable   = (*reader)(nil)
)

// unit is the paragraphs that the reader goes to at once: those of message i of a
// conversation, or paragraph i of a story.
func (p *page) unit(i int) run {
	if !p.chat {
		return run{i, i + 1}
	}
	from := func(m int) int { return sort.Search(p.shown, func(k int) bool { return p.paras[k].message >= m }) }
	return run{from(i), from(i + 1)}
}

// units is how many there are.
func (p *page) units() int {
	if p.shown == 0 || !p.chat {
		return p.shown
	}
	return p.paras[p.shown-1].message + 1
}

// unitAt is the one that a paragraph belongs to.
func (p *page) unitAt(i int) int {
	if !p.chat {
		return i
	}
	return p.paras[i].message
}

// placeReader puts the reader around what it is on.
func (p *page) placeReader() {
	r := p.reader
	if r.on >= p.units() {
		r.on = -1
	}
	if r.on < 0 {
		r.Hide()
		return
	}
	u := p.unit(r.on)
	x, right := p.labelLeft(u.first), float32(0)
	for i := u.first; i < u.end; i++ {
		x = min(x, p.labelLeft(i))
		right = max(right, p.labelLeft(i)+p.labelWidth(i))
	}
	if p.paras[u.first].mine {
		x, right = x-bubbleEdge, right+bubbleEdge
	}
	last := u.end - 1
	r.Move(fyne.NewPos(x, p.tops[u.first]))
	r.Resize(fyne.NewSize(right-x, p.tops[last]+p.heights[last]-p.tops[u.first]))
	r.Show()
}

// readAt moves the reader, to -1 for nowhere.
func (p *page) readAt(i int) {
	if i == p.reader.on {
		return
	}
	p.reader.on = i
	p.placeReader()
	p.placeRows()
	p.Refresh()
}

// bindReader gives the keys their meaning.
func (w *window) bindReader() {
	p := w.transcript.page
	// message is the one that the reader is on, and its first paragraph.
	message := func() (turn, int) {
		u := p.unit(p.reader.on)
		return p.infos[min(p.paras[u.first].message, len(p.infos)-1)], u.first
	}
	p.reader.do = readerActions{
		move:  w.readBy,
		page:  w.transcript.pageBy,
		find:  w.findAgain,
		leave: w.focusPrompt,
		edit: func() {
			m, first := message()
			if m.chat {
				w.editMessage(m)
			} else if !w.writing() {
				w.editParagraph(first)
			}
		},
		copy: func() {
			m, first := message()
			if m.chat {
				w.copyText(w.messageText(m))
			} else {
				w.copyText(p.paras[first].text)
			}
		},
		version: func(by int) {
			if m, _ := message(); m.versions > 1 && !w.writing() {
				w.closeEditor(true)
				w.ctl.Step(m.step, by)
			}
		},
		buttons: func() {
			last := p.shown - 1 // of a story the buttons are at its end
			if p.chat {
				last = p.unit(p.reader.on).end - 1
			}
			w.transcript.revealButtons(last)
			if row := p.rows[last]; row != nil {
				w.win.Canvas().Focus(row.first)
			}
		},
		text: func() string {
			m, first := message()
			switch {
			case !m.chat:
				return p.paras[first].text
			case m.mine:
				return kit.Tr("You: {{.Text}}", "Text", w.messageText(m))
			}
			return kit.Tr("Answer: {{.Text}}", "Text", w.messageText(m))
		},
	}
}

// readBy goes from message to message, or from paragraph to paragraph of a story,
// at first from what can be seen; behind the last is the prompt.
func (w *window) readBy(by int) {
	t := w.transcript
	p := t.page
	if w.dialogs.Shown != nil || w.screen != nil || p.units() == 0 {
		return
	}
	w.closeEditor(true)
	to := p.reader.on + by
	if p.reader.on < 0 {
		if to = p.unitAt(min(p.at(p.top), p.shown-1)); by < 0 {
			to = p.unitAt(min(p.at(p.bottom), p.shown-1))
		}
	}
	if to >= p.units() {
		w.focusPrompt()
		return
	}
	to = max(0, to)
	t.reveal(p.unit(to).first, 0)
	p.readAt(to)
	w.win.Canvas().Focus(p.reader)
}
