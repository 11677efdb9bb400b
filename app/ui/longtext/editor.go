package longtext

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"tern/app/ui/kit"
)

// Editor stands in the place of a message, or of a paragraph of a story, while
// that is edited.
type Editor struct {
	First, End int      // paragraphs
	From, To   int      // of the document, in bytes
	ID         string   // of the conversation
	Old        string   // what the document says there
	Message    *Message // nil in a story
	Entry      *EditEntry
	holder     fyne.CanvasObject
	Row        *fyne.Container // buttons; nil in a story
	Box        *fyne.Container
	ruler      *Prose
}

// EditEntry is the entry of an editor.
type EditEntry struct {
	widget.Entry
	Leave func()
	Join  func() bool // backspace where there is nothing before; reports whether that did something
	Moved func()
}

// AcceptsTab is false: Tab goes to the next control.
func (e *EditEntry) AcceptsTab() bool { return false }

func (e *EditEntry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyEscape:
		e.Leave()
		return
	case k.Name == fyne.KeyBackspace && e.CursorRow == 0 && e.CursorColumn == 0 && e.SelectedText() == "" && e.Join():
		return
	}
	e.Entry.TypedKey(k)
	e.Moved()
}

func (e *EditEntry) MouseUp(m *desktop.MouseEvent) {
	e.Entry.MouseUp(m)
	e.Moved()
}

// Before is the text up to the caret. Fyne says where that is in rows as they
// are wrapped, so a mark is typed there and taken back.
func (e *EditEntry) Before() string {
	const mark = '\uE000'
	changed := e.OnChanged
	e.OnChanged = nil
	defer func() { e.OnChanged = changed }()
	e.TypedRune(mark)
	text, _, _ := strings.Cut(e.Text, string(mark))
	e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
	return text
}

func NewEditor(th fyne.Theme, text string) *Editor {
	e := &Editor{Old: text, Entry: &EditEntry{}, ruler: NewProse(nil)}
	e.Entry.MultiLine, e.Entry.Wrapping = true, fyne.TextWrapWord
	e.Entry.SetMinRowsVisible(1)
	e.Entry.ExtendBaseWidget(e.Entry)
	e.Entry.SetText(text)
	e.holder = container.NewThemeOverride(e.Entry, kit.Override{Theme: th,
		Sizes: map[fyne.ThemeSizeName]float32{theme.SizeNameText: theme.Size(kit.SizeProse)}})
	return e
}

// height is what the editor takes at a width.
func (e *Editor) height(width float32) float32 {
	if e.ruler.Text != e.Entry.Text {
		e.ruler.SetText(e.Entry.Text)
	}
	h := kit.HeightFor(e.ruler, width) + 4
	if e.Row != nil {
		h += e.Row.MinSize().Height + 4
	}
	return h
}

func (e *Editor) layout(_ []fyne.CanvasObject, size fyne.Size) {
	h := size.Height
	if e.Row != nil {
		r := e.Row.MinSize()
		e.Row.Resize(fyne.NewSize(size.Width, r.Height))
		e.Row.Move(fyne.NewPos(0, size.Height-r.Height))
		h -= r.Height + 4
	}
	e.holder.Resize(fyne.NewSize(size.Width, max(0, h)))
}

// ToEnd puts the caret behind the text.
func (e *Editor) ToEnd() { e.Entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown}) }

// locate finds the paragraphs that the editor stands for.
func (p *page) locate() {
	e := p.edit
	if e == nil {
		return
	}
	e.First, e.End = p.content.shown, p.content.shown
	if e.Message != nil {
		if first, end := p.content.words(e.Message.Segment); end > 0 {
			e.First, e.End = first, end
		}
	} else {
		for i, x := range p.content.paras[:p.content.shown] {
			if x.From >= e.From && x.From < max(e.To, e.From+1) {
				e.First, e.End = min(e.First, i), i+1
			}
		}
	}
	for i := e.First; i < e.End; i++ {
		if b := p.live[i]; b != nil {
			p.release(b)
		}
	}
}

// unedit shows the paragraphs again that an editor stood for.
func (p *page) unedit(e *Editor) {
	for i := e.First; i < min(e.End, p.content.shown); i++ {
		p.known[i], p.heights[i] = false, p.estimate(i)
	}
}

// TypedShortcut pastes lines as models know them.
func (e *EditEntry) TypedShortcut(s fyne.Shortcut) { e.Entry.TypedShortcut(kit.PlainPaste(s)) }
