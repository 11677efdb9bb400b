package checkpoint

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// dirFS is os.DirFS of a folder that also has the names that are not UTF-8, which
// most systems allow and package fs does not.
type dirFS string

// path is where a file with such a name is. ok is false for other names, which
// os.DirFS takes or refuses.
func (d dirFS) path(name string) (path string, ok bool) {
	if runtime.GOOS == "windows" || fs.ValidPath(name) || !fs.ValidPath(strings.ToValidUTF8(name, "_")) {
		return "", false
	}
	return filepath.Join(string(d), name), true
}

func (d dirFS) Open(name string) (fs.File, error) {
	if path, ok := d.path(name); ok {
		return os.Open(path)
	}
	return os.DirFS(string(d)).Open(name)
}

// Stat does not open the file, which may be a pipe.
func (d dirFS) Stat(name string) (fs.FileInfo, error) {
	if path, ok := d.path(name); ok {
		return os.Stat(path)
	}
	return fs.Stat(os.DirFS(string(d)), name)
}

func (d dirFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if path, ok := d.path(name); ok {
		return os.ReadDir(path)
	}
	return fs.ReadDir(os.DirFS(string(d)), name)
}
