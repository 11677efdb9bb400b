// Package fuzztest is what tests of the readers of strangers' files share.
package fuzztest

import (
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
)

// AddFiles seeds f with the files that match pattern, the first most bytes of each.
// It fails where there are none.
func AddFiles(f *testing.F, pattern string, most int) {
	f.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		f.Fatalf("no files %s: %v", pattern, err)
	}
	for _, name := range names {
		whole, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole[:min(len(whole), most)])
	}
}

// base is what reading any file may allocate, in bytes: buffers and tables of a
// size of their own.
const base = 16 << 20

// Bounded calls read, which reads size bytes, and fails where it allocated more
// than base and 200 bytes for each byte, be it garbage already. Nothing else may
// run meanwhile.
func Bounded(t testing.TB, size int, read func()) {
	t.Helper()
	before := allocated()
	read()
	if n := allocated() - before; n > base+200*uint64(size) {
		t.Errorf("%d bytes were allocated to read %d", n, size)
	}
}

// allocated is all that was ever allocated; Go counts small objects late, by
// some kilobytes.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
