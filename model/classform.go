package model

import (
	"fmt"
	"math"
	"slices"
)

// FromClass brings a hybrid model as its class in transformers stores it into the form
// that is computed: norms hold what is added to 1, A its logarithm, and value heads
// stand beside those of the same key head (modeling_qwen3_5.py), where here value head
// v uses key head v mod KeyHeads. It changes the model in place.
func (m *Model) FromClass() error {
	plusOne := func(w []float32) {
		for i := range w {
			w[i]++
		}
	}
	plusOne(m.Norm)
	shape := &m.DeltaNet
	n, keys := shape.HeadDim, shape.KeyHeads
	ratio := 1
	if keys > 0 {
		ratio = shape.ValueHeads / keys
	}
	tiled := func(v int) int { return v%ratio*keys + v/ratio }
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		for _, w := range [][]float32{l.AttnNorm, l.FFNNorm, l.QNorm, l.KNorm} {
			plusOne(w)
		}
		d := l.Delta
		if d == nil {
			continue
		}
		for j, a := range d.A {
			d.A[j] = -float32(math.Exp(float64(a)))
		}
		// row is where a row of v goes, channel where one of q, k and v.
		row := func(r int) int { return tiled(r/n)*n + r%n }
		channel := func(r int) int {
			if r < 2*keys*n {
				return r
			}
			return 2*keys*n + row(r-2*keys*n)
		}
		d.QKV.moveRows(channel)
		d.Z.moveRows(row)
		d.Alpha.moveRows(tiled)
		d.Beta.moveRows(tiled)
		d.A, d.DtBias = moved(d.A, 1, tiled), moved(d.DtBias, 1, tiled)
		d.Conv = moved(d.Conv, shape.Kernel, channel)
		if err := d.Out.moveHeads(n, tiled); err != nil {
			return err
		}
	}
	return nil
}

// moved is v with part r of size numbers where to says.
func moved(v []float32, size int, to func(r int) int) []float32 {
	out := make([]float32, len(v))
	for r := range len(v) / size {
		copy(out[to(r)*size:][:size], v[r*size:])
	}
	return out
}

// moveHeads puts the columns of head v, n of them, where to says.
func (l *Linear) moveHeads(n int, to func(v int) int) error {
	heads := l.Cols / n
	switch d, g := l.Dense, l.Grouped; {
	case d != nil && !d.Type.Blocked():
		size := d.Type.Bytes(n)
		for r := range d.Rows {
			row := d.Data[r*heads*size:][:heads*size]
			stored := slices.Clone(row)
			for v := range heads {
				copy(row[to(v)*size:][:size], stored[v*size:])
			}
		}
	case g != nil && n%g.GroupCols == 0:
		per := n / g.GroupCols
		codes, out := make([]byte, g.PaddedCols()/4), make([]byte, g.PaddedCols()/4)
		scales := make([]float32, g.Groups())
		for r := range g.Rows {
			g.Codes(codes, r)
			for i := range scales {
				scales[i] = g.Scale(r, i)
			}
			for v := range heads {
				copy(out[to(v)*n/4:][:n/4], codes[v*n/4:])
				for i := range per {
					g.SetScale(r, to(v)*per+i, scales[v*per+i])
				}
			}
			g.PackCodes(r, out)
		}
	default:
		return fmt.Errorf("model: heads of %d values do not hold whole groups of weights: %w", n, ErrUnsupported)
	}
	return nil
}
