//go:build cgo

package filedialog

import (
	"errors"

	"github.com/ncruces/zenity"
)

// The windows of Windows know long paths, network folders and their owner.

func (w window) folder() (string, error) {
	return chosen(zenity.SelectFile(append(w.options(""), zenity.Directory())...))
}

func (w window) file() (string, error) {
	patterns := make([]string, len(w.endings))
	for i, e := range w.endings {
		patterns[i] = "*." + e
	}
	return chosen(zenity.SelectFile(append(w.options(""), zenity.FileFilters{
		{Name: w.files, Patterns: patterns}, {Name: "All files", Patterns: []string{"*.*"}}})...))
}

func (w window) newFile(name string) (string, error) {
	return chosen(zenity.SelectFileSave(append(w.options(name), zenity.ConfirmOverwrite())...))
}

// options are what all have, a window that begins at the file called name
// included.
func (w window) options(name string) []zenity.Option {
	o := []zenity.Option{zenity.Title(w.title)}
	switch {
	case w.dir != "":
		o = append(o, zenity.Filename(w.dir+`\`+name)) // a path that ends so is a folder
	case name != "":
		o = append(o, zenity.Filename(name))
	}
	if w.owner != 0 {
		o = append(o, zenity.Attach(w.owner))
	}
	return o
}

// chosen is the path, empty where the user chose nothing.
func chosen(path string, err error) (string, error) {
	if errors.Is(err, zenity.ErrCanceled) {
		return "", nil
	}
	return path, err
}
