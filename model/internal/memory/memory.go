// Package memory has large pieces of memory for what is read from files.
package memory

import (
	"runtime"
	"sync"
	"unsafe"
)

// HugePage is the size of a huge page on the systems that have them.
const HugePage = 2 << 20

// Zeros returns n zeros. Where they fill a huge page they start on one, and lie on huge
// pages if the system has them: a fault for two megabytes in the place of one for four
// kilobytes, and less to look up for whoever reads them. They belong to the garbage
// collector like any other slice.
func Zeros(n int) []byte {
	if n < HugePage {
		return make([]byte, n)
	}
	// Whole pages, so that nothing else is on them.
	return zeros((n + HugePage - 1) / HugePage * HugePage)[:n:n]
}

// Free gives memory of Zeros, all of it, back to the system at once, and not when a
// collection of garbage finds it. Nothing may read it afterwards.
func Free(b []byte) {
	if len(b) >= HugePage { // on pages of its own
		free(b)
	}
}

// heapAhead is how much of the heap HugeHeap puts on huge pages: about what a vocabulary, its
// tokenizer and the buffers of a pass take.
const heapAhead = 24 << 20

var hugeHeap = sync.OnceValue(func() *sync.WaitGroup {
	_ = Zeros(heapAhead)
	var handed sync.WaitGroup
	handed.Go(runtime.GC)
	return &handed
})

// HugeHeap has what Go allocates next lie on huge pages, the first time that it is called:
// memory that was asked for so is handed back, untouched, for Go to cut from, until when
// wait waits. A process that opens a model takes thousands of pages of 4 KB otherwise, each
// by a fault that costs up to 28 µs on a virtual machine.
func HugeHeap() (wait func()) { return hugeHeap().Wait }

// AlignTo is b from the first multiple of to on.
func AlignTo(b []byte, to uintptr) []byte {
	return b[-uintptr(unsafe.Pointer(unsafe.SliceData(b)))%to:]
}
