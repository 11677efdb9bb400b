package inference

import (
	"tern/inference/kernel"
	"tern/model/ternary"
)

// sweep is projections of a single row that share their input, read in several streams side by
// side. A unit is a row group of each stream. A worker's share of the units is a part of one
// or more matrices, and each stream reads a stretch of such a part from its beginning to its
// end: the pieces in which a share is taken go on where the ones before ended. At the end of a
// part the first lines of the next one are fetched.
type sweep struct {
	outs    []output
	streams int
	units   int
}

// sweepOf is for outs, whose matrices are packed. What does not fill a unit is left over.
func sweepOf(outs []output) sweep {
	s := sweep{outs: outs, streams: kernel.Streams()}
	for i := range outs {
		s.units += s.unitsOf(&outs[i])
	}
	return s
}

// unitsOf is how many units a projection has.
func (s *sweep) unitsOf(o *output) int { return o.linear.Rows / ternary.GroupRows / s.streams }

// at is where unit u of the share [lo, hi) is read, of which projection, and how many
// units follow in the same streams, u included.
func (s *sweep) at(u, lo, hi int) (o *output, from kernel.Stretch, n int) {
	first := 0
	for i := range s.outs {
		o = &s.outs[i]
		end := first + s.unitsOf(o)
		if u < end {
			a, b := max(lo, first), min(hi, end)
			return o, kernel.Stretch{Matrix: &o.linear.Matrix, First: s.streams*(a-first) + u - a, Apart: b - a}, b - u
		}
		first = end
	}
	return nil, kernel.Stretch{}, 0
}

// run does the share of a worker, and what others have not begun of theirs.
func (s *sweep) run(p *pass, w *worker, in activation) {
	work := w.pieces(s.units, sweepLeast)
	work.part = sweepPart
	for u, end, ok := work.next(); ok; u, end, ok = work.next() {
		lo, hi := shareOf(s.units, work.owner(), w.of)
		for u < end {
			o, from, n := s.at(u, lo, hi)
			n = min(n, end-u)
			u += n
			next := kernel.Stretch{}
			switch {
			case u == hi:
				next = w.then
			case u < end || work.visited == 0:
				_, next, _ = s.at(u, lo, hi)
			}
			y := o.y.row(0)
			kernel.MatVecStreams(y, from, n, in.q[:in.padded], in.sum[0], o.linear.Scale/in.scale[0], next)
			if o.sum != nil {
				for i := range s.streams {
					first := (from.First + i*from.Apart) * ternary.GroupRows
					p.addTo(o, first, first+n*ternary.GroupRows, 0, 1)
				}
			}
		}
	}
	w.then = kernel.Stretch{}
	if w.id == w.of-1 {
		s.rest(p, in)
	}
}

// rest does the row groups that do not fill a unit.
func (s *sweep) rest(p *pass, in activation) {
	for i := range s.outs {
		o := &s.outs[i]
		g0, g1 := s.unitsOf(o)*s.streams, unitsOf(o.linear)
		if g0 < g1 {
			kernel.MatVec(o.y.row(0), &o.linear.Matrix, g0, g1, in.q[:in.padded], in.sum[0], o.linear.Scale/in.scale[0])
			if o.sum != nil {
				p.addTo(o, g0*ternary.GroupRows, o.linear.Rows, 0, 1)
			}
		}
	}
}

// expect says what a worker reads after the next products, the weights of a norm and then matrices:
// at the end of its share of those products it fetches the first lines, which come while
// the workers meet.
func (p *pass) expect(w *worker, norm []float32, outs ...output) {
	if w.then = (kernel.Stretch{}); len(p.rows) > 1 || kernel.Streams() == 1 {
		return
	}
	kernel.Fetch(norm)
	for i := range outs {
		if l := outs[i].linear; l.Dense != nil || l.Grouped != nil {
			return
		}
	}
	s := sweepOf(outs)
	if lo, hi := w.share(s.units); lo < hi {
		_, w.then, _ = s.at(lo, lo, hi)
	}
}

const (
	// sweepLeast is the least number of units that a worker takes.
	sweepLeast = pieceRows / ternary.GroupRows / 4
	// sweepPart is the part of a share that a worker leaves to take later. Taking a piece waits until
	// other cores know the results of the one before.
	sweepPart = 16
)
