package checkpoint

import (
	"cmp"
	"fmt"
	"io"

	"tern/model"
	"tern/model/gguf"
	"tern/model/internal/repack"
	"tern/model/ternary"
)

// The types of Tern's own hold matrices as package ternary keeps them in memory, so that
// reading them is all that opening takes. Rows are whole blocks of columns; rows that pad
// the last group or band are in the file, too, whatever they hold.
var (
	// OwnMatrix is a ternary.Matrix, its multiplier in a tensor beside it.
	OwnMatrix = Encoding{Name: "TERN_M", kind: "TERN_M", Ternary: true, Type: gguf.OwnMatrix, load: (*loader).ownMatrix, Write: writeOwnMatrix}
	// OwnGroups64 and OwnGroups128 are a ternary.Grouped of two bits a weight: its codes, then
	// its scales.
	OwnGroups64  = ownGroups("TERN_G64", gguf.OwnGroups64, 64)
	OwnGroups128 = ownGroups("TERN_G128", gguf.OwnGroups128, 128)
)

// OwnLayout is the version of package ternary's layouts, which a file with types of Tern's
// own names. Another layout of Matrix, or of TwoBits in Grouped, is another version.
const OwnLayout = 1

func ownGroups(name string, t gguf.Type, cols int) Encoding {
	return Encoding{Name: name, kind: name, Ternary: true, Type: t, ownGroups: cols, load: (*loader).ownGrouped, WriteGroups: writeOwnGroups}
}

// grouped reports whether a matrix of this encoding can have a scale per group.
func (e *Encoding) grouped() bool { return e.groups != nil || e.ownGroups > 0 }

// own reports whether an encoding is one of Tern's own.
func (e *Encoding) own() bool { return e.kind == OwnMatrix.kind || e.ownGroups > 0 }

// checkOwn refuses what Tern does not write: a layout of another version, rows that are not
// whole blocks, and a matrix of the kind that the projections are not.
func (b *binding) checkOwn(layout int64) error {
	e := b.enc
	width := cmp.Or(e.ownGroups, ternary.BlockCols)
	switch {
	case layout != OwnLayout:
		return fmt.Errorf("model: %v is %s of layout %d, this version of Tern reads %d; make the copy again: %w", b.weight, e.Name, layout, OwnLayout, model.ErrUnsupported)
	case b.Cols%width != 0:
		return fmt.Errorf("model: %v: rows of %d weights are not whole blocks of %d: %w", b.weight, b.Cols, width, model.ErrDamaged)
	case b.Linear != nil && b.float != (e.ownGroups > 0):
		return fmt.Errorf("model: %v is %s, which says what activations it takes: that cannot be changed here, only when the original is opened: %w", b.weight, e.Name, model.ErrUnsupported)
	}
	return nil
}

// ownMatrix reads a matrix with one multiplier to where it stays.
func (l *loader) ownMatrix(b *binding) error {
	m := &b.Linear.Matrix
	l.inPlace(b, m.Data, 0, func(p []byte) error {
		if repack.Threes(p) {
			return fmt.Errorf("model: %v holds the code 3, which no weight has: %w", b.weight, model.ErrDamaged)
		}
		return nil
	})
	l.after = append(l.after, m.Pad)
	return nil
}

// ownGrouped reads a matrix with a scale per group to where it stays.
func (l *loader) ownGrouped(b *binding) error {
	m := l.weights.UnsetGrouped(b.Rows, b.Cols, b.enc.ownGroups, false, ternary.TwoBits)
	b.setGrouped(&m)
	l.inPlace(b, m.Data, 0, func([]byte) error { return nil })
	l.inPlace(b, m.ScaleBytes(), len(m.Data), func(p []byte) error {
		if !model.F16.Finite(p) {
			return notFinite(b.weight)
		}
		return nil
	})
	l.after = append(l.after, m.Pad)
	return nil
}

// inPlace reads a part of a tensor, from an offset, to where it stays, on all cores. check
// sees what was read while it is in the cache.
func (l *loader) inPlace(b *binding, dst []byte, off int, check func(p []byte) error) {
	for from := 0; from < len(dst); from += runBytes {
		to := min(from+runBytes, len(dst))
		l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
			return l.readPart(dst[from:to], b.weight, off+from, chunkBytes, check)
		}})
	}
}

// writeOwnMatrix writes the memory of a matrix.
func writeOwnMatrix(w io.Writer, l *model.Linear, order func(r int) int) error {
	m, codes := ternary.New(l.Rows, l.Cols), make([]byte, l.PaddedCols()/4)
	for r := range l.Rows {
		l.Codes(codes, order(r))
		m.PackSpaced(r, codes, ternary.BlockCols/2)
	}
	_, err := w.Write(m.Data)
	return err
}

// writeOwnGroups writes the memory of a matrix in the form TwoBits.
func writeOwnGroups(w io.Writer, g *ternary.Grouped, order func(r int) int) error {
	m, codes := ternary.NewGrouped(g.Rows, g.Cols, g.GroupCols, false), make([]byte, g.PaddedCols()/4)
	for r := range g.Rows {
		g.Codes(codes, order(r))
		m.PackCodes(r, codes)
		for i := range g.Groups() {
			m.SetScale(r, i, g.Scale(order(r), i))
		}
	}
	if _, err := w.Write(m.Data); err != nil {
		return err
	}
	_, err := w.Write(m.ScaleBytes())
	return err
}
