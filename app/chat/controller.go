package chat

import (
	"context"
	"sync"
	"sync/atomic"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/history"
	"tern/app/say"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
)

// Options says how a controller reaches the outside.
type Options struct {
	// Notify is called after a change, from a goroutine of the controller's,
	// at most once until the next call of View and at most 30 times a second:
	// whoever draws answers it by calling View on its own goroutine. It must
	// not block.
	Notify func()

	// Panicked, if set, is told of a mistake inside the program that was caught. It
	// may be called from any goroutine, and must not wait for the controller.
	Panicked func(what string, stack []byte)

	// Engine, if set, is told of the model that runs in this program whenever
	// it is another one, nil where there is none: before the old one is closed,
	// and from one goroutine. It must not wait for the controller.
	Engine func(*inference.Engine)
	// Free tells how much memory may still be taken; nil for as much as it takes.
	Free func() (bytes int64, known bool)
	// Keys has the keys of servers; nil has none.
	Keys *backend.Keys

	// Readings are how models are to be read, by their paths, as ModelInfo.Reading
	// told of them before.
	Readings map[string]string
	// Folder is where conversations are kept; empty keeps none.
	Folder string
}

// Controller owns the engine, the session and the worker that carries out
// commands. All methods may be called from any goroutine and, but for Close,
// return at once.
//
// Commands that change a text end the answer that is being written in it, and
// those that open or close a model end every answer; what is written stays. An
// answer goes on while another conversation is shown. Commands take effect in
// the order in which they are called.
type Controller struct {
	open     backend.Opener
	readings *backend.Readings
	latch    *latch
	panicked func(what string, stack []byte)  // Options.Panicked
	free     func() (bytes int64, known bool) // Options.Free
	running  sync.WaitGroup                   // the worker, the loads and the answer

	// Used by the worker alone.
	model     *backend.Model          // nil: no model is open
	tell      func(*inference.Engine) // Options.Engine
	announced *inference.Engine       // what tell was told last
	lastID    int                     // of a segment
	opening   string                  // the conversation that is being read to be shown

	generation settings.Generation // of the last answer

	unjudged atomic.Bool // the engine was not looked at yet

	mu     sync.Mutex
	work   sync.Cond // queue grew or closed was set
	queue  []func(context.Context)
	ctx    context.Context    // of the command that runs
	cancel context.CancelFunc // ends it
	closed bool
	keeps  bool // conversations, on disk

	load    *load          // being read, nil if none is
	source  *model.Model   // the open model where it can be copied, else nil
	copying *Copy          // the job that view.Copy shows
	busy    bool           // a command runs
	inspect bool           // answers are written with the figures of their tokens
	weights *model.Model   // of the open model; nil for none
	local   *backend.Local // of the open model; nil for none
	query   string         // of the newest search

	// Below: changed by the worker alone, which may therefore read them
	// without the lock.
	conv     *conversation           // the one that is shown
	job      *job                    // the answer that is being written; nil for none
	waiting  []*job                  // answers that wait for their turn, the next one first
	failures map[string]*say.Problem // what ended an answer of a conversation that was not shown
	context  int                     // positions that the open model has room for, 0 while unknown
	view     View                    // all but what View fills in

	archive *archive

	// Used on the archive's goroutine alone.
	store   *history.Store
	moved   map[string]string // conversations that were saved under another id: another program changed the file
	deleted map[string]bool
	said    map[string]bool // what was said of files
	crashed map[string]bool // conversations that a program was writing when it ended

	unsavedSaid *say.Problem // what was said of those that could not be saved
}

// New starts a controller with no model open.
func New(o Options) *Controller {
	r := backend.NewReadings(o.Readings)
	c := newController(o, backend.RemoteOr(o.Keys, backend.Files(r, o.Free)))
	c.readings = r
	return c
}

func newController(o Options, open backend.Opener) *Controller {
	c := &Controller{
		open:     open,
		latch:    newLatch(o.Notify),
		panicked: o.Panicked,
		free:     o.Free,
		tell:     o.Engine,
		ctx:      context.Background(),
		cancel:   func() {},
		conv:     newConversation(),
		failures: map[string]*say.Problem{},
		store:    history.NewStore(o.Folder),
		moved:    map[string]string{},
		deleted:  map[string]bool{},
		said:     map[string]bool{},
		crashed:  map[string]bool{},
	}
	c.archive = newArchive(c.mistake)
	c.keeps = o.Folder != ""
	c.work.L = &c.mu
	c.readings = backend.NewReadings(nil)
	c.running.Go(c.serve)
	if c.keeps {
		c.archive.do(c.begin)
	}
	return c
}

// serve runs the commands, those that are left when the controller closes too:
// they find their context cancelled.
func (c *Controller) serve() {
	for {
		ctx, command := c.next()
		if command == nil {
			break
		}
		c.obey(ctx, command)
		boundGarbage() // what lives is another size after a load, and after many answers
	}
	c.endAll()
	if c.model != nil {
		c.announce(nil)
		c.model.Close()
	}
}

// announce reports the engine of the open model to Options.Engine; models of servers count as none.
func (c *Controller) announce(m *backend.Model) {
	var shared *inference.Engine
	if m != nil && m.Local != nil && m.Local.Shared != nil {
		shared = m.Local.Shared()
	}
	if shared != c.announced && c.tell != nil {
		c.tell(shared)
	}
	c.announced = shared
}

// next waits for a command. Its context is cancelled by the one that follows.
func (c *Controller) next() (context.Context, func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel()
	c.busy = false
	for len(c.queue) == 0 && !c.closed {
		if c.unjudged.Load() && c.job == nil {
			c.ctx, c.cancel = context.WithCancel(context.Background())
			return c.ctx, c.judge
		}
		c.work.Wait()
	}
	if len(c.queue) == 0 {
		return nil, nil
	}
	command := c.queue[0]
	c.queue = c.queue[1:]
	c.busy = true
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if c.closed || len(c.queue) > 0 {
		c.cancel()
	}
	return c.ctx, command
}

// do gives a command to the worker and ends the one that runs. It returns false
// when the controller is closed.
func (c *Controller) do(command func(context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.queue = append(c.queue, command)
	c.cancel()
	c.work.Signal()
	c.view.Serial++
	c.latch.change()
	return true
}

// alter is do for what changes the text that is shown: it ends the answer that
// is being written in it, or waits to be.
func (c *Controller) alter(command func()) {
	c.do(func(context.Context) {
		c.end(c.conv)
		command()
	})
}

// report gives the worker what an answer's goroutine has for it, which ends
// nothing.
func (c *Controller) report(command func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, func(context.Context) { command() })
	c.work.Signal()
}

// aside is do for what nobody waits for: it is refused where it would end
// something.
func (c *Controller) aside(command func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.busy || len(c.queue) > 0 || c.job != nil {
		return
	}
	c.queue = append(c.queue, command)
	c.cancel()
	c.work.Signal()
}

// change alters what View shows.
func (c *Controller) change(f func(*View)) {
	defer c.latch.change()
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.view)
	c.view.Serial++
}

// newID returns the id of a new segment.
func (c *Controller) newID() int {
	c.lastID++
	return c.lastID
}

// rest forgets the last answer's figures and what was said about it, and
// counts the document again.
func (c *Controller) rest() {
	used := c.used()
	c.change(func(v *View) {
		c.conv.figures = Figures{Context: c.context, ContextUsed: min(used, c.context)}
		v.Problem, v.Notice = nil, say.Text{}
		if len(c.conv.document.Segments) == 0 {
			c.setMode(v)
		}
	})
}

// used is the number of positions that the document takes in the model.
func (c *Controller) used() int { return c.usedBy(c.conv.document) }

// usedBy is used for another document of the conversation that is shown.
func (c *Controller) usedBy(d document.Document) int { return c.positions(c.conv, d) }

// positions is the number of positions that a document takes in a conversation,
// 0 where a server alone could tell.
func (c *Controller) positions(t *conversation, d document.Document) int {
	if c.model == nil || c.context == 0 || len(d.Segments) == 0 {
		return 0
	}
	return c.model.Positions(c.prompt(t, d))
}

// prompt is what the model is asked with a document of a conversation.
func (c *Controller) prompt(t *conversation, d document.Document) backend.Prompt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return backend.Prompt{Document: d, Mode: t.mode, System: t.system}
}

// DismissProblem removes the problem from the view, or where there is none,
// the trouble.
func (c *Controller) DismissProblem() {
	c.change(func(v *View) {
		if v.Problem == nil {
			v.Trouble = nil
		}
		v.Problem = nil
	})
}

// View returns the current snapshot and allows the next Notify. It costs the
// same however long the text is.
func (c *Controller) View() View {
	c.latch.look()
	return c.now()
}

// now is View for the controller itself: whoever draws was not shown it.
func (c *Controller) now() View {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, t := c.view, c.conv
	v.State = c.state()
	v.Document = t.tree.View(t.document)
	v.Mode, v.Figures = t.mode, t.figures
	v.ID, v.Title, v.System, v.Draft, v.AsStory = t.id, t.title, t.system, t.draft, t.story
	if g := t.generation; g != nil {
		own := *g
		v.Generation = &own
	}
	v.Answers = c.answers()
	v.CanRetry = t.document.Answer >= 0 && v.Model != nil
	v.CanUndo = len(t.undo) > 0
	return v
}

// info is what is known of the open model, and its advice; nil if there is none.
func (c *Controller) info() (*ModelInfo, *Advice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.view.Model, c.view.Advice
}

// state is called with the lock held.
func (c *Controller) state() State {
	switch j := c.jobOf(c.conv); {
	case j != nil:
		return j.stateNow()
	case c.load != nil:
		return Loading
	case c.view.Model == nil:
		return NoModel
	}
	return Ready
}

// Close stops everything and waits until no goroutine is left. No Notify comes
// after it; View still answers, commands do nothing.
func (c *Controller) Close() {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.cancel()
	if c.job != nil {
		c.job.cancel()
	}
	if c.load != nil {
		c.load.cancel()
	}
	if c.copying != nil {
		c.copying.cancel()
	}
	c.work.Signal()
	c.mu.Unlock()
	c.running.Wait()
	if first {
		c.leave(c.conv)
		if c.keeps {
			c.archive.do(c.save) // what could not be saved so far
		}
		c.archive.close()
		c.latch.close()
	}
}
