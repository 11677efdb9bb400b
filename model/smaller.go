package model

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/x448/float16"

	"tern/model/ternary"
)

// WithHead returns the model with its embedding and head stored as F16 or
// Q8_0; the rest is shared with m. It costs precision: what was stored in fewer
// bytes already stays as it is. A number that the type cannot hold is an
// error; so are rows that are no whole blocks, which is ErrUnsupported.
func (m *Model) WithHead(t DType) (*Model, error) {
	if t != F16 && t != Q8_0 {
		return nil, fmt.Errorf("model: a head of type %v is not written: %w", t, ErrUnsupported)
	}
	small := *m
	embed, err := m.Embed.as(t)
	if err != nil {
		return nil, fmt.Errorf("model: the embedding: %w", err)
	}
	small.Embed, small.Head = *embed, &small.Embed
	if m.Head != &m.Embed {
		if small.Head, err = m.Head.as(t); err != nil {
			return nil, fmt.Errorf("model: the head: %w", err)
		}
	}
	return &small, nil
}

// as is d stored as t, d itself where that is not smaller.
func (d *Dense) as(t DType) (*Dense, error) {
	elems, _ := t.blockSize()
	if d.Cols%elems != 0 {
		return nil, fmt.Errorf("rows of %d numbers are no whole blocks of %v: %w", d.Cols, t, ErrUnsupported)
	}
	stride := t.Bytes(d.Cols)
	if stride >= d.Type.Bytes(d.Cols) {
		return d, nil
	}
	out := &Dense{Rows: d.Rows, Cols: d.Cols, Type: t}
	out.Data = ternary.NewArena(d.Rows * stride).Bytes(d.Rows * stride)
	row := make([]float32, d.Cols)
	encode := encodeHalves
	if t == Q8_0 {
		encode = encodeQ80
	}
	for r := range d.Rows {
		d.RowTo(row, r)
		if bad, ok := encode(out.Data[r*stride:][:stride], row); !ok {
			return nil, fmt.Errorf("row %d holds %g, which %v cannot", r, bad, t)
		}
	}
	return out, nil
}

// encodeHalves stores v as binary16, to nearest, ties to even. It returns the
// first number that is too large for it.
func encodeHalves(dst []byte, v []float32) (bad float32, ok bool) {
	for i, x := range v {
		h := float16.Fromfloat32(x)
		if h.IsInf(0) && !math.IsInf(float64(x), 0) {
			return x, false
		}
		binary.LittleEndian.PutUint16(dst[2*i:], h.Bits())
	}
	return 0, true
}

// encodeQ80 stores blocks of 32 numbers as a common scale, the largest
// magnitude over 127, and int8 multiples of the scale as it is rounded. It
// returns the first number that is too large.
func encodeQ80(dst []byte, v []float32) (bad float32, ok bool) {
	for ; len(v) > 0; dst, v = dst[q80Bytes:], v[smallBlock:] {
		var top float32
		for _, x := range v[:smallBlock] {
			top = max(top, x, -x)
		}
		if _, ok := encodeHalves(dst, []float32{top / 127}); !ok {
			return top, false
		}
		clear(dst[2:q80Bytes])
		d := halfAt(dst)
		if d == 0 {
			continue // the block is 0, or as good as 0
		}
		for i, x := range v[:smallBlock] {
			q := math.RoundToEven(float64(x) / float64(d))
			dst[2+i] = byte(int8(min(max(q, -127), 127)))
		}
	}
	return 0, true
}
