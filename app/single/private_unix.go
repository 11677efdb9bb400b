//go:build unix

package single

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

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
