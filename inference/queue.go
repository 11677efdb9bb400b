package inference

import "sync/atomic"

// queue hands out the units [0, n) of one step of work. Each worker has a share of
// them, neighbours in memory, which it takes from the front, so that it reads one
// stream from the beginning to the end: what a stream costs to begin with, and the
// prefetches that run past its end, are paid once a share and not for every piece.
// Who is done goes on with the end of the shares of others. All workers of the pass
// must make the same queues in the same order between two syncs.
type queue struct {
	taken    []taken // of the share of each worker
	n, least int
	part     int // of what is left of a share is not in the next piece
	id       int
	visited  int // shares that are used up: the worker's own first, then the next ones
}

// taken is what of a share was handed out, units from its front in the higher half,
// from its end in the lower one. It has a cache line of its own.
type taken struct {
	atomic.Uint64
	_ [56]byte
}

// maxQueues is how many queues there can be between two syncs.
const maxQueues = 4

// pieces starts sharing out n units of work in pieces of at least least.
func (w *worker) pieces(n, least int) queue {
	q := queue{taken: w.barrier.taken[w.turn][w.queues][:w.of], n: n, least: least, part: 4, id: w.id}
	w.queues++
	return q
}

// renew restarts what the worker has of the queues before a barrier, where nobody takes from
// them any more. Those after the next barrier are these again; until then there are
// others. So each worker writes to its own cache lines: the last one to arrive, whom all wait for,
// would have to fetch all of them, one after the other.
func (w *worker) renew() {
	for _, q := range w.barrier.taken[w.turn][:w.queues] {
		q[w.id].Store(0)
	}
	w.queues, w.turn = 0, 1-w.turn
}

// next returns the next piece [lo, hi), or false when nothing is left: all but a part, a fourth, of
// what is left of a share, so that pieces are few and the last ones small.
func (q *queue) next() (lo, hi int, ok bool) {
	of := len(q.taken)
	for ; q.visited < of; q.visited++ {
		owner := q.owner()
		first, end := shareOf(q.n, owner, of)
		for t := &q.taken[owner]; ; {
			was := t.Load()
			front, back := first+int(was>>32), end-int(uint32(was))
			left := back - front
			if left == 0 {
				break
			}
			size := left
			if of > 1 {
				size = max(q.least, left-left/q.part)
			}
			if left < size+q.least {
				size = left
			}
			if q.visited == 0 {
				if t.CompareAndSwap(was, was+uint64(size)<<32) {
					return front, front + size, true
				}
			} else if t.CompareAndSwap(was, was+uint64(size)) {
				return back - size, back, true
			}
		}
	}
	return 0, 0, false
}

// owner is whose share the last piece was taken from.
func (q *queue) owner() int {
	owner := q.id + q.visited
	if n := len(q.taken); owner >= n {
		owner -= n
	}
	return owner
}

// shareOf is the part [lo, hi) of n units that belongs to worker id of so many.
func shareOf(n, id, of int) (lo, hi int) { return n * id / of, n * (id + 1) / of }
