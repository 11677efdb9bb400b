package checkpoint

import "tern/model"

// floatVector is a short tensor of floats that becomes []float32: a norm, or the
// factors of RoPE.
var floatVector = Encoding{Name: "floats", load: func(l *loader, b *binding) (err error) {
	*b.Slot.Norm, err = l.floats(b.weight)
	return err
}}

// denseMatrix is a matrix of any dense type, which stays as it is stored.
var denseMatrix = Encoding{Name: "dense", load: func(l *loader, b *binding) error {
	t, _ := model.DTypeNamed(b.weight.kind)
	d := model.Dense{Rows: b.Rows, Cols: b.Cols, Type: t}
	d.Data = l.dense.Bytes(int(b.weight.Size()))
	if b.Linear != nil {
		b.Linear.Rows, b.Linear.Cols, b.Linear.Dense = b.Rows, b.Cols, &d
	} else {
		*b.Dense = d
	}
	_, unit := t.Block()
	chunk := chunkBytes / unit * unit
	for from := 0; from < len(d.Data); from += runBytes / chunkBytes * chunk {
		to := min(from+runBytes/chunkBytes*chunk, len(d.Data))
		l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
			return l.readFinite(d.Data[from:to], b.weight, t, from, chunk)
		}})
	}
	return nil
}}

// readFinite reads a part of a tensor, from an offset, to where it stays. It looks at
// each chunk of it while that is in the cache.
func (l *loader) readFinite(dst []byte, w *tensor, t model.DType, from, chunk int) error {
	for at := 0; at < len(dst); at += chunk {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		part := dst[at:min(at+chunk, len(dst))]
		if err := w.readFull(part, int64(from+at)); err != nil {
			return err
		}
		l.read.Add(int64(len(part)))
		if !t.Finite(part) {
			return notFinite(w)
		}
	}
	return nil
}
