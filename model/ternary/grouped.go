package ternary

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/x448/float16"
)

const (
	// BandRows is how many rows of a Grouped are interleaved in a band.
	BandRows = 32

	wordCols  = 16                         // columns in one 32-bit word of codes
	wordBytes = 4                          // of one row,
	lineBytes = wordBytes * BandRows       // and of all rows of a band
	evenBits  = uint64(0x5555555555555555) // the low bit of each code
)

// Grouped is a Rows × Cols matrix whose weight is (code-1)·d, where the code is 0
// to 3 and d is a scale that GroupCols consecutive columns of a row share.
//
// # Layout
//
// This is TwoBits; a Form says how others differ. A word of 32 bits holds 16 consecutive columns of a row: byte j holds columns 4j to
// 4j+3, from its low bits up. That is the order of the Q2_0 blocks of GGUF, so a loader
// copies words. Rows are taken in bands of BandRows = 32, and a band is one sequential
// run of lines of 128 bytes, one for every 16 columns, of one word from each of its rows:
//
//	band b: [columns 0–15: row 32b | row 32b+1 | … | row 32b+31] [columns 16–31: …] …
//
// Each 32-bit lane of a vector register is a row. So four bytes of activations,
// broadcast, meet one field of all rows at once, sums need no additions across a
// register, and the scales of a group are vectors too.
//
// Rows past Rows and columns past Cols hold code 1 and activations of padded columns
// are 0; the scales of padded rows are 0.
type Grouped struct {
	Rows, Cols int
	GroupCols  int // 64 or 128
	Form       Form
	Data       []byte    // codes, 64-byte aligned
	Scales     []uint16  // binary16, [band][group][row of the band]; nil where Wide is set
	Wide       []float32 // in its place for scales that binary16 would round
}

// NewGrouped returns a matrix of zero weights and zero scales in memory of its own. Wide
// scales are float32, others binary16. It panics when a dimension is not positive or
// groupCols is neither 64 nor 128.
func NewGrouped(rows, cols, groupCols int, wide bool) Grouped {
	m := NewArena(GroupedSize(rows, cols, groupCols, wide, TwoBits)).UnsetGrouped(rows, cols, groupCols, wide, TwoBits)
	for i := range m.Data {
		m.Data[i] = zeroByte
	}
	return m
}

// UnsetGrouped is NewGrouped with the bytes taken from the arena, for a caller who packs
// every row: only the rows that pad the last band hold weights 0 yet.
func (a *Arena) UnsetGrouped(rows, cols, groupCols int, wide bool, form Form) Grouped {
	m := shape(rows, cols, groupCols, form)
	m.Data = a.Bytes(m.dataBytes())
	if scales := m.Bands() * m.Groups() * BandRows; wide {
		m.Wide = cut[float32](a, scales)
	} else {
		m.Scales = cut[uint16](a, scales)
	}
	m.Pad()
	return m
}

// zeros are words of the code that pads.
func (m *Grouped) zeros() (words [maxWords]uint32) {
	for w := range words {
		words[w] = 0x55555555 * uint32(m.Form.zero())
	}
	return words
}

// cut takes n values from an arena.
func cut[T uint16 | float32](a *Arena, n int) []T {
	var zero T
	b := a.Bytes(n * int(unsafe.Sizeof(zero)))
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), n)
}

// GroupedSize is the number of bytes that a matrix takes from an arena, a multiple of 64.
// It panics as NewGrouped does.
func GroupedSize(rows, cols, groupCols int, wide bool, form Form) int {
	m := shape(rows, cols, groupCols, form)
	scale := 2
	if wide {
		scale = 4
	}
	scales := m.Bands() * m.Groups() * BandRows * scale
	return m.dataBytes() + (scales+align-1)/align*align
}

func shape(rows, cols, groupCols int, form Form) Grouped {
	if rows <= 0 || cols <= 0 || groupCols != 64 && groupCols != 128 || form > OneBit || form != TwoBits && groupCols != 128 {
		panic(fmt.Sprintf("ternary: matrix of %d × %d in groups of %d, form %d", rows, cols, groupCols, form))
	}
	return Grouped{Rows: rows, Cols: cols, GroupCols: groupCols, Form: form}
}

// Bands is the number of bands.
func (m *Grouped) Bands() int { return (m.Rows + BandRows - 1) / BandRows }

// Groups is the number of groups, and so of scales, of a row.
func (m *Grouped) Groups() int { return (m.Cols + m.GroupCols - 1) / m.GroupCols }

// PaddedCols is Cols rounded up to a multiple of GroupCols.
func (m *Grouped) PaddedCols() int { return m.Groups() * m.GroupCols }

// BandBytes is the number of bytes of the codes of one band.
func (m *Grouped) BandBytes() int { return m.Groups() * m.groupBytes() }

func (m *Grouped) dataBytes() int { return m.Bands() * m.BandBytes() }

func (m *Grouped) scaleAt(r, g int) int {
	return (r/BandRows*m.Groups()+g)*BandRows + r%BandRows
}

// Scale is the scale of group g of row r.
func (m *Grouped) Scale(r, g int) float32 {
	if m.Wide != nil {
		return m.Wide[m.scaleAt(r, g)]
	}
	return float16.Frombits(m.Scales[m.scaleAt(r, g)]).Float32()
}

// SetScale sets it. It panics where a matrix without Wide would round it: the caller
// chose the form by FitsF16.
func (m *Grouped) SetScale(r, g int, d float32) {
	if m.Wide != nil {
		m.Wide[m.scaleAt(r, g)] = d
		return
	}
	if !FitsF16(d) {
		panic(fmt.Sprintf("ternary: %g is rounded by binary16", d))
	}
	m.Scales[m.scaleAt(r, g)] = float16.Fromfloat32(d).Bits()
}

// FitsF16 reports whether binary16 holds d, a number or an infinity, exactly.
func FitsF16(d float32) bool {
	return math.Float32bits(float16.Fromfloat32(d).Float32()) == math.Float32bits(d)
}
