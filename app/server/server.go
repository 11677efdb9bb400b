// Package server lets other programs on this computer use the open model, over the
// OpenAI API: /v1/models, /v1/completions, /v1/chat/completions.
// Chats think, call tools and answer in JSON of a schema where the model's template
// and the request have it so (tools.go, form.go).
//
// It listens on loopback addresses only, and rejects cross-origin requests and DNS rebinding:
// a Host or Origin that is not loopback is refused (guard.go). A request becomes
// a question (question.go), waits for its turn (model.go, schedule.go) and is
// answered while it is written (answer.go, logprobs.go). Answers that are written at the same
// time advance in the same passes over the model; requests that wait are served in the order
// they came.
package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"tern/inference"
)

// The numbers of Options that leave them out.
const (
	DefaultParallel = 32
	DefaultQueue    = 64
)

// Options says how to serve.
type Options struct {
	// Key, if not empty, must come with every request: "Authorization: Bearer KEY".
	Key string
	// Origins are the web pages and apps that may ask beside those of this
	// computer, as the Origin of their requests names them. See CleanOrigins.
	Origins []string
	// Parallel is how many answers are written at once, fewer where there is no
	// memory for their contexts (inference.KVBytesPerToken); 0 is DefaultParallel.
	Parallel int
	// Queue is how many requests may wait beyond that; 0 is DefaultQueue. More are
	// answered with 429.
	Queue int
	// Session says how every session keeps its sequence.
	Session inference.SessionOptions
	// Log, if set, is told of every answered request in one line, which holds
	// neither key nor text. It may be called from several goroutines.
	Log func(line string)

	limits  limits // the zero value is defaultLimits
	onToken func() // of the tests, to hold a token back; called by whoever writes
}

// limits bound what a client can hold up.
type limits struct {
	body        int64         // bytes of a request
	header      int           // bytes of its header
	connections int           // open at once
	readHeader  time.Duration // until the header is there
	read        time.Duration // until the body is
	write       time.Duration // until a client takes what is sent to it
	idle        time.Duration // between two requests
	shutdown    time.Duration // until running requests are cut off
	keep        time.Duration // how long an unused session keeps its memory
}

// The largest context of a known model, 32,768 tokens, is 150 KB of English.
var defaultLimits = limits{
	body: 2 << 20, header: 16 << 10, connections: 256,
	readHeader: 5 * time.Second, read: 30 * time.Second, write: 30 * time.Second,
	idle: time.Minute, shutdown: 5 * time.Second, keep: 5 * time.Minute,
}

// Server answers requests with the model given to Use.
type Server struct {
	o      Options
	key    [sha256.Size]byte // of Options.Key
	mux    *http.ServeMux
	http   *http.Server
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	served sync.WaitGroup // the listeners
	long   chan struct{}  // one element while a long request is prepared
	totals totals         // of /metrics

	mu    sync.Mutex
	model *served // nil: no model is open
}

// New returns a server that is not listening yet and has no model.
func New(o Options) *Server {
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.limits == (limits{}) {
		o.limits = defaultLimits
	}
	s := &Server{o: o, key: sha256.Sum256([]byte(o.Key)), mux: http.NewServeMux(), long: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.mux.HandleFunc("GET /v1/models", s.models)
	s.mux.HandleFunc("GET /v1/models/{id...}", s.oneModel)
	s.mux.HandleFunc("POST /v1/completions", s.completions)
	s.mux.HandleFunc("POST /v1/chat/completions", s.chatCompletions)
	s.mux.HandleFunc("GET /health", s.health)
	s.mux.HandleFunc("GET /metrics", s.metrics)
	s.mux.HandleFunc("POST /v1/embeddings", s.embeddings)
	s.mux.HandleFunc("GET /{$}", s.health)
	s.mux.HandleFunc("/", s.unknown)
	s.http = s.newHTTP()
	return s
}

// Use makes e the model that is served, nil for none. Answers that another
// model is writing go on until that is closed.
func (s *Server) Use(e *inference.Engine) {
	var m *served
	if e != nil {
		m = newServed(e, &s.o)
	}
	s.serve(m)
}

// serve makes m the model that is served, nil for none.
func (s *Server) serve(m *served) {
	s.mu.Lock()
	old := s.model
	s.model = m
	s.mu.Unlock()
	if old != nil {
		old.retire()
	}
}

// open returns the model, or writes that there is none.
func (s *Server) open(w http.ResponseWriter) *served {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.model == nil {
		fail(w, &apiError{status: http.StatusServiceUnavailable, Code: "model_not_open",
			Message: "No model is open in Tern. Open one, then try again."})
	}
	return s.model
}

func (s *Server) models(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	m := s.model
	s.mu.Unlock()
	list := struct {
		Object string      `json:"object"`
		Data   []modelCard `json:"data"`
	}{"list", []modelCard{}}
	if m != nil {
		list.Data = append(list.Data, m.card())
	}
	reply(w, http.StatusOK, list)
}

func (s *Server) oneModel(w http.ResponseWriter, r *http.Request) {
	m := s.open(w)
	if m == nil {
		return
	}
	if id := r.PathValue("id"); id != m.card().ID {
		fail(w, &apiError{status: http.StatusNotFound, Param: "model", Code: "model_not_found",
			Message: fmt.Sprintf("The model %q is not open; %q is.", clip(id), m.card().ID)})
		return
	}
	reply(w, http.StatusOK, m.card())
}

// unknown answers what no other pattern matches, which with the patterns that
// name a method includes a wrong one.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	e := &apiError{status: http.StatusNotFound, Code: "unknown_url",
		Message: fmt.Sprintf("There is no %s %s here. Tern has GET /v1/models, POST /v1/completions, POST /v1/chat/completions, GET /health and GET /metrics.", r.Method, clip(r.URL.Path))}
	other := r.Clone(r.Context())
	for method, allowed := range map[string]string{http.MethodGet: "GET, HEAD, OPTIONS", http.MethodPost: "POST, OPTIONS"} {
		other.Method = method
		if _, pattern := s.mux.Handler(other); pattern != "/" {
			w.Header().Set("Allow", allowed)
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			e.status, e.Code = http.StatusMethodNotAllowed, "method_not_allowed"
			e.Message = fmt.Sprintf("%s takes %s, not %s.", clip(r.URL.Path), method, clip(r.Method))
		}
	}
	fail(w, e)
}

// newID returns a name for an answer, as clients expect one.
func newID(kind string) string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return kind + "-" + hex.EncodeToString(b[:])
}

// clip shortens what a client sent before it is said back to it.
func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
