package checkpoint

import (
	"tern/model"
	"tern/model/narrow"
)

// floatVector is a short tensor of floats that becomes []float32: a norm, or the
// factors of RoPE. All are on few pages: a hundred of Go's own would take as many faults.
var floatVector = Encoding{Name: "floats", load: func(l *loader, b *binding) error {
	v := l.weights.Floats(int(b.weight.elems()))
	*b.Slot.Norm = v
	l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
		raw := l.room(int(b.weight.Size()))
		defer l.done(raw)
		return l.floatsTo(v, b.weight, *raw)
	}})
	return nil
}}

// denseMatrix is a matrix of any dense type, which stays as it is stored.
var denseMatrix = Encoding{Name: "dense", load: func(l *loader, b *binding) error {
	t, _ := model.DTypeNamed(b.weight.kind)
	d := model.Dense{Rows: b.Rows, Cols: b.Cols, Type: t}
	d.Data = l.weights.Bytes(int(b.weight.Size()))
	if b.Linear != nil {
		b.Linear.Rows, b.Linear.Cols, b.Linear.Dense = b.Rows, b.Cols, &d
	} else {
		*b.Dense = d
	}
	if b.Dense != nil && b.Dense == l.head && l.narrow != nil && l.narrow(b.Dense) {
		return l.narrowHead(b)
	}
	_, unit := t.Block()
	chunk := chunkBytes / unit * unit
	for from := 0; from < len(d.Data); from += runBytes / chunkBytes * chunk {
		to := min(from+runBytes/chunkBytes*chunk, len(d.Data))
		l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
			return l.readPart(d.Data[from:to], b.weight, from, chunk, func(p []byte) error {
				if !t.Finite(p) {
					return notFinite(b.weight)
				}
				return nil
			})
		}})
	}
	return nil
}}

// narrowHead reads a head of 16-bit floats as denseMatrix does and keeps it in 12 bits
// where that works: a block goes from the cache to where it stays.
func (l *loader) narrowHead(b *binding) error {
	d, stride := b.Dense, b.Dense.Type.Bytes(b.Cols)
	first := l.room(min(b.Rows, narrow.BlockRows) * stride)
	defer l.done(first)
	if err := b.weight.readFull(*first, 0); err != nil {
		return err
	}
	builder := d.Narrowing(*first)
	step := wholeBands(chunkBytes, stride)
	for from := 0; from < b.Rows; from += narrow.BlockRows {
		to := min(from+narrow.BlockRows, b.Rows)
		l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
			buf := l.room(min(step, to-from) * stride)
			defer l.done(buf)
			for at := from; at < to; at += step {
				if err := l.readRows(b, stride, at, (*buf)[:min(step, to-at)*stride], func(first int, rows []byte) error {
					if !d.Type.Finite(rows) {
						return notFinite(b.weight)
					}
					builder.Rows(first, rows)
					return nil
				}); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	l.after = append(l.after, func() { d.NarrowedBy(builder) })
	return nil
}

// readPart reads a part of a tensor, from an offset, to where it stays. check looks at each
// chunk of it while that is in the cache.
func (l *loader) readPart(dst []byte, w *tensor, from, chunk int, check func(p []byte) error) error {
	for at := 0; at < len(dst); at += chunk {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		part := dst[at:min(at+chunk, len(dst))]
		if err := w.readFull(part, int64(from+at)); err != nil {
			return err
		}
		l.read.Add(int64(len(part)))
		if err := check(part); err != nil {
			return err
		}
	}
	return nil
}
