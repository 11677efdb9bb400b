package worker

import (
	"sync"
	"time"
)

// Queue runs functions one at a time on a goroutine of its own, in the order in which they
// were given. One that panics ends alone.
type Queue struct {
	running sync.WaitGroup
	failed  func(error) // is told of a panic

	mu     sync.Mutex
	work   sync.Cond
	queue  []func()
	closed bool
	timer  *time.Timer // of Soon, nil for none
}

// NewQueue returns one that reports panics to failed.
func NewQueue(failed func(error)) *Queue {
	q := &Queue{failed: failed}
	q.work.L = &q.mu
	q.running.Go(q.serve)
	return q
}

func (q *Queue) serve() {
	for {
		q.mu.Lock()
		for len(q.queue) == 0 && !q.closed {
			q.work.Wait()
		}
		if len(q.queue) == 0 {
			q.mu.Unlock()
			return
		}
		do := q.queue[0]
		q.queue = q.queue[1:]
		q.mu.Unlock()
		if err := Guard(func() error { do(); return nil }); err != nil {
			q.failed(err)
		}
	}
}

// Do has f run, even if the queue is closed meanwhile.
func (q *Queue) Do(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.queue = append(q.queue, f)
		q.work.Signal()
	}
}

// Soon has f run after a delay, unless something waits for its delay already.
func (q *Queue) Soon(delay time.Duration, f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.timer != nil || q.closed {
		return
	}
	q.timer = time.AfterFunc(delay, func() {
		q.mu.Lock()
		q.timer = nil
		q.mu.Unlock()
		q.Do(f)
	})
}

// Close waits until everything that was given has run. What waits for its delay is dropped.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
	}
	q.work.Signal()
	q.mu.Unlock()
	q.running.Wait()
}
