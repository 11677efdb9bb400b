package repack

import "encoding/binary"

// Sizes of a group of 128 columns of a band in the forms of ternary.Grouped, which says
// how they hold the codes.
const (
	twoBitBytes = 8 * lineBytes
	tritLines   = 6
	TritBytes   = tritLines*lineBytes + lineBytes/2
	OneBitBytes = 4 * lineBytes
)

// fields of four codes: bits 2k and 2k+1 of the bytes of word p.
type field struct{ p, k int }

func (f field) of(words *[8]uint32) uint32 { return words[f.p] >> (2 * f.k) & 0x03030303 }

// trits are the fields whose codes are the digits of the bytes of a line, the least
// digit first, and nibbles those that are left.
var (
	trits = [tritLines][5]field{
		{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}},
		{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
		{{0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}},
		{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}},
		{{5, 0}, {6, 0}, {7, 0}, {5, 1}, {6, 1}},
		{{5, 2}, {6, 2}, {7, 2}, {5, 3}, {6, 3}},
	}
	nibble = [2]field{{7, 1}, {7, 3}}
)

// fiveCodes are the digits of a byte, two bits each, the least first.
var fiveCodes = func() (t [256]uint16) {
	for b := range t {
		for n, v := 0, b; n < 5; n, v = n+1, v/3 {
			t[b] |= uint16(v%3) << (2 * n)
		}
	}
	return t
}()

// TritsRow stores the words of a row, which hold no code 3, in group.
func TritsRow(group []byte, words *[8]uint32, row int) {
	for l := range trits {
		var x uint32 // four bytes of at most 242
		for n := 4; n >= 0; n-- {
			x = 3*x + trits[l][n].of(words)
		}
		binary.LittleEndian.PutUint32(group[l*lineBytes+4*row:], x)
	}
	x := nibble[0].of(words) | nibble[1].of(words)<<2
	x |= x >> 4
	group[tritLines*lineBytes+2*row], group[tritLines*lineBytes+2*row+1] = byte(x), byte(x>>16)
}

// FromTritsRow is the inverse of TritsRow.
func FromTritsRow(words *[8]uint32, group []byte, row int) {
	*words = [8]uint32{}
	for l := range trits {
		for j, b := range group[l*lineBytes+4*row:][:4] {
			five := uint32(fiveCodes[b])
			for n, f := range trits[l] {
				words[f.p] |= five >> (2 * n) & 3 << (8*j + 2*f.k)
			}
		}
	}
	last := group[tritLines*lineBytes+2*row:]
	for j := range 4 {
		x := uint32(last[j/2]) >> (4 * (j % 2))
		for i, f := range nibble {
			words[f.p] |= x >> (2 * i) & 3 << (8*j + 2*f.k)
		}
	}
}

// Trits turns groups of 128 columns of a band from codes of two bits, none of them 3, into
// digits.
func Trits(dst, src []byte, groups int) {
	dst, src = dst[:groups*TritBytes], src[:groups*twoBitBytes]
	if useAVX2 && groups > 0 {
		tritsAVX2(&dst[0], &src[0], groups)
		return
	}
	for ; groups > 0; groups-- {
		for r := range BandRows {
			var words [8]uint32
			for w := range words {
				words[w] = binary.LittleEndian.Uint32(src[w*lineBytes+4*r:])
			}
			TritsRow(dst, &words, r)
		}
		dst, src = dst[TritBytes:], src[twoBitBytes:]
	}
}

// FromTrits is the inverse of Trits.
func FromTrits(dst, src []byte, groups int) {
	dst, src = dst[:groups*twoBitBytes], src[:groups*TritBytes]
	if useVBMI && groups > 0 {
		fromTritsVBMI(&dst[0], &src[0], groups)
		return
	}
	for ; groups > 0; groups-- {
		for r := range BandRows {
			var words [8]uint32
			FromTritsRow(&words, src, r)
			for w, x := range words {
				binary.LittleEndian.PutUint32(dst[w*lineBytes+4*r:], x)
			}
		}
		dst, src = dst[twoBitBytes:], src[TritBytes:]
	}
}

const upperBits = 0xaaaaaaaaaaaaaaaa // of each code

// OneBitRow stores the words of a row, which hold the codes 0 and 2 alone, in group.
func OneBitRow(group []byte, words *[8]uint32, row int) {
	for i := range 4 {
		x := words[2*i]>>1&0x55555555 | words[2*i+1]&0xaaaaaaaa
		binary.LittleEndian.PutUint32(group[i*lineBytes+4*row:], x)
	}
}

// FromOneBitRow is the inverse of OneBitRow.
func FromOneBitRow(words *[8]uint32, group []byte, row int) {
	for i := range 4 {
		x := binary.LittleEndian.Uint32(group[i*lineBytes+4*row:])
		words[2*i], words[2*i+1] = x&0x55555555<<1, x&0xaaaaaaaa
	}
}

// OneBit turns groups of 128 columns of a band from codes of two bits, 0 and 2 alone, into
// one bit each.
func OneBit(dst, src []byte, groups int) {
	dst, src = dst[:groups*OneBitBytes], src[:groups*twoBitBytes]
	if useAVX2 && groups > 0 {
		oneBitAVX2(&dst[0], &src[0], groups)
		return
	}
	for ; len(dst) > 0; dst, src = dst[lineBytes:], src[2*lineBytes:] {
		d, even, odd := (*[lineBytes]byte)(dst), (*[lineBytes]byte)(src), (*[lineBytes]byte)(src[lineBytes:])
		for i := 0; i < lineBytes; i += 8 {
			x := binary.LittleEndian.Uint64(even[i:])>>1&evenBits | binary.LittleEndian.Uint64(odd[i:])&upperBits
			binary.LittleEndian.PutUint64(d[i:], x)
		}
	}
}

// FromOneBit is the inverse of OneBit.
func FromOneBit(dst, src []byte, groups int) {
	dst, src = dst[:groups*twoBitBytes], src[:groups*OneBitBytes]
	if useAVX2 && groups > 0 {
		fromOneBitAVX2(&dst[0], &src[0], groups)
		return
	}
	for ; len(src) > 0; dst, src = dst[2*lineBytes:], src[lineBytes:] {
		s, even, odd := (*[lineBytes]byte)(src), (*[lineBytes]byte)(dst), (*[lineBytes]byte)(dst[lineBytes:])
		for i := 0; i < lineBytes; i += 8 {
			x := binary.LittleEndian.Uint64(s[i:])
			binary.LittleEndian.PutUint64(even[i:], x&evenBits<<1)
			binary.LittleEndian.PutUint64(odd[i:], x&upperBits)
		}
	}
}
