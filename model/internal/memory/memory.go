// Package memory has large pieces of memory for what is read from files.
package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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

// laxGarbage is how much garbage Lax allows.
const laxGarbage = 32 << 20

// lax are the calls of Lax that have not ended.
var lax struct {
	sync.Mutex
	n        int
	was, set int
}

// Lax allows some garbage beside live bytes, until end: where a program holds garbage to a
// few megabytes, opening a model would have it collected at every step, by whoever reads.
func Lax(live int) (end func()) {
	lax.Lock()
	defer lax.Unlock()
	if lax.n++; lax.n == 1 {
		percent := max(1, min(100, 100*laxGarbage/max(live, 1)))
		lax.was, lax.set = gcPercent(), 0
		if 0 <= lax.was && lax.was < percent {
			debug.SetGCPercent(percent)
			lax.set = percent
		}
	}
	return func() {
		lax.Lock()
		defer lax.Unlock()
		if lax.n--; lax.n == 0 && lax.set != 0 && gcPercent() == lax.set {
			debug.SetGCPercent(lax.was)
		}
	}
}

// gcPercent is what debug.SetGCPercent was given last.
func gcPercent() int {
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	if p := now[0].Value.Uint64(); p <= math.MaxInt32 {
		return int(p)
	}
	return -1
}

// AlignTo is b from the first multiple of to on.
func AlignTo(b []byte, to uintptr) []byte {
	return b[-uintptr(unsafe.Pointer(unsafe.SliceData(b)))%to:]
}
