// Package export writes a loaded model: as one GGUF file, as packed safetensors,
// or with a smaller head. What it writes, package checkpoint reads back to the
// same numbers.
package export

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/ternary"
	"tern/tokenizer/vocab"
)

// GGUFOptions says how GGUF writes a model.
type GGUFOptions struct {
	// Vocab is the tokenizer, nil for a file without one.
	Vocab *vocab.GGUF
	// Portable chooses what current llama.cpp reads: TQ2_0 with the multiplier
	// as a tensor of its own, architectures bitnet and llama, and Q2_0 for weights
	// with a scale per group. Without it the weights are I2_S as bitnet.cpp writes
	// it on x86, smaller by 3% and made for rows of any length, and groups keep
	// their width: PQ2_0 for 128, Q2_0 for 64.
	Portable bool
	// Type, if it is not empty, is the type of the ternary matrices.
	Type Type
	// Progress, if it is not nil, is called on the calling goroutine.
	Progress func(written, total int64)
}

// GGUF writes the model as one GGUF file, which checkpoint.Open reads back to the
// same numbers bit for bit: ternary weights packed, multipliers as float32,
// embedding and head as they are. The file appears at path when it is complete
// and takes the place of one that is there; a cancelled context, or a failure,
// leaves nothing behind.
//
// Errors wrap ErrUnsupported where the file could not be written so that others
// read it right, ErrNoSpace, the context's, or those of the file system.
func GGUF(ctx context.Context, m *model.Model, path string, o GGUFOptions) error {
	meta, entries, size, err := layOut(m, o)
	if err != nil {
		return err
	}
	return writeNewFile(path, size, func(f io.Writer) error {
		out := &copyMeter{ctx: ctx, w: f, total: size, report: o.Progress}
		if err := gguf.Write(out, meta, entries); err != nil {
			return fmt.Errorf("model: %w", err)
		}
		return nil
	})
}

// GGUFSize is how many bytes GGUF would write. Its errors are those of GGUF for a model that it refuses.
func GGUFSize(m *model.Model, o GGUFOptions) (int64, error) {
	_, _, size, err := layOut(m, o)
	return size, err
}

// layOut is all of a file but its bytes.
func layOut(m *model.Model, o GGUFOptions) (meta []gguf.Pair, entries []gguf.Entry, size int64, err error) {
	w := ggufWriter{m: m, o: o}
	if entries, err = w.entries(); err != nil {
		return nil, nil, 0, err
	}
	if meta, err = w.meta(); err != nil {
		return nil, nil, 0, err
	}
	if size, err = gguf.Size(meta, entries); err != nil {
		err = fmt.Errorf("model: %w", err)
	}
	return meta, entries, size, err
}

// reportBytes is the least advance between two reports.
const reportBytes = 4 << 20

// copyMeter reports what passes and stops it when the context is done.
type copyMeter struct {
	ctx                      context.Context
	w                        io.Writer
	written, total, reported int64
	report                   func(written, total int64)
}

func (c *copyMeter) Write(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.w.Write(p)
	c.written += int64(n)
	if c.report != nil && (c.written-c.reported >= reportBytes || c.written == c.total) {
		c.reported = c.written
		c.report(c.written, c.total)
	}
	return n, err
}

// ggufWriter gathers what goes into the file.
type ggufWriter struct {
	m *model.Model
	o GGUFOptions
	x checkpoint.Extras
}

// entries lists the tensors and notes in w.x what is special about them.
func (w *ggufWriter) entries() ([]gguf.Entry, error) {
	m := w.m
	if w.o.Portable && m.SubNorm && !m.TiedEmbedding {
		return nil, fmt.Errorf("model: other programs run this architecture only with the embedding as its head: %w", model.ErrUnsupported)
	}
	adjacent := checkpoint.Find(m.Arch).GGUF.Adjacent
	if m.RopeAdjacent && !adjacent {
		return nil, fmt.Errorf("model: a rotation of neighbours cannot be written for this architecture: %w", model.ErrUnsupported)
	}
	w.x.Halves = adjacent && !m.RopeAdjacent
	var list []gguf.Entry
	for _, p := range m.Slots(checkpoint.Find(m.Arch).GGUF.TensorNames()) {
		switch {
		case p.Norm != nil:
			e := floatsEntry(p.Name, *p.Norm)
			e.Shape = p.Shape()
			list = append(list, e)
		case p.Dense != nil && p.Dense.Grouped != nil:
			e, err := w.grouped(p.Name, p.Dense.Grouped, checkpoint.InOrder)
			if err != nil {
				return nil, err
			}
			list = append(list, e)
		case p.Dense != nil:
			list = append(list, ggufDense(p.Name, p.Dense, checkpoint.InOrder))
		default:
			add, err := w.linear(&p)
			if err != nil {
				return nil, err
			}
			list = append(list, add...)
		}
	}
	if m.RopeFactors != nil {
		list = append(list, floatsEntry(model.RopeFactorsName, m.RopeFactors))
	}
	if m.RopeLong != nil {
		list = append(list, floatsEntry(model.RopeLongName, m.RopeLong), floatsEntry(model.RopeShortName, m.RopeShort))
	}
	return list, nil
}

// linear lists the tensors of a projection.
func (w *ggufWriter) linear(p *model.Slot) ([]gguf.Entry, error) {
	l, order := p.Linear, checkpoint.InOrder
	if p.Rotated && w.x.Halves {
		order = func(r int) int { return model.NeighbourRow(r, w.m.HeadDim) }
	}
	if l.Dense != nil {
		if w.m.Input == model.InputInt8 { // others stay float because they are not ternary
			w.x.Floats = append(w.x.Floats, p.Module())
		}
		return []gguf.Entry{ggufDense(p.Name, l.Dense, order)}, nil
	}
	if l.Grouped != nil {
		e, err := w.grouped(p.Name, l.Grouped, order)
		return []gguf.Entry{e}, err
	}
	if w.o.Type != "" && w.o.Type != TypeTQ2 && w.o.Type != TypeOwn {
		return nil, fmt.Errorf("model: tensor %q has one multiplier and takes int8 activations, which %s cannot say; I2_S, the default, and TQ2_0 can: %w",
			p.Name, w.o.Type, model.ErrUnsupported)
	}
	tq2 := w.o.Portable || w.o.Type == TypeTQ2
	var list []gguf.Entry
	if l.Norm != nil {
		if w.o.Portable {
			return nil, fmt.Errorf("model: tensor %q has a norm of its own, which other programs do not know: %w", p.Name, model.ErrUnsupported)
		}
		w.x.Norms, w.x.Eps = true, l.NormEps
		list = append(list, floatsEntry(p.Module()+checkpoint.LinearNorm, l.Norm))
	}
	enc := &checkpoint.OneMagnitude // where rows fit no block; no published model is so small
	switch {
	case tq2 && l.Cols%checkpoint.TQBlock != 0:
		return nil, fmt.Errorf("model: tensor %q has rows of %d weights, TQ2_0 takes multiples of %d: %w", p.Name, l.Cols, checkpoint.TQBlock, model.ErrUnsupported)
	case w.o.Type == TypeOwn && l.Cols%ternary.BlockCols == 0:
		w.x.Layout = checkpoint.OwnLayout
		list = append(list, floatsEntry(p.Module()+".scale", []float32{l.Scale}))
		enc = &checkpoint.OwnMatrix
	case tq2:
		list = append(list, floatsEntry(p.Module()+".scale", []float32{l.Scale}))
		enc = &checkpoint.TQ2
	case l.Rows*l.Cols%ternary.BlockCols == 0:
		enc = &checkpoint.I2S
	}
	return append(list, gguf.Entry{Name: p.Name, Type: enc.Type, Shape: []int{l.Rows, l.Cols},
		Data: func(out io.Writer) error { return enc.Write(out, l, order) }}), nil
}

func floatsEntry(name string, v []float32) gguf.Entry {
	return gguf.Entry{Name: name, Type: gguf.F32, Shape: []int{len(v)}, Data: func(w io.Writer) error {
		return binary.Write(w, binary.LittleEndian, v)
	}}
}

// ggufDense stores the rows order(0), order(1) … as they are.
func ggufDense(name string, d *model.Dense, order func(r int) int) gguf.Entry {
	t, _ := gguf.Named(d.Type.String())
	return gguf.Entry{Name: name, Type: t, Shape: []int{d.Rows, d.Cols}, Data: func(w io.Writer) error {
		scratch := make([]byte, d.Type.Bytes(d.Cols))
		for r := range d.Rows {
			if _, err := w.Write(d.StoredRow(order(r), scratch)); err != nil {
				return err
			}
		}
		return nil
	}}
}
