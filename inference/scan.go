package inference

import (
	"cmp"
	"math"
	"slices"

	"tern/inference/kernel"
	"tern/inference/sampling"
	"tern/model"
	"tern/model/narrow"
)

// Greedy and top-k sampling need the exact logits of a few rows of the head and
// only an upper bound of the others. The head is the heaviest matrix of most
// models, so codes of 4 bits a weight are scanned first; the rows that can still be
// among the k largest are then computed in the stored precision. The result is that of
// the full product, ties included: see scanTop.

// topRequest asks a pass for the logits of the k most likely tokens, and of ids.
// Where k is 0, no others are looked at.
type topRequest struct {
	k   int
	ids []int32
	// set are the tokens that count, bit id%64 of word id/64, and count how many
	// they are; nil for all.
	set   []uint64
	count int
}

// has reports whether a token counts.
func (r *topRequest) has(id int) bool { return r.set == nil || r.set[id>>6]>>(id&63)&1 == 1 }

// most is how many of the most likely tokens a scan has to find: the ids asked for
// may leave the k largest, when a penalty lowers them.
func (r *topRequest) most(vocab int) int {
	switch {
	case r.k == 0:
		return 0
	case r.set != nil:
		vocab = min(vocab, r.count)
	}
	return min(r.k+len(r.ids), vocab)
}

// topState is what the scans of a pass work with. Everything has a row for each
// token whose most likely tokens are wanted.
type topState struct {
	upper   matrix // [rows][VocabSize in whole bands] upper bounds of the logits,
	most    matrix // [rows][blocks of headBlock] and the largest of each block
	workers []topScratch
	found   [][]sampling.Candidate // after the pass: every token that can be among the k
}

// topScratch is one worker's part.
type topScratch struct {
	lower [kernel.MaxVectors][narrow.BlockRows]float32
	ids   []int32 // to compute
	scans []int   // the rows of which a scan has to find tokens
	all   []bound // the largest lower bounds of all workers
	rows  []topRow
}

// topRow is what a worker knows of one token.
type topRow struct {
	k     int // how many tokens to find
	asked *topRequest
	x     kernel.ScanVector
	lower []bound              // the k largest lower bounds of its rows, a heap
	least float32              // exact logit of those that it computed first
	found []sampling.Candidate // exact logits of its rows
}

// bound is a lower bound of the logit of a token.
type bound struct {
	logit float32
	id    int32
}

func newTopState(vocab, workers int) *topState {
	return &topState{
		upper:   matrix{width: kernel.ScanBands(vocab) * kernel.ScanRows},
		most:    matrix{width: blocks(vocab)},
		workers: make([]topScratch, workers),
	}
}

// allocate makes room for passes that want rows tokens.
func (t *topState) allocate(rows int) {
	if rows <= len(t.found) {
		return
	}
	t.upper, t.most = newMatrix(rows, t.upper.width), newMatrix(rows, t.most.width)
	for len(t.found) < rows {
		t.found = append(t.found, make([]sampling.Candidate, 0, scanFinds))
	}
	for i := range t.workers {
		w := &t.workers[i]
		w.ids, w.scans = slices.Grow(w.ids[:0], scanFinds), slices.Grow(w.scans[:0], rows)
		for len(w.rows) < rows {
			w.rows = append(w.rows, topRow{found: make([]sampling.Candidate, 0, scanFinds)})
		}
	}
}

// scanFinds is how many rows of a head are often computed after a scan.
const scanFinds = 128

// scanTop finds the logits that the rows wanted, p.heads[p.full:], ask for. x
// [wanted][Dim] are their normalised residual streams. Every worker takes a part of
// the vocabulary.
//
// A scan bounds all logits (kernel.Scan). Those of the k rows with the largest lower
// bounds are computed; let T be the least of them. At least k rows have a logit l ≥ T, so
// a row among the k largest has l ≥ T too, and an upper bound of at least T: it is
// computed. As the k rows are likely to be those that are looked for, T is nearly the
// k-th largest logit, and few rows besides have such an upper bound.
func (p *pass) scanTop(w *worker, x matrix) {
	h, t, m := p.engine.scan, p.top, p.engine.model
	mine := &t.workers[w.id]
	wanted := p.heads[p.full:]
	rows := mine.rows[:len(wanted)]
	mine.scans = mine.scans[:0]
	for i := range rows {
		rows[i].asked = wanted[i].request
		rows[i].lower = rows[i].lower[:0]
		if rows[i].k = rows[i].asked.most(m.VocabSize); rows[i].k > 0 {
			mine.scans = append(mine.scans, i)
			rows[i].x.Set(x.row(i), h.dither, h.tiny)
		}
	}
	w.phase(phaseScan)
	if len(mine.scans) > 0 && w.id == 0 {
		w.read(h.bytes())
	}
	work := w.pieces(len(h.codes), 1)
	for lo, hi, ok := work.next(); ok && len(mine.scans) > 0; lo, hi, ok = work.next() {
		for b := lo; b < hi; b++ { // read once for all tokens
			for few := range slices.Chunk(mine.scans, kernel.MaxVectors) {
				t.scan(h, mine, few, b)
			}
		}
	}
	w.sync()

	w.phase(phaseHead)
	scratch := &p.scratch[w.id]
	for i := range rows {
		row := &rows[i]
		row.found = row.found[:0]
		if row.k == 0 {
			lo, hi := w.share(len(row.asked.ids))
			row.compute(scratch, m.Head, x.row(i), row.asked.ids[lo:hi])
			continue
		}
		mine.all = mine.all[:0]
		for j := range t.workers[:w.of] {
			mine.all = append(mine.all, t.workers[j].rows[i].lower...)
		}
		slices.SortFunc(mine.all, func(a, b bound) int { return cmp.Compare(b.logit, a.logit) })
		mine.ids = mine.ids[:0]
		for j, hi := w.share(row.k); j < hi; j++ {
			id := mine.all[j].id
			mine.ids = append(mine.ids, id)
			t.upper.row(i)[id] = nan // not once more
		}
		row.compute(scratch, m.Head, x.row(i), mine.ids)
		row.least = float32(math.Inf(1))
		for _, c := range row.found {
			row.least = min(row.least, c.Logit) // a NaN stays one
		}
	}
	w.sync()

	lo, hi := w.share(blocks(m.VocabSize))
	for i := range rows {
		row := &rows[i]
		if row.k == 0 {
			continue
		}
		least := row.least
		for j := range t.workers[:w.of] {
			least = min(least, t.workers[j].rows[i].least)
		}
		threshold := h.threshold(least, &row.x)
		mine.ids = mine.ids[:0]
		for b := lo; b < hi; b++ {
			if t.most.row(i)[b] < threshold {
				continue
			}
			first := b * headBlock
			for r, upper := range t.upper.row(i)[first:min(first+headBlock, m.VocabSize)] {
				if upper >= threshold && row.asked.has(first+r) {
					mine.ids = append(mine.ids, int32(first+r))
				}
			}
		}
		row.compute(scratch, m.Head, x.row(i), mine.ids)
	}
	w.sync()

	if w.id != 0 {
		return
	}
	if len(mine.scans) > 0 {
		p.headBytes += h.bytes()
	}
	for i := range rows {
		found := t.found[i][:0]
		for j := range t.workers[:w.of] {
			found = append(found, t.workers[j].rows[i].found...)
		}
		for _, id := range wanted[i].request.ids {
			if rows[i].k > 0 && !slices.ContainsFunc(found, func(c sampling.Candidate) bool { return c.ID == id }) {
				mine.ids = append(mine.ids[:0], id)
				rows[i].found = rows[i].found[:0]
				rows[i].compute(scratch, m.Head, x.row(i), mine.ids)
				found = append(found, rows[i].found...)
			}
		}
		t.found[i] = found
		p.headBytes += int64(len(found)) * m.Head.Read() / int64(m.Head.Rows)
	}
}

var nan = float32(math.NaN())

// scan bounds the logits of a block of codes for few tokens, whose numbers are few, and
// keeps the largest upper bound of every headBlock rows of each.
func (t *topState) scan(h *headScan, mine *topScratch, few []int, block int) {
	var lower, upper [kernel.MaxVectors][]float32
	var x [kernel.MaxVectors]*kernel.ScanVector
	first, n := block*narrow.BlockRows, h.blockRows(block) // without what fills the last band
	for j, i := range few {
		all := t.upper.row(i)
		upper[j] = all[first:min(first+narrow.BlockRows, len(all))]
		lower[j] = mine.lower[j][:len(upper[j])]
		x[j] = &mine.rows[i].x
	}
	h.scan(lower[:len(few)], upper[:len(few)], first, x[:len(few)], block+1)
	for j, i := range few {
		for r := 0; r < n; r += headBlock {
			end := min(r+headBlock, n)
			mine.rows[i].keepAll(lower[j][r:end], first+r)
			t.most.row(i)[(first+r)/headBlock] = kernel.Max(upper[j][r:end])
		}
	}
}

// keepAll keeps those of the lower bounds of the tokens from first on that are among the
// k largest so far.
func (t *topRow) keepAll(lower []float32, first int) {
	if len(t.lower) == t.k && !(kernel.Max(lower) > t.lower[0].logit) {
		return
	}
	for i, v := range lower {
		if t.asked.has(first + i) {
			t.keep(bound{v, int32(first + i)})
		}
	}
}

// compute adds the exact logits of tokens to what was found.
func (t *topRow) compute(s *scratch, head *model.Dense, x []float32, ids []int32) {
	var logits [fewRows]float32
	for few := range slices.Chunk(ids, fewRows) {
		s.pickRows(logits[:len(few)], head, few, x)
		for i, id := range few {
			t.found = append(t.found, sampling.Candidate{ID: id, Logit: logits[i]})
		}
	}
}

// keep adds b to the heap of the k largest bounds, the smallest of them first.
func (t *topRow) keep(b bound) {
	h := t.lower
	if len(h) < t.k {
		h = append(h, b)
		for i := len(h) - 1; i > 0 && h[i].logit < h[(i-1)/2].logit; i = (i - 1) / 2 {
			h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		}
		t.lower = h
		return
	}
	if !(b.logit > h[0].logit) {
		return
	}
	h[0] = b
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[c].logit < h[least].logit {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
