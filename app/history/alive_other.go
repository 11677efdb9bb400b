//go:build !windows

package history

import (
	"os"
	"syscall"
)

// alive reports whether a process of this number runs.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	err = p.Signal(syscall.Signal(0))
	return err == nil || err == syscall.EPERM
}
