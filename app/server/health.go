package server

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"tern/inference"
)

// health says that the server answers, and what it does.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	h := struct {
		Status  string  `json:"status"` // "ok"
		Model   *string `json:"model"`  // null where none is open
		Running int     `json:"running"`
		Waiting int     `json:"waiting"`
	}{Status: "ok"}
	s.mu.Lock()
	if m := s.model; m != nil {
		h.Model = &m.engine.Model().Name
		h.Running, h.Waiting = m.load()
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, h)
}

// embeddings says that there are none. A status of 500 and above would have clients
// ask again.
func (s *Server) embeddings(w http.ResponseWriter, _ *http.Request) {
	fail(w, &apiError{status: http.StatusNotFound, Code: "embeddings_not_supported",
		Message: "Tern has no embeddings: the models that it runs write texts. Use another server for them."})
}

// totals are what a server did since it began.
type totals struct {
	mu                           sync.Mutex
	answers                      map[string]int64 // by how they ended
	prompt, cached, written      int64            // tokens
	thoughts                     int64            // of written
	reading, waiting, generating float64          // seconds
}

// add counts an answer. outcome is "error" where there is no reason to stop.
func (t *totals) add(stats inference.Stats, outcome string, waited float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.answers == nil {
		t.answers = map[string]int64{}
	}
	t.answers[outcome]++
	t.prompt += int64(stats.PromptTokens)
	t.cached += int64(stats.Reused)
	t.written += int64(stats.Generated)
	t.thoughts += int64(stats.Thoughts)
	t.waiting += waited
	t.reading += stats.Prefill.Seconds()
	t.generating += stats.Decode.Seconds()
}

// outcomes are the reasons for which answers end, and "error", in the order of the
// text.
var outcomes = []string{
	string(inference.StopEOS), string(inference.StopLength), string(inference.StopString), string(inference.StopContext),
	string(inference.StopComplete), string(inference.StopCancelled), "error",
}

// metrics answers in the text format of Prometheus, version 0.0.4.
func (s *Server) metrics(w http.ResponseWriter, _ *http.Request) {
	running, waiting, open := 0, 0, 0
	s.mu.Lock()
	if s.model != nil {
		open = 1
		running, waiting = s.model.load()
	}
	s.mu.Unlock()
	var b bytes.Buffer
	head := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP tern_%s %s\n# TYPE tern_%s %s\n", name, help, name, kind)
	}
	one := func(name, kind, help string, v any) {
		head(name, kind, help)
		fmt.Fprintf(&b, "tern_%s %v\n", name, v)
	}
	t := &s.totals
	t.mu.Lock()
	head("answers_total", "counter", "Answers by how they ended.")
	for _, o := range outcomes {
		fmt.Fprintf(&b, "tern_answers_total{end=%q} %d\n", o, t.answers[o])
	}
	one("prompt_tokens_total", "counter", "Tokens of prompts.", t.prompt)
	one("prompt_tokens_cached_total", "counter", "Tokens of prompts that were known from the turn before.", t.cached)
	one("generated_tokens_total", "counter", "Tokens written.", t.written)
	one("thought_tokens_total", "counter", "Tokens written in blocks of thoughts.", t.thoughts)
	one("queue_seconds_total", "counter", "Seconds that requests waited for their turn.", t.waiting)
	one("prompt_seconds_total", "counter", "Seconds in which prompts were read.", t.reading)
	one("generation_seconds_total", "counter", "Seconds from the first token of answers to the last.", t.generating)
	t.mu.Unlock()
	one("requests_running", "gauge", "Answers that are being written.", running)
	one("requests_waiting", "gauge", "Requests that wait for their turn.", waiting)
	one("model_open", "gauge", "Whether a model is open.", open)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // a client that has gone hears nothing
}
