package chat

import (
	"context"
	"os"
	"reflect"
	"slices"
	"time"

	"tern/app/history"
	"tern/app/settings"
)

// conversation is what is open: all its versions, and what belongs to it alone.
// It is changed with the controller's lock held, the tree by the worker alone.
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
	tree       tree
}

func newConversation() conversation {
	now := time.Now()
	return conversation{id: history.NewID(now), created: now, changed: now}
}

// grown puts the document into the tree and saves. It is called by the worker
// after every change of the document.
func (c *Controller) grown() {
	c.mu.Lock()
	c.conv.tree.add(c.document)
	c.conv.changed = after(c.view.Conversations)
	c.mu.Unlock()
	c.keep()
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
func (c *Controller) keep() {
	if c.dirty() {
		c.archive.do(c.save)
	}
}

// keepSoon saves the conversation within saveEvery.
func (c *Controller) keepSoon() {
	if c.dirty() {
		c.archive.soon(c.save)
	}
}

// dirty says that the file is not as the conversation is, and tells if there is
// to be a file at all.
func (c *Controller) dirty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conv.dirty = true
	return c.keeps
}

// save runs on the archive's goroutine.
func (c *Controller) save() {
	f := c.unsaved(false)
	if f != nil {
		c.put(f)
	}
	for _, u := range c.store.Unsaved() { // the disk may take them now
		if u != f {
			c.put(u)
		}
	}
}

// unsaved returns what is to be saved; nil if the file is as the conversation
// is. Unsent words alone are kept when the user leaves them.
func (c *Controller) unsaved(leaving bool) *history.Conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &c.conv
	if !v.dirty {
		return nil
	}
	f := c.picture()
	if len(f.Messages) == 0 && !v.saved && (!leaving || v.draft == "") {
		return nil
	}
	v.saved, v.dirty = true, false
	return f
}

// snapshot returns the conversation as a file holds it.
func (c *Controller) snapshot() *history.Conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.picture()
}

// picture is snapshot with the lock held.
func (c *Controller) picture() *history.Conversation {
	v := &c.conv
	f := &history.Conversation{
		ID: v.id, Title: v.title, Created: v.created, Changed: v.changed, Story: v.story, System: v.system,
		Draft: v.draft, Generation: v.generation, Chat: c.view.Mode == ChatMode,
	}
	f.Messages, f.Leaf = v.tree.messages(c.document, !f.Chat)
	if c.writing != NoModel {
		f.Writer = os.Getpid()
	}
	return f
}

// leave gives the archive what is open, before something else is.
func (c *Controller) leave() {
	if f := c.unsaved(true); f != nil && c.keeps {
		f.Writer = 0
		c.archive.do(func() { c.put(f) })
	}
}

// show makes a conversation the one that is open. The worker calls it.
func (c *Controller) show(v conversation, d document) {
	c.leave()
	c.change(func(view *View) {
		c.conv, c.document, c.undo = v, d, nil
		c.setMode(view)
	})
	c.rest()
	c.ended()
}

// ended says of a document that was written before why its last answer ended,
// which tells how it can go on.
func (c *Controller) ended() {
	n := len(c.document.segments)
	if n == 0 || c.document.segments[n-1].author != Model {
		return
	}
	s := c.document.segments[n-1]
	c.change(func(v *View) {
		v.Figures.Seed = s.seed
		switch {
		case s.stop == ReachedLength && c.conv.generation != nil:
			v.Figures.Stop, v.Figures.MaxTokens = s.stop, c.conv.generation.MaxTokens
		case s.stop == StoppedByUser, s.stop == EndedByItself:
			v.Figures.Stop = s.stop
		}
	})
}

// New opens a new, empty conversation. The open one stays in the list.
func (c *Controller) New() {
	c.do(func(context.Context) { c.show(newConversation(), empty) })
}

// setMode decides what words are to the model, and shows the document so. It is
// called with the lock held.
func (c *Controller) setMode(v *View) {
	mode := StoryMode
	if v.Model != nil && v.Model.Template != "" && !c.conv.story {
		mode = ChatMode
	}
	v.Mode = mode
	if mode == ChatMode {
		c.asMessages()
	}
}

// asMessages sets each author's words off from the other's, in every version,
// as a conversation is shown that began as a story. A story reads a conversation
// as the text that it is.
func (c *Controller) asMessages() {
	other := map[*segment]*segment{}
	c.conv.tree.walk(func(b, before *branch) {
		s := b.segment
		if before.segment == nil || s.lead > 0 || s.author == before.segment.author {
			return
		}
		if other[s] == nil {
			other[s] = s.asMessage(c.newID())
		}
	})
	if len(other) == 0 {
		return
	}
	swap := func(list []*segment) []*segment {
		list = slices.Clone(list)
		for i, s := range list {
			if o := other[s]; o != nil {
				list[i] = o
			}
		}
		return list
	}
	c.conv.tree.walk(func(b, _ *branch) {
		if o := other[b.segment]; o != nil {
			b.segment = o
		}
	})
	c.document.segments = swap(c.document.segments)
	for i := range c.undo {
		c.undo[i].segments = swap(c.undo[i].segments)
	}
}

// SetStory has a model that chats continue the text, or answer it again.
func (c *Controller) SetStory(on bool) {
	c.do(func(context.Context) {
		c.change(func(v *View) {
			c.conv.story = on
			c.setMode(v)
		})
		c.rest()
		c.keep()
	})
}

// SetSystem sets the instructions that the model reads before the conversation
// with this id, if that is the one that is open. So do the following.
func (c *Controller) SetSystem(id, text string) {
	c.set(id, func(v *conversation) bool { same := v.system == text; v.system = text; return same })
}

// SetDraft keeps words that are not sent yet.
func (c *Controller) SetDraft(id, text string) {
	c.set(id, func(v *conversation) bool { same := v.draft == text; v.draft = text; return same })
}

// SetGeneration keeps the settings of the conversation.
func (c *Controller) SetGeneration(id string, g settings.Generation) {
	c.set(id, func(v *conversation) bool {
		same := reflect.DeepEqual(v.generation, &g)
		v.generation = &g
		return same
	})
}

// set changes the conversation by f, which tells if it is as it was.
func (c *Controller) set(id string, f func(*conversation) (same bool)) {
	c.mu.Lock()
	changed := c.conv.id == id && !f(&c.conv)
	c.mu.Unlock()
	if changed {
		c.change(func(*View) {})
		c.keepSoon()
	}
}

// Step shows the version of a segment that is by places further, and what was
// shown behind it. Undo does not count it: stepping back does.
func (c *Controller) Step(segment, by int) {
	c.do(func(context.Context) {
		i := c.document.index(segment)
		if i < 0 {
			return
		}
		d := c.conv.tree.step(c.document, i, by)
		c.change(func(*View) { c.document = d })
		c.rest()
		c.ended()
		c.grown()
	})
}
