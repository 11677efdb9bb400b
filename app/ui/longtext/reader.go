package longtext

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// Reader is where someone is who reads with the keyboard: on a message, or on a
// paragraph of a story. It lies below the text, so that the mouse finds that, and
// draws a line around it.
type Reader struct {
	widget.BaseWidget
	Do      ReaderActions
	On      int    // the message or paragraph, -1 for none
	fold    func() // opens or shuts what was thought for the message
	focused bool
	shift   kit.ShiftKey
}

// ReaderActions are what the keys do.
type ReaderActions struct {
	Move    func(by int)
	Edit    func()
	Copy    func()
	Version func(by int)
	Buttons func()
	Page    func(by float32)
	Find    func(by int)
	Leave   func()
	Text    func() string // what is spoken
}

func newReader() *Reader {
	r := &Reader{On: -1}
	r.ExtendBaseWidget(r)
	return r
}

// AcceptsTab is true: Tab goes to the buttons of the message.
func (r *Reader) AcceptsTab() bool { return true }

// FocusGained implements fyne.Focusable.
func (r *Reader) FocusGained() { r.focused = true; r.Refresh() }

// FocusLost implements fyne.Focusable.
func (r *Reader) FocusLost() { r.focused, r.shift = false, false; r.Refresh() }

// TypedRune implements fyne.Focusable.
func (r *Reader) TypedRune(rune) {}

// KeyDown implements desktop.Keyable.
func (r *Reader) KeyDown(k *fyne.KeyEvent) { r.shift.Track(k, true) }

// KeyUp implements desktop.Keyable.
func (r *Reader) KeyUp(k *fyne.KeyEvent) { r.shift.Track(k, false) }

// TypedKey implements fyne.Focusable.
func (r *Reader) TypedKey(k *fyne.KeyEvent) {
	if r.On < 0 { // the text is another one by now
		r.Do.Leave()
		return
	}
	switch k.Name {
	case fyne.KeyUp:
		r.Do.Move(-1)
	case fyne.KeyDown:
		r.Do.Move(1)
	case fyne.KeyLeft:
		r.Do.Version(-1)
	case fyne.KeyRight:
		r.Do.Version(1)
	case fyne.KeyReturn, fyne.KeyEnter:
		r.Do.Edit()
	case fyne.KeyTab:
		if r.shift {
			r.Do.Leave()
		} else {
			r.Do.Buttons()
		}
	case fyne.KeyPageUp:
		r.Do.Page(-1)
	case fyne.KeyPageDown:
		r.Do.Page(1)
	case fyne.KeyF3:
		r.Do.Find(r.shift.Step())
	case fyne.KeySpace:
		r.fold()
	case fyne.KeyEscape:
		r.Do.Leave()
	}
}

// TypedShortcut copies the message.
func (r *Reader) TypedShortcut(s fyne.Shortcut) {
	if _, ok := s.(*fyne.ShortcutCopy); ok && r.On >= 0 {
		r.Do.Copy()
	}
}

// AccessibilityLabel is what the message says.
func (r *Reader) AccessibilityLabel() string {
	if r.On < 0 {
		return ""
	}
	return r.Do.Text()
}

// AccessibilityRole is fyne.AccessibleRoleText.
func (r *Reader) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// MinSize is nothing: the page gives it its place.
func (r *Reader) MinSize() fyne.Size { return fyne.Size{} }

// CreateRenderer draws the ring alone.
func (r *Reader) CreateRenderer() fyne.WidgetRenderer {
	return kit.NewRing(widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent)), r, func() bool { return r.focused })
}

// placeReader puts the reader around what it is on.
func (p *page) placeReader() {
	r := p.reader
	if r.On >= p.content.units() {
		r.On = -1
	}
	if r.On < 0 {
		r.Hide()
		return
	}
	u := p.content.unit(r.On)
	x, right := p.labelLeft(u.first), float32(0)
	for i := u.first; i < u.end; i++ {
		x = min(x, p.labelLeft(i))
		right = max(right, p.labelLeft(i)+p.labelWidth(i))
	}
	if p.content.paras[u.first].mine {
		x, right = x-bubbleEdge, right+bubbleEdge
	}
	last := u.end - 1
	r.Move(fyne.NewPos(x, p.tops[u.first]))
	r.Resize(fyne.NewSize(right-x, p.tops[last]+p.heights[last]-p.tops[u.first]))
	r.Show()
}

// readAt moves the reader, to -1 for nowhere.
func (p *page) readAt(i int) {
	if i == p.reader.On {
		return
	}
	p.reader.On = i
	p.placeReader()
	p.placeRows()
	p.Refresh()
}
