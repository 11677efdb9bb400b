//go:build !linux && !windows && !darwin

package library

// systemMemory does not know.
func systemMemory() (bytes int64, known bool) { return 0, false }
