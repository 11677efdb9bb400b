//go:build !linux && !darwin && !freebsd && !windows

package export

// FreeSpace does not know.
func FreeSpace(string) (bytes int64, known bool) { return 0, false }
