package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"tern/model"
	"tern/model/gguf"
	"tern/model/ternary"
)

// groups describes an encoding whose rows are blocks, each with a binary16 scale
// d of its own: a weight is (code-1)·d.
type groups struct {
	cols  int // weights in a block
	bytes int
	scale int // where d is in a block

	// form is how the codes that expand makes may be kept in memory, which is so where
	// products can be computed from it directly.
	form ternary.Form

	// expand turns whole blocks into those that ternary.Grouped takes, of groupCols
	// weights: d, and then two bits a weight, from the low ones up. It reports false
	// where a code stands for no weight. nil where blocks are such.
	expand func(dst, src []byte) bool
}

// inOrder is what expand turns n bytes of blocks into.
func (g *groups) inOrder(n int) int {
	return n / g.bytes * (g.cols / g.groupCols()) * (2 + g.groupCols()/4)
}

// groupCols is the width of the groups in memory: those of the file, or half of
// them where blocks are of 256.
func (g *groups) groupCols() int { return min(g.cols, 128) }

// size is what a matrix takes in memory.
func (g *groups) size(rows, cols int) int {
	return ternary.GroupedSize(rows, cols, g.groupCols(), false, ternary.Direct(g.form))
}

// setGrouped puts a packed matrix into the slot.
func (b *binding) setGrouped(m *ternary.Grouped) {
	if b.Linear != nil {
		b.Linear.Rows, b.Linear.Cols, b.Linear.Grouped = b.Rows, b.Cols, m
		return
	}
	*b.Dense = model.Dense{Rows: b.Rows, Cols: b.Cols, Type: model.Packed, Grouped: m}
}

// runBytes of a file are packed by one worker at a time: about a huge page, so that
// two workers seldom touch the same fresh one, which then would be cleared twice.
const runBytes = 2 << 20

// stride is the size of a stored row of blocks.
func (b *binding) stride() int { return b.Cols / b.enc.groups.cols * b.enc.groups.bytes }

// wholeBands is how many rows of stride bytes, in whole bands, are about size
// bytes.
func wholeBands(size, stride int) int { return max(1, size/stride/ternary.BandRows) * ternary.BandRows }

// grouped reads a matrix with a scale per group.
func (l *loader) grouped(b *binding) error {
	e := b.enc.groups
	if b.Cols%e.cols != 0 {
		return fmt.Errorf("model: %v: rows of %d weights are not whole blocks of %d: %w", b.weight, b.Cols, e.cols, model.ErrDamaged)
	}
	m := l.weights.UnsetGrouped(b.Rows, b.Cols, e.groupCols(), false, ternary.Direct(e.form))
	b.setGrouped(&m)
	stride := b.stride()
	l.later(b, stride, func(first int, rows []byte) error {
		if e.expand == nil {
			if !m.PackBlocks(first, rows) {
				return notFinite(b.weight)
			}
			return nil
		}
		room := l.room(e.inOrder(min(len(rows), ternary.BandRows*stride)))
		defer l.done(room)
		for ; len(rows) > 0; first += ternary.BandRows {
			n := min(len(rows)/stride, ternary.BandRows)
			blocks := (*room)[:e.inOrder(n*stride)]
			if !e.expand(blocks, rows[:n*stride]) {
				r := 0
				for e.expand(blocks, rows[r*stride:][:stride]) {
					r++
				}
				return code3(b, first+r)
			}
			if !m.PackBlocks(first, blocks) {
				return notFinite(b.weight)
			}
			rows = rows[n*stride:]
		}
		return nil
	})
	return nil
}

// bands calls f on all cores for runs of whole bands of stored rows, given the
// first of them and their bytes.
func (l *loader) bands(b *binding, stride int, f func(first int, rows []byte) error) error {
	return l.eachRun(b.Rows, wholeBands(chunkBytes, stride), func(from, to int) error {
		buf := l.room((to - from) * stride)
		defer l.done(buf)
		if err := b.weight.readFull(*buf, int64(from)*int64(stride)); err != nil {
			return err
		}
		l.read.Add(int64(len(*buf)))
		return f(from, *buf)
	})
}

// oneScale reads a matrix of blocks whose scales are equal, but for 0 in blocks
// whose weights are all 0, into the form with one multiplier. Other scales are
// errGroups: the model was not trained with int8 activations.
func (l *loader) oneScale(b *binding) error {
	e := b.enc.groups
	m, err := l.firstScale(b)
	if err != nil {
		return err
	}
	if m == 0 {
		return l.zeros(b)
	}
	if err := b.scaleBy(m); err != nil {
		return err
	}
	stride := b.stride()
	l.later(b, stride, func(first int, rows []byte) error {
		width, row := e.groupCols(), make([]int8, b.Cols)
		room := l.room(e.inOrder(stride))
		defer l.done(room)
		for r := first; len(rows) > 0; r, rows = r+1, rows[stride:] {
			blocks := rows[:stride]
			if e.expand == nil {
			} else if blocks = *room; !e.expand(blocks, rows[:stride]) {
				return code3(b, r)
			}
			for part := row; len(part) > 0; part, blocks = part[width:], blocks[2+width/4:] {
				switch d := model.HalfAt(blocks); {
				case d == 0:
					clear(part[:width])
				case d != m:
					return differentScales(b, m, d)
				case !twoBits(part[:width], blocks[2:]):
					return code3(b, r)
				}
			}
			b.Linear.PackRow(r, row)
		}
		return nil
	})
	return nil
}

// firstScale is the first scale that is not 0, 0 where there is none.
func (l *loader) firstScale(b *binding) (m float32, err error) {
	e := b.enc.groups
	room := l.room(chunkBytes / e.bytes * e.bytes)
	defer l.done(room)
	for off, n := int64(0), 16*e.bytes; off < b.weight.Size() && m == 0; n = len(*room) { // most often the very first
		p := (*room)[:min(int64(n), b.weight.Size()-off)]
		if err := b.weight.readFull(p, off); err != nil {
			return 0, err
		}
		off += int64(len(p))
		for ; len(p) > 0 && m == 0; p = p[e.bytes:] {
			m = model.HalfAt(p[e.scale:])
		}
	}
	return m, nil
}

func finite(d float32) bool { return !math.IsNaN(float64(d)) && !math.IsInf(float64(d), 0) }

// writeBlocks writes rows as blocks of this many columns, each a binary16 scale
// and two bits a weight; half of a group of 128 has the scale of the whole. What
// the blocks would round is ErrLossy.
func writeBlocks(w io.Writer, m *ternary.Grouped, order func(r int) int, cols int) error {
	codes := make([]byte, m.PaddedCols()/4)
	var out []byte
	for r := range m.Rows {
		r = order(r)
		m.Codes(codes, r)
		out = out[:0]
		for at := 0; at < m.Cols; at += cols {
			d := m.Scale(r, at/m.GroupCols)
			if cols > m.GroupCols {
				var err error
				if d, err = joinGroups(m, r, at, cols, codes); err != nil {
					return err
				}
			}
			half, err := exactHalf(r, d)
			if err != nil {
				return err
			}
			out = append(append(out, half[:]...), codes[at/4:][:cols/4]...)
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
	}
	return nil
}

// ErrLossy marks a matrix that an encoding would round.
var ErrLossy = errors.New("weights would be rounded")

// exactHalf is a scale of row r as binary16, ErrLossy where that is another number.
func exactHalf(r int, d float32) (half [2]byte, err error) {
	if !ternary.FitsF16(d) {
		return half, fmt.Errorf("row %d has the scale %g, which F16 would round: %w", r, d, ErrLossy)
	}
	model.EncodeHalves(half[:], []float32{d})
	return half, nil
}

// joinGroups is the scale of the groups of a block of cols columns whose weights
// are not all 0. Groups that are 0 by their scale become 0 by their codes.
func joinGroups(m *ternary.Grouped, r, at, cols int, codes []byte) (d float32, err error) {
	for g := at / m.GroupCols; g < (at+cols)/m.GroupCols; g++ {
		part := codes[g*m.GroupCols/4:][:m.GroupCols/4]
		switch s := m.Scale(r, g); {
		case s == 0:
			for i := range part {
				part[i] = 0x55
			}
		case !slices.ContainsFunc(part, func(b byte) bool { return b != 0x55 }):
		case d != 0 && s != d:
			return 0, fmt.Errorf("row %d has the scales %g and %g in one block of %d: %w", r, d, s, cols, ErrLossy)
		default:
			d = s
		}
	}
	return d, nil
}

// twoBits stores the weights -1, 0 and 1 of codes of two bits, false where a code
// is 3.
func twoBits(dst []int8, codes []byte) bool {
	var three byte
	for i := range dst {
		c := codes[i/4] >> (2 * (i % 4)) & 3
		dst[i], three = int8(c)-1, three|c&(c>>1)
	}
	return three == 0
}

// q2 is an encoding of a scale and two bits a weight.
func q2(name string, t gguf.Type, cols int) Encoding {
	e := Encoding{
		Name: name, kind: t.String(), Ternary: true, Type: t,
		groups: &groups{cols: cols, bytes: 2 + cols/4},
	}
	e.WriteGroups = func(w io.Writer, m *ternary.Grouped, order func(r int) int) error {
		return writeBlocks(w, m, order, cols)
	}
	return e
}
