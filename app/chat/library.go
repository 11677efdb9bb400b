package chat

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"tern/app/chat/document"
	"tern/app/explain"
	"tern/app/files"
	"tern/app/history"
	"tern/app/say"
)

// Entry is a conversation in the list of them.
type Entry = history.Entry

// Named tells if a name has a text where a word begins, whatever the case.
func Named(name, text string) bool {
	_, word := history.Within(regexp.MustCompile("(?i)"+regexp.QuoteMeta(text)), name)
	return word
}

// Found is the outcome of a search.
type Found struct {
	Query    string
	IDs      map[string]bool
	Snippets map[string]string // what stands around the words; none where the name has them
}

// Recovered is a conversation that was being written when the program ended
// without a chance to say so.
type Recovered struct {
	ID    string
	Name  string
	Words int // of the answer that was being written
}

// put saves a snapshot. It runs on the archive's goroutine, as all of this file
// does that has no command of its own.
func (c *Controller) put(f *history.Conversation) {
	if to := c.moved[f.ID]; to != "" {
		f.ID = to
	}
	if c.deleted[f.ID] {
		return
	}
	err := c.store.Save(f)
	if errors.Is(err, history.ErrChanged) {
		old := f.ID
		f.ID = history.NewID(time.Now())
		c.moved[old] = f.ID
		c.change(func(v *View) {
			if t := c.live(old); t != nil {
				t.id = f.ID
			}
			v.Notice = say.Say("Another window of Tern changed this conversation; yours is kept as a copy.")
		})
		err = c.store.Save(f)
	}
	c.saved(err)
	c.list()
}

// saved sees to what a Save gave: what could not be saved is tried again until
// nothing of the kind is left. Both are said once.
func (c *Controller) saved(err error) {
	left := len(c.store.Unsaved())
	if err != nil && left == 0 {
		c.trouble(err)
	}
	c.change(func(v *View) {
		switch {
		case left > 0 && !v.Unsaved:
			p := explain.Problem(err, "conversations")
			v.Trouble, c.unsavedSaid = &p, &p
		case left == 0 && v.Unsaved:
			v.Notice = say.Say("Everything is saved again.")
			if v.Trouble == c.unsavedSaid {
				v.Trouble = nil
			}
		}
		v.Unsaved = left > 0
	})
	if left > 0 {
		c.archive.soon(c.save)
	}
}

// trouble says what went wrong with a file, once.
func (c *Controller) trouble(err error) {
	p := explain.Problem(err, "conversations")
	what := p.Sentence.String()
	if c.said[what] {
		return
	}
	c.said[what] = true
	c.change(func(v *View) { v.Trouble = &p })
}

// list reads the folder again.
func (c *Controller) list() {
	entries, err := c.store.List()
	if err != nil {
		c.trouble(err)
	}
	c.change(func(v *View) { v.Conversations = entries })
}

// begin reads the folder the first time, and looks for what a crash left.
func (c *Controller) begin() {
	c.store.Purge(time.Now())
	c.list()
	for _, e := range c.now().Conversations {
		c.crashed[e.ID] = c.store.Crashed(e, time.Now())
	}
	c.recover()
}

// recover offers the newest conversation that a crash left.
func (c *Controller) recover() {
	var found *Recovered
	for _, e := range c.now().Conversations {
		if !c.crashed[e.ID] || c.find(e.ID) != nil {
			continue
		}
		if f, err := c.store.Read(e.ID); err == nil && f.Writer != 0 && len(f.Path()) > 0 {
			path := f.Path()
			found = &Recovered{ID: e.ID, Name: e.Name, Words: len(strings.Fields(path[len(path)-1].Text))}
			break
		}
	}
	c.change(func(v *View) { v.Recovered = found })
}

// find is live, and takes the lock.
func (c *Controller) find(id string) *conversation {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live(id)
}

// Open shows a conversation of the list. Of several that are opened at once, the
// last one is shown.
func (c *Controller) Open(id string) {
	c.do(func(context.Context) { c.turnTo(id) })
}

// turnTo shows a conversation when it is in memory. The worker calls it.
func (c *Controller) turnTo(id string) {
	c.opening = ""
	if t := c.find(id); t != nil {
		if t != c.conv {
			c.show(t)
		}
		return
	}
	c.opening = id
	c.archive.do(func() { c.reopen(id) })
}

// reopen reads a conversation and shows it, unless another one is wanted by then.
func (c *Controller) reopen(id string) {
	f, err := c.store.Load(id)
	if err != nil {
		c.trouble(err)
		c.list()
		return
	}
	c.do(func(context.Context) {
		if c.opening != id {
			return
		}
		t := &conversation{
			id: f.ID, title: f.Title, created: f.Created, changed: f.Changed, saved: true, story: f.Story,
			system: f.System, draft: f.Draft, generation: f.Generation,
		}
		if f.Chat {
			t.mode = ChatMode
		}
		t.tree, t.document = document.Read(f, c.newID)
		c.show(t)
		if f.Writer != 0 {
			c.keep(t)
			c.archive.do(c.recover)
		}
	})
}

// DiscardRecovered leaves what a crash left out of its conversation. It stays
// there as another version.
func (c *Controller) DiscardRecovered() {
	c.onDisk(func() {
		r := c.now().Recovered
		if r == nil {
			return
		}
		c.edit(r.ID, func(f *history.Conversation) {
			if path := f.Path(); len(path) > 1 && path[len(path)-1].Author == history.Model {
				f.Leaf = path[len(path)-2].ID
			}
			f.Writer = 0
		})
		c.recover()
	})
}

// edit changes a file that is not open.
func (c *Controller) edit(id string, f func(*history.Conversation)) {
	x, err := c.store.Load(id)
	if err != nil {
		c.trouble(err)
		c.list()
		return
	}
	f(x)
	c.put(x)
}

// Rename gives a conversation a title; without one, its first words stand for it.
func (c *Controller) Rename(id, title string) {
	title = strings.Join(strings.Fields(title), " ")
	c.do(func(context.Context) {
		if c.entitle(id, title) {
			return
		}
		c.archive.do(func() {
			c.edit(id, func(f *history.Conversation) { f.Title = title })
			c.do(func(context.Context) { c.entitle(id, title) }) // it may have been opened meanwhile
		})
	})
}

// entitle is Rename for a conversation in memory; it returns false for others.
func (c *Controller) entitle(id, title string) bool {
	t := c.find(id)
	if t == nil {
		return false
	}
	c.change(func(*View) {
		t.title = title
		if j := c.jobOf(t); j != nil {
			j.name = c.picture(t).Name()
		}
	})
	c.keep(t)
	return true
}

// copyOf returns a conversation as its file holds it, or will. It runs on the
// archive's goroutine.
func (c *Controller) copyOf(id string) (*history.Conversation, error) {
	c.mu.Lock()
	if t := c.live(id); t != nil {
		defer c.mu.Unlock()
		return c.picture(t), nil
	}
	c.mu.Unlock()
	return c.store.Read(id)
}

// Duplicate makes a copy of a conversation and opens it. An answer that is being
// written is in it as far as it is.
func (c *Controller) Duplicate(id string) {
	c.onDisk(func() {
		f, err := c.copyOf(id)
		if err != nil {
			c.trouble(err)
			return
		}
		c.adopt(f)
	})
}

// onDisk has f done on the archive's goroutine, behind what the commands before it
// have for that.
func (c *Controller) onDisk(f func()) {
	c.do(func(context.Context) { c.archive.do(f) })
}

// Branch makes a conversation of the one that is shown, up to the message that a
// segment belongs to, and opens it. An answer that is being written goes on in
// the old one.
func (c *Controller) Branch(segment int) {
	c.do(func(context.Context) {
		old := c.conv
		i := old.document.Index(segment)
		if i < 0 {
			return
		}
		c.mu.Lock()
		var writing *document.Segment
		if j := c.jobOf(old); j != nil {
			writing = j.answer
		}
		d := old.document.Branch(i, writing, c.newID)
		c.mu.Unlock()
		t := newConversation()
		c.mu.Lock()
		t.changed = after(c.view.Conversations)
		t.title, t.story, t.system, t.generation, t.mode = old.title, old.story, old.system, old.generation, old.mode
		c.mu.Unlock()
		t.document = d
		t.tree.Add(t.document)
		c.show(t)
		c.keep(t)
	})
}

// adopt saves a conversation that is new here, and opens it.
func (c *Controller) adopt(f *history.Conversation) {
	now := time.Now()
	f.ID, f.Changed, f.Writer = history.NewID(now), after(c.now().Conversations), 0
	if f.Created.IsZero() {
		f.Created = now
	}
	c.put(f)
	c.Open(f.ID)
}

// Delete removes a conversation from the list, with the answer that is being
// written in it as far as it is; Restore brings it back. Where it is the one that
// is shown, a new one takes its place.
func (c *Controller) Delete(id string) {
	c.do(func(context.Context) {
		if c.opening == id {
			c.opening = ""
		}
		if t := c.find(id); t != nil {
			c.end(t)
			if t == c.conv {
				c.show(newConversation())
			}
		}
		c.archive.do(func() { // behind what saved it
			if err := c.store.Delete(id); err != nil {
				c.trouble(err)
			} else {
				c.deleted[id] = true
			}
			c.list()
		})
	})
}

// Restore brings a deleted conversation back and opens it.
func (c *Controller) Restore(id string) {
	c.onDisk(func() {
		delete(c.deleted, id)
		c.saved(c.store.Restore(id))
		c.list()
		c.Open(id)
	})
}

// Import reads a conversation from a file and opens it.
func (c *Controller) Import(path string) {
	c.onDisk(func() {
		data, err := files.Read(path, 256<<20)
		var f *history.Conversation
		if err == nil {
			f, err = history.Import(data)
		}
		if err == nil {
			f.Messages = withoutPaths(f.Messages)
		}
		if err != nil {
			p := explain.Problem(err, path)
			if errors.Is(err, history.ErrDamaged) {
				p.Sentence, p.Hint = say.Say("{{.File}} is not a conversation", "File", filepath.Base(path)), say.Say("Choose a JSON file that Tern exported.")
			}
			c.change(func(v *View) { v.Trouble = &p })
			return
		}
		c.adopt(f)
	})
}

// Export writes a conversation to a file: as Markdown, or as what Import reads
// if the name ends in ".json". you and model name the two in Markdown.
func (c *Controller) Export(id, path, you, model string) {
	c.onDisk(func() {
		f, err := c.copyOf(id)
		if err == nil {
			var data []byte
			f.Writer = 0
			f.Messages = withoutPaths(f.Messages)
			if strings.EqualFold(filepath.Ext(path), ".json") {
				data, err = f.Bytes()
			} else {
				data = []byte(f.Markdown(you, model))
			}
			if err == nil {
				err = files.Write(path, data)
			}
		}
		if err != nil {
			p := explain.Problem(err, path)
			switch {
			case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.As(err, new(*os.LinkError)):
				p.Sentence, p.Hint = say.Say("{{.File}} cannot be written there", "File", filepath.Base(path)), say.Say("Choose another folder.")
			}
			c.change(func(v *View) { v.Trouble = &p })
			return
		}
		c.change(func(v *View) { v.Notice = say.Say("Exported to {{.File}}.", "File", filepath.Base(path)) })
	})
}

// withoutPaths returns messages that do not say where on a computer models are.
func withoutPaths(list []history.Message) []history.Message {
	list = slices.Clone(list)
	for i := range list {
		list[i].Path = ""
	}
	return list
}

// Search looks for a text in all conversations. The outcome is in View.Found.
func (c *Controller) Search(query string) {
	c.change(func(*View) { c.query = query })
	c.archive.do(func() {
		c.mu.Lock()
		newest := c.query
		c.mu.Unlock()
		if newest != query {
			return // another search follows
		}
		if strings.TrimSpace(query) == "" {
			c.change(func(v *View) { v.Found = nil })
			return
		}
		// Words are looked for where they begin, and anywhere if nothing begins so.
		words := &Found{Query: query, IDs: map[string]bool{}, Snippets: map[string]string{}}
		parts := &Found{Query: query, IDs: map[string]bool{}, Snippets: map[string]string{}}
		for _, e := range c.now().Conversations {
			f, err := c.copyOf(e.ID)
			if err != nil {
				continue
			}
			if hit, ok := f.Find(strings.TrimSpace(query)); ok {
				in := parts
				if hit.Word {
					in = words
				}
				in.IDs[e.ID] = true
				if hit.Snippet != "" {
					in.Snippets[e.ID] = hit.Snippet
				}
			}
		}
		found := words
		if len(words.IDs) == 0 {
			found = parts
		}
		c.change(func(v *View) { v.Found = found })
	})
}
