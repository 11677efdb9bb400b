package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tern/app/library"
	"tern/app/ui/kit"
)

// modelFolders are the folders of models: the user's, and until there is one,
// the one that downloads go into.
func (c *chooser) modelFolders() []string {
	if len(c.settings.Models) > 0 {
		return c.settings.Models
	}
	if dir, err := c.shelf.Home(); err == nil {
		return []string{dir}
	}
	return nil
}

// DownloadFolder is where downloads go.
func (c *chooser) downloadFolder() (string, error) {
	if len(c.settings.Models) > 0 {
		return library.ModelsFolder(c.settings.Models)
	}
	return c.shelf.Home()
}

// AddFolder lets the user pick a folder whose models are listed.
func (c *chooser) addFolder() {
	c.chooseBy(kit.Tr("Choosing a folder…"), func(dir string, done func(string, error)) { c.cfg.choose(true, dir, done) }, func() {
		c.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of a folder"), c.settings.Folder, kit.Tr("Add"), c.absolute(c.folderAdded))
	}, c.folderAdded)
}

func (c *chooser) folderAdded(dir string) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		c.do.tell(kit.Tr("{{.Name}} is not a folder.", "Name", filepath.Base(dir)))
		return
	}
	if !slices.Contains(c.settings.Models, dir) {
		c.settings.Models = append(slices.Clone(c.settings.Models), dir)
		c.foldersChanged()
	}
}

// ForgetFolder takes a folder off the list; it can be undone.
func (c *chooser) forgetFolder(dir string) {
	before := c.settings.Models
	c.settings.Models = slices.DeleteFunc(slices.Clone(before), func(d string) bool { return d == dir })
	c.foldersChanged()
	c.do.tell(kit.Tr("Folder forgotten; its files are untouched."), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		c.settings.Models = before
		c.foldersChanged()
		c.do.forget()
	}})
}

func (c *chooser) foldersChanged() {
	c.do.applySettings()
	c.cfg.Save(c.settings)
	c.models.Scan()
}

// recentChanged shows and keeps the recent models.
func (c *chooser) recentChanged() {
	c.menu.setRecent(c.settings.Recent, c.do.load)
	c.cfg.Save(c.settings)
}

// homely writes a path as it is said: from the home folder on.
func homely(path string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return path
	}
	if rest, ok := strings.CutPrefix(path, home+string(filepath.Separator)); ok {
		return "~" + string(filepath.Separator) + rest
	}
	return path
}
