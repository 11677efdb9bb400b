package export

import (
	"fmt"

	"tern/model"
	"tern/model/ternary"
)

// WithHead returns the model with its embedding and head stored as F16 or
// Q8_0; the rest is shared with m. It costs precision: what was stored in fewer
// bytes already stays as it is. A number that the type cannot hold is an
// error; so are rows that are not whole blocks, which is ErrUnsupported.
func WithHead(m *model.Model, t model.DType) (*model.Model, error) {
	if t != model.F16 && t != model.Q8_0 {
		return nil, fmt.Errorf("model: a head of type %v is not written: %w", t, model.ErrUnsupported)
	}
	small := *m
	embed, err := as(&m.Embed, t)
	if err != nil {
		return nil, fmt.Errorf("model: the embedding: %w", err)
	}
	small.Embed, small.Head = *embed, &small.Embed
	if m.Head != &m.Embed {
		if small.Head, err = as(m.Head, t); err != nil {
			return nil, fmt.Errorf("model: the head: %w", err)
		}
	}
	return &small, nil
}

// as is d stored as t, d itself where that is not smaller.
func as(d *model.Dense, t model.DType) (*model.Dense, error) {
	elems, _ := t.Block()
	if d.Cols%elems != 0 {
		return nil, fmt.Errorf("rows of %d numbers are not whole blocks of %v: %w", d.Cols, t, model.ErrUnsupported)
	}
	stride := t.Bytes(d.Cols)
	if stride >= d.Type.Bytes(d.Cols) {
		return d, nil
	}
	out := &model.Dense{Rows: d.Rows, Cols: d.Cols, Type: t}
	out.Data = ternary.NewArena(d.Rows * stride).Bytes(d.Rows * stride)
	row := make([]float32, d.Cols)
	for r := range d.Rows {
		d.RowTo(row, r)
		if bad, ok := t.Encode(out.Data[r*stride:][:stride], row); !ok {
			return nil, fmt.Errorf("row %d holds %g, which %v cannot", r, bad, t)
		}
	}
	return out, nil
}
