package checkpoint

import (
	"errors"
	"math"

	"tern/model"
	"tern/model/ternary"
)

// floatGroups is a float matrix of a model with float activations: where every
// weight of each group of 128 or 64 is -d, 0 or d, it is packed without loss; else
// it stays as it is stored and is computed in float.
var floatGroups = Encoding{Name: "floats", load: (*loader).floatGroups}

// errNotTernary ends the look at a matrix that does not pack.
var errNotTernary = errors.New("not ternary")

// groupFinding is what a look at some rows found.
type groupFinding struct {
	cols int  // the widest groups that are ternary
	wide bool // a scale does not fit binary16
}

func (l *loader) floatGroups(b *binding) error {
	found, err := l.lookAtGroups(b)
	if errors.Is(err, errNotTernary) {
		l.floatsLeft = l.floatsLeft || b.Linear != nil && !b.Float
		return l.denseAlone(b)
	} else if err != nil {
		return err
	}
	size := ternary.GroupedSize(b.Rows, b.Cols, found.cols, found.wide, ternary.TwoBits)
	m := ternary.NewArena(size).UnsetGrouped(b.Rows, b.Cols, found.cols, found.wide, ternary.TwoBits)
	b.setGrouped(&m)
	l.ternary = l.ternary || b.Linear != nil
	t := b.floatType()
	return l.bands(b, t.Bytes(b.Cols), func(first int, rows []byte) error {
		w, codes := make([]float32, b.Cols), make([]uint8, b.Cols)
		for r := first; len(rows) > 0; r, rows = r+1, rows[t.Bytes(b.Cols):] {
			t.Decode(w, rows)
			for g := range m.Groups() {
				part := w[g*m.GroupCols : min((g+1)*m.GroupCols, b.Cols)]
				d, _ := ternaryScale(part)
				m.SetScale(r, g, d)
				for j, v := range part {
					codes[g*m.GroupCols+j] = uint8(1 + sign(v))
				}
			}
			m.PackRow(r, codes)
		}
		return nil
	})
}

// lookAtGroups reads a matrix once to see how it packs.
func (l *loader) lookAtGroups(b *binding) (all groupFinding, err error) {
	t := b.floatType()
	before := l.read.Load()
	findings := make(chan groupFinding, (b.Rows+ternary.BandRows-1)/ternary.BandRows)
	err = l.bands(b, t.Bytes(b.Cols), func(_ int, rows []byte) error {
		f, err := lookAtRows(t, rows, b.Cols)
		findings <- f
		return err
	})
	l.read.Store(before) // the bytes are counted when they are packed
	close(findings)
	all.cols = 128
	for f := range findings {
		all.cols, all.wide = min(all.cols, f.cols), all.wide || f.wide
	}
	return all, err
}

// lookAtRows finds how whole rows of floats pack: errNotTernary, or notFinite's
// cause, where they do not.
func lookAtRows(t model.DType, rows []byte, cols int) (f groupFinding, err error) {
	f.cols = 128
	w := make([]float32, cols)
	for stride := t.Bytes(cols); len(rows) > 0; rows = rows[stride:] {
		t.Decode(w, rows)
		for at := 0; at < cols; {
			n := min(f.cols, cols-at)
			d, ok := ternaryScale(w[at : at+n])
			switch {
			case ok:
				f.wide = f.wide || !ternary.FitsF16(d)
				at += n
			case f.cols == 128:
				f.cols = 64 // the groups before this one are ternary in halves, too
			default:
				return f, errNotTernary
			}
		}
	}
	return f, nil
}

// ternaryScale is the d for which every weight is -d, 0 or d.
func ternaryScale(w []float32) (d float32, ok bool) {
	for _, v := range w {
		v = float32(math.Abs(float64(v)))
		if v == 0 {
			continue
		}
		if d == 0 {
			d = v
		}
		if v != d || !finite(v) {
			return 0, false
		}
	}
	return d, true
}

// sign is -1, 0 or 1.
func sign(v float32) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// denseAlone reads a matrix as denseMatrix does, into memory of its own.
func (l *loader) denseAlone(b *binding) error {
	shared := l.weights
	defer func() { l.weights = shared }()
	l.weights = ternary.NewArena(int(b.weight.Size()) + 64)
	return denseMatrix.load(l, b)
}
