package library

import (
	"runtime/debug"
	"testing"
)

// TestMemoryLimit: what the runtime may take bounds what is free.
func TestMemoryLimit(t *testing.T) {
	debug.SetMemoryLimit(1 << 30)
	t.Cleanup(func() { debug.SetMemoryLimit(1<<63 - 1) })
	free, known := FreeMemory()
	if !known || free <= 0 || free >= 1<<30 {
		t.Errorf("%d bytes are free of 1 GiB, %t", free, known)
	}
	debug.SetMemoryLimit(1)
	if free, known := FreeMemory(); free != 0 || !known {
		t.Errorf("%d bytes are free where none are allowed, %t", free, known)
	}
}
