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
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const pause = 5 * time.Millisecond
	for ; ; patience -= pause {
		if err = tryLock(f); err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, errHeld) || patience <= 0 {
			_ = f.Close()
			return nil, &os.PathError{Op: "lock", Path: name, Err: err}
		}
		time.Sleep(pause)
	}
}

// Held tells whether err says that another process holds a lock.
func Held(err error) bool { return errors.Is(err, errHeld) }
