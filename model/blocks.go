package model

import (
	"encoding/binary"
	"fmt"
)

// The block types of ggml (ggml-quants.c): a row is cut into blocks of so many
// numbers, each with scales of its own.
const (
	smallBlock = 32  // values in a block of Q8_0 and Q4_0
	superBlock = 256 // values in a block of Q4_K and Q6_K

	q80Bytes = 2 + smallBlock                                  // scale, int8 values
	q40Bytes = 2 + smallBlock/2                                // scale, nibbles
	q4kBytes = 2 + 2 + 12 + superBlock/2                       // scale, scale of minima, 6-bit scales and minima, nibbles
	q6kBytes = superBlock/2 + superBlock/4 + superBlock/16 + 2 // low nibbles, high bit pairs, int8 scales, scale
)

// halfAt is the binary16 at the start of p.
func halfAt(p []byte) float32 { return halves()[binary.LittleEndian.Uint16(p)] }

// blockSize is how many numbers a block holds, and in how many bytes; a number
// that stands alone is a block.
func (t DType) blockSize() (elems, size int) {
	switch t {
	case F32, F16, BF16:
		return 1, t.Size()
	case Q8_0:
		return smallBlock, q80Bytes
	case Q4_0:
		return smallBlock, q40Bytes
	case Q4K:
		return superBlock, q4kBytes
	case Q6K:
		return superBlock, q6kBytes
	}
	panic(fmt.Sprintf("model: %v is no type", t))
}

// decodeBlocks stores the len(dst) numbers of the whole blocks in src.
func (t DType) decodeBlocks(dst []float32, src []byte) {
	elems, size := t.blockSize()
	for ; len(dst) > 0; dst, src = dst[elems:], src[size:] {
		y, b := dst[:elems], src[:size]
		switch t {
		case Q8_0:
			decodeQ80(y, b)
		case Q4_0:
			decodeQ40(y, b)
		case Q4K:
			decodeQ4K(y, b)
		case Q6K:
			decodeQ6K(y, b)
		}
	}
}

// decodeQ80: y = d·q.
func decodeQ80(dst []float32, b []byte) {
	d := halfAt(b)
	for i, q := range b[2:] {
		dst[i] = d * float32(int8(q))
	}
}

// decodeQ40: y = d·(q-8); the low nibbles are the first half of the block.
func decodeQ40(dst []float32, b []byte) {
	d := halfAt(b)
	for i, q := range b[2:] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+smallBlock/2] = d * float32(int(q>>4)-8)
	}
}

// decodeQ4K: y = d·scale·q - dmin·min for eight sub-blocks of 32. Every 32
// bytes of nibbles hold two of them, the low nibbles first. The conversion
// forbids fusing the product into the difference, as some machines would.
func decodeQ4K(dst []float32, b []byte) {
	d, dmin := halfAt(b), halfAt(b[2:])
	packed, nibbles := b[4:16], b[16:]
	for j := range 8 {
		scale, least := sixBits(packed, j)
		ds, dm := d*float32(scale), dmin*float32(least)
		sub := nibbles[j/2*32:][:32]
		for i, q := range sub {
			dst[j*32+i] = float32(ds*float32(q>>(j%2*4)&15)) - dm
		}
	}
}

// sixBits unpacks the scale and the minimum of sub-block j: those of the first
// four lie in the low six bits of their bytes, whose top bits hold the upper
// two bits of the others.
func sixBits(s []byte, j int) (scale, least byte) {
	if j < 4 {
		return s[j] & 63, s[j+4] & 63
	}
	return s[j+4]&15 | s[j-4]>>6<<4, s[j+4]>>4 | s[j]>>6<<4
}

// decodeQ6K: y = d·scale·(q-32). Each half of the block is four runs of 32
// values, whose low nibbles share 64 bytes and whose high bit pairs share 32;
// 16 values have a scale in common.
func decodeQ6K(dst []float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], halfAt(b[208:])
	for part := range 16 {
		half, run, from := part/8, part/2%4, part%2*16
		l, h := low[half*64+run%2*32+from:][:16], high[half*32+from:][:16]
		scale := d * float32(int8(scales[part]))
		nibble, pair := run/2*4&7, 2*run&7 // the masks spare a check of each shift
		y := dst[part*16:][:16]
		for i := range y {
			q := l[i]>>nibble&15 | h[i]>>pair&3<<4
			y[i] = scale * float32(int(q)-32)
		}
	}
}

// finiteBlocks says whether the scales of the whole blocks in src are finite,
// and so every number is.
func (t DType) finiteBlocks(src []byte) bool {
	_, size := t.blockSize()
	for ; len(src) > 0; src = src[size:] {
		ok := true
		switch t {
		case Q6K:
			ok = F16.finite(src[q6kBytes-2 : q6kBytes])
		case Q4K:
			ok = F16.finite(src[:4])
		default:
			ok = F16.finite(src[:2])
		}
		if !ok {
			return false
		}
	}
	return true
}
