//go:build unix && !linux

package measure

import (
	"runtime"
	"syscall"
)

// PeakRSS is the largest amount of physical memory that the process has held,
// in bytes, 0 where the system does not tell.
func PeakRSS() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" { // bytes there, KiB elsewhere
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}

// forgetPeak reports false: the peak cannot be lowered here.
func forgetPeak() bool { return false }
