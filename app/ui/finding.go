package ui

import (
	"fyne.io/fyne/v2"
)

// find opens the line and puts the focus there.
func (w *window) find() {
	if w.dialogs.Shown != nil || w.transcript.Empty() {
		return
	}
	w.closeScreen()
	w.closeEditor(true)
	f := w.finder
	if !f.Open() {
		f.Box.Show()
		w.relayout()
	}
	f.Look(f.Entry.Text)
	w.win.Canvas().Focus(f.Entry)
	f.Entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// findAgain goes to another match; without any it opens the line.
func (w *window) findAgain(by int) {
	if !w.finder.Open() || w.finder.Pattern == nil {
		w.find()
		return
	}
	w.finder.Step(by)
}

// closeFind takes the line and the marks away.
func (w *window) closeFind() {
	w.finder.Box.Hide()
	w.finder.Look("")
	w.relayout()
	w.focusPrompt()
}
