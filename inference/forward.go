package inference

import (
	"tern/inference/kernel"
	"tern/model"
)

// This file is the forward pass, in the order in which it runs. T tokens are
// evaluated together: T = 1 is a decode step, T > 1 a chunk of prefill. Every
// worker of the pool runs forward from top to bottom and does its share of each
// step; w.sync() stands where a step reads what others wrote.
//
// Source: modeling_bitnet.py of 1bitLLM/bitnet_b1_58-large and
// models/bitnet/modeling_bitnet.py of Hugging Face transformers.

// forward evaluates s.ids at positions s.pos … s.pos+T-1.
func (s *Session) forward(w *worker) {
	m := s.engine.model
	T := len(s.ids)

	// h [T][Dim]: the residual stream, starting from the embeddings.
	for t, hi := w.share(T); t < hi; t++ {
		decodeRow(s.h.row(t), &m.Embed, int(s.ids[t]))
		unrotate(s.h.row(t), m.EmbedRotation)
		if m.EmbedScale != 0 {
			scaleBy(s.h.row(t), m.EmbedScale)
		}
		s.angles(t)
	}
	w.sync()
	s.tracePoint(w, "embed", -1, s.h.upTo(T))

	for l := range m.Weights.Layers {
		if layer := &m.Weights.Layers[l]; layer.Delta != nil {
			s.linearAttention(w, l, layer)
		} else {
			s.attention(w, l, layer)
		}
		if s.stopped {
			return
		}
		s.feedForward(w, &m.Weights.Layers[l])
		s.tracePoint(w, "resid", l, s.h.upTo(T))
	}
	s.head(w)
}

// attention adds o(subnorm(attend(rope(q), rope(k), v))) of x = norm(h) to h,
// where q and k may have a norm of each head before the rotation.
func (s *Session) attention(w *worker, l int, layer *model.Layer) {
	c := &s.engine.model.Config
	T := len(s.ids)

	// q [T][Heads·HeadDim], each head followed by its gate where there is one, k and
	// v [T][KVHeads·HeadDim]
	s.feed(w, s.h, layer.AttnNorm, output{s.q, &layer.Q, nil}, output{s.k, &layer.K, nil}, output{s.v, &layer.V, nil})
	if w.id == 0 {
		s.stopped = s.ctx.Err() != nil
	}
	w.sync()
	if s.stopped {
		return // every worker reads what worker 0 wrote before the barrier
	}

	// Rotate queries and keys, keep keys and values.
	d := c.HeadDim
	for i, hi := w.share(T * c.Heads); i < hi; i++ {
		t, head := i/c.Heads, i%c.Heads
		q := s.query(t, head)
		if layer.QNorm != nil {
			kernel.RMSNorm(q, q, layer.QNorm, c.NormEps)
		}
		s.rotate(t, q)
	}
	for i, hi := w.share(T * c.KVHeads); i < hi; i++ {
		t, head := i/c.KVHeads, i%c.KVHeads
		k, v := s.k.row(t)[head*d:][:d], s.v.row(t)[head*d:][:d]
		if layer.KNorm != nil {
			kernel.RMSNorm(k, k, layer.KNorm, c.NormEps)
		}
		s.rotate(t, k)
		s.kv.store(s.engine.kvLayer[l], head, s.pos+t, k, v)
	}
	w.sync()
	s.tracePoint(w, "q_rope", l, s.q.upTo(T))
	s.tracePoint(w, "k_rope", l, s.k.upTo(T))

	// att [T][Heads·HeadDim]: each query sees the positions up to its own.
	s.attend(w, l)
	w.sync()
	if !c.AttnGate {
		s.tracePoint(w, "ctx", l, s.att.upTo(T))
	} else {
		s.gateHeads(w)
		w.sync()
		s.tracePoint(w, "gated", l, s.att.upTo(T))
	}

	// h += o(att)
	s.feed(w, s.att, layer.AttnSubNorm, output{s.o, &layer.O, &s.h})
	w.sync()
}

// query is head of q for token t; where heads have gates, they alternate.
func (s *Session) query(t, head int) []float32 {
	c := &s.engine.model.Config
	if c.AttnGate {
		head *= 2
	}
	return s.q.row(t)[head*c.HeadDim:][:c.HeadDim]
}

// gateHeads multiplies each head of att by the sigmoid of its gate.
func (s *Session) gateHeads(w *worker) {
	c := &s.engine.model.Config
	d := c.HeadDim
	for i, hi := w.share(len(s.ids) * c.Heads); i < hi; i++ {
		t, head := i/c.Heads, i%c.Heads
		out, gate := s.att.row(t)[head*d:][:d], s.q.row(t)[(2*head+1)*d:][:d]
		for j, g := range gate {
			out[j] *= sigmoid(g)
		}
	}
}

// attend computes att from q and the cache. The queries of a key/value head, T
// for each of the heads that share it, are taken a few at a time, neighbours in
// the text together.
func (s *Session) attend(w *worker, l int) {
	c := &s.engine.model.Config
	d, shared := c.HeadDim, c.Heads/c.KVHeads
	all := len(s.ids) * shared
	// Few queries are split further, so that every worker has some.
	most := max(1, min(maxQueries, all*c.KVHeads/(4*w.of)))
	tiles := (all + most - 1) / most
	scratch := &s.scratch[w.id]
	work := w.pieces(c.KVHeads*tiles, 1)
	for i, hi, ok := work.next(); ok && !s.skips(); i, hi, ok = work.next() {
		for ; i < hi && !s.skips(); i++ {
			kvHead, tile := i/tiles, i%tiles
			queries := scratch.queries[:0]
			for j := all * tile / tiles; j < all*(tile+1)/tiles; j++ {
				t, head := j/shared, kvHead*shared+j%shared
				queries = append(queries, query{
					q: s.query(t, head), out: s.att.row(t)[head*d:][:d],
					n: s.pos + t + 1, scores: scratch.scores.row(len(queries)),
				})
			}
			s.kv.attend(queries, s.engine.kvLayer[l], kvHead, s.engine.scale)
		}
	}
}

// feedForward adds down(subnorm(act(gate(x))·up(x))) of x = norm(h) to h.
func (s *Session) feedForward(w *worker, layer *model.Layer) {
	// gate and up [T][FFNDim]
	s.feed(w, s.h, layer.FFNNorm, output{s.gate, &layer.Gate, nil}, output{s.up, &layer.Up, nil})
	w.sync()

	// h += down(act(gate)·up)
	a := s.normalizeGated(w, layer.FFNSubNorm, layer.Down.Rotation, formsFor(&layer.Down))
	s.project(w, a, output{s.o, &layer.Down, &s.h})
	w.sync()
}

// head computes logits [VocabSize] = Head · norm(h) of the last s.rows tokens as
// far as s.want asks: all, or those of the most likely tokens. The head is a float
// matrix in its stored precision, whose input is not quantised, or a ternary one
// with a scale per group.
func (s *Session) head(w *worker) {
	m := s.engine.model
	first := len(s.ids) - s.rows
	switch s.want {
	case logitsNone:
		return
	case logitsTop:
		s.scanTop(w, s.normalized(w, first))
		return
	}
	scratch := &s.scratch[w.id]
	x := s.normalized(w, first)
	if w.id == 0 {
		s.headBytes += m.Head.Bytes()
	}
	if g := m.Head.Grouped; g != nil {
		scratch.fixed.Reset(s.rows, m.Dim, g.GroupCols, s.engine.planes)
		for t := range s.rows {
			scratch.fixed.Set(t, x.row(t))
		}
		scratch.kernel.Keep()
		work := w.pieces(g.Bands(), 1)
		for b0, b1, ok := work.next(); ok; b0, b1, ok = work.next() {
			kernel.MatMulGrouped(s.logits.upTo(s.rows), s.logits.width, g, b0, b1, &scratch.fixed, scratch.kernel)
		}
		return
	}
	work := w.pieces(blocks(m.VocabSize), 1)
	for lo, hi, ok := work.next(); ok; lo, hi, ok = work.next() {
		for r := lo * headBlock; r < min(hi*headBlock, m.VocabSize); r += headBlock { // read once for all tokens
			end := min(r+headBlock, m.VocabSize)
			for t := range s.rows {
				scratch.denseRows(s.logits.row(t)[r:end], m.Head, r, x.row(t))
			}
		}
	}
}

// headBlock is how many rows of the head, or of its copy, are multiplied by one
// token after the other: they stay in L2.
const headBlock = 64

// blocks is how many blocks of headBlock rows there are, the last may be smaller.
func blocks(rows int) int { return (rows + headBlock - 1) / headBlock }

// normalized returns norm(h), divided by LogitDivisor, of the last s.rows tokens,
// from the first of them on. Every worker computes it for itself: that is cheaper than waiting.
func (s *Session) normalized(w *worker, first int) matrix {
	m, scratch := s.engine.model, &s.scratch[w.id]
	if len(scratch.x.data) < s.rows*m.Dim {
		scratch.x = newMatrix(s.rows, m.Dim)
	}
	for t := range s.rows {
		kernel.RMSNorm(scratch.x.row(t), s.h.row(first+t), m.Norm, m.NormEps)
	}
	s.tracePoint(w, "final_norm", -1, scratch.x.upTo(s.rows))
	if d := m.LogitDivisor; d != 0 {
		for i := range scratch.x.upTo(s.rows) {
			scratch.x.data[i] /= d
		}
	}
	for t := range s.rows {
		rotateInput(scratch.x.row(t), m.HeadRotation)
	}
	return scratch.x
}
