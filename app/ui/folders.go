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
func (w *window) modelFolders() []string {
	if len(w.settings.Models) > 0 {
		return w.settings.Models
	}
	if dir, err := w.shelf.Home(); err == nil {
		return []string{dir}
	}
	return nil
}

// DownloadFolder is where downloads go.
func (w *window) downloadFolder() (string, error) {
	if len(w.settings.Models) > 0 {
		return library.ModelsFolder(w.settings.Models)
	}
	return w.shelf.Home()
}

// AddFolder lets the user pick a folder whose models are listed.
func (w *window) addFolder() {
	w.chooseBy(kit.Tr("Choosing a folder…"), func(dir string, done func(string, error)) { w.cfg.choose(true, dir, done) }, func() {
		w.dialogs.AskLine(kit.Tr("The file window could not open"), kit.Tr("Path of a folder"), w.settings.Folder, kit.Tr("Add"), w.absolute(w.folderAdded))
	}, w.folderAdded)
}

func (w *window) folderAdded(dir string) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		w.tell(kit.Tr("{{.Name}} is not a folder.", "Name", filepath.Base(dir)))
		return
	}
	if !slices.Contains(w.settings.Models, dir) {
		w.settings.Models = append(slices.Clone(w.settings.Models), dir)
		w.foldersChanged()
	}
}

// ForgetFolder takes a folder off the list; it can be undone.
func (w *window) forgetFolder(dir string) {
	before := w.settings.Models
	w.settings.Models = slices.DeleteFunc(slices.Clone(before), func(d string) bool { return d == dir })
	w.foldersChanged()
	w.tell(kit.Tr("Folder forgotten; its files are untouched."), kit.Action{Label: kit.Tr("Undo"), Do: func() {
		w.settings.Models = before
		w.foldersChanged()
		w.forget()
	}})
}

func (w *window) foldersChanged() {
	w.applySettings()
	w.cfg.save(w.settings)
	w.models.Scan()
}

// recentChanged shows and keeps the recent models.
func (w *window) recentChanged() {
	w.menu.setRecent(w.settings.Recent, w.load)
	w.cfg.save(w.settings)
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
