package chat

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/worker"
	"tern/app/say"
	"tern/app/settings"
	"tern/model"
)

// ModelView is what a window shows of the open model, and of one that is being read. It is never changed.
type ModelView struct {
	Model        *ModelInfo // nil: none is open
	Load         LoadProgress
	Advice       *Advice // nil: none
	CoreReserved bool    // automatic threads are one fewer than there are cores, for the window's sake

	loading bool
}

// LoadProgress describes a model being read.
type LoadProgress struct {
	Name              string
	Layer, Layers     int
	Bytes, TotalBytes int64
	Left              time.Duration // estimate, 0 while there is none
}

// Models opens models, one at a time, and keeps how they are to be read. Its methods may be called
// from any goroutine and return at once.
type Models struct {
	host     modelsHost
	open     backend.Opener
	readings *backend.Readings
	running  sync.WaitGroup // the loads
	unjudged atomic.Bool    // the open model was not looked at yet

	mu     sync.Mutex // of all below
	view   ModelView
	load   *load // being read, nil if none is
	closed bool
}

// modelsHost is what models need of the controller.
type modelsHost struct {
	changed func()                                     // after a change of the view
	tell    func(func(*notices))                       // changes what is said; a lock of Models may be taken in it
	problem func(err error, path string) *say.Problem  // of an error
	do      func(worker.Command) bool                  // gives the worker a command
	endAll  func()                                     // within a command: ends every answer
	install func(m *backend.Model, n int, show func()) // within a command: makes m the open model
	close   func(show func())                          // within a command: closes the open model
}

// load is a model being read.
type load struct {
	ctx    context.Context
	cancel context.CancelFunc
	path   string
	ended  chan struct{} // closed when the reading has ended
}

// snapshot is the view.
func (m *Models) snapshot() ModelView {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.view
	v.loading = m.load != nil
	return v
}

// change alters the view.
func (m *Models) change(f func(*ModelView)) {
	defer m.host.changed()
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.view)
}

// Load opens the checkpoint at path, or the built-in model for "". The open
// model stays until the new one is ready, and stays open if that fails. A Load
// that is running is given up for it.
func (m *Models) Load(path string, g settings.Generation) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{ctx: ctx, cancel: cancel, path: path, ended: make(chan struct{})}
	m.host.tell(func(n *notices) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.closed {
			cancel()
			return
		}
		previous := m.load
		m.load = l
		m.view.Load = LoadProgress{Name: backend.NameOf(path)}
		*n = notices{}
		if previous != nil {
			previous.cancel()
		}
		m.running.Go(func() {
			defer close(l.ended)
			if previous != nil {
				<-previous.ended // two models at once may be more than the memory holds
			}
			m.read(l, g)
		})
	})
	m.host.do(func(context.Context) { m.host.endAll() })
}

// CancelLoad gives up a Load that is running.
func (m *Models) CancelLoad() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.load != nil {
		m.load.cancel()
	}
}

// Unload closes the model and returns its memory to the system. The document
// stays.
func (m *Models) Unload() {
	m.CancelLoad()
	m.host.do(func(context.Context) {
		m.host.close(func() {
			m.unjudged.Store(false)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.view.Model, m.view.Advice = nil, nil
		})
	})
}

// ReserveCore leaves one core to the window from the next answer on, until another
// model is opened: the window was slow while all of them worked. It changes
// nothing where the user chose the number of threads.
func (m *Models) ReserveCore() { m.change(func(v *ModelView) { v.CoreReserved = true }) }

// read reads the model on the load's own goroutine and leaves it to the worker.
func (m *Models) read(l *load, g settings.Generation) {
	begin := time.Now()
	var x *backend.Model
	err := worker.Guard(func() (err error) {
		x, err = m.open(l.ctx, l.path, g, func(p model.Progress) {
			m.change(func(v *ModelView) {
				if m.load == l {
					v.Load.Layer, v.Load.Layers = p.Layer, p.Layers
					v.Load.Bytes, v.Load.TotalBytes = p.Bytes, p.TotalBytes
					v.Load.Left = left(time.Since(begin), p)
				}
			})
		})
		return err
	})
	if err != nil {
		m.failed(l, err)
		return
	}
	if !m.host.do(func(context.Context) { m.install(l, x, g) }) {
		x.Close()
		l.cancel()
	}
}

// install puts a model that was read in the place of the open one.
func (m *Models) install(l *load, x *backend.Model, g settings.Generation) {
	err := l.ctx.Err() // given up between the last byte and now?
	positions := 0
	if err == nil {
		positions, err = x.Prepare(g)
	}
	if err != nil {
		x.Close()
		m.failed(l, err)
		return
	}
	m.unjudged.Store(true)
	m.host.install(x, positions, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.load == l {
			m.load = nil
		}
		m.view = ModelView{Model: &x.Info}
	})
	l.cancel()
}

// failed ends a load that brought no model.
func (m *Models) failed(l *load, err error) {
	defer l.cancel()
	m.host.tell(func(n *notices) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.load != l {
			return // another one took its place and has the word
		}
		m.load = nil
		m.view.Load = LoadProgress{}
		switch {
		case !errors.Is(err, context.Canceled):
			n.problem = m.host.problem(err, l.path)
		case m.view.Model != nil:
			n.notice = say.Say("Cancelled. {{.Model}} is still open.", "Model", m.view.Model.Name)
		default:
			n.notice = say.Say("Cancelled. No model is open.")
		}
	})
}

// afterPanic forgets a load whose model was lost in a command that panicked, and looks at no model again.
func (m *Models) afterPanic() {
	m.unjudged.Store(false)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.load == nil {
		return
	}
	select {
	case <-m.load.ended: // it was what this command was to put in place
		m.load = nil
	default:
	}
}

// shut gives up a load, and no other begins.
func (m *Models) shut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.load != nil {
		m.load.cancel()
	}
}

// left estimates the time that the rest of a load takes, 0 before there is
// enough to judge by.
func left(elapsed time.Duration, p model.Progress) time.Duration {
	if elapsed < time.Second/2 || p.Bytes <= 0 || p.Bytes > p.TotalBytes {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(p.Bytes) * float64(p.TotalBytes-p.Bytes))
}
