package server

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tern/inference"
)

// schedule shares a model among requests: one goroutine owns a batch and its
// sessions, and runs pass after pass while there are requests. Each pass evaluates a
// token of every answer, or of as many as fit in turn, and a slice of the prompts that
// are new. A session keeps its sequence after an answer: the next turn of a
// conversation finds its beginning evaluated, and other requests share it as far as
// they begin alike.
type schedule struct {
	engine   *inference.Engine
	options  inference.SessionOptions
	parallel int
	queue    int
	keep     time.Duration
	budget   int64 // bytes that the sequences of no answer may take

	mu      sync.Mutex
	waiting []*ticket // for their turn, in the order they came
	begun   []*ticket // whose answers the goroutine is to begin
	running int       // tickets whose turn it is, begun or not
	spared  int64     // bytes that the sequences of no answer take
	awake   bool      // the goroutine runs
	retired bool
	changed chan struct{} // something did, since the goroutine looked last

	// Of the goroutine.
	batch   *inference.Batch
	answers []*ticket
	idle    []idleSession // the longest unused first
}

// ticket is a request and its answer.
type ticket struct {
	q       *question
	turn    chan struct{} // closed when it is its turn
	done    chan struct{} // closed when the answer is complete
	yield   func(inference.Event, error) bool
	gone    atomic.Bool // nobody reads the answer
	err     error
	stream  *inference.Stream
	session *inference.Session
}

// idleSession is a session that no answer uses.
type idleSession struct {
	*inference.Session
	since time.Time
}

// cachedContexts is how many whole contexts the sequences of no answer may take.
const cachedContexts = 4

func newSchedule(e *inference.Engine, o *Options, length int) *schedule {
	options := o.Session
	options.Context = length
	m := &schedule{
		engine: e, options: options, parallel: o.Parallel, queue: o.Queue, keep: o.limits.keep,
		changed: make(chan struct{}, 1),
	}
	m.budget = cachedContexts * int64(length) * inference.KVBytesPerToken(&e.Model().Config, options.KV)
	return m
}

// turn waits until q can be answered. See turns.
func (m *schedule) turn(ctx context.Context, q *question) (write, error) {
	t := &ticket{q: q, turn: make(chan struct{}), done: make(chan struct{})}
	m.mu.Lock()
	if len(m.waiting) == 0 && m.fits(t) {
		m.running++
		close(t.turn)
	} else if len(m.waiting) >= m.queue {
		m.mu.Unlock()
		return nil, &apiError{status: http.StatusTooManyRequests, Code: "rate_limit_exceeded",
			Message: "Tern is writing as many answers as it can, and too many requests wait. Try again later."}
	} else {
		m.waiting = append(m.waiting, t)
		m.wake()
	}
	m.mu.Unlock()
	select {
	case <-t.turn:
	case <-ctx.Done():
		m.leave(t)
		return nil, ctx.Err()
	}
	return func(ctx context.Context, yield func(*inference.Event)) error { return m.write(ctx, t, yield) }, nil
}

// fits reports whether t can be answered beside what runs: within the number of answers,
// and with memory for its prompt. It is called with mu held.
func (m *schedule) fits(t *ticket) bool {
	if m.running == 0 || m.running >= m.parallel {
		return m.running == 0
	}
	free, known := m.engine.FreeMemory()
	return !known || free+m.spared >= int64(len(t.q.ids))*inference.KVBytesPerToken(&m.engine.Model().Config, m.options.KV)
}

// leave takes back a ticket that is not written.
func (m *schedule) leave(t *ticket) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.waiting, t); i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
		return
	}
	m.running-- // its turn came meanwhile
	m.wake()
}

// write lets the goroutine answer t, and calls yield there with each event. It returns
// when the answer is complete.
func (m *schedule) write(ctx context.Context, t *ticket, yield func(*inference.Event)) error {
	t.yield = func(e inference.Event, err error) (more bool) {
		defer func() {
			if p := recover(); p != nil {
				t.err, more = inference.FromRecover(p), false
			}
		}()
		if err != nil {
			t.err = err
			return false
		}
		yield(&e)
		if ctx.Err() != nil {
			t.gone.Store(true)
		}
		return true
	}
	m.mu.Lock()
	m.begun = append(m.begun, t)
	m.wake()
	m.mu.Unlock()
	select {
	case <-t.done:
	case <-ctx.Done():
		t.gone.Store(true)
		<-t.done
	}
	return t.err
}

// load is how many answers are being written, and how many requests wait.
func (m *schedule) load() (running, waiting int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running, len(m.waiting)
}

// retire gives up the sequences of a model that is no longer served. Its answers go
// on.
func (m *schedule) retire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = true
	if m.awake {
		m.wake()
	}
}

// wake has the goroutine look what changed, and starts it where it rests. It is called
// with mu held.
func (m *schedule) wake() {
	if !m.awake {
		m.awake = true
		go m.run()
	}
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// run is the goroutine. It ends when there is nothing to do and no sequence to keep.
func (m *schedule) run() {
	for m.begin() {
		if len(m.answers) > 0 {
			m.step()
			continue
		}
		oldest := time.NewTimer(m.keep)
		if len(m.idle) > 0 {
			oldest.Reset(time.Until(m.idle[0].since.Add(m.keep)))
		}
		select {
		case <-m.changed:
		case <-oldest.C:
		}
		oldest.Stop()
	}
}

// begin gives turns to those who wait, begins the answers that may begin, and forgets
// what nobody used for long. It reports whether the goroutine is needed.
func (m *schedule) begin() bool {
	spared := m.forget()
	m.mu.Lock()
	m.spared = spared
	for len(m.waiting) > 0 && m.fits(m.waiting[0]) {
		m.running++
		close(m.waiting[0].turn)
		m.waiting = slices.Delete(m.waiting, 0, 1)
	}
	begun := m.begun
	m.begun = nil
	if m.retired {
		m.idle = nil
	}
	m.awake = m.running > 0 || len(m.idle) > 0
	if !m.awake {
		m.batch = nil
	}
	awake := m.awake
	m.mu.Unlock()
	for _, t := range begun {
		m.join(t)
	}
	return awake
}

// join adds an answer to the batch.
func (m *schedule) join(t *ticket) {
	if m.batch == nil {
		m.batch = m.engine.NewBatch()
		m.batch.Spare = m.spare
	}
	m.answers = append(m.answers, t)
	if t.session, t.err = m.choose(t.q.ids); t.err == nil {
		t.stream = m.batch.Add(t.session, t.q.ids, t.q.options, t.yield)
	}
}

// step runs a pass and ends the answers that are complete.
func (m *schedule) step() {
	for _, t := range m.answers {
		if t.gone.Load() && t.stream != nil {
			t.stream.Cancel()
		}
	}
	err := m.pass()
	var ended []*ticket
	m.answers = slices.DeleteFunc(m.answers, func(t *ticket) bool {
		if err != nil && t.err == nil {
			t.err = err
		}
		if t.err == nil && !t.stream.Ended() {
			return false
		}
		if t.err == nil {
			m.idle = append(m.idle, idleSession{t.session, time.Now()})
		}
		ended = append(ended, t)
		return true
	})
	m.mu.Lock()
	m.running -= len(ended)
	m.mu.Unlock()
	for _, t := range ended {
		close(t.done)
	}
}

// pass runs a pass. After a panic the batch is not used again.
func (m *schedule) pass() (err error) {
	defer func() {
		if p := recover(); p != nil {
			m.batch, m.idle, err = nil, nil, inference.FromRecover(p)
		}
	}()
	m.batch.Step(context.Background())
	return nil
}

// leastShared is how many tokens at the beginning of two sequences are worth sharing:
// a chunk of the cache is copied for one of them to go on, which takes as long as
// evaluating about three.
const leastShared = 4

// choose returns a session for ids. It goes on with a sequence of which all is known
// to it; otherwise a new one shares what the sequence with most in common begins with,
// which may be one that another answer goes on with.
func (m *schedule) choose(ids []int32) (*inference.Session, error) {
	whole, mostWhole := -1, 0 // of idle: the longest that ids begin with
	var from *inference.Session
	most := 0
	for i, s := range m.idle {
		n := s.Common(ids)
		if n == len(s.Tokens()) && n > mostWhole {
			whole, mostWhole = i, n
		}
		if n > most {
			from, most = s.Session, n
		}
	}
	for _, t := range m.answers {
		if t.session != nil {
			if n := t.session.Common(ids); n > most {
				from, most = t.session, n
			}
		}
	}
	if whole >= 0 && mostWhole+leastShared > most {
		s := m.idle[whole].Session
		m.idle = slices.Delete(m.idle, whole, whole+1)
		return s, nil
	}
	s, err := m.batch.NewSession(m.options)
	if err == nil && most >= leastShared {
		s.Share(from, most)
	}
	return s, err
}

// forget drops sequences that nobody used for long, and the longest unused where all
// take too much memory. It returns what the others take.
func (m *schedule) forget() (bytes int64) {
	for _, s := range m.idle {
		bytes += s.KVBytes()
	}
	for len(m.idle) > 0 && (bytes > m.budget || time.Since(m.idle[0].since) >= m.keep) {
		bytes -= m.idle[0].KVBytes()
		m.spare()
	}
	return bytes
}

// spare drops the longest unused sequence, and reports whether there was one.
func (m *schedule) spare() bool {
	if len(m.idle) == 0 {
		return false
	}
	m.idle = slices.Delete(m.idle, 0, 1)
	return true
}
