package ternary

import (
	"encoding/binary"
	"math/rand/v2"
)

// FillRandom fills row groups from to to (exclusive) with random weights: half
// of them 0, a quarter each -1 and +1. What a group gets depends on seed and
// its number alone, so groups may be filled concurrently. Padding stays 0.
func (m *Matrix) FillRandom(seed uint64, from, to int) {
	const low = 0x5555555555555555 // the low bit of each code
	for g := from; g < to; g++ {
		rng := rand.NewPCG(seed, uint64(g))
		group := m.Data[g*m.GroupBytes():][:m.GroupBytes()]
		for p := group; len(p) > 0; p = p[8:] {
			x := rng.Uint64()
			x &^= x & low << 1 // 3 becomes 1: the code of weight 0
			binary.LittleEndian.PutUint64(p, x)
		}
		for r := g * GroupRows; r < (g+1)*GroupRows; r++ {
			if r >= m.Rows {
				m.padRow(r, 0)
			} else if m.Cols < m.PaddedCols() {
				m.padRow(r, m.Cols)
			}
		}
	}
}

// Pad sets the rows that pad the last group to weight 0, whatever they hold.
func (m *Matrix) Pad() {
	for r := m.Rows; r < m.Groups()*GroupRows; r++ {
		m.padRow(r, 0)
	}
}

// padRow sets the columns of row r from col on to weight 0.
func (m *Matrix) padRow(r, col int) {
	for c := col; c < m.PaddedCols(); c++ {
		b, k, p := c/BlockCols, c%BlockCols/rowBytes, c%rowBytes
		at := &m.Data[m.offset(r, b)+p]
		*at = *at&^(3<<(2*k)) | 1<<(2*k)
	}
}
