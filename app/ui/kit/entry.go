package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// LineEntry is a one-line entry that reports what it holds when it is left.
type LineEntry struct {
	widget.Entry
	escape func()
	Left   func(string)

	Focused bool
}

func NewLineEntry(escape func(), typed, left func(string)) *LineEntry {
	e := &LineEntry{escape: escape, Left: left}
	e.Wrapping = fyne.TextWrap(fyne.TextTruncateClip)
	e.OnSubmitted = left
	e.OnChanged = typed
	e.ExtendBaseWidget(e)
	return e
}

func (e *LineEntry) FocusGained() { e.Focused = true; e.Entry.FocusGained() }

func (e *LineEntry) FocusLost() {
	e.Focused = false
	e.Entry.FocusLost()
	e.Left(e.Text)
}

func (e *LineEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.escape()
		return
	}
	e.Entry.TypedKey(k)
}

// TextEntry is an entry of a few lines that reports what it holds when it is left.
type TextEntry struct {
	widget.Entry
	escape  func()
	left    func(string)
	Focused bool
}

func NewTextEntry(escape func(), left func(string)) *TextEntry {
	e := &TextEntry{escape: escape, left: left}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapWord
	e.SetMinRowsVisible(2)
	e.ExtendBaseWidget(e)
	return e
}

// AcceptsTab is false: Tab goes to the next control.
func (e *TextEntry) AcceptsTab() bool { return false }

func (e *TextEntry) FocusGained() { e.Focused = true; e.Entry.FocusGained() }

func (e *TextEntry) FocusLost() {
	e.Focused = false
	e.Entry.FocusLost()
	e.left(e.Text)
}

func (e *TextEntry) TypedKey(k *fyne.KeyEvent) {
	if k.Name == fyne.KeyEscape {
		e.escape()
		return
	}
	e.Entry.TypedKey(k)
}

// FixedClipboard is a clipboard that always holds the same.
type FixedClipboard string

func (f FixedClipboard) Content() string { return string(f) }

func (f FixedClipboard) SetContent(string) {}

// PlainLines ends lines as models know them. On Windows a copied text has two
// characters at the end of each; a model would see the first as a word.
func PlainLines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// PlainPaste is s, and where that is a paste one of PlainLines.
func PlainPaste(s fyne.Shortcut) fyne.Shortcut {
	if p, ok := s.(*fyne.ShortcutPaste); ok {
		return &fyne.ShortcutPaste{Clipboard: FixedClipboard(PlainLines(p.Clipboard.Content()))}
	}
	return s
}

// TypedShortcut pastes lines as models know them.
func (e *TextEntry) TypedShortcut(s fyne.Shortcut) { e.Entry.TypedShortcut(PlainPaste(s)) }

// ShiftKey reports whether Shift is held down while an entry has the focus.
type ShiftKey bool

func (s *ShiftKey) Track(k *fyne.KeyEvent, down bool) {
	if k.Name == desktop.KeyShiftLeft || k.Name == desktop.KeyShiftRight {
		*s = ShiftKey(down)
	}
}

// Step is one place further, or back while Shift is held.
func (s ShiftKey) Step() int {
	if s {
		return -1
	}
	return 1
}
