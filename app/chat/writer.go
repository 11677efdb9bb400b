package chat

import (
	"errors"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/chat/shelf"
	"tern/app/chat/worker"
	"tern/app/say"
	"tern/app/settings"
	"tern/inference"
)

// writer has the open model write answers into the conversations of the desk, one after the other. The worker
// alone uses it.
type writer struct {
	desk     *desk
	shelf    *shelf.Shelf
	commands *worker.Commands
	kept     *Kept
	host     writerHost
	running  sync.WaitGroup // the answer's goroutine

	model      *backend.Model      // nil: none is open
	announced  *inference.Engine   // what host.engine was told last
	generation settings.Generation // of the last answer
}

// writerHost is what a writer needs of the controller.
type writerHost struct {
	engine   func(*inference.Engine) // Options.Engine; may be nil
	problem  func(err error, path string) *say.Problem
	loading  func() bool // a model is being read
	reserves func() bool // a core is left to the window
}

// info is that of the open model, nil for none.
func (w *writer) info() *backend.Info {
	if w.model == nil {
		return nil
	}
	return &w.model.Info
}

// announce reports the engine of the open model; models of servers count as none.
func (w *writer) announce(m *backend.Model) {
	var shared *inference.Engine
	if m != nil && m.Local != nil && m.Local.Shared != nil {
		shared = m.Local.Shared()
	}
	if shared != w.announced && w.host.engine != nil {
		w.host.engine(shared)
	}
	w.announced = shared
}

// install makes m the open model. show is called where a change is allowed to show it.
func (w *writer) install(m *backend.Model, context int, show func()) {
	w.endAll()
	w.kept.leave(w.model, patienceEnd)
	w.kept.other()
	old := w.model
	w.model = m
	w.announce(m)
	d := w.desk
	d.change(func() {
		show()
		d.context = context
		d.conv.setMode(w.info(), d.newID)
	})
	w.resetFigures()
	if old != nil {
		old.Close()
	}
	debug.FreeOSMemory() // of the one before, and what reading took
}

// close closes the open model. The mode of the conversation that is shown stays.
func (w *writer) close(show func()) {
	w.endAll()
	if w.model == nil {
		return
	}
	w.kept.leave(w.model, patienceEnd)
	w.kept.other()
	w.announce(nil)
	w.model.Close()
	w.model = nil
	d := w.desk
	d.change(func() {
		show()
		d.context, d.conv.figures, d.notices = 0, Figures{}, notices{}
	})
	debug.FreeOSMemory()
}

// forget drops what the open model has of earlier prompts.
func (w *writer) forget() {
	w.model.Forget()
	w.kept.set("", nil)
}

// positions is the number of positions that a document takes in a conversation,
// 0 where a server alone could tell.
func (w *writer) positions(t *conversation, d document.Document) int {
	if w.model == nil || w.desk.context == 0 || len(d.Segments) == 0 {
		return 0
	}
	return w.model.Positions(w.desk.prompt(t, d))
}

// resetFigures forgets the last answer's figures and what was said about it, and
// counts the document that is shown again.
func (w *writer) resetFigures() {
	d := w.desk
	used := w.positions(d.conv, d.conv.document)
	d.change(func() {
		d.conv.figures = Figures{Context: d.context, ContextUsed: min(used, d.context)}
		d.notices = notices{}
		if len(d.conv.document.Segments) == 0 {
			d.conv.setMode(w.info(), d.newID)
		}
	})
}

// commit puts the document into the tree and saves, after every change of it.
func (w *writer) commit(t *conversation) {
	now := w.shelf.Now()
	w.desk.change(func() {
		t.tree.Add(t.document)
		t.changed, t.dirty = now, true
	})
	w.shelf.Save()
}

// putAway saves a conversation that goes from memory.
func (w *writer) putAway(t *conversation) {
	if f := w.desk.putAway(t); f != nil {
		w.shelf.Put(f)
	}
}

// answer makes doc the document that is shown and continues it, at once or when
// the answers before it are written. Undo will bring back the document of before,
// however far this comes.
func (w *writer) answer(doc document.Document, g settings.Generation) {
	d := w.desk
	t := d.conv
	j := newJob(t, g)
	w.generation = g
	d.change(func() {
		t.remember()
		t.document = doc
		t.draft = ""
		t.generation = &g
		d.notices = notices{}
		t.figures = Figures{Context: d.context, ContextUsed: t.figures.ContextUsed, MaxTokens: g.MaxTokens, Seed: g.Seed}
		if g.RandomSeed {
			t.figures.Seed = rand.Uint32()
		}
		switch {
		case w.model != nil:
			d.waiting = append(d.waiting, j)
			j.name = t.file().Name()
		case w.host.loading():
			d.notices.notice = say.Say("Available when the model is open.")
		default:
			d.notices.problem = &say.Problem{Sentence: say.Say("No model is open"), Hint: say.Say("Open a model, then generate.")}
		}
	})
	w.commit(t)
	if w.model == nil {
		w.settle(j)
		return
	}
	w.proceed()
}

// proceed writes the next answer that waits, unless one is being written.
func (w *writer) proceed() {
	d := w.desk
	for d.job == nil && len(d.waiting) > 0 {
		d.change(func() {
			d.job, d.waiting = d.waiting[0], slices.Clone(d.waiting[1:])
			d.job.state = Prefilling
			d.job.conv.figures.ContextUsed = 0
			d.job.conv.dirty = true
		})
		w.shelf.Save() // the file says who writes, should this program not live to end it
		w.write(d.job)
	}
}

// write generates a segment at the end of a document, on another goroutine.
func (w *writer) write(j *job) {
	var compute func() error
	j.err = worker.Guard(func() (err error) { compute, err = w.prepare(j); return err })
	if j.err != nil {
		w.settle(j)
		return
	}
	if w.commands.Closed() {
		j.cancel()
	}
	j.done = make(chan struct{})
	w.running.Go(func() {
		j.err = worker.Guard(compute)
		close(j.done)
		w.commands.Post(func() { w.settle(j) })
	})
}

// prepare puts an empty answer into the document and returns what fills it.
func (w *writer) prepare(j *job) (compute func() error, err error) {
	d, t, m := w.desk, j.conv, w.model
	w.kept.begin(m, t.id, &j.g)
	if _, err := m.Prepare(j.g); err != nil {
		return nil, err
	}
	w.announce(m) // another number of threads is another engine
	if m.Local != nil && m.Local.ReserveCore != nil {
		m.Local.ReserveCore(w.host.reserves())
	}
	d.mu.Lock()
	o := backend.Options{Generation: j.g, Seed: t.figures.Seed, Figures: d.figures, Kept: w.kept.restorer(t.id)}
	d.mu.Unlock()
	writes, err := m.Begin(d.prompt(t, t.document), o)
	if err != nil {
		return nil, err
	}
	a := t.document.NewAnswer(d.newID(), t.mode)
	a.Vocab = writes.Vocab()
	a.By = Written{Model: m.Info.Name, Path: m.Info.Path, At: time.Now(), Seed: o.Seed, Generation: &j.g}
	size := writes.Size()
	d.change(func() {
		j.answer, j.writes = a, writes
		t.document = t.document.With(a)
		d.context = size.Context
		f := &t.figures
		f.Context, f.ContextUsed, f.PromptTotal = size.Context, size.Used, size.Unread
		j.expected = 64 + 2*(size.Used-int(float64(size.Used)*t.document.WithoutLast().Answered()))
		f.ReadAgain = size.Unread > j.expected
	})
	return func() error {
		defer d.change(func() { // once the answer has ended
			t.figures.Context, t.figures.Short = writes.Room(), writes.Room() < size.Context
		})
		for e, err := range writes.Events(j.ctx) {
			if err != nil {
				return err
			}
			memory := m.Memory()
			d.change(func() {
				j.take(e)
				t.dirty, d.kept.Memory = true, memory
			})
			w.shelf.SaveSoon()
		}
		return nil
	}, nil
}

// stop ends the answer of a conversation. What is written stays.
func (w *writer) stop(t *conversation) {
	d := w.desk
	j := d.jobOf(t)
	if j == nil {
		return
	}
	j.cancel()
	if slices.Contains(d.waiting, j) {
		d.change(func() { t.figures.Stop = StoppedByUser })
		w.settle(j)
		return
	}
	d.notifier.Change()
}

// end is stop, and waits until the answer has ended.
func (w *writer) end(t *conversation) {
	w.stop(t)
	if j := w.desk.jobOf(t); j != nil {
		w.settle(j)
	}
}

// endAll ends every answer.
func (w *writer) endAll() {
	d := w.desk
	for len(d.waiting) > 0 {
		w.stop(d.waiting[len(d.waiting)-1].conv)
	}
	if d.job != nil {
		w.end(d.job.conv)
	}
}

// settle waits for the end of an answer and sees to what it leaves. Then the next
// one begins.
func (w *writer) settle(j *job) {
	if j.settled {
		return
	}
	j.settled = true
	if j.done != nil {
		<-j.done
	}
	defer j.cancel()
	d, t := w.desk, j.conv
	if errors.As(j.err, new(*inference.Panic)) && w.model != nil {
		w.forget()
	}
	if j.answer != nil {
		d.change(func() {
			d.context = j.writes.Room()
			j.finish(d.newID)
		})
	}
	used := w.positions(t, t.document)
	d.change(func() {
		d.dropJob(j)
		if t.document.Equal(j.before) {
			t.undo = t.undo[:len(t.undo)-1]
		}
		t.figures.ContextUsed = min(used, t.figures.Context)
		w.report(j)
	})
	w.kept.wrote(t.figures)
	w.commit(t)
	if t != d.conv {
		w.putAway(t)
	}
	w.proceed()
}

// report says how an answer ended where that is not what was hoped for. It is called with the desk's lock held.
func (w *writer) report(j *job) {
	d, t, f, err := w.desk, j.conv, &j.conv.figures, j.err
	var problem *say.Problem
	switch {
	case errors.Is(err, inference.ErrContextFull):
		f.Stop = ContextFull
	case errors.Is(err, backend.ErrNothing):
		problem = &say.Problem{Sentence: say.Say("There is nothing to continue"), Hint: say.Say("Write a few words first."), Detail: err.Error()}
	case errors.Is(err, backend.ErrNoChat):
		problem = &say.Problem{Sentence: say.Say("{{.Model}} continues texts and answers no messages", "Model", w.model.Info.Name),
			Hint: say.Say("Open a model that chats, or write this conversation as a story."), Detail: err.Error()}
	case err != nil:
		problem = w.host.problem(err, w.model.Info.Path)
		f.Stop = StoppedByError
	}
	if f.Stop == ContextFull {
		problem = contextFull(f)
	}
	switch {
	case problem == nil:
	case t == d.conv:
		d.notices.problem = problem
	default:
		d.failures[t.id] = problem
		d.notices.notice = say.Say("The answer in “{{.Title}}” ended: {{.What}}", "Title", j.name, "What", problem.Sentence)
	}
	if f.Stop == EndedByItself && f.Generated == 0 && t == d.conv {
		d.notices.notice = say.Say("The model has nothing to add.")
	}
}
