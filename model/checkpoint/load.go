package checkpoint

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"tern/model"
	"tern/model/internal/memory"
	"tern/model/internal/parallel"
	"tern/model/ternary"
)

const (
	// chunkBytes is what one worker reads at a time: small enough to notice a
	// cancelled context, and the unit in which magnitudes are summed, so that
	// the sum does not depend on who reads what.
	chunkBytes = 256 << 10
	// rowsPerTask rows of a matrix are packed by one worker at a time.
	rowsPerTask = 64
	// Rows are padded to whole blocks, so that a hostile file of very short
	// ones could ask for 128 times its size. Models are packed into at most
	// 1.2 times theirs, but for small ones.
	maxGrowth  = 2
	smallModel = 16 << 20
	// reportBytes is the least advance between two reports inside a layer.
	reportBytes = 4 << 20
)

// loader turns bound tensors into weights. Those that it need look at only once it
// reads all together, on all cores and in the order of the list; others one after
// another; at most one is held as it is stored.
type loader struct {
	ctx      context.Context
	q        *quantization
	layout   I2SLayout
	weights  *ternary.Arena
	buf      []byte // the current tensor, reused
	pieces   []piece
	read     atomic.Int64
	reported int64
	progress model.Progress
	report   func(model.Progress)
	rooms    rooms // buffers of pieces
	narrow   func(*model.Dense) bool
	head     *model.Dense
	after    []func() // of all pieces
	ready    func()   // is called once the memory of the weights is there

	ternary    bool // a projection is ternary,
	floatsLeft bool // or a float one that does not pack
}

// piece is a part of a tensor that one worker reads at a time.
type piece struct {
	layer int
	read  func() error
}

// load reads every binding. The parts of the model that they point at are
// incomplete when it fails.
func (l *loader) load(list []binding) error {
	var body, dense int64
	for i := range list {
		b := &list[i]
		switch {
		case b.enc == &denseMatrix:
			dense += (b.weight.Size() + 63) / 64 * 64
		case b.enc == &floatVector:
			dense += (4*b.weight.elems() + 63) / 64 * 64
		case b.enc == &floatGroups: // takes memory once it is known how much
		case b.groupwise():
			body += int64(b.enc.groups.size(b.Rows, b.Cols))
		case b.enc.ownGroups > 0:
			body += int64(ternary.GroupedSize(b.Rows, b.Cols, b.enc.ownGroups, false, ternary.TwoBits))
		case b.Linear != nil:
			body += int64(ternary.Size(b.Rows, b.Cols))
		}
		for _, t := range b.tensors() {
			l.progress.TotalBytes += t.Size()
		}
	}
	if body > smallModel+maxGrowth*l.progress.TotalBytes {
		return fmt.Errorf("model: matrices of %d bytes would take %d, their rows are too short for a model: %w", l.progress.TotalBytes, body, model.ErrDamaged)
	}
	l.weights = ternary.NewArena(int(body + dense))
	defer memory.Lax(int(body + dense))()
	if l.ready != nil {
		l.ready()
	}
	for i := range list {
		b, left := &list[i], len(l.pieces)
		if err := l.bindingTo(b); err != nil {
			return err
		}
		if b.Slot.Norm == nil && left == len(l.pieces) {
			l.tellLayer(b.Layer + 1)
		}
	}
	// Pieces are begun in order, so their layers are complete but for what the other
	// workers have in hand.
	var layer atomic.Int64
	err := parallel.Each(l.ctx, len(l.pieces), func(i int) error {
		layer.Store(int64(l.pieces[i].layer))
		return l.pieces[i].read()
	}, func() {
		l.tellLayer(int(layer.Load()))
		if l.read.Load()-l.reported >= reportBytes {
			l.tell()
		}
	})
	if err != nil {
		return err
	}
	for _, f := range l.after {
		f()
	}
	l.tellLayer(l.progress.Layers)
	l.tell()
	return nil
}

// later adds the rows of b to what is read on all cores: f gets whole bands of stored
// rows, stride bytes each, and the number of the first of them.
func (l *loader) later(b *binding, stride int, f func(first int, rows []byte) error) {
	n := wholeBands(runBytes, stride)
	for from := 0; from < b.Rows; from += n {
		to := min(from+n, b.Rows)
		l.pieces = append(l.pieces, piece{b.Layer + 1, func() error {
			step := wholeBands(chunkBytes, stride)
			buf := l.room(min(step, to-from) * stride)
			defer l.done(buf)
			for at := from; at < to; at += step {
				if err := l.readRows(b, stride, at, (*buf)[:min(step, to-at)*stride], f); err != nil {
					return err
				}
			}
			return nil
		}})
	}
}

// rowsLater is later for a matrix with one multiplier: pack gets each stored row, the
// number of it, and where it goes, row i of m.
func (l *loader) rowsLater(b *binding, stride int, pack func(m *ternary.Matrix, i, r int, stored []byte) error) {
	const part = ternary.BandRows // is packed in the cache
	l.later(b, stride, func(first int, rows []byte) error {
		room := l.room(ternary.Size(part, b.Cols))
		defer l.done(room)
		for ; len(rows) > 0; first += part {
			n := min(part, len(rows)/stride)
			m, base := &b.Linear.Matrix, first
			if staged := m.Part(part, *room); n == part {
				m, base = &staged, 0
			}
			for i := range n {
				if err := pack(m, base+i, first+i, rows[i*stride:][:stride]); err != nil {
					return err
				}
			}
			if m != &b.Linear.Matrix {
				b.Linear.Put(first, m)
			}
			rows = rows[n*stride:]
		}
		return nil
	})
}

// readRows reads rows into buf and gives them to f while they are in the cache.
func (l *loader) readRows(b *binding, stride, first int, buf []byte, f func(first int, rows []byte) error) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if err := b.weight.readFull(buf, int64(first)*int64(stride)); err != nil {
		return err
	}
	l.read.Add(int64(len(buf)))
	return f(first, buf)
}

// wholeRoom has room for a tensor as it is stored, until the next one.
func (l *loader) wholeRoom(b *binding) []byte {
	if n := b.weight.Size(); int64(len(l.buf)) < n {
		l.buf = make([]byte, n)
	}
	return l.buf[:b.weight.Size()]
}

// whole reads a tensor as it is stored; the bytes are good until the next one.
func (l *loader) whole(b *binding) ([]byte, error) {
	buf := l.wholeRoom(b)
	return buf, l.readInto(buf, b.weight, nil)
}

// bindingTo reads one slot.
func (l *loader) bindingTo(b *binding) (err error) {
	switch {
	case b.groupwise(), b.enc.ownGroups > 0:
		l.ternary = l.ternary || b.Linear != nil
	case b.enc.Ternary:
		l.ternary = true
		b.Linear.Matrix = l.weights.Unset(b.Rows, b.Cols)
		if b.scale != nil {
			if b.Linear.Scale, err = l.multiplier(b.scale); err != nil {
				return err
			}
		}
		if b.norm != nil {
			b.Linear.NormEps = l.q.normEps
			if b.Linear.Norm, err = l.floats(b.norm); err != nil {
				return err
			}
		}
	}
	switch {
	case b.groupwise():
		return l.grouped(b)
	case b.enc.load == nil:
		return l.oneScale(b)
	}
	return b.enc.load(l, b)
}

// rows calls f for each row with a scratch buffer of cols weights.
func (l *loader) rows(rows, cols int, f func(r int, row []int8) error) error {
	return l.runs(rows, func(from, to int) error {
		row := make([]int8, cols)
		for r := from; r < to; r++ {
			if err := f(r, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// runs calls f for all rows, rowsPerTask of them at a time, on all cores.
func (l *loader) runs(rows int, f func(from, to int) error) error {
	return l.eachRun(rows, rowsPerTask, f)
}

// eachRun calls f for all rows, n of them at a time, on all cores.
func (l *loader) eachRun(rows, n int, f func(from, to int) error) error {
	return parallel.Each(l.ctx, (rows+n-1)/n, func(i int) error {
		return f(i*n, min(rows, (i+1)*n))
	}, func() {
		if l.read.Load()-l.reported >= reportBytes {
			l.tell()
		}
	})
}

// room lends a buffer of n bytes, done takes it back.
func (l *loader) room(n int) *[]byte { return l.rooms.get(n) }

func (l *loader) done(b *[]byte) { l.rooms.put(b) }

// multiplier reads a weight_scale and returns m of y = m·(Σ t·q)/s.
func (l *loader) multiplier(t *tensor) (float32, error) {
	if t.Size() == 0 || t.elems() != 1 {
		return 0, fmt.Errorf("model: %v has shape %v, want one number: %w", t, t.shape, model.ErrDamaged)
	}
	v, err := l.floats(t)
	if err != nil {
		return 0, err
	}
	m := v[0]
	if l.q.divide {
		m = 1 / m
	}
	if !(m > 0 && m <= math.MaxFloat32) || v[0] <= 0 {
		return 0, fmt.Errorf("model: %v is %g, want a positive scale: %w", t, v[0], model.ErrDamaged)
	}
	return m, nil
}

// floats reads a small float tensor, which must be finite.
func (l *loader) floats(t *tensor) ([]float32, error) {
	v := make([]float32, t.elems())
	return v, l.floatsTo(v, t, make([]byte, t.Size()))
}

// floatsTo is floats for who has room for the numbers, and for how they are stored.
func (l *loader) floatsTo(v []float32, t *tensor, raw []byte) error {
	d, ok := model.DTypeNamed(t.kind)
	if !ok || d.Blocked() {
		return fmt.Errorf("model: %v: type %s is not supported here: %w", t, t.kind, model.ErrUnsupported)
	}
	if err := t.readFull(raw, 0); err != nil {
		return err
	}
	l.read.Add(t.Size())
	if !d.Finite(raw) {
		return notFinite(t)
	}
	d.Decode(v, raw)
	return nil
}

// readInto fills dst, which has the tensor's size, chunk by chunk on all
// cores, and calls chunk, if it is not nil, for each.
func (l *loader) readInto(dst []byte, t *tensor, chunk func(i int, p []byte) error) error {
	const size = chunkBytes
	return parallel.Each(l.ctx, (len(dst)+size-1)/size, func(i int) error {
		p := dst[i*size : min(len(dst), (i+1)*size)]
		if err := t.readFull(p, int64(i*size)); err != nil {
			return err
		}
		l.read.Add(int64(len(p)))
		if chunk != nil {
			return chunk(i, p)
		}
		return nil
	}, func() {
		if l.read.Load()-l.reported >= reportBytes {
			l.tell()
		}
	})
}

// tellLayer reports the layers up to this one, each at least once.
func (l *loader) tellLayer(layer int) {
	for l.progress.Layer < layer {
		l.progress.Layer++
		l.tell()
	}
}

// tell reports how far loading has come, on the goroutine that called Open.
func (l *loader) tell() {
	l.reported = l.read.Load()
	l.progress.Bytes = l.reported
	if l.report != nil {
		l.report(l.progress)
	}
}

func notFinite(t *tensor) error {
	return fmt.Errorf("model: %v holds an infinite or undefined number: %w", t, model.ErrDamaged)
}
