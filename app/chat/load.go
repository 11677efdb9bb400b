package chat

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"tern/app/chat/backend"
	"tern/app/say"
	"tern/app/settings"
	"tern/model"
)

// load is a model being read.
type load struct {
	ctx    context.Context
	cancel context.CancelFunc
	path   string
	ended  chan struct{} // closed when the reading has ended
}

// Load opens the checkpoint at path, or the built-in model for "". The open
// model stays until the new one is ready, and stays open if that fails. A Load
// that is running is given up for it.
func (c *Controller) Load(path string, g settings.Generation) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{ctx: ctx, cancel: cancel, path: path, ended: make(chan struct{})}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		cancel()
		return
	}
	previous := c.load
	c.load = l
	c.view.Load = LoadProgress{Name: backend.NameOf(path)}
	c.view.Problem, c.view.Notice = nil, say.Text{}
	if previous != nil {
		previous.cancel()
	}
	c.running.Go(func() {
		defer close(l.ended)
		if previous != nil {
			<-previous.ended // two models at once may be more than the memory holds
		}
		c.read(l, g)
	})
	c.mu.Unlock()
	c.do(func(context.Context) { c.endAll() })
}

// CancelLoad gives up a Load that is running.
func (c *Controller) CancelLoad() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.load != nil {
		c.load.cancel()
	}
}

// read reads the model on the load's own goroutine and leaves it to the worker.
func (c *Controller) read(l *load, g settings.Generation) {
	begin := time.Now()
	var m *backend.Model
	err := guarded(func() (err error) {
		m, err = c.open(l.ctx, l.path, g, func(p model.Progress) {
			c.change(func(v *View) {
				if c.load == l {
					v.Load.Layer, v.Load.Layers = p.Layer, p.Layers
					v.Load.Bytes, v.Load.TotalBytes = p.Bytes, p.TotalBytes
					v.Load.Left = left(time.Since(begin), p)
				}
			})
		})
		return err
	})
	if err != nil {
		c.failed(l, err)
		return
	}
	if !c.do(func(context.Context) { c.install(l, m, g) }) {
		m.Close()
		l.cancel()
	}
}

// install puts a model that was read in the place of the open one.
func (c *Controller) install(l *load, m *backend.Model, g settings.Generation) {
	err := l.ctx.Err() // given up between the last byte and now?
	context := 0
	if err == nil {
		context, err = m.Prepare(g)
	}
	if err != nil {
		m.Close()
		c.failed(l, err)
		return
	}
	c.endAll()
	old := c.model
	c.model = m
	c.announce(m)
	c.unjudged.Store(true)
	info := m.Info
	c.change(func(v *View) {
		if c.load == l {
			c.load = nil
		}
		v.Model, v.Load, v.Advice, v.Yields = &info, LoadProgress{}, nil, false
		c.forgetSource(v)
		c.weights, c.local = nil, m.Local
		if m.Local != nil {
			c.weights = m.Local.Weights
			if !info.Builtin {
				c.source = c.weights
			}
		}
		c.context = context
		c.setMode(v)
	})
	l.cancel()
	c.rest()
	if old != nil {
		old.Close()
	}
	debug.FreeOSMemory() // of the one before, and what reading took
}

// failed ends a load that brought no model.
func (c *Controller) failed(l *load, err error) {
	defer l.cancel()
	c.change(func(v *View) {
		if c.load != l {
			return // another one took its place and has the word
		}
		c.load = nil
		v.Load = LoadProgress{}
		switch {
		case !errors.Is(err, context.Canceled):
			p := c.problem(err, l.path)
			v.Problem = &p
		case v.Model != nil:
			v.Notice = say.Say("Cancelled. {{.Model}} is still open.", "Model", v.Model.Name)
		default:
			v.Notice = say.Say("Cancelled. No model is open.")
		}
	})
}

// left estimates the time that the rest of a load takes, 0 before there is
// enough to judge by.
func left(elapsed time.Duration, p model.Progress) time.Duration {
	if elapsed < time.Second/2 || p.Bytes <= 0 || p.Bytes > p.TotalBytes {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(p.Bytes) * float64(p.TotalBytes-p.Bytes))
}
