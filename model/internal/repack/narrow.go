package repack

import "unsafe"

// NoNarrow stands among the bits of bfloat16 numbers for what is none.
const NoNarrow = 0xffff

// Shorten stores binary16 numbers as bfloat16, NoNarrow where that would round. It
// reports false, and does nothing, where there is no assembly for it: package narrow has
// the definition of this and of Narrow.
func Shorten(bits []uint16, src []byte) bool {
	if !useAVX2 || len(bits) == 0 || len(bits)%16 != 0 || len(src) != 2*len(bits) {
		return false
	}
	shortenAVX2(&bits[0], &src[0], len(bits)/16)
	return true
}

// Narrow stores the 12 bits of numbers as the row of a matrix of package narrow, and
// returns the largest of their magnitudes. It reports false where one has no 12 bits, or
// where there is no assembly for it.
func Narrow(low, high []byte, bits []uint16) (limit uint16, ok bool) {
	if !useAVX2 || len(bits) == 0 || len(bits)%32 != 0 || len(low) != len(bits) || len(high) != len(bits)/2 {
		return 0, false
	}
	limit = widestAVX2(&bits[0], len(bits)/16)
	return limit, !narrowAVX2(&low[0], &high[0], &bits[0], len(bits)/32, uint32(limit)*0x10001)
}

// Words is src as 16-bit numbers, nil where this machine stores them otherwise.
func Words(src []byte) []uint16 {
	if !useAVX2 || len(src) < 2 || uintptr(unsafe.Pointer(unsafe.SliceData(src)))%2 != 0 {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(src))), len(src)/2)
}
