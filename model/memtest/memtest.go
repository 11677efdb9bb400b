// Package memtest holds what reads files from strangers to little memory.
package memtest

import (
	"runtime/metrics"
	"testing"
)

// Base is what reading any file may allocate, in bytes: buffers and tables of a
// size of their own.
const Base = 16 << 20

// Bounded calls read, which reads size bytes, and fails where it allocated more
// than Base and 200 bytes for each byte, be it garbage already. Nothing else may
// run meanwhile.
func Bounded(t testing.TB, size int, read func()) {
	t.Helper()
	before := allocated()
	read()
	if n := allocated() - before; n > Base+200*uint64(size) {
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
