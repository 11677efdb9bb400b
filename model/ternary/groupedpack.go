package ternary

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"unsafe"

	"github.com/x448/float16"

	"tern/model/internal/repack"
)

// Different rows touch different bytes in all that packs them here, so rows may be
// packed concurrently. The rows of a band share cache lines: let one worker pack them.

// PackBlocks stores rows, the first of them row r, from the blocks of a file, GroupCols
// columns each: the scale as binary16, then the codes. Those are Q2_0 blocks of 18 bytes
// for groups of 64, and PQ2_0 or older Q2_0 blocks of 34 bytes for groups of 128. Codes are
// those that the form has. Whole bands at a time are fastest. It returns whether all scales
// are finite. It panics when blocks does not hold whole rows, holds too many, or the matrix
// has wide scales.
func (m *Grouped) PackBlocks(r int, blocks []byte) (finite bool) {
	row := m.Groups() * (2 + m.GroupCols/4)
	n := len(blocks) / row
	if len(blocks) != n*row || r < 0 || n > m.Rows-r {
		panic(fmt.Sprintf("ternary: PackBlocks of %d bytes from row %d into rows of %d", len(blocks), r, row))
	}
	finite = true
	for len(blocks) > 0 {
		b, first := r/BandRows, r%BandRows
		n = min(BandRows-first, len(blocks)/row)
		scales := m.Scales[b*m.Groups()*BandRows:][:m.Groups()*BandRows]
		codes := m.Data[b*m.BandBytes():][:m.BandBytes()]
		switch {
		case m.Form != TwoBits:
			m.packForm(b, first, n, scales, blocks[:n*row])
		case n < BandRows:
			repack.Band(codes, scales, first, n, blocks[:n*row], m.GroupCols)
		default:
			room := repack.Room(len(codes))
			repack.Band(*room, scales, first, n, blocks[:n*row], m.GroupCols)
			repack.Store(codes, *room)
			repack.Done(room)
		}
		if n == BandRows {
			finite = finite && repack.Finite16(bytesOf(scales), 0x7c00)
		} else {
			for g := range m.Groups() {
				finite = finite && repack.Finite16(bytesOf(scales[g*BandRows+first:][:n]), 0x7c00)
			}
		}
		blocks = blocks[n*row:]
		r += n
	}
	return finite
}

// ScaleBytes is the memory of Scales.
func (m *Grouped) ScaleBytes() []byte { return bytesOf(m.Scales) }

// bytesOf is the memory of v.
func bytesOf(v []uint16) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 2*len(v))
}

func countThrees(codes []byte) (n int) {
	for ; len(codes) > 0; codes = codes[8:] {
		x := binary.LittleEndian.Uint64(codes)
		n += bits.OnesCount64(x & (x >> 1) & evenBits)
	}
	return n
}

// PackCodes stores the codes of row r, PaddedCols()/4 bytes: byte i holds columns 4i to
// 4i+3 from its low bits up. It returns how many are 3. Columns past Cols must hold code
// 1, or 0 in OneBit. It panics when codes has another length, or one that the form does not
// have.
func (m *Grouped) PackCodes(r int, codes []byte) (threes int) {
	if len(codes) != m.PaddedCols()/4 {
		panic(fmt.Sprintf("ternary: PackCodes of %d bytes into %d columns", len(codes), m.PaddedCols()))
	}
	threes = countThrees(codes)
	for g := range m.Groups() {
		var words [maxWords]uint32
		for w := range m.GroupCols / wordCols {
			words[w] = binary.LittleEndian.Uint32(codes)
			codes = codes[wordBytes:]
		}
		m.setGroup(r, g, &words)
	}
	return threes
}

// PackRow stores codes, one of 0 to 3 for each of Cols columns, as row r. It panics when
// codes has another length or holds another value.
func (m *Grouped) PackRow(r int, codes []uint8) {
	if len(codes) != m.Cols {
		panic(fmt.Sprintf("ternary: PackRow of %d codes into %d columns", len(codes), m.Cols))
	}
	for g := range m.Groups() {
		words := m.zeros()
		for i, code := range codes[:min(m.GroupCols, len(codes))] {
			if code > 3 {
				panic(fmt.Sprintf("ternary: code %d", code))
			}
			w, at := &words[i/wordCols], 2*(i%wordCols)
			*w = *w&^(3<<at) | uint32(code)<<at
		}
		codes = codes[min(m.GroupCols, len(codes)):]
		m.setGroup(r, g, &words)
	}
}

// Codes stores the codes of row r in dst[:PaddedCols()/4]: the inverse of PackCodes.
func (m *Grouped) Codes(dst []byte, r int) {
	dst = dst[:m.PaddedCols()/4]
	for g := range m.Groups() {
		words := m.group(r, g)
		for _, x := range words[:m.GroupCols/wordCols] {
			binary.LittleEndian.PutUint32(dst, x)
			dst = dst[wordBytes:]
		}
	}
}

// UnpackRow stores the weights of row r, (code-1)·d, in dst[:Cols]. A weight 0 is +0.
func (m *Grouped) UnpackRow(r int, dst []float32) {
	dst = dst[:m.Cols]
	for g := 0; len(dst) > 0; g++ {
		d := m.Scale(r, g)
		value := [4]float32{0 - d, 0, d, 2 * d}
		words := m.group(r, g)
		for _, x := range words[:m.GroupCols/wordCols] {
			n := min(wordCols, len(dst))
			for i := range dst[:n] {
				dst[i] = value[x&3]
				x >>= 2
			}
			dst = dst[n:]
		}
	}
}

// Counts returns how many weights have each code.
func (m *Grouped) Counts() (n [4]int) {
	codes := m.Data
	if m.Form != TwoBits {
		codes = make([]byte, BandRows*m.PaddedCols()/4)
	}
	all := 0
	for b := range m.Bands() {
		d := codes
		if m.Form != TwoBits {
			m.Expand(d, b, b+1)
		} else if b > 0 {
			break // all of them are in the first
		}
		all += 4 * len(d)
		for ; len(d) > 0; d = d[8:] {
			x := binary.LittleEndian.Uint64(d)
			lo, hi := x&evenBits, x>>1&evenBits
			n[3] += bits.OnesCount64(lo & hi)
			n[1] += bits.OnesCount64(lo &^ hi)
			n[2] += bits.OnesCount64(hi &^ lo)
		}
	}
	n[0] = all - n[1] - n[2] - n[3]
	n[m.Form.zero()] -= all - m.Rows*m.Cols // the padding
	return n
}

// ScaleRange returns the smallest and the largest magnitude of the scales that are
// not 0, both 0 where none is, and how many groups have the scale 0.
func (m *Grouped) ScaleRange() (lo, hi float32, zero int) {
	for r := range m.Rows {
		for g := range m.Groups() {
			d := m.Scale(r, g)
			d = max(d, -d)
			switch {
			case d == 0:
				zero++
			case hi == 0:
				lo, hi = d, d
			default:
				lo, hi = min(lo, d), max(hi, d)
			}
		}
	}
	return lo, hi, zero
}

// FillRandom fills bands from to to (exclusive) with random weights: half of them 0, a
// quarter each -d and +d (with one bit three quarters -d), and scales d near 1/√Cols, for which products have the size of
// the activations. What a band gets depends on seed and its number alone.
func (m *Grouped) FillRandom(seed uint64, from, to int) {
	mean := float16.Fromfloat32(float32(1/math.Sqrt(float64(m.Cols)))).Bits() &^ 15
	var room []byte
	if m.Form != TwoBits {
		room = make([]byte, m.Groups()*maxWords*lineBytes)
	}
	for b := from; b < to; b++ {
		rng := rand.NewPCG(seed, uint64(b))
		data := m.Data[b*m.BandBytes():][:m.BandBytes()]
		codes := data
		if m.Form != TwoBits {
			codes = room
		}
		for p := codes; len(p) > 0; p = p[8:] {
			x := rng.Uint64()
			if x &^= x & evenBits << 1; m.Form == OneBit { // 3 becomes 1: the code of weight 0
				x &^= evenBits
			}
			binary.LittleEndian.PutUint64(p, x)
		}
		m.turn(data, codes)
		for r := b * BandRows; r < (b+1)*BandRows; r++ {
			m.padRow(r)
			for g := range m.Groups() {
				d := float16.Frombits(mean | uint16(rng.Uint64()&15)) // up to 1.5% more
				if r >= m.Rows {
					d = 0
				}
				m.SetScale(r, g, d.Float32())
			}
		}
	}
}

// Pad sets the rows that pad the last band to weights and scales 0, whatever they hold.
func (m *Grouped) Pad() {
	zeros := m.zeros()
	for r := m.Rows; r < m.Bands()*BandRows; r++ {
		for g := range m.Groups() {
			m.setGroup(r, g, &zeros)
			m.SetScale(r, g, 0)
		}
	}
}

// padRow sets the padding of row r, all of it past Rows, to weight 0.
func (m *Grouped) padRow(r int) {
	first := m.Cols
	if r >= m.Rows {
		first = 0
	}
	zeros := m.zeros()
	for g := first / m.GroupCols; g < m.Groups(); g++ {
		words := m.group(r, g)
		for c := max(first, g*m.GroupCols); c < (g+1)*m.GroupCols; c++ {
			w, code := c%m.GroupCols/wordCols, uint32(3)<<(2*(c%wordCols))
			words[w] = words[w]&^code | zeros[w]&code
		}
		m.setGroup(r, g, &words)
	}
}
