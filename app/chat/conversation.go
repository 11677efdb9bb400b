package chat

import (
	"context"
	"os"
	"reflect"
	"slices"
	"time"

	"tern/app/chat/document"
	"tern/app/history"
	"tern/app/say"
	"tern/app/settings"
)

// conversation is one in memory: all its versions, and what belongs to it alone.
// It is changed with the controller's lock held, the tree and the document by the
// worker alone.
type conversation struct {
	id         string // of its file
	title      string // the user's, empty for none
	created    time.Time
	changed    time.Time // the text was
	saved      bool      // there is a file
	dirty      bool      // it is not as this is
	story      bool      // a model that chats is to continue the text
	system     string
	draft      string
	generation *settings.Generation // nil: none was chosen
	mode       Mode
	tree       document.Tree
	document   document.Document   // the version that is shown
	undo       []document.Document // versions to come back to, the newest last
	figures    Figures
}

// maxUndo is how many versions of the document are kept. They share their text.
const maxUndo = 100

func newConversation() *conversation {
	now := time.Now()
	return &conversation{id: history.NewID(now), created: now, changed: now, document: document.New()}
}

// remember keeps the document for Undo. It is called with the lock held.
func (t *conversation) remember() {
	t.undo = append(t.undo, t.document)
	t.undo = t.undo[max(0, len(t.undo)-maxUndo):]
}

// grown puts the document into the tree and saves. It is called by the worker
// after every change of the document.
func (c *Controller) grown(t *conversation) {
	c.mu.Lock()
	t.tree.Add(t.document)
	t.changed = after(c.view.Conversations)
	c.mu.Unlock()
	c.keep(t)
}

// after is now, and where the clock was set back, a moment behind what is known
// to have changed last: what is written now is the first of the list.
func after(list []Entry) time.Time {
	now := time.Now()
	if len(list) > 0 && !now.After(list[0].Changed) {
		return list[0].Changed.Add(1)
	}
	return now
}

// keep saves the conversation now.
func (c *Controller) keep(t *conversation) {
	if c.dirty(t) {
		c.archive.do(c.save)
	}
}

// keepSoon saves the conversation within saveEvery.
func (c *Controller) keepSoon(t *conversation) {
	if c.dirty(t) {
		c.archive.soon(c.save)
	}
}

// dirty says that the file is not as the conversation is, and tells if there is
// to be a file at all.
func (c *Controller) dirty(t *conversation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.dirty = true
	return c.keeps
}

// save runs on the archive's goroutine.
func (c *Controller) save() {
	c.mu.Lock()
	var list []*history.Conversation
	for _, t := range c.talks() {
		if f := c.unsaved(t, false); f != nil {
			list = append(list, f)
		}
	}
	c.mu.Unlock()
	for _, f := range list {
		c.put(f)
	}
	for _, u := range c.store.Unsaved() { // the disk may take them now
		if !slices.Contains(list, u) {
			c.put(u)
		}
	}
}

// unsaved returns what is to be saved; nil if the file is as the conversation
// is. Unsent words alone are kept when the user leaves them. It is called with
// the lock held.
func (c *Controller) unsaved(t *conversation, leaving bool) *history.Conversation {
	if !t.dirty {
		return nil
	}
	f := c.picture(t)
	if len(f.Messages) == 0 && !t.saved && (!leaving || t.draft == "") {
		return nil
	}
	t.saved, t.dirty = true, false
	return f
}

// picture returns the conversation as a file holds it. It is called with the lock
// held.
func (c *Controller) picture(t *conversation) *history.Conversation {
	f := &history.Conversation{
		ID: t.id, Title: t.title, Created: t.created, Changed: t.changed, Story: t.story, System: t.system,
		Draft: t.draft, Generation: t.generation, Chat: t.mode == ChatMode,
	}
	f.Messages, f.Leaf = t.tree.Messages(t.document, t.mode)
	if c.job != nil && c.job.talk == t {
		f.Writer = os.Getpid()
	}
	return f
}

// leave gives the archive a conversation that goes from memory.
func (c *Controller) leave(t *conversation) {
	c.mu.Lock()
	f := c.unsaved(t, true)
	c.mu.Unlock()
	if f != nil && c.keeps {
		f.Writer = 0
		c.archive.do(func() { c.put(f) })
	}
}

// show makes a conversation the one that is shown. The one before goes from
// memory, unless an answer is being written in it or waits for that. The worker
// calls it.
func (c *Controller) show(t *conversation) {
	c.opening = ""
	old, answered := c.conv, c.jobOf(t) != nil
	if c.jobOf(old) == nil {
		c.leave(old)
	}
	c.change(func(v *View) {
		c.conv = t
		if !answered {
			c.setMode(v)
		}
	})
	if answered {
		c.change(func(v *View) { v.Problem, v.Notice = nil, say.Text{} })
		return
	}
	c.rest()
	c.ended()
	c.change(func(v *View) {
		v.Problem = c.failures[t.id]
		delete(c.failures, t.id)
	})
}

// ended says of a document that was written before how its last answer was
// written, and why it ended, which tells how it can go on.
func (c *Controller) ended() {
	t := c.conv
	n := len(t.document.Segments)
	if n == 0 || t.document.Segments[n-1].Author != Model {
		return
	}
	by := t.document.Segments[n-1].By
	c.change(func(*View) {
		f := &t.figures
		f.Seed, f.Rate, f.FirstToken, f.Generated = by.Seed, by.Rate, by.FirstToken, by.Tokens
		g := by.Generation
		if g == nil {
			g = t.generation
		}
		switch {
		case by.Stop == ReachedLength && g != nil:
			f.Stop, f.MaxTokens = by.Stop, g.MaxTokens
		case by.Stop == StoppedByText && by.StopText != "":
			f.Stop, f.StopText = by.Stop, by.StopText
		case by.Stop == StoppedByUser, by.Stop == EndedByItself, by.Stop == ContextFull:
			f.Stop = by.Stop
		}
	})
}

// New opens a new, empty conversation. The open one stays in the list.
func (c *Controller) New() {
	c.do(func(context.Context) { c.show(newConversation()) })
}

// setMode decides what words are to the model where nothing was written yet, and
// shows the document so. It is called with the lock held.
func (c *Controller) setMode(v *View) {
	t := c.conv
	switch {
	case t.story:
		t.mode = StoryMode
	case len(t.document.Segments) == 0 && v.Model != nil:
		t.mode = StoryMode
		if v.Model.Template != "" {
			t.mode = ChatMode
		}
	}
	if t.mode == ChatMode {
		t.asMessages(c.newID)
	}
}

// asMessages sets each author's words off from the other's, in every version,
// as a conversation is shown that began as a story. A story reads a conversation
// as the text that it is.
func (t *conversation) asMessages(newID func() int) {
	swap := t.tree.AsMessages(newID)
	t.document = swap(t.document)
	for i := range t.undo {
		t.undo[i] = swap(t.undo[i])
	}
}

// SetStory has a model that chats continue the text that is shown, or answer it
// again.
func (c *Controller) SetStory(on bool) {
	c.alter(func() {
		c.change(func(v *View) {
			c.conv.story = on
			if !on && v.Model != nil && v.Model.Template != "" {
				c.conv.mode = ChatMode
			}
			c.setMode(v)
		})
		c.rest()
		c.keep(c.conv)
	})
}

// SetSystem sets the instructions that the model reads before the conversation
// with this id, if that is in memory. So do the following.
func (c *Controller) SetSystem(id, text string) {
	c.set(id, func(t *conversation) bool { same := t.system == text; t.system = text; return same })
}

// SetDraft keeps words that are not sent yet.
func (c *Controller) SetDraft(id, text string) {
	c.set(id, func(t *conversation) bool { same := t.draft == text; t.draft = text; return same })
}

// SetGeneration keeps the settings of the conversation.
func (c *Controller) SetGeneration(id string, g settings.Generation) {
	c.set(id, func(t *conversation) bool {
		same := reflect.DeepEqual(t.generation, &g)
		t.generation = &g
		return same
	})
}

// set changes the conversation by f, which tells if it is as it was.
func (c *Controller) set(id string, f func(*conversation) (same bool)) {
	c.mu.Lock()
	t := c.live(id)
	changed := t != nil && !f(t)
	c.mu.Unlock()
	if changed {
		c.change(func(*View) {})
		c.keepSoon(t)
	}
}

// Step shows the version of a segment that is by places further, and what was
// shown after it. Undo does not count it: stepping back does.
func (c *Controller) Step(segment, by int) {
	c.alter(func() {
		t := c.conv
		i := t.document.Index(segment)
		if i < 0 {
			return
		}
		d := t.tree.Step(t.document, i, by)
		c.change(func(*View) { t.document = d })
		c.rest()
		c.ended()
		c.grown(t)
	})
}
