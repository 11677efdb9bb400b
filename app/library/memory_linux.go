package library

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// systemMemory is what the kernel calls available, or less where Tern runs in a
// group with a limit, as in a container, or has one of its own (ulimit -v).
func systemMemory() (free int64, known bool) { return availableMemory(os.DirFS("/")) }

// availableMemory reads the kernel's files below root.
func availableMemory(root fs.FS) (free int64, known bool) {
	free, known = number(root, "proc/meminfo", "MemAvailable:")
	if !known {
		return 0, false
	}
	free *= 1024                                                                           // the file counts in kB
	if limit, limited := number(root, "proc/self/limits", "Max address space "); limited { // "unlimited" where there is none
		if size, ok := number(root, "proc/self/status", "VmSize:"); ok {
			free = min(free, max(0, limit-size*1024))
		}
	}
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return free, true
	}
	for line := range strings.Lines(string(groups)) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		controllers, group, ok := strings.Cut(rest, ":")
		switch {
		case !ok:
		case id == "0":
			free = groups2.leave(root, group, free)
		case slices.Contains(strings.Split(controllers, ","), "memory"):
			free = groups1.leave(root, group, free)
		}
	}
	return free, true
}

// controlGroups are the names of the files of a version of control groups, and
// what begins those of the counts in memory.stat that include the groups within.
type controlGroups struct{ top, limit, used, total string }

var (
	groups1 = controlGroups{"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"}
	groups2 = controlGroups{"sys/fs/cgroup", "memory.max", "memory.current", ""}
)

// leave is what the limits of a control group and of all groups around it leave
// of free. Of what a group uses, the kernel gives up cached files before it
// refuses memory, those too that were read twice, as a model is that was opened
// before; it counts them as available itself.
func (c controlGroups) leave(root fs.FS, group string, free int64) int64 {
	for dir := path.Join(c.top, path.Clean("/"+group)); ; dir = path.Dir(dir) {
		limit, limited := number(root, path.Join(dir, c.limit), "") // "max", or a huge number, where there is none
		used, ok := number(root, path.Join(dir, c.used), "")
		if limited && ok {
			once, _ := number(root, dir+"/memory.stat", c.total+"inactive_file ")
			more, _ := number(root, dir+"/memory.stat", c.total+"active_file ")
			free = min(free, max(0, limit-max(0, used-once-more)))
		}
		if dir == c.top {
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
			field, _, _ := strings.Cut(strings.TrimSpace(rest), " ") // before a unit
			n, err := strconv.ParseInt(field, 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
