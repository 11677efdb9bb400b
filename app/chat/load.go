package chat

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"tern/app/chat/document"
	"tern/app/remote"
	"tern/app/say"
	"tern/app/settings"
	"tern/assets"
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
	c.view.Load = LoadProgress{Name: modelName(path)}
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
	var e engine
	err := guarded(func() (err error) {
		e, err = c.open(l.ctx, l.path, g, func(p model.Progress) {
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
	if !c.do(func(context.Context) { c.install(l, e, g) }) {
		e.Close()
		l.cancel()
	}
}

// install puts a model that was read in the place of the open one.
func (c *Controller) install(l *load, e engine, g settings.Generation) {
	err := l.ctx.Err() // given up between the last byte and now?
	var s session
	if err == nil {
		s, err = e.Session(g)
	}
	if err != nil {
		e.Close()
		c.failed(l, err)
		return
	}
	c.endAll()
	old := c.engine
	c.engine = e
	c.announce(e)
	c.unjudged.Store(true)
	c.vocab = new(document.Vocab)
	info := e.Info()
	c.change(func(v *View) {
		if c.load == l {
			c.load = nil
		}
		v.Model, v.Load, v.Advice, v.Yields = &info, LoadProgress{}, nil, false
		c.forgetSource(v)
		c.weights = nil
		if k, able := e.(copier); able {
			c.weights = localWeights{k.Model()}
		}
		if k, able := e.(copier); able && !info.Builtin {
			c.source = k.Model()
		}
		c.context = s.Context()
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

// BuiltinName is what the built-in model is called.
func BuiltinName() string { return assets.About().Name }

// part matches the end of the name of one of several files that are a model
// together.
var part = regexp.MustCompile(`(?i)-\d{5}-of-\d{5}\.(?:safetensors|gguf)`)

// NameOf is what to call the model at path, which need not be there.
func NameOf(path string) string { return modelName(path) }

// modelName is what to call the model at path before it is open: as it will
// call itself.
func modelName(path string) string {
	if path == "" {
		return assets.About().Name
	}
	if base, name, ok := remote.Split(path); ok {
		return name + " on " + remote.Host(base)
	}
	name := filepath.Base(path)
	found := part.FindStringIndex(name)
	switch ext := strings.ToLower(filepath.Ext(name)); {
	case ext == ".gguf" && found != nil && !strings.HasPrefix(name, "ggml-model"):
		return name[:found[0]]
	case ext == ".json", ext == ".model", strings.EqualFold(name, "model.safetensors"), found != nil,
		ext == ".gguf" && (strings.EqualFold(name, "model.gguf") || strings.HasPrefix(name, "ggml-model")):
		if abs, err := filepath.Abs(path); err == nil {
			return filepath.Base(filepath.Dir(abs))
		}
	}
	if ext := filepath.Ext(name); isGGUF(name) || strings.EqualFold(ext, ".safetensors") {
		return strings.TrimSuffix(name, ext)
	}
	return name
}
