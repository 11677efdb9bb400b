package library

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tern/app/hub"
	"tern/model/export"
	"tern/model/gguf"
)

// ErrNotMine is returned for a model outside the user's folders.
var ErrNotMine = errors.New("not in a folder that you added")

// filesOf lists the files of the model at a canonical path.
func filesOf(path string) (files []string) {
	if hasExt(path, ggufExt) {
		_, parts, ok := gguf.SplitName(filepath.Base(path))
		if !ok {
			return []string{path}
		}
		for i := range parts {
			files = append(files, filepath.Join(filepath.Dir(path), gguf.PartOf(filepath.Base(path), i+1)))
		}
		return files
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !e.IsDir() && hub.Takes(e.Name()) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	return files
}

func sizeOf(files []string) (n int64) {
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n
}

// Delete removes the files of a model that lies in a folder of the user's, and
// the folders that are empty then, but not the user's own. What does not belong
// to the model stays.
func Delete(e Entry) error {
	if e.Folder == "" {
		return fmt.Errorf("library: %s: %w", e.Name, ErrNotMine)
	}
	// A root: no link leads a removal out of the user's folder.
	root, err := os.OpenRoot(e.Folder)
	if err != nil {
		return fmt.Errorf("library: %w", err)
	}
	defer root.Close()
	path := canonical(e.Path)
	dir := path
	if hasExt(path, ggufExt) {
		dir = filepath.Dir(path)
	}
	var errs []error
	for _, f := range append(filesOf(path), filepath.Join(dir, hub.NoteName)) {
		rel, err := filepath.Rel(e.Folder, f)
		if err != nil || !filepath.IsLocal(rel) {
			return fmt.Errorf("library: %s: %w", e.Name, ErrNotMine)
		}
		if filepath.Base(f) == hub.NoteName && hasOthers(dir) {
			continue // other models of the same download need it
		}
		if err := root.Remove(rel); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("library: %w", err))
		}
	}
	for ; ; dir = filepath.Dir(dir) {
		rel, err := filepath.Rel(e.Folder, dir)
		if err != nil || rel == "." || !filepath.IsLocal(rel) {
			break
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 || root.Remove(rel) != nil {
			break // a folder that stays is not a failure
		}
	}
	return errors.Join(errs...)
}

// hasOthers reports whether a folder still holds weights.
func hasOthers(dir string) bool {
	entries, _ := os.ReadDir(dir)
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return hasExt(e.Name(), ggufExt) || hasExt(e.Name(), ".safetensors")
	})
}

// FreeSpace is how many bytes a folder has room for.
func FreeSpace(dir string) (bytes int64, known bool) { return export.FreeSpace(dir) }
