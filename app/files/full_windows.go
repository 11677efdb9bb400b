package files

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// full are the errors of a disk that takes no more: those of Windows, and what Go
// calls it on every system.
var full = []error{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED, syscall.ENOSPC}
