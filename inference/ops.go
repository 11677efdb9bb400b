package inference

import (
	"math"

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

func (m matrix) row(t int) []float32  { return m.data[t*m.width:][:m.width] }
func (m matrix) upTo(n int) []float32 { return m.data[:n*m.width] }

// activation is the input of a BitLinear: T rows, as floats and quantised.
type activation struct {
	x      matrix    // [T][width] floats, for linears that want them
	padded int       // ternary.PadCols(width), the length of a row of q
	q      []int8    // [T][padded]
	scale  []float32 // [T]: s = 127/max|x|
	sum    []int32   // [T]: Σ q
}

func newActivation(rows, maxWidth int) activation {
	return activation{
		x:     newMatrix(rows, maxWidth),
		q:     make([]int8, rows*ternary.PadCols(maxWidth)),
		scale: make([]float32, rows),
		sum:   make([]int32, rows),
	}
}

// of returns the same buffers for rows of another width.
func (a activation) of(width int) activation {
	a.x.width, a.padded = width, ternary.PadCols(width)
	return a
}

// quantize fills row t: RMSNorm with weight (none if nil), then int8 by the
// largest magnitude of the row (b1.58 §2; activation_quant in utils_quant.py).
func (a *activation) quantize(t int, src, weight []float32, eps float32) {
	x := a.x.row(t)
	if weight != nil {
		kernel.RMSNorm(x, src, weight, eps)
	} else {
		copy(x, src)
	}
	a.scale[t], a.sum[t] = kernel.Quantize(a.q[t*a.padded:][:a.padded], x)
}

// normalize returns the quantised RMSNorm of the rows of src, of src itself
// where weight is nil.
func (s *Session) normalize(w *worker, src matrix, weight []float32) activation {
	return s.quantizeRows(w, &s.scratch[w.id].act, &s.act, src, weight, s.engine.model.NormEps)
}

// quantizeRows quantises every row of src. A single row every worker computes
// for itself, into own, which is cheaper than waiting for one that does it;
// several are shared out, into shared.
func (s *Session) quantizeRows(w *worker, own, shared *activation, src matrix, weight []float32, eps float32) activation {
	if len(s.ids) == 1 {
		a := own.of(src.width)
		a.quantize(0, src.row(0), weight, eps)
		return a
	}
	a := shared.of(src.width)
	for t, hi := w.share(len(s.ids)); t < hi; t++ {
		a.quantize(t, src.row(t), weight, eps)
	}
	w.sync()
	return a
}

// normalizeGated is normalize for act(gate)·up, which it computes first.
func (s *Session) normalizeGated(w *worker, weight []float32) activation {
	eps := s.engine.model.NormEps
	quantize := func(a *activation, t int) {
		x := a.x.row(t)
		if s.engine.model.Activation == model.ReLU2 {
			kernel.ReLU2Mul(x, s.gate.row(t), s.up.row(t))
		} else {
			kernel.SiLUMul(x, s.gate.row(t), s.up.row(t))
		}
		a.quantize(t, x, weight, eps)
	}
	if len(s.ids) == 1 {
		a := s.scratch[w.id].act.of(s.gate.width)
		quantize(&a, 0)
		return a
	}
	a := s.act.of(s.gate.width)
	for t, hi := w.share(len(s.ids)); t < hi; t++ {
		quantize(&a, t)
	}
	w.sync()
	return a
}

// output is a projection and where its result goes.
type output struct {
	y      matrix // [T][lin.Rows]
	linear *model.Linear
	sum    *matrix // [T][lin.Rows] to which y is added, or nil
}

// project computes y = W·x for projections that share their input, with no
// waiting between them: every worker takes rows of the first, then of the next.
func (s *Session) project(w *worker, a activation, outs ...output) {
	for i, o := range outs {
		lin, in := o.linear, a
		if lin.Norm != nil { // use_rms_norm: a norm and a quantisation of its own
			if len(s.ids) > 1 {
				w.sync() // others may still read the one before
			}
			in = s.quantizeRows(w, &s.scratch[w.id].own, &s.own, a.x, lin.Norm, lin.NormEps)
		}
		if i == 0 || lin.Norm != nil || outs[i-1].linear.Norm != nil {
			s.scratch[w.id].kernel.Keep() // in is new
		}
		least := pieceGroups
		if len(s.ids) > 1 {
			least = max(least, lin.Groups()/(8*w.of)) // a piece of MatMul has a cost of its own
		}
		work := w.pieces(lin.Groups(), least)
		for g0, g1, ok := work.next(); ok && !s.skips(); g0, g1, ok = work.next() {
			lo, hi := g0*ternary.GroupRows, min(g1*ternary.GroupRows, lin.Rows)
			if lin.Dense != nil {
				for t := range s.ids {
					s.scratch[w.id].denseRows(o.y.row(t)[lo:hi], lin.Dense, lo, in.x.row(t))
				}
			} else {
				s.bitLinear(w, o.y, lin, in, g0, g1)
			}
			if o.sum != nil {
				for t := range s.ids {
					kernel.Add(o.sum.row(t)[lo:hi], o.y.row(t)[lo:hi])
				}
			}
		}
	}
}

// pieceGroups is the least number of row groups that a worker takes: 12 to 16 KB
// of weights, half a microsecond.
const pieceGroups = 8

// bitLinear computes row groups [g0, g1) of y = (Σ t·q)·m/s for all tokens.
func (s *Session) bitLinear(w *worker, y matrix, lin *model.Linear, a activation, g0, g1 int) {
	T := len(s.ids)
	if T == 1 {
		kernel.MatVec(y.row(0), &lin.Matrix, g0, g1, a.q[:a.padded], a.sum[0], lin.Scale/a.scale[0])
		return
	}
	scratch := &s.scratch[w.id]
	mul := scratch.mul[:T]
	for t := range mul {
		mul[t] = lin.Scale / a.scale[t]
	}
	kernel.MatMul(y.upTo(T), y.width, &lin.Matrix, g0, g1, a.q[:T*a.padded], a.sum[:T], mul, scratch.kernel)
}

// denseRows computes y = W[first:first+len(y)] · x in W's stored precision.
func (w *scratch) denseRows(y []float32, d *model.Dense, first int, x []float32) {
	size := d.Type.Bytes(d.Cols)
	rows := d.Data[first*size:][:len(y)*size]
	switch d.Type {
	case model.F32:
		kernel.MatVecF32(y, rows, d.Cols, x)
	case model.F16:
		kernel.MatVecF16(y, rows, d.Cols, x)
	case model.BF16:
		kernel.MatVecBF16(y, rows, d.Cols, x)
	default: // blocks: a product with one key, the row, is a dot product
		for i := range y {
			d.RowTo(w.row, first+i)
			kernel.Scores(y[i:i+1], x, w.row[:d.Cols], 1)
		}
	}
}

// decodeRow is d.RowTo with the kernels' decoders where there is one.
func decodeRow(dst []float32, d *model.Dense, r int) {
	if d.Type.Blocked() {
		d.RowTo(dst, r)
		return
	}
	size := d.Type.Bytes(d.Cols)
	row := d.Data[r*size:][:size]
	switch d.Type {
	case model.F32:
		kernel.DecodeF32(dst, row)
	case model.F16:
		kernel.DecodeF16(dst, row)
	case model.BF16:
		kernel.DecodeBF16(dst, row)
	}
}

// inverseFrequencies returns 1/theta^(2j/d) for j < d/2, in float32 as the
// references compute it.
func inverseFrequencies(c *model.Config) []float32 {
	inv := make([]float32, c.HeadDim/2)
	for j := range inv {
		exponent := float32(2*j) / float32(c.HeadDim)
		inv[j] = 1 / float32(math.Pow(c.RopeTheta, float64(exponent)))
	}
	return inv
}

// angles fills cos and sin [HeadDim/2] of token t's position.
func (s *Session) angles(t int) {
	cos, sin := s.cos.row(t), s.sin.row(t)
	for j, f := range s.engine.invFreq {
		sn, cs := math.Sincos(float64(float32(s.pos+t) * f))
		cos[j], sin[j] = float32(cs), float32(sn)
	}
}

// rotate applies RoPE for token t to one head x [HeadDim].
func (s *Session) rotate(t int, x []float32) {
	if s.engine.model.RopeAdjacent {
		kernel.RopeAdjacent(x, s.cos.row(t), s.sin.row(t))
	} else {
		kernel.RopeHalf(x, s.cos.row(t), s.sin.row(t))
	}
}
