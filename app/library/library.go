// Package library knows which models there are: in folders of the user's, in
// what other tools have downloaded, opened before, or to be had. It reads the
// headers of checkpoints and never a weight, says what a model needs and
// whether that fits, and downloads. It knows no window.
package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tern/app/explain"
	"tern/app/hub"
	"tern/app/measure"
	"tern/app/say"
	"tern/app/settings"
	"tern/model"
	"tern/model/checkpoint"
)

// Entry is a model on this computer.
type Entry struct {
	Name    string
	Path    string            // what to open
	Facts   *checkpoint.Facts // nil where the headers cannot be read, and
	Problem *say.Problem      // says why
	Disk    int64             // bytes of its files
	Folder  string            // the user's folder that it lies in, "" for none: only there may it be deleted
	Tool    string            // the other program that downloaded it, "" for none
	Recent  bool              // it is there because it was opened before
	Used    time.Time         // when that was last, zero for never
	Rate    float64           // tokens a second that it wrote here, 0 for not known
}

// Found is what a scan found.
type Found struct {
	Models      []Entry
	Unfinished  []Unfinished // downloads, by folder
	Unsupported int          // models that Tern does not run, in the user's folders
}

// Unfinished is a download that was not ended.
type Unfinished struct {
	Dir string
	*hub.Kept
}

// Query says where to look.
type Query struct {
	Folders []string          // of the user
	Recent  []settings.Recent // opened before
	Tools   []Tool            // see Tools
}

// Library remembers the headers it has read, and how fast this computer is. It may be used from many
// goroutines.
type Library struct {
	mu    sync.Mutex
	known map[string]peeked

	machines map[measure.Kind]measure.Machine // as Measure found it, nil before,
	threads  int                              // that it was measured with

	speeds, mark string // KeepSpeeds
}

// peeked is what the headers at a path said while its files had these marks.
type peeked struct {
	marks string
	facts *checkpoint.Facts
	err   error
}

// New returns an empty library.
func New() *Library { return &Library{known: map[string]peeked{}} }

// Peek is checkpoint.Peek, remembered until the files change.
func (l *Library) Peek(path string) (*checkpoint.Facts, error) {
	marks := marksOf(path)
	l.mu.Lock()
	p, ok := l.known[path]
	l.mu.Unlock()
	if !ok || p.marks != marks {
		p = peeked{marks: marks}
		p.facts, p.err = checkpoint.Peek(path)
		l.mu.Lock()
		l.known[path] = p
		l.mu.Unlock()
	}
	return p.facts, p.err
}

// marksOf changes when the files of a model do.
func marksOf(path string) string {
	var b strings.Builder
	for _, name := range []string{path, filepath.Join(path, configName), filepath.Join(path, weightsName), filepath.Join(path, indexName)} {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprint(&b, info.Size(), " ", info.ModTime().UnixNano(), " ", info.Mode())
		}
		b.WriteByte(';')
	}
	return b.String()
}

// Scan looks for models. It reads names and headers; a few thousand files
// are quick; ctx ends it early.
func (l *Library) Scan(ctx context.Context, q Query) Found {
	var found Found
	seen := map[string]int{} // canonical path → index in found.Models
	add := func(e Entry) {
		key := canonical(e.Path)
		if i, twice := seen[key]; twice {
			old := &found.Models[i]
			if e.Recent {
				old.Used, old.Rate, old.Recent = e.Used, e.Rate, true
			}
			return
		}
		facts, err := l.Peek(e.Path)
		switch {
		case err == nil:
			e.Facts, e.Name = facts, facts.Name
		case errors.Is(err, model.ErrUnsupported) && !e.Recent:
			if e.Tool == "" {
				found.Unsupported++
			}
			return
		case e.Tool != "":
			return // whatever it is, it is not for Tern
		default:
			p := explain.Problem(err, e.Path)
			e.Problem = &p
		}
		e.Disk = sizeOf(filesOf(key))
		seen[key] = len(found.Models)
		found.Models = append(found.Models, e)
	}
	for _, folder := range q.Folders {
		w := walk{ctx: ctx, root: folder}
		w.folder(folder, 0)
		for _, path := range w.models {
			add(Entry{Path: path, Folder: folder, Name: filepath.Base(path)})
		}
		for _, dir := range w.unfinished {
			if k := hub.Look(dir); k != nil && !slices.ContainsFunc(found.Unfinished, func(u Unfinished) bool { return u.Dir == dir }) {
				found.Unfinished = append(found.Unfinished, Unfinished{dir, k})
			}
		}
	}
	for _, r := range q.Recent {
		if Local(r.Path) {
			add(Entry{Path: r.Path, Name: r.Name, Recent: true, Used: r.Used, Rate: r.Rate})
		}
	}
	for _, t := range q.Tools {
		w := walk{ctx: ctx, root: t.Dir}
		w.folder(t.Dir, 0)
		for _, path := range w.models {
			add(Entry{Path: path, Tool: t.Name, Name: filepath.Base(path)})
		}
	}
	slices.SortStableFunc(found.Models, func(a, b Entry) int {
		return cmp.Or(b.Used.Compare(a.Used), strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return found
}

// Local reports whether a path means files of this computer, rather than the
// built-in model or one that a server runs.
func Local(path string) bool { return path != "" && !strings.Contains(path, "://") }

// Tool is another program and the folder of its models, which Tern only reads.
type Tool struct{ Name, Dir string }

// Tools lists those that have a folder here.
func Tools() (list []Tool) {
	add := func(name string, dir ...string) {
		full := filepath.Join(dir...)
		if info, err := os.Stat(full); dir[0] != "" && err == nil && info.IsDir() {
			list = append(list, Tool{name, full})
		}
	}
	add("Hugging Face", hub.CacheHome(), "hub")
	home, _ := os.UserHomeDir() // where it is empty, there is nothing to look into
	add("LM Studio", home, ".lmstudio", "models")
	add("LM Studio", home, ".cache", "lm-studio", "models")
	return list
}

const (
	configName  = "config.json"
	weightsName = "model.safetensors"
	indexName   = "model.safetensors.index.json"
	ggufExt     = ".gguf"
)

// canonical is one path for all that mean the same model: a GGUF file, or the
// folder of a model in safetensors.
func canonical(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	info, err := os.Stat(path)
	if err != nil {
		return path
	}
	if !info.IsDir() {
		if hasExt(path, ggufExt) {
			return path
		}
		return filepath.Dir(path)
	}
	entries, _ := os.ReadDir(path) // a folder that cannot be read has no name but its own
	var ggufs []string
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.EqualFold(name, weightsName), strings.EqualFold(name, indexName):
			return path
		case hasExt(name, ggufExt):
			ggufs = append(ggufs, filepath.Join(path, name))
		}
	}
	if len(ggufs) == 1 {
		return ggufs[0]
	}
	return path
}

// hasExt reports whether a file's name ends in ext, in capitals or not: systems and
// people differ in that.
func hasExt(name, ext string) bool { return strings.EqualFold(filepath.Ext(name), ext) }

func isThere(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// DefaultFolder is where downloads go until the user names a folder: Models in
// the home folder.
func DefaultFolder() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("library: %w", err)
	}
	return filepath.Join(home, "Models"), nil
}

// ModelsFolder is the first of the user's folders, or the default one.
func ModelsFolder(folders []string) (string, error) {
	if len(folders) > 0 {
		return folders[0], nil
	}
	return DefaultFolder()
}
