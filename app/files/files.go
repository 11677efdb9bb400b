// Package files writes what the user must not lose.
package files

import (
	"io"
	"os"
	"path/filepath"

	"github.com/natefinch/atomic"
)

// Write makes data the content of the file at path, making its folder if
// needed. Whenever the program or the machine stops, the file is either the old
// or the new one. Errors are those of the system, so that a full disk can be
// told from others.
func Write(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to report
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync() // or the rename may reach the disk before the bytes do
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := atomic.ReplaceFile(f.Name(), path); err != nil {
		return err
	}
	syncFolder(dir)
	return nil
}

// syncFolder makes the rename itself durable where the system allows it. A
// refusal (Windows, some network drives) only means that a power cut may bring
// the old file back.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// Aside moves a file that cannot be read to the same name with ".damaged"
// behind it, where nothing overwrites it but a later one.
func Aside(path string) error { return atomic.ReplaceFile(path, path+".damaged") }

// Read returns the bytes of the file at path, at most one more than most.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}
