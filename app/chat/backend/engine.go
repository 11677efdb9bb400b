package backend

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"tern/app/builtin"
	"tern/app/check"
	"tern/app/settings"
	"tern/assets"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// engine is the Engine of the program: an inference.Engine, which it replaces where another
// number of threads is asked for, and one session.
type engine struct {
	*inference.Engine
	session *inference.Session // nil before the first
	threads int                // as asked for; 0 is automatic
	free    func() (bytes int64, known bool)
	path    string

	snapshots   func() int64      // inference.SessionOptions.Snapshots as it is wanted now; nil for the default
	corrections check.Corrections // that it was opened with
}

// open opens a checkpoint with corrections, or the built-in model for "".
func open(ctx context.Context, path string, c check.Corrections, o inference.Options, snapshots func() int64) (*Model, error) {
	begin := time.Now()
	var e *inference.Engine
	var err error
	if path == "" {
		e, err = builtin.Open(ctx, o)
	} else if path, err = filepath.Abs(path); err == nil {
		e, err = check.Open(ctx, path, c, o)
	}
	if err != nil {
		return nil, err
	}
	if e.Tokenizer() == nil {
		e.Close()
		return nil, fmt.Errorf("backend: the checkpoint has %w", tokenizer.ErrNone)
	}
	info := describe(e.Model(), path)
	info.Template, _ = e.ChatTemplate()
	info.Notes, info.Thinks = e.Notes(), thinks(e.AnswerFormat())
	info.OpenedIn = time.Since(begin)
	return Of(e, info, c, o, snapshots), nil
}

// Of is the model of an engine that was opened with corrections and options. It closes the engine. snapshots, if
// not nil, is the memory for copies of a state of linear attention as it is wanted now.
func Of(e *inference.Engine, info Info, c check.Corrections, o inference.Options, snapshots func() int64) *Model {
	x := &engine{snapshots: snapshots, Engine: e, threads: o.Threads, free: o.Free, path: info.Path, corrections: c}
	m := NewLocal(x, info)
	m.Local.Weights = e.Model()
	m.Local.Shared = func() *inference.Engine { return x.Engine }
	m.Local.Judge = x.judge
	m.Local.ReserveCore = x.reserveCore
	return m
}

// floats are the types of tensors that become ternary only while they are read.
var floats = map[string]struct{}{"F32": {}, "F16": {}, "BF16": {}}

func describe(m *model.Model, path string) Info {
	info := Info{
		Name:       m.Name,
		Path:       path,
		Family:     m.Family,
		Params:     m.Params(),
		ContextLen: m.ContextLen,
		KVBytes:    inference.KVBytesPerToken(&m.Config, inference.KVF16),
		Summary:    m.Summary(),
		Builtin:    path == "",
		Float:      m.Input == model.InputFloat,

		EitherInput: path != "" && checkpoint.SaysInput(&m.Config),
		Recommended: m.Recommended,
	}
	for _, p := range m.MemoryParts() {
		info.MemoryBytes += p.Bytes
	}
	for _, t := range m.Tensors {
		_, float := floats[t.Type]
		info.Latent = info.Latent || float && t.Linear != nil
	}
	if info.Builtin {
		info.Examples = assets.About().Examples
	}
	return info
}

func (e *engine) Forget() { e.session = nil }

func (e *engine) Session(g settings.Generation) (Session, error) {
	if g.Threads != e.threads {
		other, err := inference.New(e.Model(), e.corrections.Options(inference.Options{Threads: g.Threads, Free: e.free}))
		if err != nil {
			return nil, err
		}
		e.Close()
		e.Engine, e.session, e.threads = other, nil, g.Threads
	}
	length := e.Model().ContextLen
	if g.Context > 0 {
		length = min(length, g.Context)
	}
	budget := int64(0)
	if e.snapshots != nil {
		budget = e.snapshots()
	}
	if e.session == nil || e.session.Context() != length {
		s, err := e.NewSession(inference.SessionOptions{Context: length, Snapshots: budget})
		if err != nil {
			return nil, err
		}
		e.session = s
	}
	e.session.SetSnapshots(budget)
	return e.session, nil
}

// reserveCore lets the engine have a thread fewer than there are cores, or all again. The number
// that a user chose stays.
func (e *engine) reserveCore(on bool) {
	if e.threads != 0 {
		return
	}
	n := inference.DefaultThreads()
	if on {
		n--
	}
	e.SetThreads(n)
}

func (e *engine) judge(ctx context.Context) (check.Corrections, error) {
	r, err := check.Quick(ctx, e.Engine, check.Options{Reopen: e.reopener()})
	debug.FreeOSMemory() // the caches of what was tried
	if err != nil {
		return nil, err
	}
	// Chats end at the markers of their template whatever the file says.
	if _, chats := e.ChatTemplate(); chats {
		r.Corrections = slices.DeleteFunc(r.Corrections, func(c check.Correction) bool { return c == check.StopMarkers })
	}
	return r.Corrections, nil
}

// reopener is that of check.Options, nil where there is no memory for the model a
// second time.
func (e *engine) reopener() func(context.Context, check.Correction) (*model.Model, error) {
	var need int64
	for _, part := range e.Model().MemoryParts() {
		need += part.Bytes
	}
	if e.free != nil {
		if left, known := e.free(); known && left < need {
			return nil
		}
	}
	return func(ctx context.Context, c check.Correction) (*model.Model, error) {
		return check.OpenModel(ctx, e.path, append(slices.Clip(e.corrections), c), nil)
	}
}
