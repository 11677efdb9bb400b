package ternary

import (
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// huge is whose every huge page is that Linux was asked for, by its address.
var huge struct {
	sync.Mutex
	owner map[uintptr]uint64 // nobody: the advice was taken back
	last  uint64             // owner
}

const nobody = 0

// keepHuge is how long the advice outlives its arena: another model, which is opened
// soon, finds huge pages there.
var keepHuge = time.Minute

// adviseHuge asks for huge pages for b, zeros that start on one and end with one,
// until all, which b was cut from, is garbage. A refusal costs speed, not correctness.
func adviseHuge(b, all []byte) {
	huge.Lock()
	defer huge.Unlock()
	if huge.owner == nil {
		huge.owner = make(map[uintptr]uint64)
	}
	huge.last++
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	p := place{huge.last, begin, begin + uintptr(len(b))}
	small := false
	for page := p.begin; page < p.end; page += hugePage {
		owner, known := huge.owner[page]
		small = small || known && owner == nobody
		huge.owner[page] = p.owner
	}
	if unix.Madvise(b, unix.MADV_HUGEPAGE) == nil && small {
		// Go may have cleared some of it in small pages. What is read from pages that are
		// gone are zeros again, and they come back as huge ones.
		_ = unix.Madvise(b, unix.MADV_DONTNEED)
	}
	runtime.AddCleanup(unsafe.SliceData(all), func(p place) { time.AfterFunc(keepHuge, p.forget) }, p)
}

// place is where something was.
type place struct {
	owner      uint64
	begin, end uintptr
}

// forget takes back what adviseHuge asked for. Go puts anything into the place of
// what is garbage, and Linux would fill each huge page of which some bytes are in use:
// a window that opened and closed small models for 50 minutes held 20 MB more.
// The place may be another arena's by now.
func (p place) forget() {
	huge.Lock()
	defer huge.Unlock()
	for page := p.begin; page < p.end; {
		from := page
		for ; page < p.end && huge.owner[page] == p.owner; page += hugePage {
			huge.owner[page] = nobody
		}
		if page > from {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, page-from, unix.MADV_NOHUGEPAGE)
		} else {
			page += hugePage
		}
	}
}
