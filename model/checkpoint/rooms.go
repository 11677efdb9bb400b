package checkpoint

import (
	"slices"
	"sync"

	"tern/model/internal/memory"
)

// rooms are the buffers of a loader, which workers fill again and again: they lie on few
// huge pages, which is cheaper than the faults of many small ones, and are given back as
// soon as all is read. Garbage they would stay for long beside weights.
type rooms struct {
	mu    sync.Mutex
	slabs [][]byte  // all that was taken
	left  []byte    // of the last one
	idle  []*[]byte // buffers that nobody has
}

// get lends a buffer of n bytes.
func (r *rooms) get(n int) *[]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	best := -1
	for i, b := range r.idle {
		if cap(*b) >= n && (best < 0 || cap(*b) < cap(*r.idle[best])) {
			best = i
		}
	}
	if best >= 0 {
		b := r.idle[best]
		r.idle = slices.Delete(r.idle, best, best+1)
		*b = (*b)[:n]
		return b
	}
	size := (n + 63) &^ 63
	if size > len(r.left) {
		r.left = memory.Zeros(max(size, memory.HugePage))
		r.slabs = append(r.slabs, r.left)
	}
	room := r.left[:n:size]
	r.left = r.left[size:]
	return &room
}

// put takes a buffer back.
func (r *rooms) put(b *[]byte) {
	r.mu.Lock()
	r.idle = append(r.idle, b)
	r.mu.Unlock()
}

// free gives the memory back to the system. Nobody may have a buffer.
func (r *rooms) free() {
	for _, slab := range r.slabs {
		memory.Free(slab)
	}
	*r = rooms{}
}
