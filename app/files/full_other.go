//go:build !windows

package files

import "syscall"

// full are the errors of a disk that takes no more: it has no room, or this user
// or this process has none.
var full = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
