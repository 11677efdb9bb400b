package inference

import (
	"context"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// matrix is a scratch buffer of rows, one per token of a pass.
type matrix struct {
	width int
	data  []float32
}

func newMatrix(rows, width int) matrix { return matrix{width, make([]float32, rows*width)} }

func (m matrix) row(t int) []float32       { return m.data[t*m.width:][:m.width] }
func (m matrix) rows(t, end int) []float32 { return m.data[t*m.width : end*m.width] }
func (m matrix) upTo(n int) []float32      { return m.data[:n*m.width] }
func (m matrix) from(t int) matrix         { return matrix{m.width, m.data[t*m.width:]} }

// activation is the input of projections: T rows, as floats and in the forms
// that ternary matrices multiply with.
type activation struct {
	x      matrix    // [T][width] floats, for linears that are not ternary
	padded int       // ternary.PadCols(width), the length of a row of q
	q      []int8    // [T][padded]
	scale  []float32 // [T]: s = 127/max|x|
	sum    []int32   // [T]: Σ q

	// fixed is x in fixed point, for matrices with a scale per 64 columns and
	// per 128 (model.InputFloat).
	fixed [2]*kernel.Fixed
}

// forms are the forms of an input that some projections read beside floats.
type forms uint8

const (
	formInt8  forms = 1 << iota
	formBy64        // fixed point, a scale per 64 columns
	formBy128       // and per 128
)

// formsFor says what projections that share an input read.
func formsFor(linears ...*model.Linear) (f forms) {
	for _, l := range linears {
		switch {
		case l.Grouped != nil && l.Grouped.GroupCols == 64:
			f |= formBy64
		case l.Grouped != nil:
			f |= formBy128
		case l.Dense == nil:
			f |= formInt8
		}
	}
	return f
}

func newActivation(rows, maxWidth int) activation {
	return activation{
		x:     newMatrix(rows, maxWidth),
		q:     make([]int8, rows*ternary.PadCols(maxWidth)),
		scale: make([]float32, rows),
		sum:   make([]int32, rows),
		fixed: [2]*kernel.Fixed{new(kernel.Fixed), new(kernel.Fixed)},
	}
}

// reset makes room for rows in fixed point.
func (a *activation) reset(rows int, f forms, planes kernel.Planes) {
	if f&formBy64 != 0 {
		a.fixed[0].Reset(rows, a.x.width, 64, planes)
	}
	if f&formBy128 != 0 {
		a.fixed[1].Reset(rows, a.x.width, 128, planes)
	}
}

// fixedFor is the input of a matrix.
func (a *activation) fixedFor(m *ternary.Grouped) *kernel.Fixed {
	if m.GroupCols == 64 {
		return a.fixed[0]
	}
	return a.fixed[1]
}

// of returns the same buffers for rows of another width.
func (a activation) of(width int) activation {
	a.x.width, a.padded = width, ternary.PadCols(width)
	return a
}

// quantize fills rows [t, end) from those of src, which may be a.x: RMSNorm with weight
// (none if nil), then int8 by the largest magnitude of the row (b1.58 §2;
// activation_quant in utils_quant.py), or fixed point by that of each group.
func (a *activation) quantize(t, end int, src matrix, weight []float32, eps float32, r *model.Rotation, f forms) {
	if x, from := a.x.rows(t, end), src.rows(t, end); weight != nil {
		kernel.RMSNormRows(x, from, weight, eps)
	} else {
		copy(x, from)
	}
	for ; t < end; t++ {
		x := a.x.row(t)
		rotateInput(x, r)
		if f&formInt8 != 0 {
			a.scale[t], a.sum[t] = kernel.Quantize(a.q[t*a.padded:][:a.padded], x)
		}
		if f&formBy64 != 0 {
			a.fixed[0].Set(t, x)
		}
		if f&formBy128 != 0 {
			a.fixed[1].Set(t, x)
		}
	}
}

// rowsTogether is how many rows are made an input step by step: kernels take that many
// together, and they stay in the cache.
const rowsTogether = 4

// feed computes projections of the RMSNorm of the rows of src, of src itself where
// weight is nil. Those that rotate their input alike share it. at is the phase of the
// projections.
func (p *pass) feed(ctx context.Context, w *worker, at phase, src matrix, weight []float32, outs ...output) {
	for i := 0; i < len(outs); {
		r, f, n := outs[i].linear.Rotation, forms(0), i
		for ; n < len(outs) && outs[n].linear.Rotation == r; n++ {
			f |= formsFor(outs[n].linear)
		}
		if i > 0 && len(p.rows) > 1 {
			w.sync() // others may still read the input before
		}
		w.phase(at - 1)
		a := p.quantizeRows(w, &p.scratch[w.id].act, &p.act, src, weight, p.engine.model.NormEps, r, f)
		w.phase(at)
		p.project(ctx, w, a, outs[i:n]...)
		i = n
	}
}

// rotateInput brings the input of a matrix into the basis of its weights.
func rotateInput(x []float32, r *model.Rotation) {
	if r == nil {
		return
	}
	kernel.Hadamard(x, r.Signs, r.Block)
}

// unrotate undoes rotateInput.
func unrotate(x []float32, r *model.Rotation) {
	if r == nil {
		return
	}
	kernel.Hadamard(x, nil, r.Block)
	for i, s := range r.Signs {
		x[i] *= s
	}
}

// quantizeRows quantises every row of src. A single row every worker computes
// for itself, into own, which is cheaper than waiting for one that does it;
// several are shared out, into shared.
func (p *pass) quantizeRows(w *worker, own, shared *activation, src matrix, weight []float32, eps float32, r *model.Rotation, f forms) activation {
	a := p.begin(w, own, shared, src.width, f)
	for t, hi := p.rowsOf(w); t < hi; t += rowsTogether {
		a.quantize(t, min(t+rowsTogether, hi), src, weight, eps, r, f)
	}
	p.end(w)
	return a
}

// begin returns the buffers for the rows of an input, and end waits until all
// rows are there.
func (p *pass) begin(w *worker, own, shared *activation, width int, f forms) activation {
	if len(p.rows) == 1 {
		a := own.of(width)
		a.reset(1, f, p.engine.planes)
		return a
	}
	a := shared.of(width)
	if f&(formBy64|formBy128) != 0 {
		if w.id == 0 {
			a.reset(len(p.rows), f, p.engine.planes)
		}
		w.sync()
	}
	return a
}

func (p *pass) end(w *worker) {
	if len(p.rows) > 1 {
		w.sync()
	}
}

// rowsOf is the share of a worker in the rows of an input: all of a single one.
func (p *pass) rowsOf(w *worker) (t, end int) {
	if len(p.rows) == 1 {
		return 0, 1
	}
	return w.share(len(p.rows))
}

// normalizeGated is normalize for act(gate)·up, which it computes first.
func (p *pass) normalizeGated(w *worker, weight []float32, r *model.Rotation, f forms) activation {
	eps := p.engine.model.NormEps
	a := p.begin(w, &p.scratch[w.id].act, &p.act, p.gate.width, f)
	for t, hi := p.rowsOf(w); t < hi; t += rowsTogether {
		end := min(t+rowsTogether, hi)
		x, gate, up := a.x.rows(t, end), p.gate.rows(t, end), p.up.rows(t, end)
		if p.engine.model.Activation == model.ReLU2 {
			kernel.ReLU2Mul(x, gate, up)
		} else {
			kernel.SiLUMul(x, gate, up)
		}
		a.quantize(t, end, a.x, weight, eps, r, f)
	}
	p.end(w)
	return a
}

// output is a projection and where its result goes.
type output struct {
	y      matrix // [T][lin.Rows]
	linear *model.Linear
	sum    *matrix // [T][lin.Rows] to which y is added, or nil
}

// project computes y = W·x for projections that share their input, with no waiting
// between them. The rows of those that read it alike are shared out as if they were
// one matrix.
func (p *pass) project(ctx context.Context, w *worker, a activation, outs ...output) {
	for i := 0; i < len(outs); {
		lin, in, n := outs[i].linear, a, i+1
		if lin.Norm != nil { // use_rms_norm: a norm and a quantisation of its own
			if len(p.rows) > 1 {
				w.sync() // others may still read the one before
			}
			in = p.quantizeRows(w, &p.scratch[w.id].own, &p.own, a.x, lin.Norm, lin.NormEps, nil, formsFor(lin))
		} else {
			for n < len(outs) && outs[n].linear.Norm == nil && unitOf(outs[n].linear) == unitOf(lin) {
				n++
			}
		}
		p.scratch[w.id].kernel.Keep() // in is new
		p.projectRows(ctx, w, in, outs[i:n])
		i = n
	}
}

// unitOf is how many rows of a projection the kernels take together, and unitsOf is
// how many times.
func unitOf(l *model.Linear) int {
	if l.Grouped != nil {
		return ternary.BandRows
	}
	return ternary.GroupRows
}

func unitsOf(l *model.Linear) int { return (l.Rows + unitOf(l) - 1) / unitOf(l) }

// projectRows is project for those whose units are alike.
func (p *pass) projectRows(ctx context.Context, w *worker, in activation, outs []output) {
	unit, units, packed := unitOf(outs[0].linear), 0, true
	for i := range outs {
		l := outs[i].linear
		units += unitsOf(l)
		packed = packed && l.Dense == nil && l.Grouped == nil
		if w.id == 0 {
			w.read(l.Bytes())
		}
	}
	all := len(p.rows)
	if packed && all == 1 && kernel.Streams() > 1 {
		s := sweepOf(outs)
		s.run(p, w, in)
		return
	}
	if best := kernel.BestTogether(); packed && w.of > 1 && best.Least > 0 && all >= 2*best.Least {
		p.projectTokens(ctx, w, in, outs, units, best)
		return
	}
	least := pieceRows / unit
	if len(p.rows) > 1 {
		least = max(least, units/(8*w.of)) // each call of MatMul has a fixed cost
	}
	work := w.pieces(units, least)
	for u0, u1, ok := work.next(); ok && p.projectUnits(ctx, w, in, outs, u0, u1, unit, 0, all); {
		u0, u1, ok = work.next()
	}
}

// projectTokens is projectRows for many tokens, of which a piece has some and as many rows
// as the kernel takes at once: what it makes of the tokens is for all of those rows. The
// first pieces of a worker are of tokens whose input it has made itself.
func (p *pass) projectTokens(ctx context.Context, w *worker, in activation, outs []output, units int, best kernel.Together) {
	all := len(p.rows)
	parts, cuts, size := cutTokens(all, units, w.of, best)
	p.scratch[w.id].kernel.Change()
	work := w.pieces(parts*cuts, 1)
	for lo, hi, ok := work.next(); ok; lo, hi, ok = work.next() {
		for i := lo; i < hi; i++ {
			part, cut := i/cuts, i%cuts
			if !p.projectUnits(ctx, w, in, outs, cut*size, min((cut+1)*size, units), ternary.GroupRows, tokensBefore(part, parts, all), tokensBefore(part+1, parts, all)) {
				return
			}
		}
	}
}

// cutTokens cuts tokens into parts and row groups into cuts of size groups, the last may be
// smaller, so that there are some pieces for each of several workers: who is late does fewer.
func cutTokens(tokens, groups, workers int, best kernel.Together) (parts, cuts, size int) {
	const bands = 128 / ternary.GroupRows // that the kernel takes together
	cuts = (groups*ternary.GroupRows + best.Rows - 1) / best.Rows
	parts = max(tokens/best.Tokens, min(workers, tokens/best.Least))
	if enough := 2 * workers; workers > 1 && parts*cuts < enough {
		parts = max(parts, min(tokens/best.Least, enough))
		cuts = max(cuts, (enough+parts-1)/parts)
	}
	size = ((groups+cuts-1)/cuts + bands - 1) / bands * bands
	return parts, (groups + size - 1) / size, size
}

// tokensBefore is how many tokens the parts before one have: eights, which the kernel takes together.
func tokensBefore(part, parts, tokens int) int {
	if part == parts {
		return tokens
	}
	return tokens * part / parts &^ 7
}

// projectUnits computes units [u0, u1) of all projections for tokens [t0, t1), which are
// all where one of them is not a packed ternary one. It reports whether the pass goes on.
func (p *pass) projectUnits(ctx context.Context, w *worker, in activation, outs []output, u0, u1, unit, t0, t1 int) bool {
	for i, first := 0, 0; i < len(outs) && first < u1; i++ {
		if p.skips(ctx) {
			return false
		}
		n := unitsOf(outs[i].linear)
		if lo, hi := max(u0-first, 0), min(u1-first, n); lo < hi {
			p.projectPiece(w, in, &outs[i], lo, hi, unit, t0, t1)
		}
		first += n
	}
	return true
}

// projectPiece computes units [u0, u1) of a projection.
func (p *pass) projectPiece(w *worker, in activation, o *output, u0, u1, unit, t0, t1 int) {
	lin := o.linear
	lo, hi := u0*unit, min(u1*unit, lin.Rows)
	switch {
	case lin.Dense != nil:
		for t := range p.rows {
			p.scratch[w.id].denseRows(o.y.row(t)[lo:hi], lin.Dense, lo, in.x.row(t))
		}
	case lin.Grouped != nil:
		kernel.MatMulGrouped(o.y.upTo(len(p.rows)), o.y.width, lin.Grouped, u0, u1, in.fixedFor(lin.Grouped), p.scratch[w.id].kernel)
	default:
		p.bitLinear(w, o.y, lin, in, u0, u1, t0, t1)
	}
	if o.sum != nil {
		p.addTo(o, lo, hi, t0, t1)
	}
}

// addTo adds rows [lo, hi) of an output to the residual stream of tokens [t0, t1).
func (p *pass) addTo(o *output, lo, hi, t0, t1 int) {
	f := p.engine.model.ResidualScale
	for t := t0; t < t1; t++ {
		y := o.y.row(t)[lo:hi]
		if f != 0 {
			scaleBy(y, f)
		}
		kernel.Add(o.sum.row(t)[lo:hi], y)
	}
}

// pieceRows is the least number of rows that a worker takes: 12 to 16 KB of
// weights, half a microsecond.
const pieceRows = 32

// bitLinear computes row groups [g0, g1) of y = (Σ t·q)·m/s for tokens [t0, t1).
func (p *pass) bitLinear(w *worker, y matrix, lin *model.Linear, a activation, g0, g1, t0, t1 int) {
	if len(p.rows) == 1 {
		kernel.MatVec(y.row(0), &lin.Matrix, g0, g1, a.q[:a.padded], a.sum[0], lin.Scale/a.scale[0])
		return
	}
	scratch := &p.scratch[w.id]
	mul := scratch.mul[t0:t1]
	for i := range mul {
		mul[i] = lin.Scale / a.scale[t0+i]
	}
	kernel.MatMul(y.upTo(t1)[t0*y.width:], y.width, &lin.Matrix, g0, g1, a.q[t0*a.padded:t1*a.padded], a.sum[t0:t1], mul, scratch.kernel)
}
