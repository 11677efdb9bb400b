package checkpoint

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"tern/model"
	"tern/model/gguf"
	"tern/model/ternary"
)

// TQ1 is TQ1_0 and TQ2 is TQ2_0 of llama.cpp: blocks of 256 weights with a scale
// at the end, five weights in a byte or four.
var (
	TQ1 = Encoding{Name: "TQ1_0", kind: "TQ1_0", Ternary: true, Type: gguf.TQ1,
		load:   func(l *loader, b *binding) error { return l.tq(b, unpackTQ1) },
		groups: &groups{cols: TQBlock, bytes: 54, scale: 52, unpack: func(codes []uint8, block []byte) bool { return spread(codes, unpackTQ1(block)) }}}
	TQ2 = Encoding{Name: "TQ2_0", kind: "TQ2_0", Ternary: true, Type: gguf.TQ2, Write: writeTQ2, WriteGroups: writeTQ2Groups,
		load:   func(l *loader, b *binding) error { return l.tq(b, unpackTQ2) },
		groups: &groups{cols: TQBlock, bytes: 66, scale: 64, unpack: func(codes []uint8, block []byte) bool { return spread(codes, block[:64]) }}}
)

// spread stores the codes of a block a byte each, from the layout of TQ2_0: bits
// 2k of byte 32h+p are weight 128h+32k+p.
func spread(codes []uint8, packed []byte) bool {
	var all uint8
	for i, b := range packed {
		at := codes[i/32*128+i%32:]
		for k := range 4 {
			c := b >> (2 * k) & 3
			at[32*k] = c
			all |= c & (c >> 1)
		}
	}
	return all == 0
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
func (l *loader) tq(b *binding, unpack func(block []byte) []byte) error {
	buf := l.buf[:b.weight.Size()]
	if err := l.readInto(buf, b.weight, nil); err != nil {
		return err
	}
	size := len(buf) / int(b.weight.elems()/TQBlock)
	var m float32
	for at := size - 2; at < len(buf) && m == 0; at += size {
		m = model.HalfAt(buf[at:])
	}
	if m == 0 {
		return l.zeros(b)
	}
	if err := b.scaleBy(m); err != nil {
		return err
	}
	zeros := bytes.Repeat([]byte{0x55}, TQBlock/4) // the code 1 throughout
	stride := len(buf) / b.Rows
	return l.eachRow(b.Rows, func(r int) error {
		src := buf[r*stride:][:stride]
		for i := 0; len(src) > 0; i, src = i+2, src[size:] {
			codes := zeros
			switch d := model.HalfAt(src[size-2:]); d {
			case 0:
			case m:
				codes = unpack(src[:size-2])
			default:
				return differentScales(b, m, d)
			}
			if !b.Linear.PackCodes(r, i, codes) {
				return code3(b, r)
			}
		}
		return nil
	})
}

// unpackTQ2: each half of a block is laid out as package ternary lays out 128
// columns.
func unpackTQ2(codes []byte) []byte { return codes }

// unpackTQ1 takes the base-3 digits out of a block, into the layout of TQ2_0.
// A byte b is the fixed-point fraction b/256, whose digits appear in front of
// the point when it is multiplied by 3. 32 bytes hold digit n of weight 32n+m,
// 16 more bytes that of 160+16n+m, and 4 bytes that of 240+4n+m.
func unpackTQ1(src []byte) []byte {
	codes := make([]byte, TQBlock/4)
	digits := func(src []byte, first, count int) {
		for m, b := range src {
			for n := range count {
				v := uint16(b) * 3
				i := first + n*len(src) + m
				half, i := i/ternary.BlockCols, i%ternary.BlockCols
				codes[half*32+i%32] |= byte(v>>8) << (2 * (i / 32))
				b = byte(v)
			}
		}
	}
	digits(src[:32], 0, 5)
	digits(src[32:48], 160, 5)
	digits(src[48:52], 240, 4)
	return codes
}

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
