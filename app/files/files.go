// Package files writes what the user must not lose.
package files

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/natefinch/atomic"
)

// ErrNotWritten marks a file that could not be written; what it held before is
// still there.
var ErrNotWritten = errors.New("not written")

// Full reports whether err comes from a disk that takes no more.
func Full(err error) bool {
	return slices.ContainsFunc(full, func(e error) bool { return errors.Is(err, e) })
}

// Write makes data the content of the file at path, making its folder if
// needed. Whenever the program or the machine stops, the file is either the old
// or the new one. Errors wrap ErrNotWritten and that of the system.
func Write(path string, data []byte) error {
	return WriteWith(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteWith is Write for content that fill writes, piece by piece.
func WriteWith(path string, fill func(io.Writer) error) error {
	if err := write(path, fill, true); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritten, err)
	}
	return nil
}

// WriteSpare is WriteWith for what may be lost when the machine stops, and is checked when it
// is read: it does not wait for the disk.
func WriteSpare(path string, fill func(io.Writer) error) error {
	if err := write(path, fill, false); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritten, err)
	}
	return nil
}

// unfinished is what is after the name of a file while it is written, a number
// in the place of the star.
const unfinished = ".*.new"

func write(path string, fill func(io.Writer) error, durable bool) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to report
		}
	}()
	err = fill(f)
	if err == nil && durable {
		err = f.Sync() // or the rename may reach the disk before the bytes do
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	if err := Replace(f.Name(), path); err != nil {
		return err
	}
	if durable {
		syncFolder(dir)
	}
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

// writing is longer than anybody takes to write a file.
const writing = time.Minute

// Sweep removes what is left of files whose writer was ended while it wrote.
// name is theirs, with stars for what is not known of it.
func Sweep(dir, name string) {
	found, _ := os.ReadDir(dir) // where there is none, there is nothing to do
	for _, f := range found {
		if is, _ := filepath.Match(name+unfinished, f.Name()); !is {
			continue
		}
		// A clock that was set back leaves files of the future.
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()).Abs() > writing {
			_ = os.Remove(filepath.Join(dir, f.Name())) // it will be tried again
		}
	}
}

// Aside moves a file that cannot be read to the same name with ".damaged"
// after it, where nothing overwrites it but a later one.
func Aside(path string) error { return Replace(path, path+".damaged") }

// Replace gives the file called from the name to, and removes the one that had
// it. Where another program has one of them open, and the system then refuses,
// it tries for two seconds.
func Replace(from, to string) error {
	return Patient(func() error { return atomic.ReplaceFile(from, to) })
}

// Read returns the bytes of the file at path, at most one more than most.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}
