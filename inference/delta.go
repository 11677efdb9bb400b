package inference

import (
	"context"
	"math"

	"tern/inference/kernel"
	"tern/model"
)

// This file is the step of a layer of linear attention (Gated DeltaNet), which
// takes the place of attention in hybrid models. Source: torch_recurrent_gated_
// delta_rule in models/qwen3_5/modeling_qwen3_5.py of transformers, and
// src/models/qwen35.cpp of llama.cpp for the order of heads in files.

// linearAttention adds out(gate(norm(delta(conv(qkv(x)))), z(x))) of x = norm(h)
// to h.
func (p *pass) linearAttention(ctx context.Context, w *worker, l int, layer *model.Layer) {
	d := layer.Delta

	// qkv [T][Channels], z [T][Values], alpha and beta [T][ValueHeads]
	p.feed(ctx, w, phaseQKV, p.h, layer.AttnNorm,
		output{p.alpha, &d.Alpha, nil}, output{p.beta, &d.Beta, nil}, output{p.qkv, &d.QKV, nil}, output{p.z, &d.Z, nil})
	if w.id == 0 {
		p.stopped = ctx.Err() != nil
	}
	w.sync()
	if p.stopped {
		return
	}
	if p.tracer != nil {
		p.tracePoint(w, "qkv", l, p.qkv.upTo(len(p.rows)))
		w.sync() // the convolution takes its place
	}

	// gated [T][Values]: a key head of a sequence and its value heads have one owner,
	// who takes the tokens in turn, so that the state is read from the cache.
	w.phase(phaseAttention)
	shape := &p.engine.model.DeltaNet
	for i, hi := w.share(len(p.spans) * shape.KeyHeads); i < hi; i++ {
		w.read(int64(4 * shape.HeadDim * shape.HeadDim * shape.ValueHeads / shape.KeyHeads))
		p.deltaHead(w, l, d, &p.spans[i/shape.KeyHeads], i%shape.KeyHeads)
	}
	w.sync()
	p.tracePoint(w, "conv", l, p.qkv.upTo(len(p.rows)))
	p.tracePoint(w, "gated", l, p.gated.upTo(len(p.rows)))
	p.tracePoint(w, "delta", l, p.deltaOut.upTo(len(p.rows)))

	// h += out(gated)
	p.feed(ctx, w, phaseO, p.gated, nil, output{p.o, &d.Out, &p.h})
	w.sync()
}

// deltaScratch is what a worker needs for one token of one key head.
type deltaScratch struct {
	q, k, norm   []float32 // [HeadDim]
	unitK, unitQ []float32 // [HeadDim]: weights of a norm, for length 1 and 1/√HeadDim
	window       []float32 // [2·(Kernel-1)][HeadDim], the first inputs of some channels
}

func newDeltaScratch(d *model.DeltaNet) deltaScratch {
	v := func(x float64) []float32 {
		v := make([]float32, d.HeadDim)
		for i := range v {
			v[i] = float32(x)
		}
		return v
	}
	n := float64(d.HeadDim)
	return deltaScratch{q: v(0), k: v(0), norm: v(0), unitK: v(1 / math.Sqrt(n)), unitQ: v(1 / n),
		window: make([]float32, 2*(d.Kernel-1)*d.HeadDim)}
}

// deltaHead runs one key head with its value heads over the tokens of one sequence.
func (p *pass) deltaHead(w *worker, l int, d *model.Delta, s *span, head int) {
	c := &p.engine.model.Config
	shape, n := &c.DeltaNet, c.DeltaNet.HeadDim
	st := s.seq.state.of(l)
	t := &p.scratch[w.id].delta
	q, k := head*n, (shape.KeyHeads+head)*n // the first channels of q and of k
	p.convolve(s, st, l, t, q)
	p.convolve(s, st, l, t, k)
	for v := head; v < shape.ValueHeads; v += shape.KeyHeads {
		p.convolve(s, st, l, t, (2*shape.KeyHeads+v)*n)
	}
	var kq [1]float32
	for i := s.first; i < s.first+s.n; i++ {
		qkv := p.qkv.row(i)
		unit(t.q, qkv[q:][:n], t.unitQ, c.NormEps)
		unit(t.k, qkv[k:][:n], t.unitK, c.NormEps)
		kernel.Scores(kq[:], t.q, t.k, 1)
		for v := head; v < shape.ValueHeads; v += shape.KeyHeads {
			value := qkv[(2*shape.KeyHeads+v)*n:][:n]
			decay := decayOf(p.alpha.row(i)[v], d.DtBias[v], d.A[v])
			step := sigmoid(p.beta.row(i)[v])
			out := p.gated.row(i)[p.engine.outHead(v, d)*n:][:n]
			kernel.DeltaStep(out, st.head(v, n), t.k, t.q, value, decay, step, kq[0])
			if p.tracer != nil {
				copy(p.deltaOut.row(i)[v*n:][:n], out)
			}
			// The norm of the head, then the gate.
			kernel.RMSNorm(t.norm, out, d.Norm, c.NormEps)
			kernel.SiLUMul(out, p.z.row(i)[v*n:][:n], t.norm)
		}
	}
}

// unit stores x/√(Σx² + eps), times √n·weights.
func unit(dst, x, weights []float32, eps float32) {
	kernel.RMSNorm(dst, x, weights, eps/float32(len(x)))
}

// convolve replaces HeadDim channels of qkv, from the first on, by silu of their
// causal convolution, and keeps the last inputs for the tokens to come.
func (p *pass) convolve(s *span, st layerState, l int, t *deltaScratch, first int) {
	shape := &p.engine.model.DeltaNet
	n, before := shape.HeadDim, shape.Kernel-1
	input := func(i int) []float32 { return p.qkv.row(s.first + i)[first:][:n] }
	kept := func(i int) []float32 { return st.conv(i, shape.Channels())[first:][:n] }
	weights := p.engine.conv[l][first*shape.Kernel:][:shape.Kernel*n]

	// The first tokens see inputs of the pass before, in a window; the rest change in place.
	early := min(s.n, before)
	window := t.window[:(before+early)*n]
	for i := range before {
		copy(window[i*n:][:n], kept(i))
	}
	for i := range early {
		copy(window[(before+i)*n:][:n], input(i))
	}
	for i := range before {
		if at := s.n - before + i; at >= 0 {
			copy(kept(i), input(at))
		} else {
			copy(kept(i), window[(before+at)*n:][:n])
		}
	}
	if s.n > before {
		rows := p.qkv.data[s.first*p.qkv.width+first:][:(s.n-1)*p.qkv.width+n]
		kernel.Convolve(rows, p.qkv.width, n, weights)
	}
	kernel.Convolve(window, n, n, weights)
	for i := range early {
		copy(input(i), window[(before+i)*n:][:n])
	}
}

// convolutions orders the weights of every layer for kernel.Convolve:
// [Channels/HeadDim][Kernel][HeadDim].
func convolutions(m *model.Model) [][]float32 {
	if m.Recurrent == nil {
		return nil
	}
	n, taps := m.DeltaNet.HeadDim, m.DeltaNet.Kernel
	all := make([][]float32, len(m.Weights.Layers))
	for l := range all {
		d := m.Weights.Layers[l].Delta
		if d == nil {
			continue
		}
		all[l] = make([]float32, len(d.Conv))
		for i, w := range d.Conv {
			channel, tap := i/taps, i%taps
			all[l][(channel/n*taps+tap)*n+channel%n] = w
		}
	}
	return all
}

// outHead is where the output of value head v goes: files may hold the columns of
// out in grouped order, the value heads of one key head together.
func (e *Engine) outHead(v int, d *model.Delta) int {
	if r := d.Out.Rotation; r == nil || !r.Grouped {
		return v
	}
	shape := &e.model.DeltaNet
	return v%shape.KeyHeads*(shape.ValueHeads/shape.KeyHeads) + v/shape.KeyHeads
}

// decayOf is exp(a·softplus(alpha + bias)).
func decayOf(alpha, bias, a float32) float32 {
	x := float64(alpha) + float64(bias)
	soft := x
	if x < 20 { // beyond, log1p(exp(x)) is x
		soft = math.Log1p(math.Exp(x))
	}
	return float32(math.Exp(float64(a) * soft))
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }
