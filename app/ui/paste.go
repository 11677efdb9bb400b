package ui

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
)

// longPaste is the size in bytes from which a pasted text stays out of the
// entry: an entry lays all of its text out for every key, which takes longer
// than anybody waits for (a book of 1 MB: most of a minute).
const longPaste = 16_000

// pastes are the long texts that were pasted into the prompt. In the entry
// stands a short mark for each, which the user may move around, or delete.
type pastes map[string]string

// mark keeps a long text and returns its mark.
func (p pastes) mark(text string) string {
	mark := tr("[pasted text {{.N}}, {{.Size}}]", "N", strconv.Itoa(len(p)+1), "Size", textSize(len(text)))
	p[mark] = text
	return mark
}

// textSize is the size of a text in kB below 1 MB, in MB above.
func textSize(bytes int) string {
	if bytes < 999_500 {
		return strconv.Itoa((bytes+500)/1000) + " kB"
	}
	return decimal(float64(bytes)/1e6) + " MB"
}

// expand puts the texts in the place of their marks.
func (p pastes) expand(text string) string {
	for mark, long := range p {
		text = strings.Replace(text, mark, long, 1)
	}
	return text
}

// fixed is a clipboard that always holds the same.
type fixed string

func (f fixed) Content() string   { return string(f) }
func (f fixed) SetContent(string) {}

// paste is a paste of the user's that may be too long for an entry.
func (e *promptEntry) paste(s *fyne.ShortcutPaste) {
	text := plainLines(s.Clipboard.Content())
	if len(text) < longPaste {
		e.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: fixed(text)})
		return
	}
	if e.long == nil {
		e.long = pastes{}
	}
	e.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: fixed(e.long.mark(text))})
}

// plainLines ends lines as models know them. On Windows a copied text has two
// characters at the end of each, of which a model would see the first as a word.
func plainLines(text string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
}

// plainPaste is s, and where that is a paste one of plainLines.
func plainPaste(s fyne.Shortcut) fyne.Shortcut {
	if p, ok := s.(*fyne.ShortcutPaste); ok {
		return &fyne.ShortcutPaste{Clipboard: fixed(plainLines(p.Clipboard.Content()))}
	}
	return s
}

// TypedShortcut pastes lines as models know them.
func (e *editEntry) TypedShortcut(s fyne.Shortcut) { e.Entry.TypedShortcut(plainPaste(s)) }

// TypedShortcut pastes lines as models know them.
func (e *textEntry) TypedShortcut(s fyne.Shortcut) { e.Entry.TypedShortcut(plainPaste(s)) }

// words are those of the prompt, long ones included.
func (e *promptEntry) words() string { return e.long.expand(e.Text) }
