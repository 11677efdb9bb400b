package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tern/inference"
	"tern/inference/answer"
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
	waited := time.Now()
	var write write
	if err == nil {
		write, err = model.turn(r.Context(), q)
	}
	if err != nil {
		if r.Context().Err() == nil {
			fail(w, told(err))
		}
		return
	}
	a := newAnswer(s, model, q, write)
	a.waited = time.Since(waited)
	if q.stream {
		a.streamTo(w, r)
	} else {
		a.writeTo(w, r)
	}
	outcome := string(a.stop)
	if a.err != nil || outcome == "" {
		outcome = "error"
	}
	s.totals.add(a.stats, outcome, a.waited.Seconds())
	s.log(r, a, time.Since(begin))
}

// log tells of an answer. Neither prompt nor text nor key is part of it.
func (s *Server) log(r *http.Request, a *run, took time.Duration) {
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

// run is one run of the model for a request.
type run struct {
	*question
	s       *Server
	write   write
	shape   shape
	probe   probe
	parts   *answer.Splitter // of chats
	markers map[int32]string // tokens without text that are given to parts
	called  int              // tools so far
	waited  time.Duration
	stop    inference.StopReason
	stats   inference.Stats
	err     error
}

func newAnswer(s *Server, m *served, q *question, write write) *run {
	tok := m.engine.Tokenizer()
	a := &run{s: s, question: q, write: write, probe: probe{tok: tok, top: q.probs, chat: q.chat}, shape: newShape(q.chat, m.engine.Model().Name)}
	if q.chat {
		f := m.engine.AnswerFormat()
		a.parts, a.markers = answer.New(f, q.split), answer.Markers(tok, f)
	}
	return a
}

// run generates and calls piece with what each token adds to the answer, which may be
// nothing, and how likely it was. The last call has no token.
func (a *run) run(ctx context.Context, piece func([]answer.Piece, *logProbs)) {
	a.err = a.write(ctx, func(e *inference.Event) {
		a.stats = e.Stats
		switch e.Kind {
		case inference.EventToken:
			text := e.Text
			if a.parts == nil {
				piece([]answer.Piece{{Text: text}}, a.probe.of(e))
			} else {
				pieces := a.parts.Push(text + a.markers[e.ID])
				if text == "" && pieces == nil {
					pieces = []answer.Piece{{}} // one event for each token
				}
				piece(pieces, a.probe.of(e))
			}
			if a.s.o.onToken != nil {
				a.s.o.onToken()
			}
		case inference.EventDone:
			a.stop = e.Stop
		}
	})
	if a.parts != nil && a.outcome() == nil {
		if rest := a.parts.Close(); rest != nil {
			piece(rest, nil)
		}
	}
}

// outcome is the error to tell the client, nil if the answer is complete.
func (a *run) outcome() *apiError {
	switch {
	case a.err != nil:
		return told(a.err)
	case a.stop == inference.StopCancelled:
		return &apiError{status: http.StatusServiceUnavailable, Code: "stopped", Message: "Tern is closing; the answer is not complete."}
	}
	return nil
}

// writeTo answers in one piece.
func (a *run) writeTo(w http.ResponseWriter, r *http.Request) {
	var said, thought strings.Builder
	var calls []toolCall
	var probs *logProbs
	a.run(r.Context(), func(pieces []answer.Piece, p *logProbs) {
		if p != nil {
			probs = probs.add(p)
		}
		for _, x := range pieces {
			switch x.Kind {
			case answer.Thought:
				thought.WriteString(x.Text)
			case answer.Called:
				call, _ := newCall(x.Call, 0, false)
				calls = append(calls, call)
			default:
				said.WriteString(x.Text)
			}
		}
	})
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(a.s.o.limits.write))
	if e := a.outcome(); e != nil {
		fail(w, e)
		return
	}
	text := said.String()
	if !a.chat {
		reply(w, http.StatusOK, a.shape.whole(text, probs, a.stop, a.stats))
		return
	}
	m := &spoken{Role: inference.RoleAssistant, Content: &text, ToolCalls: calls}
	if text == "" && calls != nil {
		m.Content = nil
	}
	if t := thought.String(); t != "" {
		m.Reasoning = &t
	}
	reply(w, http.StatusOK, a.shape.chatted(m, probs, a.stop, a.stats))
}

// events are those of a stream for what one token adds.
func (a *run) events(pieces []answer.Piece, probs *logProbs, put func(any)) {
	if len(pieces) == 0 && probs != nil {
		pieces = []answer.Piece{{}}
	}
	for _, x := range pieces {
		switch x.Kind {
		case answer.Thought:
			put(a.shape.delta(turn{Reasoning: &x.Text}, probs))
		case answer.Called:
			begun, arguments := newCall(x.Call, a.called, true)
			a.called++
			put(a.shape.delta(turn{ToolCalls: []toolCall{begun}}, probs))
			put(a.shape.delta(turn{ToolCalls: []toolCall{*arguments}}, nil))
		default:
			put(a.shape.token(x.Text, probs))
		}
		probs = nil
	}
}

// streamTo answers with an event for every token. The model does not wait for
// the client: what that has not taken yet is kept, which is no more than the
// context holds, and the session is free again when the last token is written.
func (a *run) streamTo(w http.ResponseWriter, r *http.Request) {
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
		a.run(ctx, func(pieces []answer.Piece, p *logProbs) { a.events(pieces, p, box.put) })
		if a.outcome() == nil {
			box.put(a.shape.last(a.stop, a.called))
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
