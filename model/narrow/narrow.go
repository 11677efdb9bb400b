// Package narrow keeps matrices of 16-bit floats in 12 bits a number, without loss.
//
// The magnitudes of a row of trained weights span a small part of what their exponents
// can say. Taken as an integer, the bits of a magnitude are at most those of the largest
// of its row, and almost always less than 2¹¹ below: within 16 binary orders of it for a
// bfloat16. So 11 bits of the magnitude and the sign are enough, with the largest of the
// row. The few numbers for which that does not hold are kept beside.
//
// A matrix is narrowed in place, which leaves a quarter of its memory for other use
// ([Matrix.Spare]): package inference keeps the codes there with which it finds the most
// likely tokens.
package narrow

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/x448/float16"

	"tern/model/internal/memory"
	"tern/model/internal/parallel"
	"tern/model/internal/repack"
)

// BlockRows is the number of rows of a block: its spare quarter comes first, then its rows,
// each of the lower 8 of the 12 bits of its numbers and then of the higher 4. A byte of
// these holds those of two numbers, 16 columns apart: the one of a lower column in its
// lower half.
const BlockRows = 256

// colsMultiple is what the number of columns is a multiple of.
const colsMultiple = 32

const (
	magnitudeBits = 11
	mask          = 1<<magnitudeBits - 1
	sign          = 1 << 15
)

// oddShare: at most one in oddShare of the numbers may be kept beside.
const oddShare = 256

// Matrix is a matrix in 12 bits a number.
type Matrix struct {
	Rows, Cols int
	// Half says that the 12 bits are those of binary16 numbers, otherwise of bfloat16.
	Half bool

	data   []byte
	limits []uint16  // of each row: the largest magnitude
	odd    [][]float // of each block: the numbers that have no 12 bits, by row
	taken  atomic.Bool
}

// float is a number that is kept beside.
type float struct {
	row, col int32
	value    float32
}

// Narrow narrows rows rows of cols binary16 numbers (half), or bfloat16, in place and
// takes data over, or returns nil and leaves data as it was where that does not work.
func Narrow(data []byte, rows, cols int, half bool) *Matrix {
	if !fits(data, rows, cols) {
		return nil
	}
	first := data[:2*min(rows, BlockRows)*cols]
	b := NewBuilder(data, rows, cols, half, first)
	b.each(func(i int, scratch []byte) error {
		if b.left.Load() < 0 {
			return errTooMany
		}
		b.Rows(i*BlockRows, scratch[:copy(scratch, b.m.block(i))])
		return nil
	})
	return b.Matrix()
}

// fits reports whether a matrix has a shape that can be narrowed.
func fits(data []byte, rows, cols int) bool {
	return cols%colsMultiple == 0 && rows > 0 && len(data) == 2*rows*cols
}

// Builder narrows a matrix whose rows come one after another.
type Builder struct {
	m      *Matrix
	half   bool
	packed []int        // rows of each block
	left   atomic.Int64 // odd numbers, below 0 once there are too many
}

// NewBuilder returns a builder of a matrix of rows rows of cols binary16 numbers (half), or
// bfloat16, of which first is a part, whole rows. It stores them in data, 2 bytes for each.
func NewBuilder(data []byte, rows, cols int, half bool, first []byte) *Builder {
	b := &Builder{half: half, m: &Matrix{Rows: rows, Cols: cols, Half: half, data: data}}
	if !fits(data, rows, cols) {
		b.left.Store(-1)
		return b
	}
	b.m.Half = half && !fewBits(first)
	b.m.limits, b.m.odd, b.packed = make([]uint16, rows), make([][]float, b.m.Blocks()), make([]int, b.m.Blocks())
	b.left.Store(int64(rows) * int64(cols) / oddShare)
	return b
}

// Rows takes whole rows of one block, as stored, the first of them row r. Those of a block
// come in order, from one goroutine; blocks may come at the same time.
func (b *Builder) Rows(r int, stored []byte) {
	stride := 2 * b.m.Cols
	if b.left.Load() < 0 && (b.packed == nil || b.packed[r/BlockRows] == 0) {
		copy(b.m.data[r*stride:], stored)
		return
	}
	odd := b.m.pack(r, b.half, stored)
	b.packed[r/BlockRows] += len(stored) / stride
	b.left.Add(-int64(odd))
}

// Matrix is the matrix, once all rows are there, or nil where it cannot be narrowed: data
// then holds the rows as they were stored.
func (b *Builder) Matrix() *Matrix {
	if b.left.Load() >= 0 {
		return b.m
	}
	b.each(func(i int, scratch []byte) error {
		if b.packed[i] > 0 {
			b.m.unpack(i, b.half, scratch)
		}
		return nil
	})
	return nil
}

// each calls f for all blocks, on all cores, with room for one, until an error.
func (b *Builder) each(f func(i int, scratch []byte) error) {
	scratch := sync.Pool{New: func() any {
		room := memory.Zeros(2 * min(b.m.Rows, BlockRows) * b.m.Cols)
		return &room
	}}
	_ = parallel.Each(context.Background(), len(b.packed), func(i int) error {
		s := scratch.Get().(*[]byte)
		defer scratch.Put(s)
		return f(i, *s)
	}, func() {})
}

// errTooMany ends the narrowing of a matrix that has too many odd numbers.
var errTooMany = errors.New("narrow: too many numbers to keep beside")

// fewBits reports whether most of these binary16 numbers have no more than the 8 bits of a
// bfloat16, as those of a model that was trained in it do.
func fewBits(data []byte) bool {
	n := 0
	for i := 0; i < len(data); i += 2 {
		if v := halves()[binary.LittleEndian.Uint16(data[i:])]; math.Float32bits(v)&0xffff == 0 {
			n++
		}
	}
	return n > len(data)/2/oddShare*(oddShare-1)
}

// Blocks is the number of blocks; the last may have fewer rows.
func (m *Matrix) Blocks() int { return (m.Rows + BlockRows - 1) / BlockRows }

// Bytes is the memory that the matrix takes, the spare quarter included.
func (m *Matrix) Bytes() int64 {
	n := int64(len(m.data)) + 2*int64(len(m.limits))
	for _, odd := range m.odd {
		n += 12 * int64(len(odd))
	}
	return n
}

// Take says that the caller is the one who may use the spare memory, until Release. It
// returns false where another does.
func (m *Matrix) Take() bool { return m.taken.CompareAndSwap(false, true) }

// Release gives the spare memory to the next.
func (m *Matrix) Release() { m.taken.Store(false) }

// Spare is the spare memory of a block: half a byte for each of its numbers.
func (m *Matrix) Spare(b int) []byte {
	block := m.block(b)
	return block[: len(block)/4 : len(block)/4]
}

func (m *Matrix) block(b int) []byte {
	size := 2 * BlockRows * m.Cols
	return m.data[b*size : min(len(m.data), (b+1)*size)]
}

// Row is where the bits of row r are, and its largest magnitude.
func (m *Matrix) Row(r int) (low, high []byte, limit uint16) {
	block := m.block(r / BlockRows)
	row := block[len(block)/4+r%BlockRows*m.Cols*3/2:]
	return row[:m.Cols], row[m.Cols:][:m.Cols/2], m.limits[r]
}

// Complete puts the numbers of row r that are kept beside into dst, which has the others.
func (m *Matrix) Complete(dst []float32, r int) {
	odd := m.odd[r/BlockRows]
	if len(odd) == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(odd, int32(r), func(f float, r int32) int { return int(f.row - r) })
	for ; i < len(odd) && int(odd[i].row) == r; i++ {
		dst[odd[i].col] = odd[i].value
	}
}

// RowTo stores row r in dst[0:Cols].
func (m *Matrix) RowTo(dst []float32, r int) {
	low, high, limit := m.Row(r)
	Decode(dst, low, high, limit, m.Half)
	m.Complete(dst, r)
}

// Decode stores the len(low) numbers of a row, without those kept beside: of 12 bits
// v = sign·2¹¹ + b, the magnitude is the largest of at most limit whose lower 11 bits are
// b, and 0 where that is limit - 2047.
func Decode(dst []float32, low, high []byte, limit uint16, half bool) {
	table := halves()
	for c := range low {
		v := uint16(low[c]) | uint16(high[c/colsMultiple*16+c%16]>>(c%colsMultiple/16*4)&15)<<8
		below := (limit - v) & mask
		magnitude := limit - below
		if below == mask {
			magnitude = 0
		}
		bits := magnitude | v<<(15-magnitudeBits)&sign
		if half {
			dst[c] = table[bits]
		} else {
			dst[c] = math.Float32frombits(uint32(bits) << 16)
		}
	}
}

// pack narrows rows of a block, the first of them row r, whose numbers are binary16 (half)
// or bfloat16, and returns how many have no 12 bits.
func (m *Matrix) pack(r int, half bool, src []byte) int {
	b := r / BlockRows
	values, bits := make([]float32, m.Cols), make([]uint16, m.Cols)
	odd := m.odd[b]
	before := len(odd)
	for ; len(src) > 0; r, src = r+1, src[2*m.Cols:] {
		low, high, _ := m.Row(r)
		limit, ok := m.packFast(low, high, src[:2*m.Cols], bits, half)
		if !ok {
			limit, odd = m.packRow(low, high, src, values, bits, half, odd, r)
		}
		m.limits[r] = limit
	}
	m.odd[b] = slices.Clip(odd)
	return len(odd) - before
}

// packRow packs row r and adds the numbers that have no 12 bits to odd. values and bits
// are scratch.
func (m *Matrix) packRow(low, high, src []byte, values []float32, bits []uint16, half bool, odd []float, r int) (limit uint16, _ []float) {
	table := halves()
	for c := range bits {
		v := binary.LittleEndian.Uint16(src[2*c:])
		if !half {
			values[c] = math.Float32frombits(uint32(v) << 16)
		} else {
			values[c] = table[v]
			if !m.Half {
				w := math.Float32bits(values[c])
				if v = uint16(w >> 16); w&0xffff != 0 {
					v = none
				}
			}
		}
		bits[c] = v
		if v != none {
			limit = max(limit, v&^sign)
		}
	}
	clear(high)
	for c, v := range bits {
		below := limit - v&^sign
		switch {
		case v&^sign == 0:
			below = mask
		case v == none || below >= mask:
			odd = append(odd, float{int32(r), int32(c), values[c]})
			below = mask
		}
		v = (limit-below)&mask | v&sign>>(15-magnitudeBits)
		low[c] = byte(v)
		high[c/colsMultiple*16+c%16] |= byte(v>>8) << (c % colsMultiple / 16 * 4)
	}
	return limit, odd
}

// packFast packs a row all of whose numbers have 12 bits, where there is assembly for it.
// bits is scratch.
func (m *Matrix) packFast(low, high, src []byte, bits []uint16, half bool) (limit uint16, ok bool) {
	if half == m.Half {
		if bits = repack.Words(src); bits == nil {
			return 0, false
		}
	} else if !repack.Shorten(bits, src) {
		return 0, false
	}
	return repack.Narrow(low, high, bits)
}

// none marks a binary16 that is no bfloat16: a NaN, which weights are not.
const none = repack.NoNarrow

// unpack undoes pack.
func (m *Matrix) unpack(b int, half bool, scratch []byte) {
	block := m.block(b)
	rows := len(block) / 2 / m.Cols
	row := make([]float32, m.Cols)
	for i := range rows {
		m.RowTo(row, b*BlockRows+i)
		encode(scratch[2*i*m.Cols:][:2*m.Cols], row, half)
	}
	copy(block, scratch)
}

// StoredTo stores row r as binary16 (half) or bfloat16, which it was narrowed from.
func (m *Matrix) StoredTo(dst []byte, r int, half bool) {
	row := make([]float32, m.Cols)
	m.RowTo(row, r)
	encode(dst, row, half)
}

// encode stores a row as binary16 (half) or bfloat16, which hold it exactly.
func encode(dst []byte, row []float32, half bool) {
	for c, v := range row {
		bits := uint16(math.Float32bits(v) >> 16)
		if half {
			bits = float16.Fromfloat32(v).Bits()
		}
		binary.LittleEndian.PutUint16(dst[2*c:], bits)
	}
}

// halves holds the value of every binary16.
var halves = sync.OnceValue(func() *[1 << 16]float32 {
	t := new([1 << 16]float32)
	for i := range t {
		t[i] = float16.Frombits(uint16(i)).Float32()
	}
	return t
})
