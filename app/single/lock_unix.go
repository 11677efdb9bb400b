//go:build unix

package single

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lock waits until no other process holds the lock of this file. The kernel
// gives it up with the process.
func lock(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return func() { _ = f.Close() }, nil
}

// private fails for a folder that others may change: they could put their own
// socket there.
func private(folder string) error {
	var s unix.Stat_t
	if err := unix.Stat(folder, &s); err != nil {
		return &os.PathError{Op: "stat", Path: folder, Err: err}
	}
	if int(s.Uid) != os.Getuid() || s.Mode&0o022 != 0 {
		return fmt.Errorf("other users may change %s", folder)
	}
	return nil
}
