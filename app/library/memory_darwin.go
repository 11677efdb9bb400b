package library

import "golang.org/x/sys/unix"

// systemMemory is the pages that are free, and those of files, which are read
// again when they are needed.
func systemMemory() (bytes int64, known bool) {
	size, err := unix.SysctlUint32("vm.pagesize")
	if err != nil {
		return 0, false
	}
	for _, name := range []string{"vm.page_free_count", "vm.page_pageable_external_count", "vm.page_purgeable_count"} {
		n, err := unix.SysctlUint32(name)
		if err != nil && !known {
			return 0, false // the first is on every version
		}
		bytes, known = bytes+int64(n)*int64(size), true
	}
	return bytes, known
}
