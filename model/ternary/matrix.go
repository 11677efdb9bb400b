// Package ternary holds the one packed form of a ternary weight matrix that
// every loader writes and every kernel reads. It imports nothing of Tern but what
// fills it fast, so the kernels (below the model) and the loaders (inside it) can share it.
//
// # Layout
//
// Rows are taken in groups of GroupRows = 4 and columns in blocks of
// BlockCols = 128. A group is one sequential run of bytes: block by block, and
// inside a block the 32 bytes of each of its four rows in turn:
//
//	group g: [block 0: row 4g | row 4g+1 | row 4g+2 | row 4g+3] [block 1: …] …
//
// Byte p (0..31) of a row's 32 bytes holds four weights: bits 2k..2k+1 hold
// column 128·b + 32·k + p of block b, as the code w+1 in {0, 1, 2}. One 32-byte
// load, shifted by 0, 2, 4, 6 and masked, therefore yields the codes of four
// runs of 32 consecutive columns, which is what VPMADDUBSW wants.
//
// Rows past Rows and columns past Cols are padded with code 1 (weight 0); the
// activations of padded columns are 0, so padding never changes a sum. A width
// that is not a multiple of 128 (5460, 8640) costs under one percent of padding
// and no special case in a kernel.
//
// Interleaving four rows makes the group one sequential stream for the memory
// system and lets a kernel reuse each loaded activation four times; see
// inference/kernel/MEASUREMENTS.md.
//
// # Why two bits and not 1.6
//
// Five weights to a byte, in base 3, would be a fifth fewer bytes. But bringing digits
// apart costs a core more than two bits do, and on two cores of a Zen 5 that share their
// memory neither form is faster than the other (inference/kernel/MEASUREMENTS.md). It would pay
// where each core gets less than about 20 GB/s. Grouped, with two products for each
// weight, has such a form.
package ternary

import "fmt"

const (
	// GroupRows is how many rows are interleaved in a group.
	GroupRows = 4
	// BlockCols is how many columns one block of a row holds, in 32 bytes.
	BlockCols = 128

	rowBytes   = BlockCols / 4        // bytes of one row in one block
	blockBytes = rowBytes * GroupRows // bytes of one block of a group
	zeroByte   = 0x55                 // four codes 1: four weights 0
)

// Matrix is a Rows × Cols matrix of ternary weights with one multiplier.
type Matrix struct {
	Rows, Cols int
	Scale      float32 // m: y = m·(Σ t·q)/s
	Data       []byte  // Groups() · GroupBytes() bytes, 64-byte aligned
}

// New returns a rows × cols matrix of zero weights with Scale 1 in memory of
// its own. It panics when a dimension is not positive: callers validate shapes
// first.
func New(rows, cols int) Matrix {
	return NewArena(Size(rows, cols)).New(rows, cols)
}

// New is the function New with the bytes taken from the arena.
func (a *Arena) New(rows, cols int) Matrix {
	m := Matrix{Rows: rows, Cols: cols, Scale: 1}
	m.Data = a.Bytes(Size(rows, cols))
	m.Data[0] = zeroByte
	for n := 1; n < len(m.Data); n *= 2 {
		copy(m.Data[n:], m.Data[:n])
	}
	return m
}

// Unset is New for a caller who packs every row: only the rows that pad the
// last group hold weights yet. What packs them touches the memory first, on
// all cores.
func (a *Arena) Unset(rows, cols int) Matrix {
	m := Matrix{Rows: rows, Cols: cols, Scale: 1}
	m.Data = a.Bytes(Size(rows, cols))
	m.Pad()
	return m
}

// Size is the number of bytes that a rows × cols matrix takes, a multiple of
// 64. It panics when a dimension is not positive.
func Size(rows, cols int) int {
	if rows <= 0 || cols <= 0 {
		panic(fmt.Sprintf("ternary: matrix of %d × %d", rows, cols))
	}
	m := Matrix{Rows: rows, Cols: cols}
	return m.Groups() * m.GroupBytes()
}

// PaddedCols is Cols rounded up to a multiple of BlockCols: the length of the
// activation vector a kernel reads.
func (m *Matrix) PaddedCols() int { return PadCols(m.Cols) }

// Groups is the number of row groups.
func (m *Matrix) Groups() int { return (m.Rows + GroupRows - 1) / GroupRows }

// GroupBytes is the number of bytes of one row group.
func (m *Matrix) GroupBytes() int { return m.PaddedCols() / BlockCols * blockBytes }

// PadCols rounds cols up to a multiple of BlockCols.
func PadCols(cols int) int { return (cols + BlockCols - 1) / BlockCols * BlockCols }

// offset is the position in Data of row r's 32 bytes of block b.
func (m *Matrix) offset(r, b int) int {
	return r/GroupRows*m.GroupBytes() + b*blockBytes + r%GroupRows*rowBytes
}
