//go:build !linux && !windows && !darwin

package library

// FreeMemory does not know.
func FreeMemory() (bytes int64, known bool) { return 0, false }
