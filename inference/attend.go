package inference

import (
	"context"
	"slices"
	"sync/atomic"

	"tern/inference/kernel"
)

// This file is attention over the keys and values of the cache: out = Σ_p w_p·V_p with
// w = softmax(scale·K·q). It is made in one reading, a chunk of kvChunk positions after the
// other: the values of a chunk weighted by exp(score-top), top its greatest score, then
// the sums of all chunks, each times exp(top - greatest top), divided by the sum of the
// weights. So chunks may be taken by any worker, and the order of every sum depends on
// the number of positions alone.

// maxQueries is how many queries are taken together: they read a chunk of keys or values
// while it is in L2, where their scores have room beside it.
const maxQueries = 4 * kernel.MaxQueries

// query is one head of one token.
type query struct {
	q, out []float32       // [HeadDim]
	q8     kernel.Vector16 // q for keys of 8 bits
	n      int             // positions it sees, no fewer than the query before it
	parts  parts           // of its chunks
}

// parts is what attention over each chunk gives.
type parts struct {
	sums   []float32 // [chunks][HeadDim] values weighted by exp(score-top)
	top    []float32 // [chunks] the greatest score
	weight []float32 // [chunks] the sum of those weights
}

// allParts is memory for many parts.
type allParts parts

// grow makes room for n chunks of d dimensions.
func (a *allParts) grow(n, d int) {
	if len(a.top) < n {
		a.sums, a.top, a.weight = make([]float32, n*d), make([]float32, n), make([]float32, n)
	}
}

// of is what begins at chunk i, of n chunks of d dimensions.
func (a *allParts) of(i, n, d int) parts {
	return parts{a.sums[i*d:][:n*d], a.top[i:][:n], a.weight[i:][:n]}
}

// merge makes out of the parts.
func (q *query) merge() {
	p := &q.parts
	if len(p.top) == 1 && p.top[0]-p.top[0] == 0 { // a finite one, whose exponential is 1
		p.top[0] = 1 / p.weight[0]
	} else {
		kernel.Exponentials(p.top)
		var sum float32
		for c, e := range p.top {
			sum += float32(e * p.weight[c])
		}
		kernel.Scale(p.top, 1/sum)
	}
	clear(q.out)
	kernel.WeightedSum(q.out, p.top, p.sums)
}

// attention is what a worker works with.
type attention struct {
	at      piece // whose queries these are
	queries [maxQueries]query
	scores  matrix            // [maxQueries][kvChunk]
	weights []kernel.Vector16 // the same, of values of 8 bits
	parts   allParts          // of a tile
}

// piece is what a worker does at once: a tile of up to maxQueries queries of a key/value head
// of a span. Where one tile is all, it is a chunk of them, and the heads of a chunk follow each
// other, as they do in memory: chunks of the same head are far apart. Heads of one query each
// are taken in groups, which are read side by side.
type piece struct{ span, head, tile, chunk int }

// plan counts the pieces of the rows, and makes room for what chunks give that several
// workers may take.
func (p *pass) plan() {
	c := &p.engine.model.Config
	shared := c.Heads / c.KVHeads
	p.pieces = 0
	heads, all := 0, 0
	for i := range p.spans {
		s := &p.spans[i]
		s.tiles, s.chunks, s.group = (s.n*shared+maxQueries-1)/maxQueries, 1, 1
		if s.tiles == 1 {
			s.chunks = chunksOf(p.rows[s.first+s.n-1].pos + 1)
		}
		if group := kernel.Runs(c.HeadDim); s.n*shared == 1 && s.seq.kv.kind != KVF32 && c.KVHeads/group*s.chunks >= 2*p.engine.Threads() {
			s.group = group
		}
		s.head, s.part = heads, all
		heads += c.KVHeads
		p.pieces += s.groups(c.KVHeads) * s.tiles * s.chunks
		if s.chunks > 1 {
			all += s.n * c.Heads * s.chunks
		}
	}
	p.parts.grow(all, c.HeadDim)
	if n := p.room * c.Heads; len(p.q8) < n && slices.ContainsFunc(p.spans, func(s span) bool { return s.seq.kv.kind == KVQ8 }) {
		p.q8 = kernel.NewVectors16(n, c.HeadDim)
	}
	if len(p.taken) < heads {
		p.taken = make([]atomic.Int32, heads)
	}
	for i := range p.taken {
		p.taken[i].Store(0)
	}
}

// groups is how many groups of key/value heads a worker takes at once.
func (s *span) groups(kvHeads int) int { return (kvHeads + s.group - 1) / s.group }

// chunksOf is how many chunks hold n positions.
func chunksOf(n int) int { return (n + kvChunk - 1) / kvChunk }

// piece is the one with number i.
func (p *pass) piece(i int) (u piece) {
	kvHeads := p.engine.model.KVHeads
	for ; ; u.span++ {
		s := &p.spans[u.span]
		groups := s.groups(kvHeads)
		if n := s.tiles * s.chunks; i >= groups*n {
			i -= groups * n
		} else {
			if s.chunks > 1 {
				u.chunk, u.head = i/groups, i%groups*s.group
			} else {
				u.head, u.tile = i/n*s.group, i%n
			}
			return u
		}
	}
}

// after is the piece after u.
func (p *pass) after(u piece) piece {
	s := &p.spans[u.span]
	if u.tile++; u.tile < s.tiles {
		return u
	}
	u.tile = 0
	if u.head += s.group; u.head < p.engine.model.KVHeads {
		return u
	}
	u.head = 0
	if u.chunk++; u.chunk < s.chunks {
		return u
	}
	return piece{span: u.span + 1}
}

// attend computes att from q and the caches.
func (p *pass) attend(ctx context.Context, w *worker, l int) {
	a := &p.scratch[w.id].attention
	a.at.span = -1
	work := w.pieces(p.pieces, 1)
	for i, hi, ok := work.next(); ok && !p.skips(ctx); i, hi, ok = work.next() {
		for u := p.piece(i); i < hi && !p.skips(ctx); i++ {
			next := u
			if i+1 < p.pieces {
				next = p.after(u)
			}
			p.attendPiece(w, a, p.engine.kvLayer[l], u, next)
			u = next
		}
	}
}

// attendPiece does one piece, and fetches the beginning of the next one.
func (p *pass) attendPiece(w *worker, a *attention, layer int, u, next piece) {
	s := &p.spans[u.span]
	queries := p.queriesOf(a, u)
	seen := queries[len(queries)-1].n
	then := run{p.spans[next.span].seq.kv, layer, next.head, next.chunk, 1}
	at := run{s.seq.kv, layer, u.head, u.chunk, 1}
	if s.group > 1 {
		at.heads = len(queries)
	}
	if s.chunks > 1 {
		w.read(int64(at.heads) * at.kv.reads(min(kvChunk, seen-u.chunk*kvChunk)))
		at.attend(a, queries, p.engine.scale, then)
		taken := &p.taken[s.head+u.head]
		if int(taken.Add(1)) < s.chunks {
			return // another chunk is the last one
		}
		taken.Store(0)
	} else {
		if u.tile == 0 {
			w.read(int64(at.heads) * at.kv.reads(seen))
		}
		for chunks := chunksOf(seen); at.chunk < chunks; at.chunk++ {
			after := at
			if after.chunk++; after.chunk == chunks {
				after = then
			}
			at.attend(a, queries, p.engine.scale, after)
		}
	}
	for i := range queries {
		queries[i].merge()
	}
}

// queriesOf returns the queries of a piece, neighbours in the text together.
func (p *pass) queriesOf(a *attention, u piece) []query {
	c := &p.engine.model.Config
	d, shared, s := c.HeadDim, c.Heads/c.KVHeads, &p.spans[u.span]
	each := s.n * shared // of a head
	all := each * min(s.group, c.KVHeads-u.head)
	first, end := all*u.tile/s.tiles, all*(u.tile+1)/s.tiles
	queries := a.queries[:end-first]
	u.chunk = 0
	if u == a.at {
		return queries
	}
	a.at = u
	chunks := s.chunks
	if chunks == 1 {
		chunks = chunksOf(p.rows[s.first+s.n-1].pos + 1)
		a.parts.grow(maxQueries*chunks, d)
	}
	for i := range queries {
		of, at := u.head+(first+i)/each, (first+i)%each
		t, head := s.first+at/shared, of*shared+at%shared
		q := &queries[i]
		*q = query{q: p.query(t, head), out: p.att.row(t)[head*d:][:d], n: p.rows[t].pos + 1}
		if s.chunks > 1 {
			q.parts = p.parts.of(s.part+(of*each+at)*chunks, chunksOf(q.n), d)
		} else {
			q.parts = a.parts.of(i*chunks, chunksOf(q.n), d)
		}
		if s.seq.kv.kind == KVQ8 {
			q.q8 = p.q8[t*c.Heads+head]
		}
	}
	return queries
}

// run is a chunk of a key/value head.
type run struct {
	kv                 *kvCache
	layer, head, chunk int
	heads              int // with a query each
}

// far is how many values later in a chunk those of the next head are.
func (r run) far() int { return 2 * kvChunk * r.kv.headDim }

// attend makes the parts of a chunk for each query that sees any of its positions, and
// fetches the beginning of what is read next.
func (r run) attend(a *attention, queries []query, scale float32, next run) {
	if next.kv.kind != r.kv.kind {
		next = r
	}
	first, skip := r.chunk*kvChunk, 0
	for queries[skip].n <= first {
		skip++
	}
	queries = queries[skip:]
	seen := min(kvChunk, queries[len(queries)-1].n-first)
	r.fetchScales(next, seen)
	eachFew(len(queries), func(lo, hi int) {
		var s, q [kernel.MaxQueries][]float32
		var q8 [kernel.MaxQueries]kernel.Vector16
		few := queries[lo:hi]
		for i := range few {
			s[i], q[i], q8[i] = a.scores.row(lo + i)[:seen], few[i].q, few[i].q8
		}
		r.scores(s[:len(few)], q[:len(few)], q8[:len(few)], scale, hi == len(queries))
	})
	for i := range queries {
		q := &queries[i]
		p := a.scores.row(i)[:min(kvChunk, q.n-first)]
		top, sum := &q.parts.top[r.chunk], &q.parts.weight[r.chunk]
		if r.kv.kind == KVQ8 {
			scales, values := r.valuesOf(i)
			*top, *sum = a.weights[i].SetExponentials(p, scales[:len(p)], values)
		} else {
			*top, *sum = kernel.Exponentials(p)
		}
	}
	eachFew(len(queries), func(lo, hi int) {
		var out, p [kernel.MaxQueries][]float32
		few := queries[lo:hi]
		all := min(kvChunk, few[0].n-first) // see these positions
		for i := range few {
			q := &few[i]
			d := len(q.q)
			out[i], p[i] = q.parts.sums[r.chunk*d:][:d], a.scores.row(lo + i)[:all]
		}
		then := r
		if hi == len(queries) {
			then = next
		}
		if r.kv.kind == KVQ8 { // weights of positions that a query does not see are zero
			r.sumValues8(out[:len(few)], a.weights[lo:hi], min(kvChunk, few[len(few)-1].n-first), then)
			return
		}
		for _, out := range out[:len(few)] {
			clear(out)
		}
		r.addValues(out[:len(few)], p[:len(few)], 0, then)
		for i := range few {
			if n := min(kvChunk, few[i].n-first); n > all {
				p[i] = a.scores.row(lo + i)[all:n]
				r.addValues(out[i:i+1], p[i:i+1], all, then)
			}
		}
	})
}

// eachFew calls f on parts of n queries of at most kernel.MaxQueries.
func eachFew(n int, f func(lo, hi int)) {
	parts := (n + kernel.MaxQueries - 1) / kernel.MaxQueries
	for i := range parts {
		f(n*i/parts, n*(i+1)/parts)
	}
}

// scores computes the scores of the keys, which are read for the last time, or for others
// before the values.
func (r run) scores(s, q [][]float32, q8 []kernel.Vector16, scale float32, last bool) {
	keys, values := r.kv.run(r.layer, r.head)
	next, n := keys, len(s[0])*r.kv.headDim
	if last {
		next = values
	}
	if r.heads > 1 {
		if r.kv.kind == KVQ8 {
			c := &r.kv.q8[r.chunk]
			kernel.ScoresRuns8(s, q8, c.values[keys:], c.scales[keys/r.kv.headDim:], r.far(), scale, &c.values[next])
		} else {
			c := r.kv.f16[r.chunk]
			kernel.ScoresRunsF16(s, q, c[keys:], r.far(), scale, &c[next])
		}
		return
	}
	switch r.kv.kind {
	case KVQ8:
		c := &r.kv.q8[r.chunk]
		kernel.ScoresEach8(s, q8, c.values[keys:][:n], c.scales[keys/r.kv.headDim:][:len(s[0])], scale, &c.values[next])
	case KVF32:
		c := r.kv.f32[r.chunk]
		kernel.ScoresEach(s, q, c[keys:][:n], scale, &c[next])
	default:
		c := r.kv.f16[r.chunk]
		kernel.ScoresEachF16(s, q, c[keys:][:n], scale, &c[next])
	}
}

// addValues adds the values from position first of the chunk on, weighted by p.
func (r run) addValues(out, p [][]float32, first int, next run) {
	_, values := r.kv.run(r.layer, r.head)
	then, _ := next.kv.run(next.layer, next.head)
	at, n := values+first*r.kv.headDim, len(p[0])*r.kv.headDim
	switch {
	case r.heads > 1:
		kernel.WeightedSumRunsF16(out, p, r.kv.f16[r.chunk][at:], r.far(), &next.kv.f16[next.chunk][then])
	case r.kv.kind == KVF32:
		kernel.WeightedSumEach(out, p, r.kv.f32[r.chunk][at:][:n], &next.kv.f32[next.chunk][then])
	default:
		kernel.WeightedSumEachF16(out, p, r.kv.f16[r.chunk][at:][:n], &next.kv.f16[next.chunk][then])
	}
}

// sumValues8 stores the weighted sums of the first n values of 8 bits.
func (r run) sumValues8(out [][]float32, w []kernel.Vector16, n int, next run) {
	_, values := r.kv.run(r.layer, r.head)
	then, _ := next.kv.run(next.layer, next.head)
	v, after := r.kv.q8[r.chunk].values[values:], &next.kv.q8[next.chunk].values[then]
	if r.heads > 1 {
		kernel.WeightedSumRuns8(out, w, v, n, r.far(), after)
	} else {
		kernel.WeightedSumEach8(out, w, v[:n*r.kv.headDim], n, after)
	}
}

// valuesOf are the scales of the values that query i is for, and the values if they are its own.
func (r run) valuesOf(i int) (scales []float32, values []int8) {
	_, at := r.kv.run(r.layer, r.head+min(i, r.heads-1))
	c := &r.kv.q8[r.chunk]
	if r.heads > 1 {
		values = c.values[at:][:kvChunk*r.kv.headDim]
	}
	return c.scales[at/r.kv.headDim:][:kvChunk], values
}

// fetchScales asks for the scales of the n values, and of the keys that are read next.
func (r run) fetchScales(next run, n int) {
	if r.kv.kind != KVQ8 {
		return
	}
	_, values := r.kv.run(r.layer, r.head)
	keys, _ := next.kv.run(next.layer, next.head)
	for i := range r.heads {
		far := i * r.far() / r.kv.headDim // a scale for each row
		kernel.Fetch(r.kv.q8[r.chunk].scales[values/r.kv.headDim+far:][:n])
		if then := next.kv.q8[next.chunk].scales[keys/r.kv.headDim:]; len(then) >= far+kvChunk {
			kernel.Fetch(then[far:][:kvChunk])
		}
	}
}
