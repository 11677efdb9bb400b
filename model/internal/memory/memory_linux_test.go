package memory

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// flags are those of the memory at an address; see proc_pid_smaps(5).
func flags(t *testing.T, at uintptr) []string {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	var from, to uintptr
	for s := bufio.NewScanner(f); s.Scan(); {
		if n, _ := fmt.Sscanf(s.Text(), "%x-%x ", &from, &to); n == 2 {
			continue
		}
		if list, ok := strings.CutPrefix(s.Text(), "VmFlags:"); ok && from <= at && at < to {
			return strings.Fields(list)
		}
	}
	t.Fatalf("nothing is at %#x", at)
	return nil
}

// TestHugePagesAreForgotten: the advice ends with the arena, whatever takes its place.
func TestHugePagesAreForgotten(t *testing.T) {
	defer func(was time.Duration) { keepHuge = was }(keepHuge)
	keepHuge = 0
	const size = 3 * HugePage
	advised := func(b []byte) bool {
		return slices.Contains(flags(t, uintptr(unsafe.Pointer(unsafe.SliceData(b)))), "hg")
	}
	seen := map[uintptr]bool{}
	var last []uintptr
	for range 20 { // the later ones get the places of the earlier ones
		b := Zeros(size)
		if slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
			t.Fatal("an arena is not zero")
		}
		for i := range b {
			b[i] = 1
		}
		if !advised(b) {
			t.Skip("this system has no huge pages to advise")
		}
		at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		last, seen[at] = append(last, at), true
		runtime.GC()
		if !advised(b) {
			t.Fatal("an arena in use lost its huge pages")
		}
		runtime.KeepAlive(b)
	}
	if len(seen) == len(last) {
		t.Log("no place was used twice")
	}
	for range 500 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
		if !slices.ContainsFunc(last, func(at uintptr) bool { return slices.Contains(flags(t, at), "hg") }) {
			return
		}
	}
	t.Error("places of arenas that are gone are on huge pages")
}

// TestFree: what was given back is not resident, and zero for whoever looks.
func TestFree(t *testing.T) {
	b := Zeros(5 * HugePage / 2)
	resident := func() (n int) {
		pages := make([]byte, (len(b)+os.Getpagesize()-1)/os.Getpagesize())
		if _, _, err := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), uintptr(unsafe.Pointer(unsafe.SliceData(pages)))); err != 0 {
			t.Skip(err)
		}
		for _, p := range pages {
			n += int(p & 1)
		}
		return n
	}
	for i := range b {
		b[i] = 1
	}
	before := resident()
	Free(b)
	if after := resident(); before == 0 || after != 0 {
		t.Errorf("%d pages were resident, %d are", before, after)
	}
	if slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
		t.Error("it is not zero")
	}
}
