package files

import (
	"errors"
	"os"
	"time"
)

// Lock waits, as long as patience allows, until no other process holds the lock
// of the file called name, which is made if needed. The system gives the lock up
// with the process.
func Lock(name string, patience time.Duration) (unlock func(), err error) {
	const pause = 5 * time.Millisecond
	for ; ; patience -= pause {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err = tryLock(f); err == nil {
			if named(f, name) {
				return func() { _ = f.Close() }, nil
			}
			err = errHeld // by whoever finds the file of that name
		}
		_ = f.Close()
		if !errors.Is(err, errHeld) || patience <= 0 {
			return nil, &os.PathError{Op: "lock", Path: name, Err: err}
		}
		time.Sleep(pause)
	}
}

// named reports whether f still has this name. Holders may remove their file, and a
// lock on one that others cannot find keeps nobody out.
func named(f *os.File, name string) bool {
	own, err := f.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(name)
	return err == nil && os.SameFile(own, found)
}

// Held reports whether err says that another process holds a lock.
func Held(err error) bool { return errors.Is(err, errHeld) }
