//go:build unix && !linux

package cli

import (
	"runtime"
	"syscall"
)

// peakRSS is the largest amount of physical memory that the process has held,
// in bytes, 0 where the system does not tell.
func peakRSS() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" { // bytes there, KiB elsewhere
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}

// forgetPeakRSS reports false: the peak cannot be lowered here.
func forgetPeakRSS() bool { return false }
