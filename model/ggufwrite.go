package model

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"tern/model/gguf"
	"tern/model/ternary"
)

// GGUFOptions says how WriteGGUF writes a model.
type GGUFOptions struct {
	// Vocab is the tokenizer, nil for a file without one.
	Vocab *Vocab
	// Portable chooses what current llama.cpp reads: TQ2_0 with the multiplier
	// as a tensor of its own, architectures bitnet and llama. Without it the
	// weights are I2_S as bitnet.cpp writes it on x86, smaller by 3% and made
	// for rows of any length.
	Portable bool
	// Progress, if it is not nil, is called on the calling goroutine.
	Progress func(written, total int64)
}

// WriteGGUF writes the model as one GGUF file, which Open reads back to the
// same numbers bit for bit: ternary weights packed, multipliers as float32,
// embedding and head as they are. The file appears at path when it is complete
// and takes the place of one that is there; a cancelled context, or a failure,
// leaves nothing behind.
//
// Errors wrap ErrUnsupported where the file could not be written so that others
// read it right, ErrNoSpace, the context's, or those of the file system.
func (m *Model) WriteGGUF(ctx context.Context, path string, o GGUFOptions) error {
	meta, entries, size, err := m.layOut(o)
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

// GGUFSize is how many bytes WriteGGUF would write. Its errors are those of
// WriteGGUF for a model that it refuses.
func (m *Model) GGUFSize(o GGUFOptions) (int64, error) {
	_, _, size, err := m.layOut(o)
	return size, err
}

// layOut is all of a file but its bytes.
func (m *Model) layOut(o GGUFOptions) (meta []gguf.Pair, entries []gguf.Entry, size int64, err error) {
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
	m *Model
	o GGUFOptions
	x extras
}

// entries lists the tensors and notes in w.x what is special about them.
func (w *ggufWriter) entries() ([]gguf.Entry, error) {
	m := w.m
	if w.o.Portable && m.SubNorm && !m.TiedEmbedding {
		return nil, fmt.Errorf("model: other programs run this architecture only with the embedding as its head: %w", ErrUnsupported)
	}
	adjacent := m.arch().gguf.adjacent
	if m.RopeAdjacent && !adjacent {
		return nil, fmt.Errorf("model: a rotation of neighbours cannot be written for this architecture: %w", ErrUnsupported)
	}
	w.x.halves = adjacent && !m.RopeAdjacent
	var list []gguf.Entry
	for _, p := range m.partsNamed(&ggufNames) {
		switch {
		case p.norm != nil:
			list = append(list, floatsEntry(p.name, *p.norm))
		case p.dense != nil:
			list = append(list, ggufDense(p.name, p.dense, inOrder))
		default:
			add, err := w.linear(&p)
			if err != nil {
				return nil, err
			}
			list = append(list, add...)
		}
	}
	if m.RopeFactors != nil {
		list = append(list, floatsEntry(ropeFactors, m.RopeFactors))
	}
	return list, nil
}

// inOrder stores rows where they are.
func inOrder(r int) int { return r }

// linear lists the tensors of a projection.
func (w *ggufWriter) linear(p *part) ([]gguf.Entry, error) {
	l, order := p.linear, inOrder
	if p.rotated && w.x.halves {
		order = func(r int) int { return neighbourRow(r, w.m.HeadDim) }
	}
	if l.Dense != nil {
		w.x.floats = append(w.x.floats, p.module())
		return []gguf.Entry{ggufDense(p.name, l.Dense, order)}, nil
	}
	var list []gguf.Entry
	if l.Norm != nil {
		if w.o.Portable {
			return nil, fmt.Errorf("model: tensor %q has a norm of its own, which other programs do not know: %w", p.name, ErrUnsupported)
		}
		w.x.norms, w.x.eps = true, l.NormEps
		list = append(list, floatsEntry(p.module()+linearNorm, l.Norm))
	}
	e := gguf.Entry{Name: p.name, Shape: []int{l.Rows, l.Cols}}
	switch {
	case w.o.Portable && l.Cols%tqBlock != 0:
		return nil, fmt.Errorf("model: tensor %q has rows of %d weights, TQ2_0 takes multiples of %d: %w", p.name, l.Cols, tqBlock, ErrUnsupported)
	case w.o.Portable:
		list = append(list, floatsEntry(p.module()+".scale", []float32{l.Scale}))
		e.Type, e.Data = gguf.TQ2, func(out io.Writer) error { return l.writeTQ2(out, order) }
	case l.Rows*l.Cols%ternary.BlockCols == 0:
		e.Type, e.Data = gguf.I2S, func(out io.Writer) error { return l.writeI2S(out, order) }
	default: // no published model is so small
		e.Type, e.Data = gguf.F32, func(out io.Writer) error { return l.writeF32(out, order) }
	}
	return append(list, e), nil
}

func floatsEntry(name string, v []float32) gguf.Entry {
	return gguf.Entry{Name: name, Type: gguf.F32, Shape: []int{len(v)}, Data: func(w io.Writer) error {
		return binary.Write(w, binary.LittleEndian, v)
	}}
}

// ggufTypes are the types of GGUF for ours.
var ggufTypes = map[DType]gguf.Type{
	F32: gguf.F32, F16: gguf.F16, BF16: gguf.BF16, Q8_0: gguf.Q8_0, Q4_0: gguf.Q4_0, Q4K: gguf.Q4K, Q6K: gguf.Q6K,
}

// ggufDense stores the rows order(0), order(1) … as they are.
func ggufDense(name string, d *Dense, order func(r int) int) gguf.Entry {
	return gguf.Entry{Name: name, Type: ggufTypes[d.Type], Shape: []int{d.Rows, d.Cols}, Data: func(w io.Writer) error {
		stride := d.Type.Bytes(d.Cols)
		for r := range d.Rows {
			if _, err := w.Write(d.Data[order(r)*stride:][:stride]); err != nil {
				return err
			}
		}
		return nil
	}}
}
