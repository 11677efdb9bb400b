package server

import (
	"sync"

	"tern/inference"
)

// Switch is a server that is turned on and off while the program runs, and goes
// on with whichever model is open. Its zero value is off and has no model. Its
// methods may be called from any goroutine; Set and Close wait for running
// answers to end.
type Switch struct {
	setting sync.Mutex // held by Set and Close

	mu     sync.Mutex
	server *Server // nil: off
	engine *inference.Engine
}

// Use makes e the model that is served, nil for none.
func (w *Switch) Use(e *inference.Engine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engine = e
	if w.server != nil {
		w.server.Use(e)
	}
}

// On serves at port, after ending what was served before, and returns the base URL
// for clients. Errors are those of Start; then it is off.
func (w *Switch) On(port int, o Options) (baseURL string, err error) {
	w.setting.Lock()
	defer w.setting.Unlock()
	w.off()
	s := New(o)
	baseURL, err = s.Start(port)
	if err != nil {
		s.Close()
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = s
	s.Use(w.engine)
	return baseURL, nil
}

// Off ends the server, if it is on.
func (w *Switch) Off() {
	w.setting.Lock()
	defer w.setting.Unlock()
	w.off()
}

func (w *Switch) off() {
	w.mu.Lock()
	s := w.server
	w.server = nil
	w.mu.Unlock()
	if s != nil {
		s.Close()
	}
}
