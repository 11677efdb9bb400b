package library

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tern/app/hub"
	"tern/model/gguf"
)

const (
	maxDepth   = 6      // of folders; the caches of other tools need four
	maxVisited = 50_000 // entries, in case somebody adds a whole disk
)

// walk looks for models below a folder. It follows links to files, as caches
// hold them, and none to folders.
type walk struct {
	ctx        context.Context
	root       string
	visited    int
	models     []string
	unfinished []string // folders of downloads
}

func (w *walk) folder(dir string, depth int) {
	if w.ctx.Err() != nil || w.visited > maxVisited {
		return
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // not ours to read, or gone
	}
	w.visited += len(entries)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if k := hub.Look(dir); k != nil && !k.Complete {
		w.unfinished = append(w.unfinished, dir)
		return
	}
	has := func(file string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, file) })
	}
	if has(configName) && (has(weightsName) || has(indexName)) {
		w.models = append(w.models, dir)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case e.IsDir():
			if depth < maxDepth && !strings.HasPrefix(name, ".") {
				w.folder(filepath.Join(dir, name), depth+1)
			}
		case hasExt(name, ggufExt):
			if name != gguf.PartOf(name, 1) {
				continue
			}
			w.models = append(w.models, filepath.Join(dir, name))
		}
	}
}
