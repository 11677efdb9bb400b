package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"tern/model"
	"tern/model/gguf"
	"tern/model/safetensors"
	"tern/tokenizer/vocab"
)

// maxNamed is how many files an error names.
const maxNamed = 8

// shardName matches one file of a checkpoint in several.
var shardName = regexp.MustCompile(`(?i)^(.*)-[0-9]{5}-of-[0-9]{5}\.safetensors$`)

// place is where a checkpoint lies.
type place struct {
	dir     string
	weights string // a .safetensors file, its index, or a GGUF file
	gguf    bool
}

// locate finds the checkpoint that name, a folder or a file, means.
func locate(fsys fs.FS, name string) (place, error) {
	info, err := fs.Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return place{}, fmt.Errorf("model: %s: %w", name, model.ErrNotFound)
	} else if err != nil {
		return place{}, fmt.Errorf("model: %w", err)
	}
	if info.IsDir() {
		return locateIn(fsys, name, name)
	}
	dir := path.Dir(name)
	if info.Mode().IsRegular() { // reading a named pipe would block
		if yes, err := isGGUF(fsys, name); err != nil {
			return place{}, err
		} else if yes {
			return place{dir, name, true}, nil
		}
	}
	if m := shardName.FindStringSubmatch(path.Base(name)); m != nil {
		index := path.Join(dir, m[1]+safetensors.IndexSuffix)
		if !exists(fsys, index) {
			return place{}, noIndex(name)
		}
		return place{dir, index, false}, nil
	}
	lower := strings.ToLower(name)
	switch ext := path.Ext(lower); {
	case ext == ".safetensors", strings.HasSuffix(lower, safetensors.IndexSuffix):
		return place{dir, name, false}, nil
	case ext == ".gguf":
		if head, err := headOf(fsys, name); err == nil {
			if err := StandIn(path.Base(name), head); err != nil {
				return place{}, err
			}
		}
		return place{}, fmt.Errorf("model: %s does not start with %q: %w", name, gguf.Magic, model.ErrDamaged)
	case slices.Contains(pickleEndings, ext):
		return place{}, notRead(name)
	}
	return locateIn(fsys, dir, name)
}

// locateIn finds the checkpoint in the folder dir, for which name was given.
func locateIn(fsys fs.FS, dir, name string) (place, error) {
	c, err := look(fsys, dir)
	if err != nil {
		return place{}, err
	}
	switch {
	case name == ".":
		name = "the folder"
	case name != dir:
		name = "the folder of " + name
	}
	several := func(kind string, list []string) error {
		return fmt.Errorf("model: %s holds %d %s models, of which one must be picked: %s: %w",
			name, len(list), kind, strings.Join(list[:min(len(list), maxNamed)], ", "), model.ErrNotFound)
	}
	switch {
	case c.weights != "":
		return place{dir, path.Join(dir, c.weights), false}, nil
	case len(c.gguf) == 1:
		return place{dir, path.Join(dir, c.gguf[0]), true}, nil
	case len(c.gguf) > 1:
		return place{}, several("GGUF", c.gguf)
	case len(c.single) == 1 && len(c.parts) == 0:
		return place{dir, path.Join(dir, c.single[0]), false}, nil
	case len(c.single) > 1:
		return place{}, several("safetensors", c.single)
	}
	if at, err := snapshot(fsys, dir); err != nil {
		return place{}, err
	} else if at != "" {
		return locateIn(fsys, at, at)
	}
	return place{}, c.absent(name)
}

// isGGUF reports whether the file at name begins like a GGUF file.
func isGGUF(fsys fs.FS, name string) (bool, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return false, fmt.Errorf("model: %w", err)
	}
	defer f.Close()
	var magic [len(gguf.Magic)]byte
	switch _, err := io.ReadFull(f, magic[:]); {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("model: %w", err)
	}
	return string(magic[:]) == gguf.Magic, nil
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// readTokenizer takes what there is of a tokenizer's files.
func readTokenizer(t *vocab.Files, fsys fs.FS, dir string) (err error) {
	for _, f := range t.All() {
		if *f.Data, err = readSide(fsys, dir, f.Name); err != nil {
			return err
		}
	}
	return nil
}

// readSide reads a small file beside the weights, nil where there is none.
func readSide(fsys fs.FS, dir, name string) ([]byte, error) {
	full := path.Join(dir, name)
	info, err := fs.Stat(fsys, full)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := fs.Lstat(fsys, full); err == nil {
			return nil, fmt.Errorf("model: %s is a link to a file that is not there: %w", name, model.ErrNotFound)
		}
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSideFile {
		return nil, fmt.Errorf("model: %s is not a regular file of at most %d bytes: %w", name, maxSideFile, model.ErrDamaged)
	}
	raw, err := fs.ReadFile(fsys, full)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return raw, StandIn(name, raw)
}
