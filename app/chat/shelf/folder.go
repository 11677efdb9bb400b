package shelf

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"tern/app/explain"
	"tern/app/history"
	"tern/app/say"
)

// folder is the files of a folder, and what is known of it. Only the disk's goroutine uses it.
type folder struct {
	host    Host
	shown   *shown
	again   func() // has save run soon
	store   *history.Store
	moved   map[string]string // new ids of conversations that another program changed meanwhile
	deleted map[string]bool
	said    map[string]bool // what was said of files
	crashed map[string]bool // conversations that a program was writing when it ended

	unsavedSaid *say.Problem // what was said of those that could not be saved
}

func newFolder(path string, h Host, s *shown) *folder {
	return &folder{
		host: h, shown: s, store: history.NewStore(path), moved: map[string]string{}, deleted: map[string]bool{},
		said: map[string]bool{}, crashed: map[string]bool{},
	}
}

// save saves what changed in memory, and what could not be saved before.
func (d *folder) save() {
	list := d.host.Unsaved()
	for _, f := range list {
		d.put(f)
	}
	for _, u := range d.store.Unsaved() { // the disk may take them now
		if !slices.Contains(list, u) {
			d.put(u)
		}
	}
}

// put saves a snapshot.
func (d *folder) put(f *history.Conversation) {
	if to := d.moved[f.ID]; to != "" {
		f.ID = to
	}
	if d.deleted[f.ID] {
		return
	}
	err := d.store.Save(f)
	if errors.Is(err, history.ErrChanged) {
		old := f.ID
		f.ID = history.NewID(time.Now())
		d.moved[old] = f.ID
		d.host.Renumbered(old, f.ID)
		d.host.Notice(say.Say("Another window of Tern changed this conversation; yours is kept as a copy."))
		err = d.store.Save(f)
	}
	d.handleSave(err)
	d.list()
}

// handleSave records the result of a save. What could not be saved is tried again until
// nothing of the kind is left. Both are said once.
func (d *folder) handleSave(err error) {
	left := len(d.store.Unsaved())
	if err != nil && left == 0 {
		d.trouble(err)
	}
	before := d.shown.snapshot()
	switch {
	case left > 0 && !before.Unsaved:
		d.unsavedSaid = problem(err)
		d.shown.change(func(v *View) { v.Trouble, v.Unsaved = d.unsavedSaid, true })
	case left == 0 && before.Unsaved:
		d.shown.change(func(v *View) {
			v.Unsaved = false
			if v.Trouble == d.unsavedSaid {
				v.Trouble = nil
			}
		})
		d.host.Notice(say.Say("Everything is saved again."))
	}
	if left > 0 {
		d.again()
	}
}

// trouble says what went wrong with a file, once.
func (d *folder) trouble(err error) {
	p := problem(err)
	if what := p.Sentence.String(); !d.said[what] {
		d.said[what] = true
		d.shown.change(func(v *View) { v.Trouble = p })
	}
}

// lost says that a conversation could not be read, unless it was deleted here: then
// whoever asked had an older list.
func (d *folder) lost(id string, err error) {
	if !d.deleted[id] {
		d.trouble(err)
	}
	d.list()
}

// list reads the folder again.
func (d *folder) list() {
	entries, err := d.store.List()
	if err != nil {
		d.trouble(err)
	}
	d.shown.change(func(v *View) { v.Conversations = entries })
}

// begin reads the folder the first time, and looks for what a crash left.
func (d *folder) begin() {
	d.store.Purge(time.Now())
	d.list()
	for _, e := range d.shown.snapshot().Conversations {
		d.crashed[e.ID] = d.store.Crashed(e, time.Now())
	}
	d.recover()
}

// recover offers the newest conversation that a crash left.
func (d *folder) recover() {
	var found *Recovered
	for _, e := range d.shown.snapshot().Conversations {
		if !d.crashed[e.ID] || d.host.Picture(e.ID) != nil {
			continue
		}
		if f, err := d.store.Read(e.ID); err == nil && f.Writer != 0 && len(f.Path()) > 0 {
			path := f.Path()
			found = &Recovered{ID: e.ID, Name: e.Name, Words: len(strings.Fields(path[len(path)-1].Text))}
			break
		}
	}
	d.shown.change(func(v *View) { v.Recovered = found })
}

// edit changes a file that is not open.
func (d *folder) edit(id string, f func(*history.Conversation)) {
	x, err := d.store.Load(id)
	if err != nil {
		d.lost(id, err)
		return
	}
	f(x)
	d.put(x)
}

// copyOf returns a conversation as its file holds it, or will.
func (d *folder) copyOf(id string) (*history.Conversation, error) {
	if f := d.host.Picture(id); f != nil {
		return f, nil
	}
	return d.store.Read(id)
}

// add saves a conversation that is new here, and opens it.
func (d *folder) add(f *history.Conversation) {
	f.ID, f.Changed, f.Writer = history.NewID(time.Now()), d.shown.now(), 0
	if f.Created.IsZero() {
		f.Created = time.Now()
	}
	d.put(f)
	d.host.Open(f.ID)
}

func (d *folder) remove(id string) {
	if err := d.store.Delete(id); err != nil {
		d.trouble(err)
	} else {
		d.deleted[id] = true
	}
	d.list()
}

func (d *folder) restore(id string) {
	delete(d.deleted, id)
	if err := d.store.Restore(id); !errors.Is(err, fs.ErrExist) { // else it is there already
		d.handleSave(err)
	}
	d.list()
	d.host.Open(id)
}

// problem is what is said of an error with a conversation's file.
func problem(err error) *say.Problem {
	p := explain.Problem(err, "conversations")
	return &p
}
