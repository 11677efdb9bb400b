package export

import (
	"fmt"
	"io"
	"math"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/ternary"
)

// Type names a type of ternary matrices in GGUF files.
type Type string

// The types that a caller may ask for.
const (
	TypeQ2  Type = "q2_0"  // of llama.cpp: a scale per 64 weights
	TypePQ2 Type = "pq2_0" // of PrismML: a scale per 128
	TypeTQ2 Type = "tq2_0" // of llama.cpp: a scale per 256
	TypeOwn Type = "tern"  // of Tern alone: matrices as they are in memory, which open fastest
)

// Types lists them.
var Types = []Type{TypeQ2, TypePQ2, TypeTQ2, TypeOwn}

// blocks are the encodings of the types and the weights in a block.
var blocks = map[Type]struct {
	*checkpoint.Encoding
	cols int
}{
	TypeQ2:  {&checkpoint.Q2, 64},
	TypePQ2: {&checkpoint.PQ2, 128},
	TypeTQ2: {&checkpoint.TQ2, checkpoint.TQBlock},
}

// grouped is a matrix with a scale per group. Where no type is asked for, one that
// no blocks hold without rounding is stored as floats, which are packed again when
// the file is read.
func (w *ggufWriter) grouped(name string, m *ternary.Grouped, order func(r int) int) (gguf.Entry, error) {
	kind := w.o.Type
	if kind == TypeOwn {
		if kind = ""; m.Wide == nil && m.Cols%m.GroupCols == 0 {
			e := &checkpoint.OwnGroups128
			if m.GroupCols == 64 {
				e = &checkpoint.OwnGroups64
			}
			w.x.Layout = checkpoint.OwnLayout
			return gguf.Entry{Name: name, Type: e.Type, Shape: []int{m.Rows, m.Cols}, Data: func(out io.Writer) error { return e.WriteGroups(out, m, order) }}, nil
		}
	}
	switch {
	case kind != "":
	case w.o.Portable || m.GroupCols == 64:
		kind = TypeQ2
	default:
		kind = TypePQ2
	}
	b := blocks[kind]
	fits := m.Cols%b.cols == 0
	if (w.o.Type == "" || w.o.Type == TypeOwn) && (!fits || m.Wide != nil) {
		return groupedFloats(name, m, order), nil
	}
	if !fits {
		return gguf.Entry{}, fmt.Errorf("model: tensor %q has rows of %d weights, %s takes multiples of %d: %w", name, m.Cols, b.Name, b.cols, model.ErrUnsupported)
	}
	return gguf.Entry{Name: name, Type: b.Type, Shape: []int{m.Rows, m.Cols}, Data: func(out io.Writer) error {
		if err := b.WriteGroups(out, m, order); err != nil {
			return fmt.Errorf("as %s: %w", b.Name, err)
		}
		return nil
	}}, nil
}

// groupedFloats stores weights as floats, BF16 where all scales are.
func groupedFloats(name string, m *ternary.Grouped, order func(r int) int) gguf.Entry {
	t, size, cut := gguf.BF16, 2, 2
	for r := range m.Rows {
		for g := range m.Groups() {
			if math.Float32bits(m.Scale(r, g))<<16 != 0 {
				t, size, cut = gguf.F32, 4, 0
			}
		}
	}
	return gguf.Entry{Name: name, Type: t, Shape: []int{m.Rows, m.Cols}, Data: func(w io.Writer) error {
		row, out := make([]float32, m.Cols), make([]byte, 0, 4*m.Cols)
		for r := range m.Rows {
			m.UnpackRow(order(r), row)
			out = out[:0]
			for _, v := range row {
				bits := math.Float32bits(v)
				out = append(out, []byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)}[cut:]...)
			}
			if _, err := w.Write(out[:m.Cols*size]); err != nil {
				return err
			}
		}
		return nil
	}}
}
