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

// slots shares a model's sessions among requests. A session is taken for one
// answer and keeps its sequence afterwards: the next turn of a conversation finds
// its beginning evaluated.
type slots struct {
	engine  *inference.Engine
	options inference.SessionOptions

	busy    chan struct{} // one element per session that is taken; those who wait to send are served in order
	waiting atomic.Int32
	queue   int32
	keep    time.Duration

	mu      sync.Mutex
	idle    []idleSession // the longest unused first
	made    int           // sessions that exist
	cleanup *time.Timer
	retired bool
}

type idleSession struct {
	*inference.Session
	since time.Time
}

func newSlots(e *inference.Engine, o *Options, context int) *slots {
	options := o.Session
	options.Context = context
	return &slots{engine: e, options: options, busy: make(chan struct{}, o.Parallel), queue: int32(o.Queue), keep: o.limits.keep}
}

// turn waits for a session. See turns.
func (m *slots) turn(ctx context.Context, q *question) (write, error) {
	session, err := m.take(ctx, q.ids)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, yield func(*inference.Event)) (err error) {
		failed := true
		defer func() {
			if p := recover(); p != nil {
				err = inference.Caught(p)
			}
			m.give(session, failed)
		}()
		for e, err := range session.Generate(ctx, q.ids, q.options) {
			if err != nil {
				return err
			}
			yield(&e)
		}
		failed = false
		return nil
	}, nil
}

// load is how many answers are being written, and how many requests wait.
func (m *slots) load() (running, waiting int) { return len(m.busy), int(m.waiting.Load()) }

// take returns the session that has most of ids evaluated, when it is this
// request's turn. It must be given back.
func (m *slots) take(ctx context.Context, ids []int32) (*inference.Session, error) {
	select {
	case m.busy <- struct{}{}:
	default:
		if m.waiting.Add(1) > m.queue {
			m.waiting.Add(-1)
			return nil, &apiError{status: http.StatusTooManyRequests, Code: "rate_limit_exceeded",
				Message: "Tern is writing as many answers as it can, and too many requests wait. Try again later."}
		}
		select {
		case m.busy <- struct{}{}:
			m.waiting.Add(-1)
		case <-ctx.Done():
			m.waiting.Add(-1)
			return nil, ctx.Err()
		}
	}
	s, err := m.choose(ids)
	if err != nil {
		<-m.busy
	}
	return s, err
}

// choose returns an idle session. A sequence is worth keeping where it makes
// most of the new one, or stays whole; otherwise an unused session is filled, and
// if there is none, the longest unused sequence is given up.
func (m *slots) choose(ids []int32) (*inference.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	best, most := -1, 0
	for i, s := range m.idle {
		if n := commonPrefix(s.Tokens(), ids); n > most && (2*n >= len(ids) || n == len(s.Tokens())) {
			best, most = i, n
		}
	}
	if best < 0 {
		if m.made < cap(m.busy) {
			s, err := m.engine.NewSession(m.options)
			if err == nil {
				m.made++
			}
			return s, err
		}
		best = 0
	}
	s := m.idle[best].Session
	m.idle = slices.Delete(m.idle, best, best+1)
	return s, nil
}

// give takes a session back. One that failed is not used again.
func (m *slots) give(s *inference.Session, failed bool) {
	m.mu.Lock()
	if failed || m.retired {
		m.made--
	} else {
		m.idle = append(m.idle, idleSession{s, time.Now()})
		if m.cleanup == nil {
			m.cleanup = time.AfterFunc(m.keep, m.forget)
		}
	}
	m.mu.Unlock()
	<-m.busy
}

// forget drops sessions that nobody used for long, and with them their memory.
func (m *slots) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for n < len(m.idle) && time.Since(m.idle[n].since) >= m.keep {
		n++
	}
	m.idle = slices.Delete(m.idle, 0, n)
	m.made -= n
	m.cleanup = nil
	if len(m.idle) > 0 && !m.retired {
		m.cleanup = time.AfterFunc(m.keep-time.Since(m.idle[0].since), m.forget)
	}
}

// retire drops the sessions of a model that is no longer served.
func (m *slots) retire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = true
	m.made -= len(m.idle)
	m.idle = nil
	if m.cleanup != nil {
		m.cleanup.Stop()
	}
}

func commonPrefix(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
