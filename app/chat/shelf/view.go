package shelf

import (
	"regexp"
	"sync"
	"time"

	"tern/app/history"
	"tern/app/say"
)

// Entry is a conversation in the list of them.
type Entry = history.Entry

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

// View is what a window shows of the shelf. It is never changed.
type View struct {
	Conversations []Entry      // all that are kept, the newest first
	Found         *Found       // nil: nothing is searched for
	Recovered     *Recovered   // nil: no crash left anything
	Trouble       *say.Problem // with files of conversations; nil: none
	Unsaved       bool         // there is text that could not be saved so far
}

// shown is what View returns. Any goroutine may use it.
type shown struct {
	changed func() // Host.Changed

	mu    sync.Mutex // of all below
	view  View
	query string // of the newest search
}

func (s *shown) snapshot() View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

func (s *shown) change(f func(*View)) {
	defer s.changed()
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.view)
}

// now is that of Shelf.
func (s *shown) now() time.Time {
	now := time.Now()
	if list := s.snapshot().Conversations; len(list) > 0 && !now.After(list[0].Changed) {
		return list[0].Changed.Add(1)
	}
	return now
}

// search makes query the newest; newest reports whether it still is.
func (s *shown) search(query string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.query = query
}

func (s *shown) newest(query string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.query == query
}

// Named reports whether a word of a name begins with a text, whatever the case.
func Named(name, text string) bool {
	_, word := history.Within(regexp.MustCompile("(?i)"+regexp.QuoteMeta(text)), name)
	return word
}
