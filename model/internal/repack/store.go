package repack

import (
	"sync"
	"unsafe"
)

// Store copies src to dst of the same length past the caches where it can: memory that
// nobody reads soon need not be fetched in order to be overwritten.
func Store(dst, src []byte) {
	if len(dst) != len(src) {
		panic("repack: Store of another size")
	}
	if n := len(src) / 64; useAVX2 && n > 0 && uintptr(unsafe.Pointer(unsafe.SliceData(dst)))%32 == 0 {
		storeAVX2(&dst[0], &src[0], n)
		dst, src = dst[n*64:], src[n*64:]
	}
	copy(dst, src)
}

var rooms sync.Pool

// Room lends n bytes that stay in the cache, until Done.
func Room(n int) *[]byte {
	b, _ := rooms.Get().(*[]byte)
	if b == nil || cap(*b) < n {
		b = new([]byte)
		*b = make([]byte, n)
	}
	*b = (*b)[:n]
	return b
}

// Done takes back what Room lent.
func Done(b *[]byte) { rooms.Put(b) }
