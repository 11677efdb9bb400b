package chat

import (
	"os"
	"slices"
	"sync"

	"tern/app/chat/backend"
	"tern/app/chat/document"
	"tern/app/chat/worker"
	"tern/app/history"
	"tern/app/say"
)

// desk is the conversations in memory and the answers that are written in them.
//
// All of it is changed with mu held, by the worker alone but for two things: an answer's goroutine
// changes the segment, the state and the figures of its own answer, and set, on any goroutine, changes what
// a conversation is asked with. So the worker reads everything else without the lock, and others with it.
// mu may be held while a part's own lock is taken, never the other way round.
type desk struct {
	notifier *worker.Notifier

	mu       sync.Mutex
	notices  notices
	conv     *conversation           // the one that is shown
	job      *job                    // the answer that is being written; nil for none
	waiting  []*job                  // answers that wait for their turn, the next one first
	failures map[string]*say.Problem // what ended an answer of a conversation that was not shown
	context  int                     // positions that the open model has room for, 0 while unknown
	figures  bool                    // answers are written with the figures of their tokens
	lastID   int                     // of a segment
	kept     KeptView
}

// notices are what a window says of conversations and models.
type notices struct {
	problem *say.Problem
	notice  say.Text
}

func newDesk(n *worker.Notifier) *desk {
	return &desk{notifier: n, conv: newConversation(), failures: map[string]*say.Problem{}}
}

// change runs f with the lock held, and has it shown.
func (d *desk) change(f func()) {
	defer d.notifier.Change()
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// tell changes what is said.
func (d *desk) tell(f func(*notices)) { d.change(func() { f(&d.notices) }) }

// note shows one quiet sentence.
func (d *desk) note(t say.Text) { d.tell(func(n *notices) { n.notice = t }) }

// newID returns the id of a new segment, for the worker.
func (d *desk) newID() int {
	d.lastID++
	return d.lastID
}

// set changes what the conversation with an id is asked with, if it is in memory. f reports whether it changed
// anything; so does set.
func (d *desk) set(id string, f func(*conversation) bool) (changed bool) {
	d.mu.Lock()
	if t := d.live(id); t != nil && f(t) {
		t.dirty, changed = true, true
	}
	d.mu.Unlock()
	if changed {
		d.notifier.Change()
	}
	return changed
}

// jobOf returns the answer of a conversation that is being written or waits,
// nil for none. It is called with the lock held, or by the worker.
func (d *desk) jobOf(t *conversation) *job {
	if d.job != nil && d.job.conv == t {
		return d.job
	}
	for _, j := range d.waiting {
		if j.conv == t {
			return j
		}
	}
	return nil
}

// inMemory are the conversations in memory: the one that is shown, and those with
// an answer that is not settled. It is called with the lock held, or by the
// worker.
func (d *desk) inMemory() []*conversation {
	list := []*conversation{d.conv}
	if d.job != nil && d.job.conv != d.conv {
		list = append(list, d.job.conv)
	}
	for _, j := range d.waiting {
		if j.conv != d.conv {
			list = append(list, j.conv)
		}
	}
	return list
}

// live returns the conversation with an id that is in memory, nil where that is
// on the disk alone. It is called with the lock held, or by the worker.
func (d *desk) live(id string) *conversation {
	for _, t := range d.inMemory() {
		if t.id == id {
			return t
		}
	}
	return nil
}

// find is live for those that have no lock.
func (d *desk) find(id string) *conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.live(id)
}

// answers is what View says of the jobs. It is called with the lock held.
func (d *desk) answers() (list []Answering) {
	if j := d.job; j != nil {
		list = append(list, Answering{ID: j.conv.id, Name: j.name, State: j.stateNow(), Rate: j.conv.figures.Rate})
	}
	for _, j := range d.waiting {
		list = append(list, Answering{ID: j.conv.id, Name: j.name, State: Waiting})
	}
	return list
}

// dropJob forgets a job that was settled. It is called with the lock held.
func (d *desk) dropJob(j *job) {
	if d.job == j {
		d.job = nil
	}
	d.waiting = slices.DeleteFunc(slices.Clone(d.waiting), func(w *job) bool { return w == j })
}

// prompt is what a model is asked with a document of a conversation.
func (d *desk) prompt(t *conversation, doc document.Document) backend.Prompt {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := backend.Prompt{Document: doc, Mode: t.mode, System: t.system}
	if g := t.generation; g != nil {
		p.Thinking, p.Budget = g.Thinking, g.ThinkingBudget
	}
	return p
}

// file returns a conversation as its file will be. It is called with the lock held.
func (d *desk) file(t *conversation) *history.Conversation {
	f := t.file()
	if d.job != nil && d.job.conv == t {
		f.Writer = os.Getpid()
	}
	return f
}

// picture is that of shelf.Host; so are unsaved and renumbered.
func (d *desk) picture(id string) *history.Conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.live(id); t != nil {
		return d.file(t)
	}
	return nil
}

func (d *desk) unsaved() (list []*history.Conversation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.inMemory() {
		if t.takeUnsaved(false) {
			list = append(list, d.file(t))
		}
	}
	return list
}

func (d *desk) renumbered(from, to string) {
	d.change(func() {
		if t := d.live(from); t != nil {
			t.id = to
		}
	})
}

// putAway returns the file of a conversation that goes from memory, nil if that is as it was.
func (d *desk) putAway(t *conversation) *history.Conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !t.takeUnsaved(true) {
		return nil
	}
	return t.file()
}
