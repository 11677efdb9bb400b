package chat

import (
	"context"
	"errors"

	"tern/app/chat/backend"
	"tern/app/chat/jobs"
	"tern/app/chat/shelf"
	"tern/app/chat/worker"
	"tern/app/explain"
	"tern/app/kept"
	"tern/app/say"
	"tern/inference"
)

// Options says how a controller reaches the outside.
type Options struct {
	// Notify is called after a change, from a goroutine of the controller's,
	// at most once until the next call of View and at most 30 times a second: the window
	// answers it by calling View on its own goroutine. It must not block.
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
	// Snapshots, if set, is how much memory the copies of a state of linear attention may take, in bytes. It may
	// change at any time.
	Snapshots func() int64
	// Keys has the keys of servers; nil has none.
	Keys *Keys

	// Readings are how models are to be read, by their paths, as ModelInfo.Reading
	// told of them before.
	Readings map[string]string
	// Folder is where conversations are kept; empty keeps none.
	Folder string
	// Kept keeps what the model knows of conversations; nil keeps nothing.
	Kept *kept.Store
}

// Controller carries out what a user does with the conversation that is shown. All methods may be
// called from any goroutine and, but for Close, return at once.
//
// Commands that change a text end the answer that is being written in it, and
// those that open or close a model end every answer; what is written stays. An
// answer goes on while another conversation is shown. Commands take effect in
// the order in which they are called.
//
// Its fields are set once; each part says who owns what is in it.
type Controller struct {
	Models *Models      // opens models
	Shelf  *shelf.Shelf // conversations on disk
	Jobs   *jobs.Jobs   // what is done with a model beside conversations
	Tokens *Tokens      // of answers
	Kept   *Kept        // what the model knows of conversations

	panicked func(what string, stack []byte) // Options.Panicked
	notifier *worker.Notifier
	commands *worker.Commands
	desk     *desk
	writer   *writer
	reader   *reader
	done     chan struct{} // closed when the worker has ended
}

// New starts a controller with no model open.
func New(o Options) *Controller {
	r := backend.NewReadings(o.Readings)
	return newController(o, r, backend.RemoteOr(o.Keys, backend.Files(r, o.Free, o.Snapshots)))
}

func newController(o Options, r *backend.Readings, open backend.Opener) *Controller {
	n := worker.NewNotifier(o.Notify)
	c := &Controller{panicked: o.Panicked, notifier: n, commands: worker.NewCommands(), desk: newDesk(n), done: make(chan struct{})}
	c.Kept = &Kept{store: o.Kept, least: worthReading, desk: c.desk}
	c.writer = &writer{desk: c.desk, commands: c.commands, kept: c.Kept}
	c.reader = &reader{desk: c.desk, writer: c.writer, do: c.do}
	c.Tokens = &Tokens{desk: c.desk, writer: c.writer, commands: c.commands, do: c.do}
	c.Models = &Models{open: open, readings: r}
	c.Jobs = jobs.New(jobs.Host{
		Changed: n.Change, Failed: c.mistake, Problem: c.problem, Free: o.Free, Exclusive: c.exclusive,
		Made: c.Tokens.made, Threads: func() int { return c.writer.generation.Threads },
	})
	c.Models.host = modelsHost{
		changed: n.Change, tell: c.desk.tell, problem: c.problem, do: c.do, endAll: c.writer.endAll,
		install: func(m *backend.Model, positions int, show func()) {
			c.writer.install(m, positions, func() { show(); c.Jobs.Use(m) })
		},
		close: func(show func()) {
			c.writer.close(func() { show(); c.Jobs.Use(nil) })
		},
	}
	c.writer.host = writerHost{
		engine: o.Engine, problem: c.problem,
		loading:  func() bool { return c.Models.snapshot().loading },
		reserves: func() bool { return c.Models.snapshot().CoreReserved },
	}
	c.Shelf = shelf.New(o.Folder, shelf.Host{
		Changed: n.Change, Notice: c.desk.note, Failed: c.mistake,
		Do:      func(f func()) bool { return c.do(func(context.Context) { f() }) },
		Open:    c.Open,
		Unsaved: c.desk.unsaved, Picture: c.desk.picture, Renumbered: c.desk.renumbered,
		Rename: c.reader.rename, PutAway: func(id string) { c.reader.putAway(id); c.Kept.remove(id) },
	})
	c.writer.shelf, c.reader.shelf = c.Shelf, c.Shelf
	c.Kept.disk = c.Shelf.Beside
	if o.Folder != "" {
		c.Shelf.Listed(c.Kept.retain)
	}
	go c.work()
	return c
}

// work runs the commands, those that are left when the controller closes too:
// they find their context cancelled.
func (c *Controller) work() {
	defer close(c.done)
	for {
		ctx, command := c.commands.Next(c.idle)
		if command == nil {
			break
		}
		c.runCommand(ctx, command)
		boundGarbage() // what lives is another size after a load, and after many answers
	}
	c.writer.endAll()
	c.Kept.leave(c.writer.model, patienceEnd)
	if c.writer.model != nil {
		c.writer.announce(nil)
		c.writer.model.Close()
	}
}

// idle is what the worker does while there is no command.
func (c *Controller) idle() worker.Command {
	if c.Models.unjudged.Load() && c.desk.job == nil {
		return func(ctx context.Context) { c.Models.judge(ctx, c.writer.model) }
	}
	if c.desk.job == nil {
		return c.Kept.idle(c.writer.model)
	}
	return nil
}

// runCommand runs a command. A panic fails this command only; the next one finds a
// controller that works.
func (c *Controller) runCommand(ctx context.Context, command worker.Command) {
	err := worker.Guard(func() error { command(ctx); return nil })
	if err == nil {
		return
	}
	if c.writer.model != nil {
		c.writer.forget()
	}
	c.desk.change(func() {
		c.Models.afterPanic()
		if j := c.desk.job; j != nil && j.settled { // it was what this command was to end
			c.desk.job = nil
		}
	})
	c.mistake(err)
	c.commands.Post(c.writer.proceed)
}

// do gives a command to the worker and ends the one that runs. It returns false
// when the controller is closed.
func (c *Controller) do(command worker.Command) bool {
	ok := c.commands.Do(command)
	if ok {
		c.notifier.Change()
	}
	return ok
}

// alter is do for what changes the text that is shown: it ends the answer that
// is being written in it, or waits to be.
func (c *Controller) alter(command func()) {
	c.do(func(context.Context) {
		c.writer.end(c.desk.conv)
		command()
	})
}

// exclusive is that of jobs.Host.
func (c *Controller) exclusive(f func(ctx context.Context, free bool)) {
	c.do(func(ctx context.Context) { f(ctx, c.desk.job == nil) })
}

// mistake says that the program made one.
func (c *Controller) mistake(err error) {
	p := c.problem(err, "")
	c.desk.tell(func(n *notices) { n.problem = p })
}

// problem is explain.Problem, which also reports mistakes inside the program.
func (c *Controller) problem(err error, path string) *say.Problem {
	var inside *inference.Panic
	if errors.As(err, &inside) && c.panicked != nil {
		c.panicked(inside.What, inside.Stack)
	}
	p := explain.Problem(err, path)
	return &p
}

// View returns the current snapshot and allows the next Notify. It costs the
// same however long the text is.
func (c *Controller) View() View {
	c.notifier.Look()
	v := View{Serial: c.notifier.Changes()}
	d := c.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	v.ModelView, v.ShelfView, v.JobsView = c.Models.snapshot(), c.Shelf.View(), c.Jobs.View()
	v.KeptView = d.kept
	v.Problem, v.Notice = d.notices.problem, d.notices.notice
	v.ConversationView = d.conv.view()
	v.Answers = d.answers()
	v.CanRetry = v.CanRetry && v.Model != nil
	v.State = v.state(d.jobOf(d.conv))
	return v
}

// DismissProblem removes the problem from the view, or where there is none,
// the trouble.
func (c *Controller) DismissProblem() {
	had := false
	c.desk.tell(func(n *notices) {
		had = n.problem != nil
		n.problem = nil
	})
	if !had {
		c.Shelf.Dismiss()
	}
}

// Close stops everything and waits until no goroutine is left. No Notify comes
// after it; View still answers, commands do nothing.
func (c *Controller) Close() {
	first := c.commands.Close()
	c.desk.mu.Lock()
	if j := c.desk.job; j != nil {
		j.cancel()
	}
	c.desk.mu.Unlock()
	c.Models.shut()
	<-c.done
	c.Models.running.Wait()
	c.writer.running.Wait()
	c.Jobs.Close()
	if first {
		c.writer.putAway(c.desk.conv)
		c.Shelf.Close()
		c.notifier.Close()
	}
}
