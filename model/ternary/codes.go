package ternary

import "encoding/binary"

// PackCodes stores codes, whole blocks of 32 bytes that are laid out like this
// package's own, as block b of row r and those that follow. It reports false
// where one of them is the code 3, which stands for no weight. Different rows
// touch different bytes.
//
// The ternary types of GGUF keep 128 columns in 32 bytes much like this, so
// that a loader need not take them apart.
func (m *Matrix) PackCodes(r, b int, codes []byte) bool {
	const low = 0x5555555555555555 // the low bit of each code
	dst := m.Data[m.offset(r, b):]
	var three uint64
	for at := 0; len(codes) > 0; at += blockBytes {
		d, s := (*[rowBytes]byte)(dst[at:]), (*[rowBytes]byte)(codes)
		for i := 0; i < rowBytes; i += 8 {
			x := binary.LittleEndian.Uint64(s[i:])
			three |= x & (x >> 1)
			binary.LittleEndian.PutUint64(d[i:], x)
		}
		codes = codes[rowBytes:]
	}
	return three&low == 0
}

// Codes stores the codes of row r, whole blocks of 32 bytes laid out like this
// package's own, in dst[0:PaddedCols()/4]: the inverse of PackCodes.
func (m *Matrix) Codes(dst []byte, r int) {
	dst = dst[:m.PaddedCols()/4]
	for src := m.Data[m.offset(r, 0):]; ; src = src[blockBytes:] {
		copy(dst, src[:rowBytes])
		if dst = dst[rowBytes:]; len(dst) == 0 {
			return
		}
	}
}
