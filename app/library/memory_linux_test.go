package library

import (
	"testing"
	"testing/fstest"
)

// TestFreeMemory reads files as the kernel writes them: the limit of the group
// and those of the groups around it count, where there are any.
func TestFreeMemory(t *testing.T) {
	const mb = 1 << 20
	meminfo := "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    4096000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
		known bool
	}{
		"no meminfo":                     {map[string]string{}, 0, false},
		"an old kernel":                  {map[string]string{"proc/meminfo": "MemFree: 100000 kB\n"}, 0, false},
		"no groups":                      {map[string]string{"proc/meminfo": meminfo}, 4000 * mb, true},
		"groups, version 1, not mounted": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "3:memory:/a\n"}, 4000 * mb, true},
		"groups, version 1": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "4:cpu,cpuacct:/docker/b\n3:hugetlb,memory:/docker/a\n1:name=systemd:/docker/a\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":          "3000000000\n",
			"sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": "2147483648\n",
			"sys/fs/cgroup/memory/docker/a/memory.usage_in_bytes": "1610612736\n",
			"sys/fs/cgroup/memory/docker/a/memory.stat":           "inactive_file 1\nactive_file 2\ntotal_inactive_file 436870912\ntotal_active_file 100000000\n"}, 1024 * mb, true},
		"version 1, seen from within": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "3:memory:/docker/a\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "73741824\n"}, 1_000_000_000, true},
		"the process is limited": {map[string]string{"proc/meminfo": meminfo,
			"proc/self/limits": "Limit                     Soft Limit           Hard Limit           Units\n" +
				"Max address space         2147483648           unlimited            bytes\n",
			"proc/self/status": "Name:\ttern\nVmSize:\t 1048576 kB\n"}, 1024 * mb, true},
		"the process is not limited": {map[string]string{"proc/meminfo": meminfo,
			"proc/self/limits": "Max address space         unlimited            unlimited            bytes\n",
			"proc/self/status": "VmSize:\t 1048576 kB\n"}, 4000 * mb, true},
		"no limit": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": "1048576\n"}, 4000 * mb, true},
		"a container": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "1:name=systemd:/x\n0::/\n",
			"sys/fs/cgroup/memory.max": "2147483648\n", "sys/fs/cgroup/memory.current": "1073741824\n"}, 1024 * mb, true},
		"files it can drop": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "2147483648\n", "sys/fs/cgroup/memory.current": "1073741824\n",
			"sys/fs/cgroup/memory.stat": "anon 5\nactive_file 268435456\ninactive_file 268435456\n"}, 1536 * mb, true},
		"more than there is": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "9000000000\n", "sys/fs/cgroup/memory.current": "0\n"}, 4000 * mb, true},
		"above its limit": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "2000\n"}, 0, true},
		"the group around it": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/user.slice/app.scope\n",
			"sys/fs/cgroup/user.slice/memory.max":           "1073741824\n",
			"sys/fs/cgroup/user.slice/memory.current":       "73741824\n",
			"sys/fs/cgroup/user.slice/app.scope/memory.max": "max\n"}, 1_000_000_000, true},
		"outside its namespace": {map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../x\n"}, 4000 * mb, true},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, known := availableMemory(root); got != c.want || known != c.known {
			t.Errorf("%s: %d, %v; want %d, %v", name, got, known, c.want, c.known)
		}
	}
}
