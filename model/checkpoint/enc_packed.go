package checkpoint

import (
	"io"
	"tern/model"
)

// Packed is the U8 matrix of transformers: four rows a byte, beside a
// weight_scale.
var Packed = Encoding{
	Name:    "U8",
	Ternary: true,
	stored:  func(b *binding) []int { return []int{PackedRows(b.Rows), b.Cols} },
	load:    (*loader).packed,
	Write:   writePacked,
}

// packed reads U8 weights: with R packed rows, slot i of packed row r is row
// i·R + r (pack_weights in integrations/bitnet.py of transformers).
func (l *loader) packed(b *binding) error {
	buf, err := l.whole(b)
	if err != nil {
		return err
	}
	packedRows := b.weight.shape[0]
	return l.rows(b.Rows, b.Cols, func(r int, row []int8) error {
		if !unpackSlot(row, buf[r%packedRows*b.Cols:], r/packedRows) {
			return code3(b, r)
		}
		b.Linear.PackRow(r, row)
		return nil
	})
}

// unpackSlot stores the weights of one of the four rows that a row of packed
// bytes holds: bits 2·slot..2·slot+1 of each byte are the weight plus one. It
// reports false for the code 3, which stands for nothing.
func unpackSlot(dst []int8, src []byte, slot int) bool {
	var all byte
	for i, b := range src[:len(dst)] {
		code := b >> (2 * slot) & 3
		dst[i] = int8(code) - 1
		all |= code & (code >> 1)
	}
	return all == 0
}

// PackedRows is how many rows of bytes hold rows of weights, four to a byte.
func PackedRows(rows int) int { return (rows + 3) / 4 }

// writePacked writes the rows of bytes that loader.packed reads. Slots past the
// last row are 0, as the reference writes them.
func writePacked(w io.Writer, l *model.Linear, _ func(r int) int) error {
	n := PackedRows(l.Rows)
	row, packed := make([]int8, l.Cols), make([]byte, l.Cols)
	for r := range n {
		clear(packed)
		for slot := 0; slot*n+r < l.Rows; slot++ {
			l.UnpackRow(slot*n+r, row)
			for i, v := range row {
				packed[i] |= byte(v+1) << (2 * slot)
			}
		}
		if _, err := w.Write(packed); err != nil {
			return err
		}
	}
	return nil
}
