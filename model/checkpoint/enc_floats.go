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
	return l.readUnits(d.Data, b.weight, unit, func(_ int, p []byte) error {
		if !t.Finite(p) {
			return notFinite(b.weight)
		}
		return nil
	})
}}
