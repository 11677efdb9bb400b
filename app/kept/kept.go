// Package kept holds files that save time and may vanish: what a session knew at the
// end of a conversation, so that the next start of the program need not read it again.
// A file that cannot be used is removed without a word.
package kept

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tern/app/files"
)

// Store is a folder of such files, one for each conversation, which together take a
// bounded room. Any goroutine may use it, and another program may use the folder meanwhile; one
// Save at a time keeps the bound.
type Store struct {
	dir  string
	most atomic.Int64
	free func(dir string) (bytes int64, known bool)
}

// DefaultRoom is what a store takes at most unless somebody chooses: two long
// conversations of a model with 9 billion weights.
const DefaultRoom = 2 << 30

// reserve is what a store leaves free on the disk.
const reserve = 1 << 30

// New uses the folder dir, which need not be there yet, for files of most bytes in all. free, if
// not nil, says how much the disk of a folder has left.
func New(dir string, most int64, free func(dir string) (bytes int64, known bool)) *Store {
	s := &Store{dir: dir, free: free}
	s.most.Store(most)
	return s
}

// ErrRoom says that a file is larger than the store may be, or than the disk has room for.
var ErrRoom = errors.New("larger than what may be kept")

// ErrLater is what read of Load returns of a file that it does not want now: it stays.
var ErrLater = errors.New("not wanted now")

const ending = ".seq"

func (s *Store) path(id string) string { return filepath.Join(s.dir, filepath.Base(id)+ending) }

// Room is what the files may take in all.
func (s *Store) Room() int64 { return s.most.Load() }

// SetRoom changes that; with 0 nothing is kept. Trim makes it true.
func (s *Store) SetRoom(most int64) { s.most.Store(most) }

// Trim removes the oldest files where they take more than their room.
func (s *Store) Trim() { s.shrink(s.Room(), "") }

// Save keeps size bytes that write writes for a conversation, in the place of what was
// kept for it. The oldest files of others make room. After an error nothing is kept for
// the conversation, or what was before.
func (s *Store) Save(id string, size int64, write func(io.Writer) error) error {
	most := s.Room()
	if size > most {
		s.Remove(id)
		return fmt.Errorf("kept: %d bytes, there is room for %d: %w", size, most, ErrRoom)
	}
	files.Sweep(s.dir, "*"+ending)
	if s.free != nil && os.MkdirAll(s.dir, 0o700) == nil {
		// The old file is there until the new one is complete.
		if free, known := s.free(s.dir); known && free < size+reserve {
			return fmt.Errorf("kept: %d bytes, the disk has %d: %w", size, free, ErrRoom)
		}
	}
	s.shrink(most-size, id)
	if err := files.WriteSpare(s.path(id), write); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	return nil
}

// shrink removes the oldest files until those of others than id take most bytes.
func (s *Store) shrink(most int64, id string) {
	list := slices.DeleteFunc(s.list(), func(f file) bool { return id != "" && f.path == s.path(id) })
	var total int64
	for _, f := range list {
		total += f.size
	}
	for _, f := range list { // the oldest first
		if total <= most {
			break
		}
		if os.Remove(f.path) == nil {
			total -= f.size
		}
	}
}

// Load gives read what was kept for a conversation and reports whether it took it. What it
// does not take is removed, as damaged or of another model, unless the error is ErrLater.
func (s *Store) Load(id string, read func(io.ReadSeeker) error) bool {
	path := s.path(id)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() { // a pipe would take for ever
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	err = read(f)
	if err == nil { // it takes no more than it was made with
		var one [1]byte
		if n, _ := f.Read(one[:]); n > 0 {
			err = errors.New("kept: something follows")
		}
	}
	f.Close() // before it is removed, as Windows wants it
	if err != nil {
		if !errors.Is(err, ErrLater) {
			s.Remove(id)
		}
		return false
	}
	now := time.Now() // what is used stays longest; where that fails it goes earlier
	_ = os.Chtimes(path, now, now)
	return true
}

// Remove forgets what was kept for a conversation.
func (s *Store) Remove(id string) { _ = os.Remove(s.path(id)) } // it is not there, or will be tried again

// Clear forgets everything.
func (s *Store) Clear() error {
	var errs []error
	for _, f := range s.list() {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("kept: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Retain forgets what was kept for conversations that there says are gone.
func (s *Store) Retain(there func(id string) bool) {
	for _, f := range s.list() {
		if id := strings.TrimSuffix(filepath.Base(f.path), ending); !there(id) {
			s.Remove(id)
		}
	}
}

// Size is how many bytes are kept, and in how many files.
func (s *Store) Size() (bytes int64, n int) {
	for _, f := range s.list() {
		bytes, n = bytes+f.size, n+1
	}
	return bytes, n
}

// file is one that is kept.
type file struct {
	path string
	size int64
	used time.Time
}

// list returns the files, the longest unused first.
func (s *Store) list() (list []file) {
	found, _ := os.ReadDir(s.dir) // where there is none, there is nothing
	for _, f := range found {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(f.Name(), ending) {
			list = append(list, file{filepath.Join(s.dir, f.Name()), info.Size(), info.ModTime()})
		}
	}
	slices.SortFunc(list, func(a, b file) int { return cmp.Or(a.used.Compare(b.used), strings.Compare(a.path, b.path)) })
	return list
}
