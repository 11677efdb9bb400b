package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"tern/app/files"
)

// NoteName is the file, in the folder of a download, that says what belongs
// there: which commit to go on with, and later where the model came from.
const NoteName = ".tern-download.json"

// lockName is the file that whoever downloads into a folder, or empties it, has
// locked: two would write into each other's files.
const lockName = ".tern-download.lock"

// patience is how long a lock is waited for: a download that was paused here may
// still be ending.
const patience = 2 * time.Second

const (
	maxNote = 4 << 20
	// spare is what a full disk should keep: other programs write too.
	spare = 64 << 20
)

// note is the content of that file.
type note struct {
	Repo
	Complete bool `json:"complete"`
}

// download is one that is running.
type download struct {
	c     *Client
	repo  *Repo
	root  *os.Root
	meter *meter
	ours  map[string]bool // files that an earlier download of the repository brought
}

// Download brings the files of r, as Pick returned it, into the folder dir,
// which it makes. What is there already is not fetched again. report is called
// from one goroutine, a few times a second.
//
// When it fails or ctx ends, what came stays, for another call to go on with.
// Errors wrap those of this package, those of ctx, or those of the file system.
func (c *Client) Download(ctx context.Context, r *Repo, dir string, report func(Progress)) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := c.space(r, dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer root.Close()
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	d := &download{c: c, repo: r, root: root, meter: newMeter(r.Size(), report), ours: map[string]bool{}}
	if old, err := readNote(root); err == nil && old.ID == r.ID {
		for _, f := range old.Files {
			d.ours[f.Path] = true
		}
	}
	if err := writeNote(root, note{Repo: *r}); err != nil {
		return err
	}
	for _, file := range r.Files {
		f := &fetch{download: d, file: file}
		if err := f.run(ctx); err != nil {
			return err
		}
		d.meter.finished(file.Size)
	}
	return writeNote(root, note{*r, true})
}

// lock makes this the one download into dir. Unlocking removes the file.
func lock(dir string) (unlock func(), err error) {
	name := filepath.Join(dir, lockName)
	release, err := files.Lock(name, patience)
	switch {
	case files.Held(err):
		return nil, fmt.Errorf("hub: %s: %w", dir, ErrTaken)
	case err != nil:
		return nil, fmt.Errorf("hub: %w", err)
	}
	return func() {
		err := os.Remove(name)
		release()
		if err != nil { // Windows removes no file that is open, nor one that another holds
			_ = os.Remove(name)
		}
	}, nil
}

// space refuses what the disk has no room for, before the first byte.
func (c *Client) space(r *Repo, dir string) error {
	if c.o.Free == nil {
		return nil
	}
	need := int64(0)
	for _, f := range r.Files {
		if info, err := os.Lstat(filepath.Join(dir, f.Path)); err == nil && info.Size() == f.Size {
			continue
		}
		need += f.Size
		if info, err := os.Lstat(filepath.Join(dir, f.Path+PartialSuffix)); err == nil {
			need -= min(info.Size(), f.Size)
		}
	}
	for there := dir; ; there = filepath.Dir(there) { // the folder may not be there yet
		if _, err := os.Stat(there); err == nil || there == filepath.Dir(there) {
			dir = there
			break
		}
	}
	if free, known := c.o.Free(dir); known && need > 0 && need+spare > free {
		return &SpaceError{Need: need + spare, Free: free}
	}
	return nil
}

func readNote(root *os.Root) (*note, error) {
	f, err := root.Open(NoteName)
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxNote))
	if err != nil {
		return nil, fmt.Errorf("hub: %w", err)
	}
	var n note
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, fmt.Errorf("hub: %s: %w", NoteName, err)
	}
	if _, err := ParseID(n.ID); err != nil || !validCommit.MatchString(n.Commit) {
		return nil, fmt.Errorf("hub: %s: %w", NoteName, ErrID)
	}
	return &n, n.check()
}

// writeNote replaces the note; whenever the program stops, it is the old or the
// new one.
func writeNote(root *os.Root, n note) error {
	raw, err := json.MarshalIndent(n, "", " ")
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	const fresh = NoteName + ".new"
	f, err := root.Create(fresh)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = files.Patient(func() error { return root.Rename(fresh, NoteName) })
	}
	if err != nil {
		_ = root.Remove(fresh) // the first error is the one to report
		return fmt.Errorf("hub: %w", err)
	}
	syncFolder(root)
	return nil
}

// Kept is what a folder holds of a download.
type Kept struct {
	*Repo
	Done     int64 // bytes
	Complete bool
}

// Look says what the folder dir holds of a download, nil where there was none.
func Look(dir string) *Kept {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil
	}
	defer root.Close()
	n, err := readNote(root)
	if err != nil {
		return nil
	}
	k := &Kept{Repo: &n.Repo, Complete: n.Complete}
	for _, f := range n.Files {
		for _, name := range []string{f.Path, f.Path + PartialSuffix} {
			if info, err := root.Lstat(name); err == nil {
				k.Done += min(info.Size(), f.Size)
				break
			}
		}
	}
	return k
}

// Discard removes what an unfinished download left in dir, and dir where
// nothing else is in it. A folder without a download, or with a complete one,
// is left alone.
func Discard(dir string) error {
	k := Look(dir)
	if k == nil || k.Complete {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	defer root.Close()
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	var errs []error
	remove := func(name string) {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("hub: %w", err))
		}
	}
	for _, f := range k.Files {
		remove(f.Path + PartialSuffix)
		remove(f.Path)
	}
	remove(NoteName)
	unlock()
	_ = root.Close() // a folder that is open keeps its name on some file systems of Windows
	if left, err := os.ReadDir(dir); err == nil && len(left) == 0 {
		if err := os.Remove(dir); err != nil {
			errs = append(errs, fmt.Errorf("hub: %w", err))
		}
	}
	return errors.Join(errs...)
}

// Folder is where a repository goes in a folder of models: OWNER/NAME, as its
// id says, so that two of one name do not meet.
func Folder(models, id string) string { return filepath.Join(models, filepath.FromSlash(id)) }
