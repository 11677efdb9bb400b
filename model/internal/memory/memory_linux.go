package memory

import (
	"runtime"
	"strings"
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

// zeros returns size zeros, whole huge pages, on huge pages where the system has them,
// until they are garbage. A refusal of the system costs speed, not correctness.
//
// Go clears what it takes from memory that was in use before, hundreds of megabytes
// on one core and in small pages. A Builder leaves that out, and Linux has zeros for
// all pages that are given back.
func zeros(size int) []byte {
	var memory strings.Builder
	memory.Grow(size + HugePage)
	memory.WriteByte(0)
	all := unsafe.Slice(unsafe.StringData(memory.String()), memory.Cap())
	b := AlignTo(all, HugePage)[:size:size]

	huge.Lock()
	defer huge.Unlock()
	if huge.owner == nil {
		huge.owner = make(map[uintptr]uint64)
	}
	huge.last++
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	p := place{huge.last, begin, begin + uintptr(size)}
	for page := p.begin; page < p.end; page += HugePage {
		huge.owner[page] = p.owner
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	if unix.Madvise(b, unix.MADV_DONTNEED) != nil {
		clear(b)
	}
	runtime.AddCleanup(unsafe.SliceData(all), func(p place) { time.AfterFunc(keepHuge, p.forget) }, p)
	return b
}

// free gives back the memory of what zeros returned: whoever touches it again finds zeros.
func free(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }

// place is where something was.
type place struct {
	owner      uint64
	begin, end uintptr
}

// forget takes back what zeros asked for. Go puts anything into the place of
// what is garbage, and Linux would fill each huge page of which some bytes are in use:
// a window that opened and closed small models for 50 minutes held 20 MB more.
// The place may be another arena's by now.
func (p place) forget() {
	huge.Lock()
	defer huge.Unlock()
	for page := p.begin; page < p.end; {
		from := page
		for ; page < p.end && huge.owner[page] == p.owner; page += HugePage {
			huge.owner[page] = nobody
		}
		if page > from {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, page-from, unix.MADV_NOHUGEPAGE)
		} else {
			page += HugePage
		}
	}
}
