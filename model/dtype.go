package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/x448/float16"

	"tern/model/internal/repack"
)

// DType is how the numbers of a dense tensor are stored. All are little-endian.
type DType uint8

// The dense types: numbers that stand alone, and blocks of numbers with common
// scales, as GGUF files store them (ggml-quants.c).
const (
	F32  DType = iota + 1 // IEEE binary32, 4 bytes
	F16                   // IEEE binary16, 2 bytes
	BF16                  // the upper half of a binary32, 2 bytes
	Q8_0                  // 32 numbers in 34 bytes
	Q4_0                  // 32 numbers in 18 bytes
	Q4K                   // Q4_K: 256 numbers in 144 bytes
	Q6K                   // Q6_K: 256 numbers in 210 bytes

	// Packed is a matrix of ternary weights in groups with a scale each, in
	// Dense.Grouped: whatever type the file has, its rows are decoded from there.
	Packed
)

// dtype is everything Tern knows of one dense type.
type dtype struct {
	name         string // in both containers
	elems, bytes int    // numbers in a block, and its size; 1 where numbers stand alone

	// decode stores the numbers of whole blocks, len(dst) of them.
	decode func(dst []float32, src []byte)
	// finite reports whether every number of whole blocks is finite.
	finite func(src []byte) bool
	// encode stores numbers as whole blocks, or returns the first that the type
	// cannot hold. It is nil for types that Tern does not write.
	encode func(dst []byte, v []float32) (bad float32, ok bool)
}

// dtypes is the only list of dense types. A new one is a file dtype_NAME.go, a
// constant above and a line here.
var dtypes = [...]*dtype{F32: &typeF32, F16: &typeF16, BF16: &typeBF16, Q8_0: &typeQ80, Q4_0: &typeQ40, Q4K: &typeQ4K, Q6K: &typeQ6K, Packed: &typePacked}

var (
	typeF32  = dtype{name: "F32", elems: 1, bytes: 4, decode: decodeF32, finite: finiteF32}
	typeF16  = dtype{name: "F16", elems: 1, bytes: 2, decode: decodeF16, finite: finiteF16, encode: EncodeHalves}
	typeBF16 = dtype{name: "BF16", elems: 1, bytes: 2, decode: decodeBF16, finite: finiteBF16}
)

// typePacked has no form in bytes.
var typePacked = dtype{name: "ternary", elems: 64, bytes: 18}

// DTypeNamed finds a dense type by the name that containers use.
func DTypeNamed(name string) (t DType, ok bool) {
	i := slices.IndexFunc(dtypes[1:Packed], func(d *dtype) bool { return d.name == name })
	return DType(i + 1), i >= 0
}

// DTypeNames are the names of all dense types.
func DTypeNames() (names []string) {
	for _, d := range dtypes[1:Packed] {
		names = append(names, d.name)
	}
	return names
}

func (t DType) info() *dtype {
	if t == 0 || int(t) >= len(dtypes) {
		panic(fmt.Sprintf("model: %v is not a dense type", t))
	}
	return dtypes[t]
}

// Blocked reports whether numbers are stored in blocks with common scales.
func (t DType) Blocked() bool { return t.info().elems > 1 }

// Block is how many numbers a block holds, and in how many bytes; a number that
// stands alone is a block.
func (t DType) Block() (elems, bytes int) { return t.info().elems, t.info().bytes }

// Size is the number of bytes of one number. It panics for a blocked type.
func (t DType) Size() int {
	if t.Blocked() {
		panic(fmt.Sprintf("model: %v has no size of one number", t))
	}
	return t.info().bytes
}

// Bytes is the number of bytes of n numbers, which are whole blocks.
func (t DType) Bytes(n int) int {
	elems, size := t.Block()
	return n / elems * size
}

// String is the name that the containers use.
func (t DType) String() string {
	if t == 0 || int(t) >= len(dtypes) {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return dtypes[t].name
}

// Decode stores the len(dst) numbers, whole blocks, at the start of src.
func (t DType) Decode(dst []float32, src []byte) {
	t.info().decode(dst, src[:t.Bytes(len(dst))])
}

// Finite reports whether no number in the whole blocks of src is infinite or NaN.
func (t DType) Finite(src []byte) bool { return t.info().finite(src) }

// Encode stores v, whole blocks, in dst. It returns the first number that the
// type cannot hold. It panics for a type that Tern does not write.
func (t DType) Encode(dst []byte, v []float32) (bad float32, ok bool) { return t.info().encode(dst, v) }

// RowTo stores row r in dst[0:Cols] as float32.
func (d *Dense) RowTo(dst []float32, r int) {
	if d.Grouped != nil {
		d.Grouped.UnpackRow(r, dst[:d.Cols])
		return
	}
	if d.Narrow != nil {
		d.Narrow.RowTo(dst[:d.Cols], r)
		return
	}
	d.Type.Decode(dst[:d.Cols], d.stored(r))
}

// stored is row r in Data.
func (d *Dense) stored(r int) []byte {
	stride := d.Type.Bytes(d.Cols)
	return d.Data[r*stride:][:stride]
}

// StoredRow is row r as Type has it. It may use scratch, which has room for that.
func (d *Dense) StoredRow(r int, scratch []byte) []byte {
	if d.Narrow != nil {
		d.Narrow.StoredTo(scratch, r, d.Type == F16)
		return scratch[:2*d.Cols]
	}
	return d.stored(r)
}

// halves holds the value of every binary16.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = float16.Frombits(uint16(i)).Float32()
	}
	return t
})

// HalfAt is the binary16 at the start of p.
func HalfAt(p []byte) float32 { return halves()[binary.LittleEndian.Uint16(p)] }

// littleEndian reports whether this machine stores numbers as the files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func decodeF32(dst []float32, src []byte) {
	if littleEndian { // 25 times the speed of the loop
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), len(src)), src)
		return
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func decodeF16(dst []float32, src []byte) {
	table := halves()
	for i := range dst {
		dst[i] = table[binary.LittleEndian.Uint16(src[2*i:])]
	}
}

func decodeBF16(dst []float32, src []byte) {
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
}

// A number is finite unless all bits of its exponent are set.

func finiteF32(src []byte) bool  { return repack.Finite32(src, 0x7f800000) }
func finiteF16(src []byte) bool  { return repack.Finite16(src, 0x7c00) }
func finiteBF16(src []byte) bool { return repack.Finite16(src, 0x7f80) }

// EncodeHalves stores v as binary16, to nearest, ties to even. It returns the
// first number that is too large for it.
func EncodeHalves(dst []byte, v []float32) (bad float32, ok bool) {
	for i, x := range v {
		h := float16.Fromfloat32(x)
		if h.IsInf(0) && !math.IsInf(float64(x), 0) {
			return x, false
		}
		binary.LittleEndian.PutUint16(dst[2*i:], h.Bits())
	}
	return 0, true
}

// everyBlock is decode for a type given how one block is decoded.
func everyBlock(elems, bytes int, decode func(dst []float32, block []byte)) func(dst []float32, src []byte) {
	return func(dst []float32, src []byte) {
		for ; len(dst) > 0; dst, src = dst[elems:], src[bytes:] {
			decode(dst[:elems], src[:bytes])
		}
	}
}

// finiteHalves is finite for a type of blocks whose scales are n binary16
// numbers at an offset.
func finiteHalves(bytes, at, n int) func(src []byte) bool {
	return func(src []byte) bool {
		for ; len(src) > 0; src = src[bytes:] {
			if !finiteF16(src[at:][:2*n]) {
				return false
			}
		}
		return true
	}
}
