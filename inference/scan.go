package inference

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"tern/inference/kernel"
	"tern/inference/sampling"
	"tern/model"
	"tern/model/ternary"
)

// Greedy and top-k sampling need the exact logits of a few rows of the head and
// only an upper bound of the others. The head is the heaviest matrix of most
// models, so a compact copy, one byte a weight, is scanned first; the rows that
// can still be among the k largest are then computed in the stored precision.
// The result is that of the full product, ties included: see scanTop.

const (
	// scanMinWeights is the size of a head from which a scan pays.
	scanMinWeights = 4 << 20
	// scanMaxTop is the largest k for which it does.
	scanMaxTop = 1024
	// slack covers the rounding of the few float32 steps of a bound, and
	// smallest what underflows in them; smallestSquare is the same of a sum of
	// squares, of which those below 1e-38 are lost.
	slack          = 4e-7
	smallest       = 1e-35
	smallestSquare = 1e-30
)

// scanHead is the compact copy of a head W [rows][dim]:
// w[r] = scale[r]·codes[r] + a rest of norm at most miss[r].
type scanHead struct {
	cols  int       // length of a row of codes, dim padded as activations are
	limit float32   // largest magnitude of the quantised input
	codes []int8    // [rows][cols]
	scale []float32 // [rows]
	norm  []float32 // [rows] at least ‖scale[r]·codes[r]‖
	// miss is at least ‖w[r] - scale[r]·codes[r]‖, and as much more as the
	// full product may be off by its own rounding: γ·‖w[r]‖ (kernel/doc.go).
	miss []float32
}

// newScanHead copies a head, or returns nil where that would not pay.
func newScanHead(d *model.Dense) *scanHead {
	if ScanBytes(d) == 0 {
		return nil
	}
	return buildScanHead(d)
}

func buildScanHead(d *model.Dense) *scanHead {
	cols := ternary.PadCols(d.Cols)
	h := &scanHead{
		cols:  cols,
		limit: float32(kernel.ScanLimit(cols)),
		codes: ternary.Alloc[int8](d.Rows * cols),
		scale: make([]float32, d.Rows),
		norm:  make([]float32, d.Rows),
		miss:  make([]float32, d.Rows),
	}
	parts := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() {
			row, rest := make([]float32, d.Cols), make([]float32, d.Cols)
			for r := d.Rows * i / parts; r < d.Rows*(i+1)/parts; r++ {
				decodeRow(row, d, r)
				h.set(r, row, rest)
			}
		})
	}
	wg.Wait()
	return h
}

// set copies a row; rest is scratch of the same length.
func (h *scanHead) set(r int, row, rest []float32) {
	codes := h.codes[r*h.cols:][:h.cols]
	s, _ := kernel.Quantize(codes, row)
	scale := 1 / s
	for j, w := range row {
		rest[j] = w - scale*float32(codes[j])
	}
	var full, left [1]float32 // squares of the norms
	kernel.Scores(full[:], row, row, 1)
	kernel.Scores(left[:], rest, rest, 1)
	// Both sums, and each of rest, are off by less than n·2⁻²⁴.
	gamma := float64(len(row)+16) / (1 << 24)
	norm := math.Sqrt(max(float64(full[0]), smallestSquare)) * (1 + gamma)
	miss := math.Sqrt(max(float64(left[0]), smallestSquare))*(1+gamma) + gamma*norm
	h.scale[r] = scale
	h.norm[r] = roundUp(norm + miss)
	h.miss[r] = roundUp(miss + gamma*norm)
}

// roundUp returns a float32 that is no smaller.
func roundUp(v float64) float32 {
	return math.Nextafter32(float32(v), float32(math.Inf(1)))
}

// bytes is the memory of the copy, all of which a scan reads.
func (h *scanHead) bytes() int64 { return int64(len(h.codes)) + 12*int64(len(h.scale)) }

// ScanBytes is the memory that an engine takes for the compact copy of a head;
// 0 for small ones, which are not copied.
func ScanBytes(head *model.Dense) int64 {
	if head.Rows*head.Cols < scanMinWeights || head.Type == model.Packed {
		return 0
	}
	return int64(head.Rows) * (int64(ternary.PadCols(head.Cols)) + 12)
}

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
	upper   matrix // [rows][VocabSize] upper bounds of the logits
	workers []topScratch
	found   [][]sampling.Candidate // after the pass: every token that can be among the k
}

// topScratch is one worker's part.
type topScratch struct {
	dots [headBlock]int32
	one  [1]float32
	all  []float32 // lower bounds of all workers
	rows []topRow
}

// topRow is what a worker knows of one token.
type topRow struct {
	k     int // how many tokens to find
	asked *topRequest
	x     []int16              // the quantised input,
	step  float32              // which step·x is,
	norm  float32              // its norm
	rest  float32              // and that of what the steps leave
	lower []float32            // the k largest lower bounds of its rows, a heap
	found []sampling.Candidate // exact logits of its rows
}

func newTopState(vocab, workers int) *topState {
	return &topState{upper: matrix{width: vocab}, workers: make([]topScratch, workers)}
}

// allocate makes room for passes that want rows tokens.
func (t *topState) allocate(cols, rows int) {
	if rows <= len(t.found) {
		return
	}
	t.upper = newMatrix(rows, t.upper.width)
	for len(t.found) < rows {
		t.found = append(t.found, nil)
	}
	for i := range t.workers {
		for w := &t.workers[i]; len(w.rows) < rows; {
			w.rows = append(w.rows, topRow{x: make([]int16, cols)})
		}
	}
}

// scanTop finds the logits that the rows wanted, p.heads[p.full:], ask for. x
// [wanted][Dim] are their normalised residual streams. Every worker takes a part of
// the vocabulary.
//
// For row r, a = scale·step·(codes·x̂) where x = step·x̂ + a rest of norm δ, the
// computed logit l lies within miss·‖x‖ + norm·δ of a (Cauchy-Schwarz). Let T be
// the k-th largest lower bound. At least k rows have l ≥ T, so a row among the
// k largest has l ≥ T too, and an upper bound of at least T: it is computed.
func (p *pass) scanTop(w *worker, x matrix) {
	h, t, m := p.engine.scan, p.top, p.engine.model
	mine := &t.workers[w.id]
	wanted := p.heads[p.full:]
	rows := mine.rows[:len(wanted)]
	scan := false
	for i := range rows {
		rows[i].asked = wanted[i].request
		rows[i].k = rows[i].asked.most(m.VocabSize)
		scan = scan || rows[i].k > 0
		rows[i].quantize(x.row(i), h.limit)
		rows[i].lower = rows[i].lower[:0]
	}
	work := w.pieces(blocks(m.VocabSize), 1)
	for lo, hi, ok := work.next(); ok && scan; lo, hi, ok = work.next() {
		for r := lo * headBlock; r < min(hi*headBlock, m.VocabSize); r += headBlock { // read once for all tokens
			for i := range rows {
				if rows[i].k == 0 {
					continue
				}
				p.scanBlock(&rows[i], t.upper.row(i), mine.dots[:min(headBlock, m.VocabSize-r)], r)
			}
		}
	}
	w.sync()

	scratch := &p.scratch[w.id]
	lo, hi := w.share(m.VocabSize)
	for i := range rows {
		row := &rows[i]
		row.found = row.found[:0]
		if row.k == 0 {
			lo, hi := w.share(len(row.asked.ids))
			for _, id := range row.asked.ids[lo:hi] {
				scratch.denseRows(mine.one[:], m.Head, int(id), x.row(i))
				row.found = append(row.found, sampling.Candidate{ID: id, Logit: mine.one[0]})
			}
			continue
		}
		mine.all = mine.all[:0]
		for j := range t.workers[:w.of] {
			mine.all = append(mine.all, t.workers[j].rows[i].lower...)
		}
		slices.Sort(mine.all)
		threshold := mine.all[len(mine.all)-row.k]
		for r, upper := range t.upper.row(i)[lo:hi] {
			if !(upper < threshold) && row.asked.has(lo+r) { // NaN counts: the sampler refuses it
				scratch.denseRows(mine.one[:], m.Head, lo+r, x.row(i))
				row.found = append(row.found, sampling.Candidate{ID: int32(lo + r), Logit: mine.one[0]})
			}
		}
	}
	w.sync()

	if w.id != 0 {
		return
	}
	if scan {
		p.headBytes += h.bytes()
	}
	for i := range rows {
		found := t.found[i][:0]
		for j := range t.workers[:w.of] {
			found = append(found, t.workers[j].rows[i].found...)
		}
		for _, id := range wanted[i].request.ids {
			if rows[i].k > 0 && !slices.ContainsFunc(found, func(c sampling.Candidate) bool { return c.ID == id }) {
				scratch.denseRows(mine.one[:], m.Head, int(id), x.row(i))
				found = append(found, sampling.Candidate{ID: id, Logit: mine.one[0]})
			}
		}
		t.found[i] = found
		p.headBytes += int64(len(found) * m.Head.Type.Bytes(m.Head.Cols))
	}
}

// scanBlock bounds the logits of len(dots) rows of the head from row first on.
func (p *pass) scanBlock(row *topRow, upper []float32, dots []int32, first int) {
	h := p.engine.scan
	kernel.Scan(dots, h.codes[first*h.cols:(first+len(dots))*h.cols], row.x)
	for j, dot := range dots {
		r := first + j
		a := float32(dot) * h.scale[r] * row.step
		off := h.miss[r]*row.norm + h.norm[r]*row.rest
		off += slack*(max(a, -a)+off) + smallest
		upper[r] = a + off
		if row.asked.has(r) {
			row.keep(a - off)
		}
	}
}

// quantize stores x as int16 steps.
func (t *topRow) quantize(x []float32, limit float32) {
	var top float32
	for _, v := range x {
		top = max(top, max(v, -v))
	}
	step := top / limit
	var square, left float64
	for j, v := range x {
		t.x[j] = 0
		if step > 0 {
			t.x[j] = int16(max(-limit, min(limit, float32(math.RoundToEven(float64(v/step))))))
		}
		d := float64(v) - float64(step)*float64(t.x[j])
		square += float64(v) * float64(v)
		left += d * d
	}
	t.step, t.norm, t.rest = step, roundUp(math.Sqrt(square)), roundUp(math.Sqrt(left))
}

// keep adds v to the heap of the k largest values, the smallest of them first.
func (t *topRow) keep(v float32) {
	h := t.lower
	if len(h) < t.k {
		h = append(h, v)
		for i := len(h) - 1; i > 0 && h[i] < h[(i-1)/2]; i = (i - 1) / 2 {
			h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
		}
		t.lower = h
		return
	}
	if !(v > h[0]) {
		return
	}
	h[0] = v
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[c] < h[least] {
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
