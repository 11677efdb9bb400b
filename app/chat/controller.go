package chat

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"tern/app/history"
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
	Keys *Keys

	// Readings are how models are to be read, by their paths, as ModelInfo.Reading
	// told of them before.
	Readings map[string]string
	// Folder is where conversations are kept; empty keeps none.
	Folder string
}

// Controller owns the engine, the session and the worker that writes. All
// methods may be called from any goroutine and, but for Close, return at once.
//
// Commands that change the text, show another one or another model end the
// answer that is being written, if there is one; what is written stays. They
// take effect in the order in which they are called.
type Controller struct {
	open     opener
	readings *readings
	latch    *latch
	panicked func(what string, stack []byte)  // Options.Panicked
	free     func() (bytes int64, known bool) // Options.Free
	running  sync.WaitGroup                   // the worker and the loads

	// Used by the worker alone.
	engine    engine                  // nil: no model is open
	tell      func(*inference.Engine) // Options.Engine
	announced *inference.Engine       // what tell was told last
	vocab     int                     // counts the models, to tell whose ids a segment has
	lastID    int                     // of a segment

	generation settings.Generation // of the last answer

	unjudged atomic.Bool // the engine was not looked at yet

	mu     sync.Mutex
	work   sync.Cond // queue grew or closed was set
	queue  []func(context.Context)
	ctx    context.Context    // of the command that runs
	cancel context.CancelFunc // ends it
	closed bool
	keeps  bool // conversations, on disk

	load    *load        // being read, nil if none is
	source  *model.Model // the open model where it can be copied, else nil
	copying *Copy        // the job that view.Copy shows
	writing State        // Prefilling or Generating while an answer is written, else NoModel
	busy    bool         // a command runs
	inspect bool         // answers are written with the figures of their tokens
	weights weights      // of the open model; nil for none

	conv  conversation
	query string // of the newest search

	// Below: changed by the worker alone, which may therefore read them
	// without the lock.
	document document
	undo     []document // versions to come back to, the newest last
	view     View       // all but what View fills in

	archive *archive

	// Used on the archive's goroutine alone.
	store   *history.Store
	moved   map[string]string // conversations that were saved under another id: another program changed the file
	deleted map[string]bool
	said    map[string]bool // what was said of files

	unsavedSaid *Problem // what was said of those that could not be saved
}

// maxUndo is how many versions of the document are kept. They share their text.
const maxUndo = 100

// New starts a controller with no model open.
func New(o Options) *Controller {
	r := newReadings(o.Readings)
	c := newController(o, remoteOr(o.Keys, r.opener(o.Free)))
	c.readings = r
	return c
}

func newController(o Options, open opener) *Controller {
	c := &Controller{
		open:     open,
		latch:    newLatch(o.Notify),
		panicked: o.Panicked,
		free:     o.Free,
		tell:     o.Engine,
		ctx:      context.Background(),
		cancel:   func() {},
		document: empty,
		conv:     newConversation(),
		store:    history.NewStore(o.Folder),
		moved:    map[string]string{},
		deleted:  map[string]bool{},
		said:     map[string]bool{},
	}
	c.archive = newArchive(c.mistake)
	c.keeps = o.Folder != ""
	c.work.L = &c.mu
	c.readings = newReadings(nil)
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
	if c.engine != nil {
		c.announce(nil)
		c.engine.Close()
	}
}

// announce tells of e as the model that is open. A model elsewhere is none.
func (c *Controller) announce(e engine) {
	var shared *inference.Engine
	if m, here := e.(*local); here {
		shared = m.engine
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
		if c.unjudged.Load() {
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

// aside is do for what nobody waits for: it is refused where it would end
// something.
func (c *Controller) aside(command func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.busy || len(c.queue) > 0 {
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

// Generate adds text (which may be empty) to the end of the document, with a
// space between where one belongs, and continues it. To a model that chats, text
// is a message, which it answers; without one it writes its last answer on. If
// that fails the words
// are still in the document: Generate without text tries again, Undo takes them
// back.
func (c *Controller) Generate(text string, g settings.Generation) {
	c.do(func(ctx context.Context) {
		d := c.document.withWords
		if c.view.Mode == ChatMode {
			d = c.document.withMessage
		}
		c.answer(ctx, d(c.newID(), text), g)
	})
}

// Retry writes the last answer again, with a new seed unless the seed is fixed.
// Undo brings the old one back.
func (c *Controller) Retry(g settings.Generation) {
	c.do(func(ctx context.Context) {
		if c.document.answer >= 0 && c.engine != nil {
			c.answer(ctx, c.document.withoutAnswer(), g)
		}
	})
}

// Stop ends the answer that is being written, within one token.
func (c *Controller) Stop() { c.do(func(context.Context) {}) }

// Undo takes back the last change of the document: the last answer with the
// words before it, a Retry, an edit or a DropOldest. What it takes back stays
// as another version.
func (c *Controller) Undo() {
	c.do(func(context.Context) {
		if n := len(c.undo); n > 0 {
			last := c.undo[n-1]
			c.change(func(*View) { c.undo, c.document = c.undo[:n-1], last })
			c.rest()
			c.grown()
		}
	})
}

// DropOldest removes about the first half of the document, at a paragraph or a
// message, so that there is room to go on. Undo brings it back.
func (c *Controller) DropOldest() {
	c.do(func(context.Context) {
		newer := c.document.newerHalf
		if c.view.Mode == ChatMode {
			newer = c.document.newerTurns
		}
		if len(c.document.segments) > 0 {
			c.revise(newer(c.newID()))
		}
		c.rest()
	})
}

// revise makes d the document and remembers the one before it.
func (c *Controller) revise(d document) {
	c.change(func(*View) {
		if !d.equal(c.document) {
			c.remember()
		}
		c.document = d
	})
	c.grown()
}

// newID returns the id of a new segment.
func (c *Controller) newID() int {
	c.lastID++
	return c.lastID
}

// rest forgets the last answer's figures and what was said about it, and
// counts the document anew.
func (c *Controller) rest() {
	used := c.used()
	c.change(func(v *View) {
		v.Figures = Figures{Context: v.Figures.Context, ContextUsed: min(used, v.Figures.Context)}
		v.Problem, v.Notice = nil, Text{}
	})
}

// used is the number of positions that the document takes in the model.
func (c *Controller) used() int {
	if c.engine == nil || len(c.document.segments) == 0 {
		return 0
	}
	if c.view.Mode == ChatMode {
		ids, _ := c.conversation() // what the template does not take, takes no room
		return len(ids)
	}
	return len(c.document.prompt(c.engine.Tokenizer(), c.vocab))
}

// Unload closes the model and returns its memory to the system. The document
// stays.
func (c *Controller) Unload() {
	c.CancelLoad()
	c.do(func(context.Context) {
		if c.engine == nil {
			return
		}
		c.announce(nil)
		c.engine.Close()
		c.engine = nil
		c.unjudged.Store(false)
		c.change(func(v *View) {
			c.forgetSource(v)
			c.weights = nil
			v.Model, v.Figures, v.Problem, v.Notice, v.Advice = nil, Figures{}, nil, Text{}, nil // the mode stays
		})
		debug.FreeOSMemory()
	})
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
	v := c.view
	v.State = c.state()
	v.Document = c.conv.tree.view(c.document)
	v.ID, v.Title, v.System, v.Draft, v.AsStory = c.conv.id, c.conv.title, c.conv.system, c.conv.draft, c.conv.story
	if g := c.conv.generation; g != nil {
		own := *g
		v.Generation = &own
	}
	v.CanRetry = c.document.answer >= 0 && v.Model != nil
	v.CanUndo = len(c.undo) > 0
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
	switch {
	case c.writing != NoModel && c.ctx.Err() != nil:
		return Stopping
	case c.writing != NoModel:
		return c.writing
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
		c.leave()
		if c.keeps {
			c.archive.do(c.save) // what could not be saved so far
		}
		c.archive.close()
		c.latch.close()
	}
}
