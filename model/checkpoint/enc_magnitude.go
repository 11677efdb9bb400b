package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"tern/model"
	"tern/model/gguf"
)

// OneMagnitude is a float matrix of GGUF whose weights are -m, 0 and m, as
// converters write ternary weights without a type for them.
var OneMagnitude = Encoding{Name: "floats of one magnitude", Ternary: true, load: (*loader).oneMagnitude, Type: gguf.F32, Write: writeF32}

// oneMagnitude reads float weights that the converter oneMagnitude: all are -m, 0
// or m. Taking their mean magnitude, as for training weights, would give the
// wrong multiplier. Weights of other magnitudes are training weights if the
// architecture is a ternary one.
func (l *loader) oneMagnitude(b *binding) error {
	t := b.floatType()
	buf := l.wholeRoom(b)
	list := make([]magnitudes, (len(buf)+chunkBytes-1)/chunkBytes)
	err := l.readInto(buf, b.weight, func(i int, p []byte) error {
		if list[i] = magnitudesOf(t, p); !(list[i].sum <= math.MaxFloat64) {
			return notFinite(b.weight)
		}
		return nil
	})
	if err != nil {
		return err
	}
	all := magnitudes{least: math.MaxFloat32}
	for _, m := range list {
		all.sum += m.sum
		all.least, all.most = min(all.least, m.least), max(all.most, m.most)
	}
	var s, m float32
	switch {
	case all.most == 0:
		return l.zeros(b)
	case all.least == all.most && all.most >= minScale:
		s, m = 1/all.most, all.most
	case b.latent:
		s, m = absMean(all.sum / float64(b.weight.elems()))
	default:
		return fmt.Errorf("model: %v is %s with magnitudes from %g to %g: an ordinary float model, not a ternary one: %w",
			b.weight, b.weight.kind, all.least, all.most, model.ErrUnsupported)
	}
	if err := b.scaleBy(m); err != nil {
		return err
	}
	return l.ternarizeRows(b, t, buf, s)
}

// minScale is the least multiplier whose inverse is finite, with room to spare.
const minScale = 1e-30

// magnitudes sums up |w| of some weights.
type magnitudes struct {
	sum         float64
	least, most float32 // least of those that are not 0, math.MaxFloat32 without any
}

// magnitudesOf looks at the numbers in src. The sum is infinite or NaN where one
// of them is.
func magnitudesOf(t model.DType, src []byte) magnitudes {
	m := magnitudes{sum: sumAbs(t, src), least: math.MaxFloat32}
	var buf [block]float32
	for size := t.Size(); len(src) > 0; {
		w := buf[:min(block, len(src)/size)]
		t.Decode(w, src)
		src = src[len(w)*size:]
		for _, v := range w {
			v = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
			m.most = max(m.most, v)
			if v != 0 && v < m.least {
				m.least = v
			}
		}
	}
	return m
}

// writeF32 writes the weights -m, 0 and m.
func writeF32(w io.Writer, l *model.Linear, order func(r int) int) error {
	row := make([]int8, l.Cols)
	var out []byte
	for r := range l.Rows {
		l.UnpackRow(order(r), row)
		out = out[:0]
		for _, v := range row {
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)*l.Scale))
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}
