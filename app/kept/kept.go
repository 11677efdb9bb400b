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
	"time"

	"tern/app/files"
)

// Store is a folder of such files, one for each conversation, which together take a
// bounded room. It has one user at a time; another program may use the folder meanwhile.
type Store struct {
	dir  string
	most int64
}

// DefaultRoom is what a store takes at most unless somebody chooses: two long
// conversations of a model with 9 billion weights.
const DefaultRoom = 2 << 30

// New uses the folder dir, which need not be there yet, for files of most bytes in all.
func New(dir string, most int64) *Store { return &Store{dir, most} }

// ErrRoom says that a file is larger than the store may be.
var ErrRoom = errors.New("larger than what may be kept")

const ending = ".seq"

func (s *Store) path(id string) string { return filepath.Join(s.dir, filepath.Base(id)+ending) }

// Save keeps size bytes that write writes for a conversation, in the place of what was
// kept for it. The oldest files of others make room. After an error nothing is kept for
// the conversation, or what was before.
func (s *Store) Save(id string, size int64, write func(io.Writer) error) error {
	if size > s.most {
		s.Remove(id)
		return fmt.Errorf("kept: %d bytes, there is room for %d: %w", size, s.most, ErrRoom)
	}
	files.Sweep(s.dir, "*"+ending)
	path := s.path(id)
	list := s.list()
	total := size
	for _, f := range list {
		if f.path != path {
			total += f.size
		}
	}
	for _, f := range list { // the oldest first
		if total <= s.most {
			break
		}
		if f.path != path && os.Remove(f.path) == nil {
			total -= f.size
		}
	}
	if err := files.WriteWith(path, write); err != nil {
		return fmt.Errorf("kept: %w", err)
	}
	return nil
}

// Load gives read what was kept for a conversation and says whether it took it. What it
// does not take is removed: it is damaged, or of another model.
func (s *Store) Load(id string, read func(io.Reader) error) bool {
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
		s.Remove(id)
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
