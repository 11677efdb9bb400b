package ui

import (
	"fyne.io/fyne/v2"
)

// find opens the line and puts the focus there.
func (rd *reading) find() {
	if rd.dialogs.Shown != nil || rd.transcript.Empty() {
		return
	}
	rd.do.closeScreen()
	rd.do.closeEditor(true)
	f := rd.finder
	if !f.Open() {
		f.Box.Show()
		rd.do.relayout()
	}
	f.Look(f.Entry.Text)
	rd.win.Canvas().Focus(f.Entry)
	f.Entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// findAgain goes to another match; without any it opens the line.
func (rd *reading) findAgain(by int) {
	if !rd.finder.Open() || rd.finder.Pattern == nil {
		rd.find()
		return
	}
	rd.finder.Step(by)
}

// closeFind takes the line and the marks away.
func (rd *reading) closeFind() {
	rd.finder.Box.Hide()
	rd.finder.Look("")
	rd.do.relayout()
	rd.do.focusPrompt()
}
