package inference

import (
	"tern/inference/kernel"
	"tern/model"
)

// turnQuery rotates a head of the queries of token t.
func (p *pass) turnQuery(layer *model.Layer, t, head int) {
	c := &p.engine.model.Config
	q := p.query(t, head)
	if layer.QNorm != nil {
		kernel.RMSNorm(q, q, layer.QNorm, c.NormEps)
	}
	p.rotate(t, q)
	if p.rows[t].seq.kv.kind == KVQ8 {
		p.q8[t*c.Heads+head].Set(q)
	}
}

// keepKey rotates a head of the keys of token t, and keeps it with its values.
func (p *pass) keepKey(layer *model.Layer, l, t, head int) {
	c := &p.engine.model.Config
	d := c.HeadDim
	k, v := p.k.row(t)[head*d:][:d], p.v.row(t)[head*d:][:d]
	if layer.KNorm != nil {
		kernel.RMSNorm(k, k, layer.KNorm, c.NormEps)
	}
	p.rotate(t, k)
	r := &p.rows[t]
	r.seq.kv.store(p.engine.kvLayer[l], head, r.pos, k, v)
}

// expectPlaces asks for the places of the keys and values of few rows. Those of heads are far
// apart: they come from memory while the products of during are computed, or, where it is nil, while
// workers meet and queries are rotated.
func (p *pass) expectPlaces(w *worker, l int, during *kernel.Scratch) {
	if len(p.rows) > batchRows {
		return
	}
	kvHeads := p.engine.model.KVHeads
	for i, hi := w.share(len(p.rows) * kvHeads); i < hi; i++ {
		r := &p.rows[i/kvHeads]
		r.seq.kv.expect(p.engine.kvLayer[l], i%kvHeads, r.pos, during)
	}
}

// near reports whether attention is little work, that of one token in a single chunk, which is
// not worth a meeting of the workers before it: see attendNear.
func (p *pass) near() bool {
	return len(p.rows) == 1 && p.spans[0].tiles == 1 && p.spans[0].chunks == 1 && p.tracer == nil
}

// attendNear has each worker rotate, keep and attend to its own share of the heads.
func (p *pass) attendNear(w *worker, l int, layer *model.Layer) {
	a, c := &p.scratch[w.id].attention, &p.engine.model.Config
	a.at.span = -1
	i, hi := w.share(p.pieces)
	if i == hi {
		return
	}
	for u := p.piece(i); i < hi; i++ {
		next, end := u, c.KVHeads
		if i+1 < p.pieces {
			next = p.after(u)
			end = next.head
		}
		w.phase(phaseRope)
		shared := c.Heads / c.KVHeads
		for head := u.head * shared; head < end*shared; head++ {
			p.turnQuery(layer, 0, head)
		}
		for head := u.head; head < end; head++ {
			p.keepKey(layer, l, 0, head)
		}
		w.phase(phaseAttention)
		p.attendPiece(w, a, p.engine.kvLayer[l], u, next)
		u = next
	}
}
