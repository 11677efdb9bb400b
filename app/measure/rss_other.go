//go:build !unix && !windows

package measure

// PeakRSS is 0: this system does not tell it in a way that Tern reads.
func PeakRSS() int64 { return 0 }

// forgetPeak reports false: there is no peak to lower.
func forgetPeak() bool { return false }
