package inference

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"tern/inference/kernel"
)

// pool runs one forward pass at a time on a fixed set of workers. All workers
// run the same function from top to bottom, each doing its share of every step,
// and meet at worker.sync between steps that read what others wrote. The caller
// is worker 0; the others are goroutines that wait for the next pass: spinning
// briefly, since the next token usually follows at once, then parked, so that an
// idle engine uses no processor time.
//
// Work is split by rows, heads or positions, never inside a sum, so results do
// not depend on the number of workers, nor on which of them does a piece: every
// worker takes its share of the heavy steps piece by piece, and then what others
// have not begun of theirs (queue.go), so that a worker that is slower, or whose
// processor another program has taken for a moment, does less and the others do
// not wait.
type pool struct {
	size   int          // the most workers
	spin   int          // how often one looks before it yields, but in passes over many rows
	asked  atomic.Int32 // those that passes are to have, the first ones,
	active atomic.Int32 // and those that they have now
	mu     sync.Mutex   // held during a pass, and while active changes
	pace   pacer        // of the passes that write, guarded by mu

	body    func(context.Context, *worker) // what the running pass does
	keep    int                            // the workers from here on end after it
	workers []worker
	start   gate // opened at the start of each pass, and by close
	barrier barrier
	running atomic.Int32 // background workers that have not finished the pass
	done    gate         // opened when running reaches 0
	closed  atomic.Bool

	failure error // what a worker panicked with, guarded by failMu
	failMu  sync.Mutex
	exited  sync.WaitGroup
}

// worker is one of the goroutines of a pass.
type worker struct {
	id, of  int
	barrier *barrier
	queues  int            // of the barrier, used since the last sync,
	turn    int            // of these
	then    kernel.Stretch // read after the next products, see pass.expect

	clock  *clock  // nil where nobody asks for the time
	clocks *clocks // with it
}

// sync waits until every worker of the pass has arrived.
func (w *worker) sync() {
	if w.clock == nil {
		w.barrier.wait(w.id, w.of)
	} else {
		w.lap(&w.clock.phases[w.clock.at].work)
		w.barrier.wait(w.id, w.of)
		w.lap(&w.clock.phases[w.clock.at].wait)
	}
	w.renew()
}

// share returns this worker's part [lo, hi) of n equal pieces of work.
func (w *worker) share(n int) (lo, hi int) { return shareOf(n, w.id, w.of) }

func newPool(size int) *pool {
	p := &pool{size: size, keep: size, workers: make([]worker, size)}
	p.spin = spinLoads
	if size > runtime.GOMAXPROCS(0) {
		p.spin = spinCrowded
	}
	p.start.init(p.spin)
	p.done.init(p.spin)
	p.barrier.gate.init(p.spin)
	p.barrier.arrived = make([]arrivals, size)
	for i := range p.barrier.taken {
		for j := range p.barrier.taken[i] {
			p.barrier.taken[i][j] = make([]taken, size)
		}
	}
	for i := range p.workers {
		p.workers[i] = worker{id: i, of: 1, barrier: &p.barrier}
	}
	p.active.Store(1)
	p.resize(size)
	return p
}

// resize lets the passes from now on have n workers, at least 1 and at most
// p.size. Those that are not needed end, so that they do not even spin.
func (p *pool) resize(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(max(n, 1), p.size)
	p.asked.Store(int32(n))
	p.pace.reset(n)
	p.engage(n)
}

// engage lets the passes from now on have n workers. It is called with mu held.
func (p *pool) engage(n int) {
	was := int(p.active.Load())
	if p.closed.Load() || n == was {
		return
	}
	if n < was {
		p.keep = n
		p.turn(context.Background(), func(context.Context, *worker) {})
	}
	p.keep = p.size
	p.active.Store(int32(n))
	for i := range n {
		p.workers[i].of = n
		if i >= was {
			p.exited.Add(1)
			go p.serve(&p.workers[i], p.start.value())
		}
	}
}

// run executes body on all workers and returns when all have finished. A panic
// in any of them ends the pass for all and comes back as an error. ctx goes to
// worker 0, which is the caller; those of the others never end.
func (p *pool) run(ctx context.Context, body func(context.Context, *worker)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return ErrClosed
	}
	return p.turn(ctx, body)
}

// runRows is run for a pass over so many rows: many have all workers that were asked
// for, a single one those that the pacer chooses, who learns from it.
func (p *pool) runRows(ctx context.Context, body func(context.Context, *worker), rows int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return ErrClosed
	}
	if rows > batchRows {
		p.barrier.gate.spin = min(p.spin, spinMany)
		defer func() { p.barrier.gate.spin = p.spin }()
		p.engage(int(p.asked.Load()))
		return p.turn(ctx, body)
	}
	if rows > 1 {
		return p.turn(ctx, body)
	}
	p.engage(p.pace.workers)
	begin, lost := time.Now(), p.lost()
	err := p.turn(ctx, body)
	if err == nil {
		p.pace.next(time.Since(begin), p.lost()-lost)
	}
	return err
}

// lost is how long workers have waited for others beyond spinning, in all passes.
func (p *pool) lost() time.Duration {
	return time.Duration(p.barrier.gate.lost.Load() + p.done.lost.Load())
}

// turn is one pass. It is called with mu held.
func (p *pool) turn(ctx context.Context, body func(context.Context, *worker)) error {
	p.body, p.failure = body, nil
	p.barrier.reset()
	finished := p.done.value()
	others := p.active.Load() - 1
	p.running.Store(others)
	p.start.open()
	p.execute(ctx, &p.workers[0])
	if others > 0 {
		p.done.wait(finished)
	}
	p.body = nil
	return p.failure
}

// serve is the life of a background worker.
func (p *pool) serve(w *worker, seen uint32) {
	defer p.exited.Done()
	for {
		p.start.wait(seen)
		seen++
		if p.closed.Load() {
			return
		}
		p.execute(context.Background(), w)
		leave := w.id >= p.keep
		if p.running.Add(-1) == 0 {
			p.done.open()
		}
		if leave {
			return
		}
	}
}

// errAbandoned unwinds the workers of a pass in which another one panicked.
var errAbandoned = errors.New("inference: forward pass abandoned")

func (p *pool) execute(ctx context.Context, w *worker) {
	defer func() {
		r := recover()
		if r == nil || r == errAbandoned {
			return
		}
		p.failMu.Lock()
		if p.failure == nil {
			p.failure = FromRecover(r)
		}
		p.failMu.Unlock()
		p.barrier.abandon()
	}()
	w.queues, w.turn, w.clock = 0, 0, nil
	p.body(ctx, w)
}

// close lets a running pass finish, then ends the workers.
func (p *pool) close() {
	p.mu.Lock()
	if !p.closed.Swap(true) {
		p.start.open()
	}
	p.mu.Unlock()
	p.exited.Wait()
}

// barrier makes the workers of a pass wait for each other. Each says in a cache line of its own
// that it has come, and looks at those of the others: one line goes from one core to
// another, where a count for all goes there and back, and another line that says that it is full.
type barrier struct {
	arrived  []arrivals
	gate     gate                  // who waits long sleeps there
	taken    [2][maxQueues][]taken // of the queues between two meetings, in turns, for each worker
	meetings int64                 // counted by worker 0
}

// arrivals is how often a worker has come to the barrier in this pass.
type arrivals struct {
	atomic.Uint32
	_ [124]byte
}

func (b *barrier) wait(id, n int) {
	if n == 1 {
		return
	}
	if b.gate.broken.Load() {
		panic(errAbandoned)
	}
	times := b.arrived[id].Add(1)
	b.gate.wake()
	for i := range b.arrived[:n] {
		if i != id {
			b.gate.until(&b.arrived[i].Uint32, times)
		}
	}
	if b.gate.broken.Load() {
		panic(errAbandoned)
	}
	if id == 0 {
		b.meetings++
	}
}

// abandon releases everybody who waits or will wait.
func (b *barrier) abandon() {
	b.gate.broken.Store(true)
	b.gate.wake()
}

// reset prepares the barrier for the next pass; nobody may be waiting.
func (b *barrier) reset() {
	for i := range b.arrived {
		b.arrived[i].Store(0)
	}
	for i := range b.taken {
		for _, q := range b.taken[i] {
			for j := range q {
				q[j].Store(0)
			}
		}
	}
	b.gate.broken.Store(false)
}

// gate lets others wait until a count is reached, its own, which open raises, or another,
// whose owner calls wake.
type gate struct {
	count    atomic.Uint32
	spin     int // how often a waiter looks before it yields
	sleepers atomic.Int32
	broken   atomic.Bool  // nobody waits any more
	lost     atomic.Int64 // ns that waiters took beyond spinning
	mu       sync.Mutex
	cond     sync.Cond
}

const (
	// spinLoads is how often a waiter looks before it gives its processor to
	// another goroutine: about 100 µs, which a whole matrix takes one worker.
	// Shares of a matrix that end 20 µs apart are common where a hypervisor
	// takes a processor for a moment, and parking is dear there: with 4,000
	// looks, 60 of the 144 barriers of a 728M token parked, with 40,000 still
	// 31, with 200,000 to 400,000 about one; the token took 9.7, 9.1 and 8.0 ms.
	spinLoads = 200_000
	// spinCrowded is the same where there are more workers than processors, so
	// that some of those waited for have none.
	spinCrowded = 1000
	// spinMany is the same in passes over many rows, whose steps take a millisecond and not
	// some microseconds: waking up costs little beside that, and the system moves a worker
	// whose processor another program has to the one that is left.
	spinMany = 8000
	// spinYields is how often it then yields before it parks. Parking costs
	// the one who wakes it a system call, but spinning on would steal
	// time from a worker whose processor another program has taken.
	spinYields = 64
)

func (g *gate) init(spin int) { g.cond.L, g.spin = &g.mu, spin }
func (g *gate) value() uint32 { return g.count.Load() }

// open releases everybody who waits for the next value.
func (g *gate) open() {
	g.count.Add(1)
	g.wake()
}

// wake has sleepers look once more. A sleeper announces itself before it looks a last time,
// so either it sees the new count or this sees the sleeper.
func (g *gate) wake() {
	if g.sleepers.Load() > 0 {
		g.mu.Lock()
		g.cond.Broadcast()
		g.mu.Unlock()
	}
}

// wait returns when the count is no longer seen.
func (g *gate) wait(seen uint32) { g.until(&g.count, seen+1) }

// until returns when count is n or more, or the gate is broken.
func (g *gate) until(count *atomic.Uint32, n uint32) {
	reached := func() bool { return int32(count.Load()-n) >= 0 }
	for range g.spin {
		if reached() {
			return
		}
	}
	begin := time.Now()
	defer func() { g.lost.Add(int64(time.Since(begin))) }()
	for range spinYields {
		runtime.Gosched()
		if reached() || g.broken.Load() {
			return
		}
	}
	g.mu.Lock()
	g.sleepers.Add(1)
	for !reached() && !g.broken.Load() {
		g.cond.Wait()
	}
	g.sleepers.Add(-1)
	g.mu.Unlock()
}
