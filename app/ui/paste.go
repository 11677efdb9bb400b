package ui

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"tern/app/ui/kit"
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
	mark := kit.Tr("[pasted text {{.N}}, {{.Size}}]", "N", strconv.Itoa(len(p)+1), "Size", textSize(len(text)))
	p[mark] = text
	return mark
}

// textSize is the size of a text in kB below 1 MB, in MB above.
func textSize(bytes int) string {
	if bytes < 999_500 {
		return strconv.Itoa((bytes+500)/1000) + " kB"
	}
	return kit.Decimal(float64(bytes)/1e6) + " MB"
}

// expand puts the texts in the place of their marks.
func (p pastes) expand(text string) string {
	for mark, long := range p {
		text = strings.Replace(text, mark, long, 1)
	}
	return text
}

// paste is a paste of the user's that may be too long for an entry.
func (e *promptEntry) paste(s *fyne.ShortcutPaste) {
	text := kit.PlainLines(s.Clipboard.Content())
	if len(text) < longPaste {
		e.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: kit.FixedClipboard(text)})
		return
	}
	if e.long == nil {
		e.long = pastes{}
	}
	e.Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: kit.FixedClipboard(e.long.mark(text))})
}

// words are those of the prompt, long ones included.
func (e *promptEntry) words() string { return e.long.expand(e.Text) }
