package chat

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/say"
	"tern/app/settings"
	"tern/inference"
)

// job is an answer that is being written, or waits for its turn. The worker
// begins and settles it; in between its goroutine computes, which changes the
// answer's segment, the state and the figures of its conversation, all with the
// controller's lock held.
type job struct {
	talk   *conversation
	name   string // of that, for whoever looks at another one
	before document.Document
	g      settings.Generation
	ctx    context.Context
	cancel context.CancelFunc
	state  State

	answer  *document.Segment // nil until there is one
	writes  backend.Answer    // what fills it; nil until there is an answer
	done    chan struct{}     // closed when its goroutine has ended; nil while there was none
	err     error             // how that ended
	settled bool
}

// stateNow is called with the lock held.
func (j *job) stateNow() State {
	if j.state != Waiting && j.ctx.Err() != nil {
		return Stopping
	}
	return j.state
}

// jobOf returns the answer of a conversation that is being written or waits,
// nil for none. It is called with the lock held, or by the worker.
func (c *Controller) jobOf(t *conversation) *job {
	if c.job != nil && c.job.talk == t {
		return c.job
	}
	for _, j := range c.waiting {
		if j.talk == t {
			return j
		}
	}
	return nil
}

// live returns the conversation with an id that is in memory, nil where that is
// on the disk alone. It is called with the lock held.
func (c *Controller) live(id string) *conversation {
	for _, t := range c.talks() {
		if t.id == id {
			return t
		}
	}
	return nil
}

// talks are the conversations in memory: the one that is shown, and those with
// an answer that is not settled. It is called with the lock held, or by the
// worker.
func (c *Controller) talks() []*conversation {
	list := []*conversation{c.conv}
	if c.job != nil && c.job.talk != c.conv {
		list = append(list, c.job.talk)
	}
	for _, j := range c.waiting {
		if j.talk != c.conv {
			list = append(list, j.talk)
		}
	}
	return list
}

// answers is what View says of the jobs. It is called with the lock held.
func (c *Controller) answers() (list []Answering) {
	if j := c.job; j != nil {
		list = append(list, Answering{ID: j.talk.id, Name: j.name, State: j.stateNow(), Rate: j.talk.figures.Rate})
	}
	for _, j := range c.waiting {
		list = append(list, Answering{ID: j.talk.id, Name: j.name, State: Waiting})
	}
	return list
}

// answer makes d the document that is shown and continues it, at once or when
// the answers before it are written. Undo will bring back the document of before,
// however far this comes.
func (c *Controller) answer(d document.Document, g settings.Generation) {
	t := c.conv
	j := &job{talk: t, before: t.document, g: g, state: Waiting}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	c.generation = g
	c.change(func(v *View) {
		t.remember()
		t.document = d
		t.draft = ""
		t.generation = &g
		v.Problem, v.Notice = nil, say.Text{}
		t.figures = Figures{Context: c.context, ContextUsed: t.figures.ContextUsed, MaxTokens: g.MaxTokens, Seed: g.Seed}
		if g.RandomSeed {
			t.figures.Seed = rand.Uint32()
		}
		switch {
		case c.model != nil:
			c.waiting = append(c.waiting, j)
			j.name = c.picture(t).Name()
		case c.load != nil:
			v.Notice = say.Say("Available when the model is open.")
		default:
			v.Problem = &say.Problem{Sentence: say.Say("No model is open"), Hint: say.Say("Open a model, then generate.")}
		}
	})
	c.grown(t)
	if c.model == nil {
		c.settle(j)
		return
	}
	c.proceed()
}

// proceed writes the next answer that waits, unless one is being written.
func (c *Controller) proceed() {
	for c.job == nil && len(c.waiting) > 0 {
		c.change(func(*View) {
			c.job, c.waiting = c.waiting[0], slices.Clone(c.waiting[1:])
			c.job.state = Prefilling
			c.job.talk.figures.ContextUsed = 0
		})
		c.write(c.job)
	}
}

// write generates a segment at the end of a document, on another goroutine.
func (c *Controller) write(j *job) {
	var compute func() error
	j.err = guarded(func() (err error) { compute, err = c.prepare(j); return err })
	if j.err != nil {
		c.settle(j)
		return
	}
	if c.closing() {
		j.cancel()
	}
	j.done = make(chan struct{})
	c.running.Go(func() {
		j.err = guarded(compute)
		close(j.done)
		c.report(func() { c.settle(j) })
	})
}

func (c *Controller) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

// prepare puts an empty answer into the document and returns what fills it.
func (c *Controller) prepare(j *job) (compute func() error, err error) {
	t, g := j.talk, j.g
	if _, err := c.model.Prepare(g); err != nil {
		return nil, err
	}
	c.announce(c.model) // another number of threads is another engine
	c.yield()
	info, _ := c.info()
	c.mu.Lock()
	seed, figures := t.figures.Seed, c.inspect
	c.mu.Unlock()
	w, err := c.model.Begin(c.prompt(t, t.document), backend.Options{Generation: g, Seed: seed, Figures: figures})
	if err != nil {
		return nil, err
	}
	a := t.document.NewAnswer(c.newID(), t.mode)
	a.Vocab = w.Vocab()
	a.By = Written{Model: info.Name, Path: info.Path, At: time.Now(), Seed: seed, Generation: &g}
	size := w.Size()
	c.change(func(*View) {
		j.answer, j.writes = a, w
		t.document = t.document.With(a)
		c.context = size.Context
		f := &t.figures
		f.Context, f.ContextUsed, f.PromptTotal = size.Context, size.Used, size.Unread
	})
	return func() error {
		defer c.change(func(*View) { // once the answer has ended
			c.context = w.Room()
			t.figures.Context, t.figures.Short = w.Room(), w.Room() < size.Context
		})
		for e, err := range w.Events(j.ctx) {
			if err != nil {
				return err
			}
			c.change(func(*View) { c.take(j, e) })
			c.keepSoon(t)
		}
		return nil
	}, nil
}

// take puts one event of an answer into its segment and the figures. It is called
// with the lock held.
func (c *Controller) take(j *job, e backend.Event) {
	a, f := j.answer, &j.talk.figures
	switch e.Kind {
	case backend.Reading:
		f.PromptDone, f.PromptTotal, f.PromptRate = e.Done, e.Total, e.Stats.PrefillRate()
	case backend.Writing:
		j.state = Generating
		a.Add(e.Text, e.IDs, e.Token)
	case backend.Ended:
		a.Made = e.Record
		f.Stop, f.StopText = e.Stop, e.StopText
	}
	f.Rate, f.FirstToken = e.Stats.DecodeRate(), e.Stats.FirstToken
	f.ContextUsed, f.Generated = e.Stats.ContextUsed, e.Stats.Generated
	a.By.Rate, a.By.FirstToken, a.By.Tokens = f.Rate, f.FirstToken, f.Generated
}

// stop ends the answer of a conversation. What is written stays.
func (c *Controller) stop(t *conversation) {
	j := c.jobOf(t)
	if j == nil {
		return
	}
	j.cancel()
	if slices.Contains(c.waiting, j) {
		c.change(func(*View) { t.figures.Stop = StoppedByUser })
		c.settle(j)
		return
	}
	c.change(func(*View) {})
}

// end is stop, and waits until the answer has ended.
func (c *Controller) end(t *conversation) {
	c.stop(t)
	if j := c.jobOf(t); j != nil {
		c.settle(j)
	}
}

// endAll ends every answer.
func (c *Controller) endAll() {
	for len(c.waiting) > 0 {
		c.stop(c.waiting[len(c.waiting)-1].talk)
	}
	if c.job != nil {
		c.end(c.job.talk)
	}
}

// settle waits for the end of an answer and sees to what it leaves. Then the next
// one begins.
func (c *Controller) settle(j *job) {
	if j.settled {
		return
	}
	j.settled = true
	if j.done != nil {
		<-j.done
	}
	defer j.cancel()
	t, err := j.talk, j.err
	if errors.As(err, new(*inference.Panic)) && c.model != nil {
		c.model.Forget()
	}
	if j.answer != nil {
		c.finish(j)
	}
	used := c.positions(t, t.document)
	c.change(func(v *View) {
		c.forgetJob(j)
		if t.document.Equal(j.before) {
			t.undo = t.undo[:len(t.undo)-1]
		}
		f := &t.figures
		f.ContextUsed = min(used, f.Context)
		var problem *say.Problem
		switch {
		case errors.Is(err, inference.ErrContextFull):
			f.Stop = ContextFull
		case errors.Is(err, backend.ErrNothing):
			problem = &say.Problem{Sentence: say.Say("There is nothing to continue"), Hint: say.Say("Write a few words first."), Detail: err.Error()}
		case errors.Is(err, backend.ErrNoChat):
			problem = &say.Problem{Sentence: say.Say("{{.Model}} continues texts and answers no messages", "Model", v.Model.Name),
				Hint: say.Say("Open a model that chats, or write this conversation as a story."), Detail: err.Error()}
		case err != nil:
			p := c.problem(err, v.Model.Path)
			f.Stop, problem = StoppedByError, &p
		}
		if f.Stop == ContextFull {
			problem = contextFull(f)
		}
		switch {
		case problem == nil:
		case t == c.conv:
			v.Problem = problem
		default:
			c.failures[t.id] = problem
			v.Notice = say.Say("The answer in “{{.Title}}” ended: {{.What}}", "Title", j.name, "What", problem.Sentence)
		}
		if f.Stop == EndedByItself && f.Generated == 0 && t == c.conv {
			v.Notice = say.Say("The model has nothing to add.")
		}
	})
	c.grown(t)
	if t != c.conv {
		c.leave(t)
	}
	c.proceed()
}

// forgetJob is called with the lock held.
func (c *Controller) forgetJob(j *job) {
	if c.job == j {
		c.job = nil
	}
	c.waiting = slices.DeleteFunc(slices.Clone(c.waiting), func(w *job) bool { return w == j })
}

// contextFull is the problem of a document that leaves no room to write.
func contextFull(f *Figures) *say.Problem {
	p := &say.Problem{
		Sentence: say.Say("This conversation fills the model's {{.Tokens}} tokens.", "Tokens", thousands(f.Context)),
		Hint:     say.Say("Drop the oldest part, or start a new conversation."),
		Detail:   inference.ErrContextFull.Error(),
	}
	if f.Short {
		p.Sentence = say.Say("This computer has memory left for {{.Tokens}} tokens of this conversation.", "Tokens", thousands(f.Context))
		p.Hint = say.Say("Close other apps, drop the oldest part, or start a new conversation.")
		p.Detail = inference.ErrMemory.Error()
	}
	return p
}

// thousands writes n as 2,048.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
