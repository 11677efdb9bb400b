package model

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrNoSpace marks a folder whose file system has no room for a file.
var ErrNoSpace = errors.New("not enough disk space")

// writeNewFile makes the file at path, of size bytes, all or nothing: under
// another name in the same folder until it is complete and on the disk. It
// takes the place of a file that is there. Errors wrap ErrNoSpace or are those
// of the file system or of write.
func writeNewFile(path string, size int64, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
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
		func() error { return os.Rename(f.Name(), path) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("model: %w", err)
		}
	}
	syncFolder(dir)
	return nil
}

// syncFolder puts the new name on the disk where the system can do that. The
// file is whole without it, under one name or the other.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}
