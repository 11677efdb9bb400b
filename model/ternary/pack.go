package ternary

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// PackRow stores t[0:Cols], values -1, 0 or 1, as row r. Different rows touch
// different bytes, so rows may be packed concurrently.
// It panics when t has another length or holds another value: loaders check
// what they read before they pack it.
func (m *Matrix) PackRow(r int, t []int8) {
	if len(t) != m.Cols {
		panic(fmt.Sprintf("ternary: PackRow of %d values into %d columns", len(t), m.Cols))
	}
	for b := 0; b*BlockCols < m.Cols; b++ {
		dst := m.Data[m.offset(r, b):][:rowBytes]
		src := t[b*BlockCols : min((b+1)*BlockCols, m.Cols)]
		if len(src) == BlockCols {
			packBlock(dst, (*[BlockCols]int8)(src))
			continue
		}
		var full [BlockCols]int8 // the padding is weight 0
		copy(full[:], src)
		packBlock(dst, &full)
	}
}

// packBlock stores 128 values in 32 bytes.
func packBlock(dst []byte, src *[BlockCols]int8) {
	_ = dst[rowBytes-1]
	for p := range rowBytes {
		c0 := uint8(src[p] + 1)
		c1 := uint8(src[p+32] + 1)
		c2 := uint8(src[p+64] + 1)
		c3 := uint8(src[p+96] + 1)
		if c0 > 2 || c1 > 2 || c2 > 2 || c3 > 2 {
			panic(fmt.Sprintf("ternary: one of %d %d %d %d is not -1, 0 or 1", src[p], src[p+32], src[p+64], src[p+96]))
		}
		dst[p] = c0 | c1<<2 | c2<<4 | c3<<6
	}
}

// UnpackRow stores the values of row r, -1, 0 or 1, in t[0:Cols].
// A code 3, which no loader writes, unpacks to 2.
func (m *Matrix) UnpackRow(r int, t []int8) {
	t = t[:m.Cols]
	for b := 0; len(t) > 0; b++ {
		src := m.Data[m.offset(r, b):][:rowBytes]
		if len(t) >= BlockCols {
			unpackBlock((*[BlockCols]int8)(t), src)
			t = t[BlockCols:]
			continue
		}
		var full [BlockCols]int8
		unpackBlock(&full, src)
		t = t[copy(t, full[:]):]
	}
}

// unpackBlock is the inverse of packBlock.
func unpackBlock(dst *[BlockCols]int8, src []byte) {
	for p, v := range src[:rowBytes] {
		dst[p] = int8(v&3) - 1
		dst[p+32] = int8(v>>2&3) - 1
		dst[p+64] = int8(v>>4&3) - 1
		dst[p+96] = int8(v>>6) - 1
	}
}

// Counts returns how many weights are -1, 0 and +1.
func (m *Matrix) Counts() (neg, zero, pos int) {
	const low = 0x5555_5555_5555_5555 // the lower bit of every code
	for d := m.Data; len(d) > 0; d = d[8:] {
		v := binary.LittleEndian.Uint64(d)
		zero += bits.OnesCount64(v & low)
		pos += bits.OnesCount64(v >> 1 & low)
	}
	neg = 4*len(m.Data) - zero - pos
	zero -= 4*len(m.Data) - m.Rows*m.Cols // the padding is weight 0
	return neg, zero, pos
}
