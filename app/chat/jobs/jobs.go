// Package jobs has what can be done with an open model beside conversations: a compact copy of it, a
// measurement of its speed, what it is made of, and recipes of what it wrote.
package jobs

import (
	"context"
	"sync"

	"tern/app/chat/backend"
	"tern/app/say"
	"tern/model"
)

// Host is what jobs need of the program around them.
type Host struct {
	Changed func()                                    // after a change of what View returns
	Failed  func(error)                               // says that a job panicked
	Problem func(err error, path string) *say.Problem // of an error
	Free    func() (bytes int64, known bool)          // memory; nil for as much as it takes

	// Exclusive runs f while nothing else uses the model, until another command ends ctx. It passes
	// false where the model is in use, and returns without a call after the end of the program.
	Exclusive func(f func(ctx context.Context, free bool))
	// Made is the record of the newest answer of the conversation that is shown, nil for none.
	Made func() any
	// Threads is how many the last answer was written with, as its settings say it.
	Threads func() int
}

// View is what a window shows of jobs. It is never changed.
type View struct {
	Copy *Copy // a compact copy being made or just made; nil: none
}

// Jobs are those of one model at a time. Its methods may be called from any goroutine and, but for
// Close, return at once.
type Jobs struct {
	host    Host
	running sync.WaitGroup

	mu      sync.Mutex     // of all below
	local   *backend.Local // the open model; nil for none, and for one of a server
	info    backend.Info
	view    View
	copying *Copy // the job that view.Copy shows
	closed  bool
}

// New returns jobs without a model.
func New(h Host) *Jobs { return &Jobs{host: h} }

// View returns a snapshot.
func (j *Jobs) View() View {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.view
}

// Use makes m the model of the jobs, nil for none. A copy that is being written is finished;
// one that waits to be kept is forgotten.
func (j *Jobs) Use(m *backend.Model) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.local, j.info = nil, backend.Info{}
	if m != nil && m.Local != nil && m.Local.Weights != nil {
		j.local, j.info = m.Local, m.Info
	}
	if j.view.Copy != nil && j.view.Copy.Price != nil {
		j.view.Copy = nil
	}
}

// weights are those of the open model, nil where there are none.
func (j *Jobs) weights() *model.Model {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.local == nil {
		return nil
	}
	return j.local.Weights
}

// run runs f on a goroutine that Close waits for; after Close it does nothing.
func (j *Jobs) run(f func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		j.running.Go(f)
	}
}

// Close ends the jobs and waits until no goroutine is left.
func (j *Jobs) Close() {
	j.mu.Lock()
	j.closed = true
	if j.copying != nil {
		j.copying.cancel()
	}
	j.mu.Unlock()
	j.running.Wait()
}
