//go:build cgo && !windows

package filedialog

import (
	"errors"
	"runtime"

	"github.com/sqweek/dialog"
)

func (w window) folder() (string, error) {
	return chosen(dialog.Directory().Title(w.title).SetStartDir(w.dir).Browse())
}

func (w window) file() (string, error) {
	return chosen(dialog.File().Title(w.title).SetStartDir(w.dir).
		Filter(w.files, endings(runtime.GOOS, w.endings...)...).Filter("All files", "*").Load())
}

func (w window) newFile(name string) (string, error) {
	return chosen(dialog.File().Title(w.title).SetStartDir(w.dir).SetStartFile(name).Save())
}

// chosen is the path, empty where the user chose nothing.
func chosen(path string, err error) (string, error) {
	if errors.Is(err, dialog.ErrCancelled) {
		return "", nil
	}
	return path, err
}
