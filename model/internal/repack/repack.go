// Package repack turns the blocks of GGUF files into the layouts of package ternary,
// and looks for numbers that are not finite, as fast as a file is read from the page
// cache. It works on bytes alone: callers check lengths, and functions panic where a
// slice is too short.
//
// The Go code in this file is the definition; on amd64 with AVX2 assembly does the
// same for whole bands and blocks.
package repack

import (
	"encoding/binary"
	"math/bits"
)

//go:generate go -C _gen run . -out ../repack_amd64.s -stubs ../stubs_amd64.go -pkg repack

const (
	// BandRows is the rows of a band of ternary.Grouped, and lineBytes what a word
	// of each of them takes.
	BandRows  = 32
	lineBytes = 4 * BandRows
	evenBits  = uint64(0x5555555555555555) // the low bit of each code
)

// Sizes of blocks in bytes. PQ2_0, PTQ1_0 and Q1_0 have 128 weights, TQ1_0 and TQ2_0
// twice as many.
const (
	PQ2Bytes  = 34 // binary16, and codes of two bits in order
	PTQ1Bytes = 28
	Q1Bytes   = 18
	TQ1Bytes  = 54
	TQ2Bytes  = 66
)

// Band stores rows rows of blocks, from row first of the band on, as the codes and
// scales of a band of ternary.Grouped: blocks of a binary16 scale and groupCols codes of
// two bits, 64 or 128.
func Band(codes []byte, scales []uint16, first, rows int, blocks []byte, groupCols int) {
	words := groupCols / 16
	block := 2 + 4*words
	groups := len(codes) / (words * lineBytes)
	stride := groups * block
	if len(codes) != groups*words*lineBytes || len(scales) != groups*BandRows || len(blocks) != rows*stride ||
		first < 0 || rows < 0 || first+rows > BandRows || groupCols != 64 && groupCols != 128 {
		panic("repack: a band of another size")
	}
	if useAVX2 && rows == BandRows && groups > 0 {
		bandAVX2(codes, scales, blocks, stride, groups, groupCols)
		return
	}
	for g := range groups {
		for r := range rows {
			b := blocks[r*stride+g*block:][:block]
			scales[g*BandRows+first+r] = binary.LittleEndian.Uint16(b)
			to := codes[g*words*lineBytes+(first+r)*4:]
			for w := range words {
				binary.LittleEndian.PutUint32(to[w*lineBytes:], binary.LittleEndian.Uint32(b[2+4*w:]))
			}
		}
	}
}

// Codes stores blocks of 32 bytes of codes every 128 bytes, as package ternary keeps
// those of a row of a Matrix. In src two of them follow each other every step bytes.
// With reverse the four codes of each byte change places, the first with the last. It
// returns whether no code is 3.
func Codes(dst, src []byte, blocks, step int, reverse bool) bool {
	if blocks == 0 {
		return true
	}
	last := blocks - 1
	_, _ = dst[last*128+31], src[last/2*step+last%2*32+31]
	var three bool
	from := 0
	if pairs := blocks / 2; useAVX2 && pairs > 0 {
		three = codesAVX2(&dst[0], &src[0], pairs, step, nibblesOf(reverse))
		from = 2 * pairs
	}
	for b := from; b < blocks; b++ {
		d, s := (*[32]byte)(dst[b*128:]), (*[32]byte)(src[b/2*step+b%2*32:])
		for i := 0; i < 32; i += 8 {
			x := binary.LittleEndian.Uint64(s[i:])
			three = three || x&(x>>1)&evenBits != 0
			if reverse {
				x = reversed(x)
			}
			binary.LittleEndian.PutUint64(d[i:], x)
		}
	}
	return !three
}

// reversed turns the order of the four codes in every byte around.
func reversed(x uint64) uint64 {
	const pairs, nibbles = 0x3333333333333333, 0x0f0f0f0f0f0f0f0f
	x = x>>2&pairs | x&pairs<<2
	return x>>4&nibbles | x&nibbles<<4
}

// Reverse turns the order of the four codes in every byte of row around.
func Reverse(row []byte) {
	for ; len(row) >= 8; row = row[8:] {
		binary.LittleEndian.PutUint64(row, reversed(binary.LittleEndian.Uint64(row)))
	}
	for i, b := range row {
		row[i] = byte(reversed(uint64(b)))
	}
}

// TQ1 expands blocks of TQ1_0 into blocks of TQ2_0.
//
// A byte b holds digits in base 3 as the fixed-point fraction b/256: they appear in front
// of the point when it is multiplied by 3. 32 bytes hold digit n of weight 32n+m, 16 more
// bytes that of 160+16n+m, and 4 bytes that of 240+4n+m. The code of weight 128h+32k+p
// goes to bits 2k of byte 32h+p.
func TQ1(dst, src []byte) {
	n := len(src) / TQ1Bytes
	dst = dst[:n*TQ2Bytes]
	if useAVX2 && n > 0 {
		tq1AVX2(&dst[0], &src[0], n)
		return
	}
	for ; n > 0; n-- {
		clear(dst[:64])
		set := func(i int, code uint8) { dst[i/128*32+i%32] |= code << (2 * (i % 128 / 32)) }
		digits(src[:32], 0, 5, set)
		digits(src[32:48], 160, 5, set)
		digits(src[48:52], 240, 4, set)
		copy(dst[64:66], src[52:54])
		dst, src = dst[TQ2Bytes:], src[TQ1Bytes:]
	}
}

// digits takes count base-3 digits out of each byte of src, those of byte m for the
// weights first+m, first+len(src)+m and so on.
func digits(src []byte, first, count int, set func(weight int, code uint8)) {
	for m, b := range src {
		for n := range count {
			v := uint16(b) * 3
			set(first+n*len(src)+m, uint8(v>>8))
			b = byte(v)
		}
	}
}

// TQ2 turns each block of TQ2_0 into two of PQ2_0 with its scale. It returns whether no
// code is 3, which stands for no weight in TQ2_0.
func TQ2(dst, src []byte) bool {
	n := len(src) / TQ2Bytes
	dst = dst[:2*n*PQ2Bytes]
	if useAVX2 && n > 0 {
		return !tq2AVX2(&dst[0], &src[0], n)
	}
	var three byte
	for ; n > 0; n-- {
		for half := range 2 {
			to, from := dst[half*PQ2Bytes:][:PQ2Bytes], src[half*32:][:32]
			copy(to, src[64:66])
			clear(to[2:])
			for p, b := range from {
				three |= b & (b >> 1) & 0x55
				for k := range 4 {
					to[2+8*k+p/4] |= b >> (2 * k) & 3 << (2 * (p % 4))
				}
			}
		}
		dst, src = dst[2*PQ2Bytes:], src[TQ2Bytes:]
	}
	return three == 0
}

// PTQ1 expands blocks of PTQ1_0 into blocks of PQ2_0: 16 bytes hold digit n of weight
// 16n+m, 8 more that of 80+8n+m, and 2 that of 120+2n+m, all as in TQ1_0. The scale
// stands at the end.
func PTQ1(dst, src []byte) {
	n := len(src) / PTQ1Bytes
	dst = dst[:n*PQ2Bytes]
	if useAVX2 && n > 0 {
		ptq1AVX2(&dst[0], &src[0], n)
		return
	}
	for ; n > 0; n-- {
		copy(dst, src[26:28])
		clear(dst[2:PQ2Bytes])
		set := func(i int, code uint8) { dst[2+i/4] |= code << (2 * (i % 4)) }
		digits(src[:16], 0, 5, set)
		digits(src[16:24], 80, 5, set)
		digits(src[24:26], 120, 4, set)
		dst, src = dst[PQ2Bytes:], src[PTQ1Bytes:]
	}
}

// Q1 expands blocks of Q1_0 into blocks of PQ2_0: bit j%8 of byte j/8 is set where weight
// j is +d, code 2; others are -d, code 0.
func Q1(dst, src []byte) {
	n := len(src) / Q1Bytes
	dst = dst[:n*PQ2Bytes]
	if useAVX2 && n > 0 {
		q1AVX2(&dst[0], &src[0], n)
		return
	}
	for ; n > 0; n-- {
		copy(dst, src[:2])
		for i, b := range src[2:Q1Bytes] {
			var x uint16
			for ; b != 0; b &= b - 1 {
				x |= 2 << (2 * bits.TrailingZeros8(b))
			}
			binary.LittleEndian.PutUint16(dst[2+2*i:], x)
		}
		dst, src = dst[PQ2Bytes:], src[Q1Bytes:]
	}
}

// Threes reports whether a code of two bits in src, a multiple of 8 bytes, is 3.
func Threes(src []byte) bool {
	if n := len(src) / 64; useAVX2 && n > 0 {
		if threesAVX2(&src[0], n) {
			return true
		}
		src = src[n*64:]
	}
	var three uint64
	for ; len(src) >= 8; src = src[8:] {
		x := binary.LittleEndian.Uint64(src)
		three |= x & (x >> 1) & evenBits
	}
	return three != 0
}

// Finite16 reports whether no 16-bit number in src has all bits of exponent set.
func Finite16(src []byte, exponent uint16) bool {
	if n := len(src) / 64; useAVX2 && n > 0 {
		if !finite16AVX2(&src[0], n, uint32(exponent)*0x10001) {
			return false
		}
		src = src[n*64:]
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

// Finite32 reports whether no 32-bit number in src has all bits of exponent set.
func Finite32(src []byte, exponent uint32) bool {
	if n := len(src) / 64; useAVX2 && n > 0 {
		if !finite32AVX2(&src[0], n, exponent) {
			return false
		}
		src = src[n*64:]
	}
	for ; len(src) >= 4; src = src[4:] {
		if ^binary.LittleEndian.Uint32(src)&exponent == 0 {
			return false
		}
	}
	return true
}
