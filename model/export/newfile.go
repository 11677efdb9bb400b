package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoSpace marks a folder whose file system has no room for a file.
var ErrNoSpace = errors.New("not enough disk space")

// writeNewFile makes the file at path, of size bytes, all or nothing: under
// another name in the same folder until it is complete and on the disk. It
// takes the place of a file that is there. Errors wrap ErrNoSpace or are those
// of the file system or of write.
func writeNewFile(path string, size int64, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	sweep(path)
	if free, known := FreeSpace(dir); known && free < size {
		return fmt.Errorf("model: %s takes %d bytes, %s has room for %d: %w", filepath.Base(path), size, dir, free, ErrNoSpace)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close() // again, if that is what failed
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	for _, step := range []func() error{
		w.Flush,
		func() error { return f.Chmod(0o644) }, // CreateTemp lets nobody else read it
		f.Sync,
		f.Close,
		func() error { return rename(f.Name(), path) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	syncFolder(dir)
	return nil
}

// quiet is longer than a writer lets its file be.
const quiet = 10 * time.Minute

// sweep removes what is left of writers of the file at path that were killed.
func sweep(path string) {
	dir, name := filepath.Split(path)
	found, _ := os.ReadDir(filepath.Clean(dir)) // CreateTemp says what is wrong with it
	for _, f := range found {
		number, is := strings.CutPrefix(f.Name(), "."+name+".")
		if !is || strings.Trim(number, "0123456789") != "" {
			continue
		}
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()).Abs() > quiet {
			_ = os.Remove(filepath.Join(dir, f.Name())) // it will be tried again
		}
	}
}

// syncFolder puts the new name on the disk where the system can do that. The
// file is whole without it, under one name or the other.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
