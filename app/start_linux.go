package app

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forgetStart gives back the pages of the program's file, and of the libraries of its
// window, that only its start needed: tables of packages that commands do not use, which
// are made before main begins, and code that makes them. Whatever is needed comes back from
// the page cache.
func forgetStart() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var pages []byte
	for s := bufio.NewScanner(f); s.Scan(); {
		var begin, end uintptr
		var access, offset, device string
		var inode, own uint64
		line := s.Text()
		if n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %d", &begin, &end, &access, &offset, &device, &inode); n == 6 {
			pages = nil
			if inode != 0 && strings.HasPrefix(access, "r") && !strings.Contains(access, "w") {
				pages = unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(nil), begin)), end-begin)
			}
		} else if n, _ := fmt.Sscanf(line, "Anonymous: %d kB", &own); n == 1 && own == 0 && pages != nil {
			_ = unix.Madvise(pages, unix.MADV_DONTNEED) // nothing was written to these pages, which the file has
		}
	}
}
