package history

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tern/app/files"
)

// Error is a failure to read or write conversations. It wraps the cause, and
// ErrDamaged, ErrNewer or ErrChanged where it is one of these.
type Error struct{ cause error }

func (e *Error) Error() string { return "history: " + e.cause.Error() }
func (e *Error) Unwrap() error { return e.cause }

// failed makes an Error as fmt.Errorf does.
func failed(format string, args ...any) error { return &Error{fmt.Errorf(format, args...)} }

// Entry is a conversation in a list.
type Entry struct {
	ID      string
	Name    string
	Changed time.Time
	Writer  int // see Conversation
}

// stamp tells one state of a file from another.
type stamp struct {
	size    int64
	changed time.Time
}

// Store is a folder of conversations. It has one user, who calls its methods
// one at a time; other programs may use the folder meanwhile.
//
// What could not be saved is still in the Store: it is listed and read as if it
// were in the folder, until Save succeeds.
type Store struct {
	dir     string
	known   map[string]stamp         // of the files as this Store wrote them, or loaded them to write, last
	list    map[string]listed        // what List has read
	unsaved map[string]*Conversation // what Save could not write
	dropped map[string]*Conversation // of those, the deleted ones
}

// listed is an entry and the state of the file that it was read from.
type listed struct {
	stamp stamp
	entry Entry
}

// trash is the folder within the folder where deleted conversations wait.
const trash = "deleted"

// keepDeleted is how long they do.
const keepDeleted = 7 * 24 * time.Hour

// NewStore uses the folder dir, which need not be there yet.
func NewStore(dir string) *Store {
	return &Store{dir: dir, known: map[string]stamp{}, list: map[string]listed{},
		unsaved: map[string]*Conversation{}, dropped: map[string]*Conversation{}}
}

// NewID names a new conversation: when it began, and something to tell it from
// others that began then.
func NewID(now time.Time) string {
	return now.UTC().Format("20060102-150405-") + strings.ToLower(rand.Text()[:8])
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, filepath.Base(id)+".json") }

// errNoFile marks what has the name of a conversation but is not a file: to open a
// pipe would take for ever.
var errNoFile = errors.New("not a file")

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	if !info.Mode().IsRegular() {
		return stamp{}, &fs.PathError{Op: "stat", Path: path, Err: errNoFile}
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// List returns the conversations, the newest first. Files that cannot be read
// as one are moved aside, or left alone if a newer version wrote them, and
// reported.
func (s *Store) List() ([]Entry, error) {
	var entries []Entry
	var problems error
	for _, c := range s.unsaved {
		entries = append(entries, entryOf(c))
	}
	found, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		problems = failed("%w", err)
	}
	for _, f := range found {
		id, isOne := strings.CutSuffix(f.Name(), ".json")
		if !isOne || s.unsaved[id] != nil {
			continue
		}
		e, err := s.entry(id)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNoFile): // it was deleted just now, or is a folder
		case err != nil:
			problems = errors.Join(problems, err)
		default:
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		if c := b.Changed.Compare(a.Changed); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return entries, problems
}

// entry reads one file, or nothing where it is as it was.
func (s *Store) entry(id string) (Entry, error) {
	now, err := stampOf(s.path(id))
	if err != nil {
		return Entry{}, err
	}
	if l, ok := s.list[id]; ok && l.stamp == now {
		return l.entry, nil
	}
	c, err := s.Read(id)
	if err != nil {
		return Entry{}, err
	}
	s.list[id] = listed{now, entryOf(c)}
	return s.list[id].entry, nil
}

func entryOf(c *Conversation) Entry {
	return Entry{ID: c.ID, Name: c.Name(), Changed: c.Changed, Writer: c.Writer}
}

// Read reads a conversation to look at. One that is damaged is moved aside.
func (s *Store) Read(id string) (*Conversation, error) {
	if c := s.unsaved[id]; c != nil {
		own := *c
		return &own, nil
	}
	data, err := files.Read(s.path(id), maxFile)
	if err != nil {
		return nil, failed("%w", err)
	}
	c, err := Parse(data)
	if errors.Is(err, ErrDamaged) {
		if kept := files.Aside(s.path(id)); kept != nil {
			err = errors.Join(err, failed("%w", kept))
		}
	}
	if err != nil {
		return nil, err
	}
	c.ID = id
	return c, nil
}

// Load reads a conversation to change and Save it.
func (s *Store) Load(id string) (*Conversation, error) {
	if s.unsaved[id] != nil {
		return s.Read(id)
	}
	now, err := stampOf(s.path(id))
	if err != nil {
		return nil, failed("%w", err)
	}
	c, err := s.Read(id)
	if err == nil {
		s.known[id] = now
	}
	return c, err
}

// lockPatience is how long a Save waits for one of another program. They take
// milliseconds; where the file system has no locks there is none.
const lockPatience = 2 * time.Second

// Save writes a conversation. It returns an error that wraps ErrChanged, and
// writes nothing, where the file is not the one that this Store wrote or read
// last: another program uses it. After any other error the Store keeps c, which
// must not be changed then.
func (s *Store) Save(c *Conversation) error {
	err := s.save(c)
	switch {
	case err == nil, errors.Is(err, ErrChanged):
		delete(s.unsaved, c.ID)
	default:
		s.unsaved[c.ID] = c
	}
	return err
}

func (s *Store) save(c *Conversation) error {
	data, err := c.Bytes()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return failed("save: %w: %w", files.ErrNotWritten, err)
	}
	// Between the look at the file and its replacement, nobody else may write it.
	if unlock, err := files.Lock(filepath.Join(s.dir, "lock"), lockPatience); err == nil {
		defer unlock()
	}
	path := s.path(c.ID)
	now, err := stampOf(path)
	old, ours := s.known[c.ID]
	switch {
	case errors.Is(err, fs.ErrNotExist): // new, or deleted by another program: what is written here stays
	case err != nil:
		return failed("save: %w: %w", files.ErrNotWritten, err)
	case !ours || now != old:
		return failed("save: %w", ErrChanged)
	}
	if err := files.Write(path, data); err != nil {
		return failed("save: %w", err)
	}
	if now, err = stampOf(path); err == nil {
		s.known[c.ID] = now
		s.list[c.ID] = listed{now, entryOf(c)}
	}
	return nil
}

// Unsaved returns what could not be saved so far.
func (s *Store) Unsaved() []*Conversation { return slices.Collect(maps.Values(s.unsaved)) }

// Delete moves a conversation to where Restore finds it.
func (s *Store) Delete(id string) error {
	to := filepath.Join(s.dir, trash, filepath.Base(id)+".json")
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return failed("delete: %w", err)
	}
	if err := files.Replace(s.path(id), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("delete: %w", err)
	}
	_ = os.Chtimes(to, time.Now(), time.Now()) // when it was deleted, for Purge
	if c := s.unsaved[id]; c != nil {
		s.dropped[id] = c
	}
	delete(s.unsaved, id)
	delete(s.known, id)
	delete(s.list, id)
	return nil
}

// Restore brings a deleted conversation back.
func (s *Store) Restore(id string) error {
	from := filepath.Join(s.dir, trash, filepath.Base(id)+".json")
	if _, err := os.Stat(s.path(id)); err == nil {
		return failed("restore: %w", fs.ErrExist)
	}
	c := s.dropped[id]
	if err := files.Replace(from, s.path(id)); err != nil && (c == nil || !errors.Is(err, fs.ErrNotExist)) {
		return failed("restore: %w", err)
	}
	delete(s.dropped, id)
	if c == nil {
		return nil
	}
	if now, err := stampOf(s.path(id)); err == nil {
		s.known[id] = now // c follows it
	}
	return s.Save(c)
}

// Purge removes what was deleted long ago, and what is left of programs that
// were ended while they saved.
func (s *Store) Purge(now time.Time) {
	files.Sweep(s.dir, "*.json")
	dir := filepath.Join(s.dir, trash)
	found, _ := os.ReadDir(dir) // where there is none, there is nothing to do
	for _, f := range found {
		path := filepath.Join(dir, f.Name())
		info, err := f.Info()
		switch {
		case err != nil: // it will be tried again, as after the following
		case info.ModTime().After(now): // the clock was set back: the time starts over
			_ = os.Chtimes(path, now, now)
		case now.Sub(info.ModTime()) > keepDeleted:
			_ = os.Remove(path)
		}
	}
}
