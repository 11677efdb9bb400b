//go:build unix

package files

import (
	"os"

	"golang.org/x/sys/unix"
)

// errHeld says that another process holds a lock.
const errHeld = unix.EWOULDBLOCK

func tryLock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
