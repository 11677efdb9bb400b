package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"tern/inference"
)

func (s *Server) completions(w http.ResponseWriter, r *http.Request)     { s.answer(w, r, false) }
func (s *Server) chatCompletions(w http.ResponseWriter, r *http.Request) { s.answer(w, r, true) }

// answer reads a request, waits for its turn and writes the answer.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, chat bool) {
	begin := time.Now()
	var body request
	if !s.read(w, r, &body) {
		return
	}
	model := s.open(w)
	if model == nil {
		return
	}
	q, err := s.prepare(r.Context(), model, &body, chat)
	var session *inference.Session
	if err == nil {
		session, err = model.take(r.Context(), q.ids)
	}
	if err != nil {
		if r.Context().Err() == nil {
			fail(w, told(err))
		}
		return
	}
	a := &answer{s: s, question: q, probe: probe{tok: model.engine.Tokenizer(), top: q.probs, chat: chat}, shape: newShape(chat, model.engine.Model().Name)}
	run := func(ctx context.Context, text func(string, *logProbs)) {
		a.run(ctx, session, text)
		model.give(session, a.err != nil)
	}
	if q.stream {
		a.streamTo(w, r, run)
	} else {
		a.writeTo(w, r, run)
	}
	s.log(r, a, time.Since(begin))
}

// log tells of an answer. Neither prompt nor text nor key is part of it.
func (s *Server) log(r *http.Request, a *answer, took time.Duration) {
	if s.o.Log == nil {
		return
	}
	how := string(a.stop)
	if a.err != nil {
		how = a.err.Error()
	}
	var inside *inference.Panic
	if errors.As(a.err, &inside) {
		how += "\n" + string(inside.Stack)
	}
	s.o.Log(fmt.Sprintf("%s · prompt %d tokens, %d of them known · wrote %d at %.1f tok/s · %.2f s · %s", r.URL.Path,
		len(a.ids), a.stats.Reused, a.stats.Generated, a.stats.DecodeRate(), took.Seconds(), how))
}

// answer is one run of the model for a request.
type answer struct {
	*question
	s     *Server
	shape shape
	probe probe
	stop  inference.StopReason
	stats inference.Stats
	err   error
}

// run generates and calls text with what each token adds, and how likely it was. The sequence stays
// with the session. It returns at most one token after ctx is done.
func (a *answer) run(ctx context.Context, session *inference.Session, text func(string, *logProbs)) {
	defer func() {
		if p := recover(); p != nil {
			a.err = inference.Caught(p)
		}
	}()
	for e, err := range session.Generate(ctx, a.ids, a.options) {
		if err != nil {
			a.err = err
			return
		}
		a.stats = e.Stats
		switch e.Kind {
		case inference.EventToken:
			text(e.Text, a.probe.of(&e))
			if a.s.o.onToken != nil {
				a.s.o.onToken()
			}
		case inference.EventDone:
			a.stop = e.Stop
		}
	}
}

// outcome is the error to tell the client, nil if the answer is complete.
func (a *answer) outcome() *apiError {
	switch {
	case a.err != nil:
		return told(a.err)
	case a.stop == inference.StopCancelled:
		return &apiError{status: http.StatusServiceUnavailable, Code: "stopped", Message: "Tern is closing; the answer is not complete."}
	}
	return nil
}

// writeTo answers in one piece.
func (a *answer) writeTo(w http.ResponseWriter, r *http.Request, run func(context.Context, func(string, *logProbs))) {
	var text bytes.Buffer
	var probs *logProbs
	run(r.Context(), func(s string, p *logProbs) {
		text.WriteString(s)
		probs = probs.add(p)
	})
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(a.s.o.limits.write))
	if e := a.outcome(); e != nil {
		fail(w, e)
		return
	}
	reply(w, http.StatusOK, a.shape.whole(text.String(), probs, a.stop, a.stats))
}

// streamTo answers with an event for every token. The model does not wait for
// the client: what that has not taken yet is kept, which is no more than the
// context holds, and the session is free again when the last token is written.
func (a *answer) streamTo(w http.ResponseWriter, r *http.Request, run func(context.Context, func(string, *logProbs))) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	ctx, cancel := context.WithCancel(r.Context())
	box := newMailbox()
	var writing sync.WaitGroup
	writing.Go(func() {
		defer box.close()
		if a.chat {
			box.put(a.shape.first())
		}
		run(ctx, func(s string, p *logProbs) { box.put(a.shape.token(s, p)) })
		if a.outcome() == nil {
			box.put(a.shape.last(a.stop))
			if a.usage {
				box.put(a.shape.count(a.stats))
			}
		}
	})
	defer writing.Wait()
	defer cancel()
	control := http.NewResponseController(w)
	send := func(b []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(a.s.o.limits.write))
		_, err := w.Write(b)
		return err == nil && control.Flush() == nil
	}
	for {
		events, more := box.take()
		if len(events) > 0 && !send(events) {
			return // gone, or too slow
		}
		if !more {
			break
		}
	}
	if e := a.outcome(); e != nil {
		send(event(map[string]*apiError{"error": e}))
		return
	}
	send([]byte("data: [DONE]\n\n"))
}

// event writes v as a server-sent event.
func event(v any) []byte {
	return append(append([]byte("data: "), encode(v)...), '\n')
}

// mailbox passes bytes from the goroutine that writes an answer to the one that
// sends it. Neither waits for the other while there is something to do.
type mailbox struct {
	mu     sync.Mutex
	bytes  []byte
	closed bool
	more   chan struct{} // something changed since the last take
}

func newMailbox() *mailbox { return &mailbox{more: make(chan struct{}, 1)} }

func (m *mailbox) put(v any) {
	m.mu.Lock()
	m.bytes = append(m.bytes, event(v)...)
	m.mu.Unlock()
	m.signal()
}

func (m *mailbox) close() {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.signal()
}

func (m *mailbox) signal() {
	select {
	case m.more <- struct{}{}:
	default:
	}
}

// take waits for bytes and returns all there are; more is false after the last.
func (m *mailbox) take() (b []byte, more bool) {
	for {
		m.mu.Lock()
		b, m.bytes = m.bytes, nil
		closed := m.closed
		m.mu.Unlock()
		if len(b) > 0 || closed {
			return b, !closed
		}
		<-m.more
	}
}
