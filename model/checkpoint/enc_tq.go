package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"tern/model"
	"tern/model/gguf"
	"tern/model/internal/repack"
	"tern/model/ternary"
)

// TQ1 is TQ1_0 and TQ2 is TQ2_0 of llama.cpp: blocks of 256 weights with a scale
// at the end, five weights in a byte or four.
var (
	TQ1 = Encoding{Name: "TQ1_0", kind: "TQ1_0", Ternary: true, Type: gguf.TQ1, load: (*loader).tq,
		groups: &groups{cols: TQBlock, bytes: repack.TQ1Bytes, scale: 52, form: ternary.Trits, expand: expandTQ1}}
	TQ2 = Encoding{Name: "TQ2_0", kind: "TQ2_0", Ternary: true, Type: gguf.TQ2, Write: writeTQ2, WriteGroups: writeTQ2Groups, load: (*loader).tq,
		groups: &groups{cols: TQBlock, bytes: repack.TQ2Bytes, scale: 64, form: ternary.Trits, expand: repack.TQ2}}
)

// expandTQ1 goes by way of TQ2_0, a few blocks at a time.
func expandTQ1(dst, src []byte) bool {
	var room [16 * repack.TQ2Bytes]byte
	for len(src) > 0 {
		n := min(16, len(src)/repack.TQ1Bytes)
		repack.TQ1(room[:], src[:n*repack.TQ1Bytes])
		repack.TQ2(dst, room[:n*repack.TQ2Bytes])
		dst, src = dst[n*2*repack.PQ2Bytes:], src[n*repack.TQ1Bytes:]
	}
	return true // digits are 0 to 2
}

// writeTQ2Groups writes blocks of 256 weights whose groups have the same scale, or
// all weights 0; others are ErrLossy, and so is a weight of +2 scales.
func writeTQ2Groups(w io.Writer, m *ternary.Grouped, order func(r int) int) error {
	codes := make([]byte, m.PaddedCols()/4)
	var out []byte
	for r := range m.Rows {
		r = order(r)
		m.Codes(codes, r)
		out = out[:0]
		for at := 0; at < m.Cols; at += TQBlock {
			d, err := joinGroups(m, r, at, TQBlock, codes)
			if err != nil {
				return err
			}
			var block [TQBlock / 4]byte
			for i := range TQBlock {
				c := codes[(at+i)/4] >> (2 * (i % 4)) & 3
				if c == 3 {
					return fmt.Errorf("row %d has a weight of +2 scales: %w", r, ErrLossy)
				}
				block[i/128*32+i%32] |= c << (2 * (i % 128 / 32))
			}
			half, err := exactHalf(r, d)
			if err != nil {
				return err
			}
			out = append(append(out, block[:]...), half[:]...)
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}

// TQBlock is the weights in a block of TQ1_0 and TQ2_0, two blocks of package
// ternary.
const TQBlock = 2 * ternary.BlockCols

// tq reads TQ1_0 or TQ2_0: blocks of 256 weights, each with a scale at its end.
// The scales are equal, but for 0 in blocks whose weights are all 0.
func (l *loader) tq(b *binding) error {
	scale, err := l.firstScale(b)
	if err != nil {
		return err
	}
	if scale == 0 {
		return l.zeros(b)
	}
	if err := b.scaleBy(scale); err != nil {
		return err
	}
	stride, wide := b.stride(), b.Cols/TQBlock*repack.TQ2Bytes
	var usual [2]byte // scale: one comparison of bits for nearly all blocks
	model.EncodeHalves(usual[:], []float32{scale})
	l.rowsLater(b, stride, func(m *ternary.Matrix, i, r int, blocks []byte) error {
		if b.enc.Type == gguf.TQ1 {
			room := l.room(wide)
			defer l.done(room)
			repack.TQ1(*room, blocks)
			blocks = *room
		}
		return b.tqRow(m, i, r, blocks, scale, usual)
	})
	return nil
}

// tqRow packs stored row r as row i of m from blocks of TQ2_0, each half of which is laid
// out as package ternary lays out 128 columns, given the scale that they have where it is
// not 0, and that as it is stored.
func (b *binding) tqRow(m *ternary.Matrix, i, r int, blocks []byte, scale float32, usual [2]byte) error {
	zeros := false
	for at := TQBlock / 4; at < len(blocks); at += repack.TQ2Bytes {
		if [2]byte(blocks[at:]) == usual {
			continue
		}
		switch d := model.HalfAt(blocks[at:]); {
		case d == 0:
			zeros = true
		case d != scale:
			return differentScales(b, scale, d)
		}
	}
	if !zeros {
		if !m.PackSpaced(i, blocks, repack.TQ2Bytes) {
			return code3(b, r)
		}
		return nil
	}
	for block := 0; len(blocks) > 0; block, blocks = block+2, blocks[repack.TQ2Bytes:] {
		codes := blocks[:TQBlock/4]
		if model.HalfAt(blocks[TQBlock/4:]) == 0 {
			codes = allZeros
		}
		if !m.PackCodes(i, block, codes) {
			return code3(b, r)
		}
	}
	return nil
}

// allZeros are the codes of a block whose weights are 0.
var allZeros = bytes.Repeat([]byte{0x55}, TQBlock/4)

// writeTQ2 writes blocks of 256 weights, laid out like two of package ternary's,
// with the scale 1: their own scale would have 11 bits of the multiplier only.
func writeTQ2(w io.Writer, l *model.Linear, order func(r int) int) error {
	const one = 0x3c00 // binary16
	codes := make([]byte, l.Cols/4)
	var out []byte
	for r := range l.Rows {
		l.Codes(codes, order(r))
		out = out[:0]
		for at := 0; at < len(codes); at += TQBlock / 4 {
			out = append(out, codes[at:][:TQBlock/4]...)
			out = binary.LittleEndian.AppendUint16(out, one)
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}
