package inference

import (
	"context"

	"tern/inference/kernel"
	"tern/model"
)

// This file is the forward pass, in the order in which it runs. T tokens, the rows
// of a pass, are evaluated together: T = 1 is a decode step, T > 1 a chunk of
// prefill, or tokens of several sequences. Every worker of the pool runs forward
// from top to bottom and does its share of each step; w.sync() stands where a step
// reads what others wrote. Worker 0 has the caller's context and looks for all.
//
// Source: modeling_bitnet.py of 1bitLLM/bitnet_b1_58-large and
// models/bitnet/modeling_bitnet.py of Hugging Face transformers.

// forward evaluates p.rows.
func (p *pass) forward(ctx context.Context, w *worker) {
	m := p.engine.model
	T := len(p.rows)
	w.begin(p.engine.clocks)

	// h [T][Dim]: the residual stream, starting from the embeddings.
	for t, hi := w.share(T); t < hi; t++ {
		decodeRow(p.h.row(t), &m.Embed, int(p.rows[t].id))
		unrotate(p.h.row(t), m.EmbedRotation)
		if m.EmbedScale != 0 {
			scaleBy(p.h.row(t), m.EmbedScale)
		}
		p.angles(t)
	}
	w.sync()
	p.tracePoint(w, "embed", -1, p.h.upTo(T))

	for l := range m.Weights.Layers {
		if layer := &m.Weights.Layers[l]; layer.Delta != nil {
			p.linearAttention(ctx, w, l, layer)
		} else {
			p.attention(ctx, w, l, layer)
		}
		if p.stopped {
			return
		}
		p.feedForward(ctx, w, l, &m.Weights.Layers[l])
		p.tracePoint(w, "resid", l, p.h.upTo(T))
	}
	p.head(w)
	w.stop()
}

// attention adds o(subnorm(attend(rope(q), rope(k), v))) of x = norm(h) to h,
// where q and k may have a norm of each head before the rotation.
func (p *pass) attention(ctx context.Context, w *worker, l int, layer *model.Layer) {
	c := &p.engine.model.Config
	T := len(p.rows)

	// q [T][Heads·HeadDim], each head followed by its gate where there is one, k and
	// v [T][KVHeads·HeadDim]
	p.expect(w, layer.AttnSubNorm, output{linear: &layer.O})
	if T > 1 {
		p.expectPlaces(w, l, p.scratch[w.id].kernel)
	}
	p.feed(ctx, w, phaseQKV, p.h, layer.AttnNorm, output{p.q, &layer.Q, nil}, output{p.k, &layer.K, nil}, output{p.v, &layer.V, nil})
	p.scratch[w.id].kernel.Forget()
	p.expectPlaces(w, l, nil)
	if w.id == 0 {
		p.stopped = ctx.Err() != nil
	}
	w.sync()
	if p.stopped {
		return // every worker reads what worker 0 wrote before the barrier
	}

	if p.near() {
		p.attendNear(w, l, layer)
	} else {
		// Rotate queries and keys, keep keys and values.
		w.phase(phaseRope)
		for i, hi := w.share(T * c.Heads); i < hi; i++ {
			p.turnQuery(layer, i/c.Heads, i%c.Heads)
		}
		for i, hi := w.share(T * c.KVHeads); i < hi; i++ {
			p.keepKey(layer, l, i/c.KVHeads, i%c.KVHeads)
		}
		w.sync()
		p.tracePoint(w, "q_rope", l, p.q.upTo(T))
		p.tracePoint(w, "k_rope", l, p.k.upTo(T))

		// att [T][Heads·HeadDim]: each query sees the positions up to its own.
		w.phase(phaseAttention)
		p.attend(ctx, w, l)
	}
	w.sync()
	if !c.AttnGate {
		p.tracePoint(w, "ctx", l, p.att.upTo(T))
	} else {
		p.gateHeads(w)
		w.sync()
		p.tracePoint(w, "gated", l, p.att.upTo(T))
	}

	// h += o(att)
	p.expect(w, layer.FFNNorm, output{linear: &layer.Gate}, output{linear: &layer.Up})
	p.feed(ctx, w, phaseO, p.att, layer.AttnSubNorm, output{p.o, &layer.O, &p.h})
	w.sync()
}

// query is head of q for token t; where heads have gates, they alternate.
func (p *pass) query(t, head int) []float32 {
	c := &p.engine.model.Config
	if c.AttnGate {
		head *= 2
	}
	return p.q.row(t)[head*c.HeadDim:][:c.HeadDim]
}

// gateHeads multiplies each head of att by the sigmoid of its gate.
func (p *pass) gateHeads(w *worker) {
	c := &p.engine.model.Config
	d := c.HeadDim
	for i, hi := w.share(len(p.rows) * c.Heads); i < hi; i++ {
		t, head := i/c.Heads, i%c.Heads
		out, gate := p.att.row(t)[head*d:][:d], p.q.row(t)[(2*head+1)*d:][:d]
		kernel.SigmoidMul(out, gate)
	}
}

// feedForward adds down(subnorm(act(gate(x))·up(x))) of x = norm(h) to h.
func (p *pass) feedForward(ctx context.Context, w *worker, l int, layer *model.Layer) {
	// gate and up [T][FFNDim]
	p.expect(w, layer.FFNSubNorm, output{linear: &layer.Down})
	p.feed(ctx, w, phaseGateUp, p.h, layer.FFNNorm, output{p.gate, &layer.Gate, nil}, output{p.up, &layer.Up, nil})
	w.sync()

	// h += down(act(gate)·up)
	w.phase(phaseDownInput)
	a := p.normalizeGated(w, layer.FFNSubNorm, layer.Down.Rotation, formsFor(&layer.Down))
	w.phase(phaseDown)
	if next := p.engine.model.Weights.Layers; l+1 < len(next) && next[l+1].Delta == nil {
		p.expect(w, next[l+1].AttnNorm, output{linear: &next[l+1].Q}, output{linear: &next[l+1].K}, output{linear: &next[l+1].V})
	}
	p.project(ctx, w, a, output{p.o, &layer.Down, &p.h})
	w.sync()
}

// head computes logits [VocabSize] = Head · norm(h) of the rows in p.heads: all of
// them, or those of the most likely tokens. The head is a float matrix in its stored
// precision, whose input is not quantised, or a ternary one with a scale per group.
func (p *pass) head(w *worker) {
	if len(p.heads) == 0 {
		return
	}
	w.phase(phaseHeadInput)
	x := p.normalized(w) // [len(heads)][Dim]
	if p.full > 0 {
		p.headFull(w, x)
	}
	if p.full < len(p.heads) {
		p.scanTop(w, x.from(p.full))
	}
}

// headFull computes all logits of the first rows of x.
func (p *pass) headFull(w *worker, x matrix) {
	m, scratch := p.engine.model, &p.scratch[w.id]
	w.phase(phaseHead)
	if w.id == 0 {
		w.read(m.Head.Read())
		p.headBytes += m.Head.Read()
	}
	if g := m.Head.Grouped; g != nil {
		scratch.fixed.Reset(p.full, m.Dim, g.GroupCols, p.engine.planes)
		for i := range p.full {
			scratch.fixed.Set(i, x.row(i))
		}
		scratch.kernel.Keep()
		work := w.pieces(g.Bands(), 1)
		for b0, b1, ok := work.next(); ok; b0, b1, ok = work.next() {
			kernel.MatMulGrouped(p.logits.upTo(p.full), p.logits.width, g, b0, b1, &scratch.fixed, scratch.kernel)
		}
		return
	}
	work := w.pieces(blocks(m.VocabSize), 1)
	for lo, hi, ok := work.next(); ok; lo, hi, ok = work.next() {
		for r := lo * headBlock; r < min(hi*headBlock, m.VocabSize); r += headBlock { // read once for all tokens
			end := min(r+headBlock, m.VocabSize)
			for i := range p.full {
				scratch.denseRows(p.logits.row(i)[r:end], m.Head, r, x.row(i))
			}
		}
	}
}

// headBlock is how many rows of the head, or of its copy, are multiplied by one
// token after the other: they stay in L2.
const headBlock = 64

// blocks is how many blocks of headBlock rows there are, the last may be smaller.
func blocks(rows int) int { return (rows + headBlock - 1) / headBlock }

// normalized returns norm(h), divided by LogitDivisor, of the rows in p.heads. Every
// worker computes it for itself: that is cheaper than waiting.
func (p *pass) normalized(w *worker) matrix {
	m, scratch, n := p.engine.model, &p.scratch[w.id], len(p.heads)
	if len(scratch.x.data) < n*m.Dim {
		scratch.x = newMatrix(n, m.Dim)
	}
	for i, h := range p.heads {
		kernel.RMSNorm(scratch.x.row(i), p.h.row(h.row), m.Norm, m.NormEps)
	}
	p.tracePoint(w, "final_norm", -1, scratch.x.upTo(n))
	if d := m.LogitDivisor; d != 0 {
		for i := range scratch.x.upTo(n) {
			scratch.x.data[i] /= d
		}
	}
	for i := range n {
		rotateInput(scratch.x.row(i), m.HeadRotation)
	}
	return scratch.x
}
