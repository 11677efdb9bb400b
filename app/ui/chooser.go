package ui

import (
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"tern/app/ui/kit"
	"tern/app/ui/models"
)

// chooser asks for files and folders, and has the folders of models.
type chooser struct {
	*session
	do chooserActions

	dialogs *kit.Dialogs
	menu    *menu
	models  *models.Page
	shelf   *models.Shelf

	choosing bool // the system's file window is open
}

// chooserActions are what chooser needs of the other parts.
type chooserActions struct {
	applySettings func()
	forget        func()
	load          func(path string)
	tell          func(sentence string, actions ...kit.Action)
}

// choose lets the user pick a file or a folder to open.
func (c *chooser) choose(folder bool) {
	what := kit.Tr("Choosing a file…")
	if folder {
		what = kit.Tr("Choosing a folder…")
	}
	c.chooseBy(what, func(dir string, done func(string, error)) { c.cfg.choose(folder, dir, done) }, c.typePath, c.chosen)
}

// chooseNew lets the user pick a file to write.
func (c *chooser) chooseNew(name string, chosen func(path string)) {
	c.chooseBy(kit.Tr("Choosing where to save…"), func(dir string, done func(string, error)) { c.cfg.chooseNew(name, dir, done) }, func() {
		home, _ := os.UserHomeDir() // where there is none, the name alone is a path too
		c.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of the file to write"), filepath.Join(home, name), kit.Tr("Save"), c.absolute(chosen))
	}, chosen)
}

// chooseFile lets the user pick a conversation to read.
func (c *chooser) chooseFile(chosen func(path string)) {
	c.chooseBy(kit.Tr("Choosing a file…"), c.cfg.chooseJSON, func() {
		c.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of the file to read"), "", kit.Tr("Open"), c.absolute(chosen))
	}, chosen)
}

// absolute gives done what was typed as a path, if anything was.
func (c *chooser) absolute(done func(path string)) func(string) {
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
func (c *chooser) chooseBy(what string, open func(dir string, done func(string, error)), typed func(), chosen func(path string)) {
	dir := c.settings.Folder
	if dir == "" {
		dir, _ = os.UserHomeDir() // where it is empty, the system opens what it likes
	}
	c.chooseIn(what, dir, open, func(path string, err error) {
		switch {
		case err != nil:
			typed()
		case path != "":
			chosen(path)
		}
	})
}

// busy reports whether the system's file window is open.
func (c *chooser) busy() bool { return c.choosing }

// chooseIn opens the system's file window in dir.
func (c *chooser) chooseIn(what, dir string, open func(dir string, done func(string, error)), done func(path string, err error)) {
	if c.choosing {
		return
	}
	c.choosing = true
	c.dialogs.Open(what, kit.NewWrappedNote(theme.SizeNameText, fyne.TextAlignLeading,
		kit.Muted(kit.Tr("The file window is open. It may be behind this one."))), 320)
	open(dir, func(path string, err error) {
		c.choosing = false
		c.dialogs.Close()
		done(path, err)
	})
}

// chosen opens what was picked and remembers where that was.
func (c *chooser) chosen(path string) {
	c.settings.Folder = filepath.Dir(path)
	c.cfg.Save(c.settings)
	c.do.load(path)
}

// typePath asks for a path, where the system has no file window. A line to
// type in needs no more than a keyboard, and completes the ways of dropping and
// of choosing a recent model.
func (c *chooser) typePath() {
	c.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of a model file or folder"), c.settings.Folder, kit.Tr("Open"), c.absolute(c.chosen))
}
