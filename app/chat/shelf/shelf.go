// Package shelf keeps conversations on disk: it lists, reads, saves, searches, copies, imports and
// exports them, and finds those that a crash interrupted. What a conversation in memory is, it asks
// its host for.
//
// Files in reading order: shelf.go, transfer.go, folder.go (what only the goroutine of the disk does), search.go,
// view.go.
package shelf

import (
	"strings"
	"time"

	"tern/app/chat/worker"
	"tern/app/history"
	"tern/app/say"
)

// Host is what has conversations in memory. Its functions may be called from any goroutine, without
// a lock of the shelf's held.
type Host struct {
	Changed func()         // after a change of what View returns
	Notice  func(say.Text) // shows one quiet sentence
	Failed  func(error)    // says that something panicked

	Do   func(f func()) bool // runs f after the commands that were given before; false after the end
	Open func(id string)     // shows a conversation

	Unsaved    func() []*history.Conversation         // those in memory that changed since the last call
	Picture    func(id string) *history.Conversation  // one as its file will be; nil if it is not in memory
	Renumbered func(from, to string)                  // the id of one changed
	Rename     func(id, title string) (inMemory bool) // within Do
	PutAway    func(id string)                        // within Do: takes it from memory, its answer ended
}

// SaveEvery is how often an answer is saved while it is written: what a power
// cut takes at most.
const SaveEvery = 2 * time.Second

// Shelf is the conversations of a folder. Its methods may be called from any goroutine and, but for
// Close, return at once: the work is done on the disk's goroutine, which alone has files.
type Shelf struct {
	host  Host
	keeps bool // conversations, on disk
	disk  *worker.Queue
	files *folder // the disk's goroutine's
	shown *shown
}

// New returns the shelf of a folder; without a folder it keeps nothing.
func New(folder string, h Host) *Shelf {
	s := &Shelf{host: h, keeps: folder != "", disk: worker.NewQueue(h.Failed), shown: &shown{changed: h.Changed}}
	s.files = newFolder(folder, h, s.shown)
	s.files.again = func() { s.disk.Soon(SaveEvery, s.files.save) }
	if s.keeps {
		s.disk.Do(s.files.begin)
	}
	return s
}

// View returns a snapshot.
func (s *Shelf) View() View { return s.shown.snapshot() }

// Close saves what changed and waits until all of it is done.
func (s *Shelf) Close() {
	if s.keeps {
		s.disk.Do(s.files.save) // also what could not be saved so far
	}
	s.disk.Close()
}

// Dismiss removes the trouble from the view.
func (s *Shelf) Dismiss() { s.shown.change(func(v *View) { v.Trouble = nil }) }

// Now is the time, and where the clock was set back, a moment after what is known
// to have changed last: what is written now is the first of the list.
func (s *Shelf) Now() time.Time { return s.shown.now() }

// Save saves the conversations in memory that changed.
func (s *Shelf) Save() {
	if s.keeps {
		s.disk.Do(s.files.save)
	}
}

// SaveSoon is Save within SaveEvery.
func (s *Shelf) SaveSoon() {
	if s.keeps {
		s.disk.Soon(SaveEvery, s.files.save)
	}
}

// Put saves a conversation that goes from memory.
func (s *Shelf) Put(f *history.Conversation) {
	if s.keeps {
		s.disk.Do(func() { s.files.put(f) })
	}
}

// Load reads a conversation and passes it to then.
func (s *Shelf) Load(id string, then func(*history.Conversation)) {
	s.disk.Do(func() {
		f, err := s.files.store.Load(id)
		if err != nil {
			s.files.lost(id, err)
			return
		}
		then(f)
	})
}

// Beside runs f on the disk's goroutine.
func (s *Shelf) Beside(f func()) { s.disk.Do(f) }

// Listed passes the ids of the conversations that are kept to f, on the disk's goroutine.
func (s *Shelf) Listed(f func(there map[string]bool)) {
	s.disk.Do(func() {
		there := map[string]bool{}
		for _, e := range s.shown.snapshot().Conversations {
			there[e.ID] = true
		}
		f(there)
	})
}

// Recover looks again for what a crash left.
func (s *Shelf) Recover() { s.disk.Do(s.files.recover) }

// later runs f on the disk's goroutine, after what the commands given before have for that.
func (s *Shelf) later(f func()) {
	s.host.Do(func() { s.disk.Do(f) })
}

// DiscardRecovered leaves what a crash left out of its conversation. It stays
// there as another version.
func (s *Shelf) DiscardRecovered() {
	s.later(func() {
		r := s.shown.snapshot().Recovered
		if r == nil {
			return
		}
		s.files.edit(r.ID, func(f *history.Conversation) {
			if path := f.Path(); len(path) > 1 && path[len(path)-1].Author == history.Model {
				f.Leaf = path[len(path)-2].ID
			}
			f.Writer = 0
		})
		s.files.recover()
	})
}

// Rename gives a conversation a title; without one, its first words stand for it.
func (s *Shelf) Rename(id, title string) {
	title = strings.Join(strings.Fields(title), " ")
	s.host.Do(func() {
		if s.host.Rename(id, title) {
			return
		}
		s.disk.Do(func() {
			s.files.edit(id, func(f *history.Conversation) { f.Title = title })
			s.host.Do(func() { s.host.Rename(id, title) }) // it may have been opened meanwhile
		})
	})
}

// Duplicate makes a copy of a conversation and opens it. An answer that is being
// written is in it as far as it is.
func (s *Shelf) Duplicate(id string) {
	s.later(func() {
		f, err := s.files.copyOf(id)
		if err != nil {
			s.files.lost(id, err)
			return
		}
		s.files.add(f)
	})
}

// Delete removes a conversation from the list, with the answer that is being
// written in it as far as it is; Restore brings it back. Where it is the one that
// is shown, a new one takes its place.
func (s *Shelf) Delete(id string) {
	s.host.Do(func() {
		s.host.PutAway(id)
		s.disk.Do(func() { s.files.remove(id) }) // after what saved it
	})
}

// Restore brings a deleted conversation back and opens it.
func (s *Shelf) Restore(id string) {
	s.later(func() { s.files.restore(id) })
}
