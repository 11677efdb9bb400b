package inference

import (
	"tern/inference/kernel"
	"tern/model"
)

// This file is products and rows of matrices that are not ternary.

// fewRows is how many rows of a matrix are decoded before they are multiplied together.
const fewRows = 4

// denseRows computes y = W[first:first+len(y)] · x in W's stored precision.
func (w *scratch) denseRows(y []float32, d *model.Dense, first int, x []float32) {
	if d.Type.Blocked() || d.Narrow != nil {
		var ids [fewRows]int32
		for i := 0; i < len(y); i += fewRows {
			n := min(fewRows, len(y)-i)
			for j := range n {
				ids[j] = int32(first + i + j)
			}
			w.pickRows(y[i:i+n], d, ids[:n], x)
		}
		return
	}
	size := d.Type.Bytes(d.Cols)
	rows := d.Data[first*size:][:len(y)*size]
	switch d.Type {
	case model.F32:
		kernel.MatVecF32(y, rows, d.Cols, x)
	case model.F16:
		kernel.MatVecF16(y, rows, d.Cols, x)
	case model.BF16:
		kernel.MatVecBF16(y, rows, d.Cols, x)
	}
}

// pickRows is denseRows for up to fewRows rows that need not be neighbours. They are
// decoded first, which changes no bit of the results.
func (w *scratch) pickRows(y []float32, d *model.Dense, ids []int32, x []float32) {
	w.rows = grow(w.rows, fewRows*d.Cols)
	for i, id := range ids {
		decodeRow(w.rows[i*d.Cols:][:d.Cols], d, int(id))
	}
	rows := w.rows[:len(ids)*d.Cols]
	if d.Type.Blocked() { // a product with keys, the rows, is a dot product
		kernel.Scores(y, x, rows, 1)
		return
	}
	kernel.MatVec32(y, rows, x)
}

// grow returns s with room for n values, not always the old ones.
func grow(s []float32, n int) []float32 {
	if len(s) < n {
		return make([]float32, n)
	}
	return s
}

// decodeRow is d.RowTo with the kernels' decoders where there is one.
func decodeRow(dst []float32, d *model.Dense, r int) {
	switch {
	case d.Type.Blocked():
		d.RowTo(dst, r)
		return
	case d.Narrow != nil:
		kernel.DecodeNarrow(dst, d.Narrow, r)
		return
	}
	size := d.Type.Bytes(d.Cols)
	row := d.Data[r*size:][:size]
	switch d.Type {
	case model.F32:
		kernel.DecodeF32(dst, row)
	case model.F16:
		kernel.DecodeF16(dst, row)
	case model.BF16:
		kernel.DecodeBF16(dst, row)
	}
}
