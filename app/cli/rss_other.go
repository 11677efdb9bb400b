//go:build !unix

package cli

// peakRSS is 0: this system does not tell it in a way that Tern reads.
func peakRSS() int64 { return 0 }

// forgetPeakRSS reports false: there is no peak to lower.
func forgetPeakRSS() bool { return false }
