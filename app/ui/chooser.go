package ui

import (
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// choose lets the user pick a file or a folder to open in the system's file
// window. It is another window, which knows nothing of this one, so this one
// takes no input until it is closed.
func (w *window) choose(folder bool) {
	if w.choosing {
		return
	}
	w.choosing = true
	what := "Choosing a file…"
	if folder {
		what = "Choosing a folder…"
	}
	w.openDialog(what, newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		muted("The file window is open. It may be behind this one.")), 320)
	dir := w.settings.Folder
	if dir == "" {
		dir, _ = os.UserHomeDir() // where it is empty, the system opens what it likes
	}
	w.cfg.choose(folder, dir, func(path string, err error) {
		w.choosing = false
		w.closeDialog()
		if err != nil {
			w.typePath()
			return
		}
		w.chosen(path)
	})
}

// chosen opens what was picked and remembers where that was.
func (w *window) chosen(path string) {
	if path == "" {
		return
	}
	w.settings.Folder = filepath.Dir(path)
	w.cfg.save(w.settings)
	w.load(path)
}

// typePath asks for a path, where the system has no file window. A line to
// type in needs no more than a keyboard, and completes the ways of dropping and
// of choosing a recent model.
func (w *window) typePath() {
	var entry *lineEntry
	open := func() {
		path := strings.TrimSpace(entry.Text)
		w.closeDialog()
		if path != "" {
			if abs, err := filepath.Abs(path); err == nil {
				path = abs
			}
			w.chosen(path)
		}
	}
	entry = newLineEntry(w.escape, func(string) {}, func(string) {})
	entry.OnSubmitted = func(string) { open() }
	entry.SetPlaceHolder("Path of a model file or folder")
	entry.SetText(w.settings.Folder)
	body := container.New(&stack{gap: 8},
		newWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
			muted("Type or paste the path of a model, or drop it on the window.")), entry)
	w.openDialog("The file window could not open", body, dialogWidth, action{label: "Cancel"}, action{"Open", open})
	w.win.Canvas().Focus(entry)
}
