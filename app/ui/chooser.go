package ui

import (
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
)

// choose lets the user pick a file or a folder to open.
func (w *window) choose(folder bool) {
	what := kit.Tr("Choosing a file…")
	if folder {
		what = kit.Tr("Choosing a folder…")
	}
	w.chooseBy(what, func(dir string, done func(string, error)) { w.cfg.choose(folder, dir, done) }, w.typePath, w.chosen)
}

// chooseNew lets the user pick a file to write.
func (w *window) chooseNew(name string, chosen func(path string)) {
	w.chooseBy(kit.Tr("Choosing where to save…"), func(dir string, done func(string, error)) { w.cfg.chooseNew(name, dir, done) }, func() {
		home, _ := os.UserHomeDir() // where there is none, the name alone is a path too
		w.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of the file to write"), filepath.Join(home, name), kit.Tr("Save"), w.absolute(chosen))
	}, chosen)
}

// chooseFile lets the user pick a conversation to read.
func (w *window) chooseFile(chosen func(path string)) {
	w.chooseBy(kit.Tr("Choosing a file…"), w.cfg.chooseJSON, func() {
		w.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of the file to read"), "", kit.Tr("Open"), w.absolute(chosen))
	}, chosen)
}

// absolute gives done what was typed as a path, if anything was.
func (w *window) absolute(done func(path string)) func(string) {
	return func(path string) {
		// The Explorer of Windows copies a path with quotes around it.
		if path = strings.Trim(strings.TrimSpace(path), `"`); path == "" {
			return
		}
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		done(path)
	}
}

// chooseBy opens the system's file window. It is another window, which knows
// nothing of this one, so this one takes no input until it is closed. Where
// there is none, typed asks for a path.
func (w *window) chooseBy(what string, open func(dir string, done func(string, error)), typed func(), chosen func(path string)) {
	if w.choosing {
		return
	}
	w.choosing = true
	w.dialogs.Open(what, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("The file window is open. It may be behind this one."))), 320)
	dir := w.settings.Folder
	if dir == "" {
		dir, _ = os.UserHomeDir() // where it is empty, the system opens what it likes
	}
	open(dir, func(path string, err error) {
		w.choosing = false
		w.dialogs.Close()
		switch {
		case err != nil:
			typed()
		case path != "":
			chosen(path)
		}
	})
}

// chosen opens what was picked and remembers where that was.
func (w *window) chosen(path string) {
	w.settings.Folder = filepath.Dir(path)
	w.cfg.save(w.settings)
	w.load(path)
}

// typePath asks for a path, where the system has no file window. A line to
// type in needs no more than a keyboard, and completes the ways of dropping and
// of choosing a recent model.
func (w *window) typePath() {
	w.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of a model file or folder"), w.settings.Folder, kit.Tr("Open"), w.absolute(w.chosen))
}
