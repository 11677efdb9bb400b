package library

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// FreeMemory is how many bytes programs may still take before this computer
// swaps or ends some of them: what the kernel calls available, or less where
// Tern runs in a group with a limit, as in a container.
func FreeMemory() (free int64, known bool) { return freeMemory(os.DirFS("/")) }

// freeMemory reads the kernel's files below root.
func freeMemory(root fs.FS) (free int64, known bool) {
	free, known = number(root, "proc/meminfo", "MemAvailable:")
	if !known {
		return 0, false
	}
	free *= 1024 // the file counts in kB
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return free, true
	}
	for line := range strings.Lines(string(groups)) {
		if group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok { // 0 is version 2
			free = min(free, groupMemory(root, group, free))
		}
	}
	return free, true
}

// groupMemory is what the limits of a control group and of all groups around it
// leave of free. Of what a group uses, the kernel gives up the cached files that
// were not read lately before it refuses memory.
func groupMemory(root fs.FS, group string, free int64) int64 {
	const top = "sys/fs/cgroup"
	for dir := path.Join(top, path.Clean("/"+group)); ; dir = path.Dir(dir) {
		limit, limited := number(root, dir+"/memory.max", "") // "max" where there is none
		used, ok := number(root, dir+"/memory.current", "")
		if limited && ok {
			cached, _ := number(root, dir+"/memory.stat", "inactive_file ")
			free = min(free, max(0, limit-max(0, used-cached)))
		}
		if dir == top {
			return free
		}
	}
}

// number reads the number that follows key at the start of a line.
func number(root fs.FS, name, key string) (int64, bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), key); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
