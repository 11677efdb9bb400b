package ternary

import "tern/model/internal/repack"

// PackCodes stores codes, whole blocks of 32 bytes that are laid out like this
// package's own, as block b of row r and those that follow. It reports false
// where one of them is the code 3, which stands for no weight. Different rows
// touch different bytes.
//
// The ternary types of GGUF keep 128 columns in 32 bytes much like this, so
// that a loader need not take them apart.
func (m *Matrix) PackCodes(r, b int, codes []byte) bool {
	return repack.Codes(m.Data[m.offset(r, b):], codes, len(codes)/rowBytes, 2*rowBytes, false)
}

// PackSpaced is PackCodes for a whole row whose blocks lie in pairs, which begin step
// bytes apart.
func (m *Matrix) PackSpaced(r int, codes []byte, step int) bool {
	return repack.Codes(m.Data[m.offset(r, 0):], codes, m.PaddedCols()/BlockCols, step, false)
}

// PackReversed is PackCodes for a whole row whose bytes hold the first code in their
// highest bits.
func (m *Matrix) PackReversed(r int, codes []byte) bool {
	return repack.Codes(m.Data[m.offset(r, 0):], codes, m.PaddedCols()/BlockCols, 2*rowBytes, true)
}

// Part is a matrix of rows rows, whole groups, as wide as m, in the first bytes of room: to
// be packed in the cache and put in its place at once. No row holds weights yet.
func (m *Matrix) Part(rows int, room []byte) Matrix {
	return Matrix{Rows: rows, Cols: m.Cols, Data: room[:Size(rows, m.Cols)]}
}

// Put stores all of a part from row first on, which begins a group.
func (m *Matrix) Put(first int, part *Matrix) {
	repack.Store(m.Data[m.offset(first, 0):][:len(part.Data)], part.Data)
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
