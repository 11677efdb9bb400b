package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"tern/model"
	"tern/model/gguf"
	"tern/model/internal/repack"
	"tern/model/ternary"
)

// I2S is I2_S of bitnet.cpp: codes of two bits, weight plus one, and one
// multiplier after them.
var I2S = Encoding{Name: "I2_S", kind: "I2_S", Ternary: true, load: (*loader).i2s, Type: gguf.I2S, Write: writeI2S}

// I2SLayout is the order of the weights inside an I2_S tensor, which depends on
// the machine that wrote it and which nothing in the file tells.
type I2SLayout uint8

// The layouts of I2_S (quantize_i2_s in ggml-bitnet-mad.cpp of bitnet.cpp).
const (
	I2SX86  I2SLayout = iota // of every published file: 128 weights in 32 bytes
	I2SARM                   // by llama-quantize on ARM: 64 weights in 16 bytes
	I2SRows                  // by builds without ACT_PARALLEL: a byte holds a column of four rows
)

// i2s reads codes of two bits, weight plus one, and the multiplier behind them.
func (l *loader) i2s(b *binding) error {
	size := b.weight.elems() / 4
	var tail [4]byte
	if err := b.weight.readFull(tail[:], size); err != nil {
		return err
	}
	if err := b.scaleBy(math.Float32frombits(binary.LittleEndian.Uint32(tail[:]))); err != nil {
		return err
	}
	// Blocks of 128 columns hold the same columns in the same bytes as package
	// ternary's, but the first in the highest bits.
	if l.layout == I2SX86 && b.Cols%ternary.BlockCols == 0 {
		stride := b.Cols / 4
		l.rowsLater(b, stride, func(m *ternary.Matrix, i, r int, stored []byte) error {
			if !m.PackReversed(i, stored) {
				return code3(b, r)
			}
			return nil
		})
		return nil
	}
	unpack, err := l.layout.unpacker(b)
	if err != nil {
		return err
	}
	codes, err := l.whole(b)
	if err != nil {
		return err
	}
	return l.rows(b.Rows, b.Cols, func(r int, row []int8) error {
		if !unpack(row, codes, r) {
			return code3(b, r)
		}
		b.Linear.PackRow(r, row)
		return nil
	})
}

// unpacker returns a function that stores row r of a layout and reports false
// for the code 3. Blocks may straddle rows.
func (y I2SLayout) unpacker(b *binding) (func(row []int8, codes []byte, r int) bool, error) {
	group := 128 // weights that lie in a quarter as many bytes
	switch y {
	case I2SARM:
		group = 64
	case I2SRows:
		if b.Rows%4 != 0 {
			return nil, fmt.Errorf("model: %v: %d rows of I2_S are not whole groups of four: %w", b.weight, b.Rows, model.ErrDamaged)
		}
		return func(row []int8, codes []byte, r int) bool {
			ok := true
			for c := range row {
				code := codes[r/4*len(row)+c] >> (6 - 2*(r%4)) & 3
				row[c], ok = int8(code)-1, ok && code < 3
			}
			return ok
		}, nil
	}
	if b.weight.elems()%int64(group) != 0 {
		return nil, fmt.Errorf("model: %v: %d weights of I2_S are not whole groups of %d: %w", b.weight, b.weight.elems(), group, model.ErrDamaged)
	}
	return func(row []int8, codes []byte, r int) bool {
		ok := true
		for c := range row {
			i := r*len(row) + c
			at := i / group * (group / 4)
			i %= group
			code := codes[at+i%(group/4)] >> (6 - 2*(i/(group/4))) & 3
			row[c], ok = int8(code)-1, ok && code < 3
		}
		return ok
	}, nil
}

// writeI2S writes the layout I2SX86: blocks of 128 weights in 32 bytes,
// wherever rows end, and the multiplier in a tail of 32 bytes.
func writeI2S(w io.Writer, l *model.Linear, order func(r int) int) error {
	if err := writeI2SCodes(w, l, order); err != nil {
		return err
	}
	var tail [32]byte
	binary.LittleEndian.PutUint32(tail[:], math.Float32bits(l.Scale))
	_, err := w.Write(tail[:])
	return err
}

func writeI2SCodes(w io.Writer, l *model.Linear, order func(r int) int) error {
	if l.Cols%ternary.BlockCols == 0 { // the bytes of package ternary, turned around
		codes := make([]byte, l.Cols/4)
		for r := range l.Rows {
			l.Codes(codes, order(r))
			repack.Reverse(codes)
			if _, err := w.Write(codes); err != nil {
				return err
			}
		}
		return nil
	}
	row := make([]int8, l.Cols)
	var waiting []int8 // weights of the next blocks
	for r := range l.Rows {
		l.UnpackRow(order(r), row)
		waiting = append(waiting, row...)
		var codes []byte
		for ; len(waiting) >= ternary.BlockCols; waiting = waiting[ternary.BlockCols:] {
			for p := range ternary.BlockCols / 4 {
				codes = append(codes, byte(waiting[p]+1)<<6|byte(waiting[p+32]+1)<<4|byte(waiting[p+64]+1)<<2|byte(waiting[p+96]+1))
			}
		}
		if _, err := w.Write(codes); err != nil {
			return err
		}
	}
	return nil
}
