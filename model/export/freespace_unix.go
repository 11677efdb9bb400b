//go:build linux || darwin || freebsd

package export

import "golang.org/x/sys/unix"

// FreeSpace is how many bytes this user may still write into the folder dir.
func FreeSpace(dir string) (bytes int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
