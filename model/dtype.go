package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/x448/float16"
)

// floatTypes are the types whose numbers stand alone, by the names that both
// containers use.
var floatTypes = map[string]DType{"F32": F32, "F16": F16, "BF16": BF16}

// denseTypes are all types that the embedding and the head may have.
var denseTypes = map[string]DType{"F32": F32, "F16": F16, "BF16": BF16, "Q8_0": Q8_0, "Q4_0": Q4_0, "Q4_K": Q4K, "Q6_K": Q6K}

// Blocked says whether numbers are stored in blocks with common scales.
func (t DType) Blocked() bool { return t > BF16 }

// Size is the number of bytes of one number. It panics for a blocked type.
func (t DType) Size() int {
	switch t {
	case F32:
		return 4
	case F16, BF16:
		return 2
	}
	panic(fmt.Sprintf("model: %v has no size of one number", t))
}

// Bytes is the number of bytes of n numbers, which are whole blocks.
func (t DType) Bytes(n int) int {
	elems, size := t.blockSize()
	return n / elems * size
}

// String is the name that the containers use.
func (t DType) String() string {
	for name, have := range denseTypes {
		if have == t {
			return name
		}
	}
	return fmt.Sprintf("DType(%d)", uint8(t))
}

// halves holds the value of every binary16.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = float16.Frombits(uint16(i)).Float32()
	}
	return t
})

// decode stores the len(dst) numbers at the start of src.
func (t DType) decode(dst []float32, src []byte) {
	src = src[:t.Bytes(len(dst))]
	switch t {
	case F32:
		if littleEndian { // 25 times the speed of the loop
			copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), len(src)), src)
			return
		}
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case F16:
		table := halves()
		for i := range dst {
			dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
		}
	case BF16:
		for ; len(dst) >= 4; dst, src = dst[4:], src[8:] {
			d, u := (*[4]float32)(dst), binary.LittleEndian.Uint64(src)
			d[0] = math.Float32frombits(uint32(u) << 16)
			d[1] = math.Float32frombits(uint32(u) & 0xffff0000)
			d[2] = math.Float32frombits(uint32(u>>32) << 16)
			d[3] = math.Float32frombits(uint32(u>>32) & 0xffff0000)
		}
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	default:
		t.decodeBlocks(dst, src)
	}
}

// littleEndian says whether this machine stores numbers as the files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// finite says whether no number in src is infinite or NaN: none has all bits
// of its exponent set.
func (t DType) finite(src []byte) bool {
	if t.Blocked() {
		return t.finiteBlocks(src)
	}
	if t == F32 {
		for ; len(src) >= 4; src = src[4:] {
			if ^binary.LittleEndian.Uint32(src)&0x7f800000 == 0 {
				return false
			}
		}
		return true
	}
	exponent := uint16(0x7c00)
	if t == BF16 {
		exponent = 0x7f80
	}
	const ones = 0x0001000100010001
	for lanes := ones * uint64(exponent); len(src) >= 8; src = src[8:] { // four at once
		clear := ^binary.LittleEndian.Uint64(src) & lanes
		if (clear-ones)&^clear&(ones<<15) != 0 { // a lane of clear is 0
			return false
		}
	}
	for ; len(src) >= 2; src = src[2:] {
		if ^binary.LittleEndian.Uint16(src)&exponent == 0 {
			return false
		}
	}
	return true
}

// RowTo stores row r in dst[0:Cols] as float32.
func (d *Dense) RowTo(dst []float32, r int) {
	stride := d.Type.Bytes(d.Cols)
	d.Type.decode(dst[:d.Cols], d.Data[r*stride:][:stride])
}
