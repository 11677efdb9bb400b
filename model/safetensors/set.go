package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// IndexSuffix ends the name of the file that lists the shards of a checkpoint.
const IndexSuffix = ".safetensors.index.json"

const (
	maxIndex  = 64 << 20 // bytes; 100 for each tensor is usual
	maxShards = 10_000
)

// Set is the tensors of a checkpoint, from one file or many, which stay open
// until Close.
type Set struct {
	Tensors map[string]*Tensor
	files   []fs.File
}

// Open opens the checkpoint at name: a .safetensors file, or an index whose
// shards lie in the same folder. Files must implement io.ReaderAt.
// Errors wrap ErrFormat where the files are at fault.
func Open(fsys fs.FS, name string) (*Set, error) {
	s := &Set{Tensors: map[string]*Tensor{}}
	var err error
	if strings.HasSuffix(strings.ToLower(name), IndexSuffix) {
		err = s.openIndex(fsys, name)
	} else {
		err = s.openFile(fsys, name, nil)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes the files. Tensors cannot be read afterwards.
func (s *Set) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	s.files = nil
	return errors.Join(errs...)
}

// Names returns the tensors' names in lexical order.
func (s *Set) Names() []string {
	return slices.Sorted(maps.Keys(s.Tensors))
}

// openFile adds the tensors that want names, or all where want is nil.
func (s *Set) openFile(fsys fs.FS, name string, want map[string]bool) error {
	// A named pipe would block in Open.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("safetensors: %s is not a regular file: %w", name, ErrFormat)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	s.files = append(s.files, f)
	r, ok := f.(io.ReaderAt)
	if !ok {
		return fmt.Errorf("safetensors: %s cannot be read at an offset", name)
	}
	if info, err = f.Stat(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	tensors, err := Read(r, info.Size())
	if err != nil {
		return fmt.Errorf("%w (in %s)", err, name)
	}
	for _, t := range tensors {
		t.File = path.Base(name)
		if want == nil || want[t.Name] {
			s.Tensors[t.Name] = t
			delete(want, t.Name)
		}
	}
	for missing := range want {
		return fmt.Errorf("safetensors: tensor %q is not in %s, where the index says it is: %w", missing, name, ErrFormat)
	}
	return nil
}

func (s *Set) openIndex(fsys fs.FS, name string) error {
	raw, err := readIndex(fsys, name)
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w", name, err)
	}
	shards, err := parseIndex(raw)
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w: %w", name, err, ErrFormat)
	}
	for _, shard := range slices.Sorted(maps.Keys(shards)) {
		if err := s.openFile(fsys, path.Join(path.Dir(name), shard), shards[shard]); err != nil {
			return err
		}
	}
	return nil
}

func readIndex(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxIndex {
		return nil, fmt.Errorf("it is not a regular file of at most %d bytes: %w", maxIndex, ErrFormat)
	}
	return fs.ReadFile(fsys, name)
}

// parseIndex returns the tensors that weight_map places in each file.
func parseIndex(raw []byte) (map[string]map[string]bool, error) {
	p := parser{json.NewDecoder(bytes.NewReader(raw))}
	var shards map[string]map[string]bool
	err := p.object(func(key string) error {
		if key != "weight_map" {
			return p.skip()
		}
		shards = map[string]map[string]bool{}
		return p.object(func(tensor string) error {
			t, err := p.dec.Token()
			if err != nil {
				return err
			}
			file, ok := t.(string)
			if !ok || !validShard(file) {
				return fmt.Errorf("tensor %q is in %q, which is not a file name", tensor, fmt.Sprint(t))
			}
			if shards[file] == nil {
				if len(shards) == maxShards {
					return fmt.Errorf("more than %d files", maxShards)
				}
				shards[file] = map[string]bool{}
			}
			shards[file][tensor] = true
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	if len(shards) == 0 {
		return nil, errors.New("weight_map is missing or empty")
	}
	return shards, nil
}

// validShard reports whether a name from an index stays inside the folder, on
// every system.
func validShard(name string) bool {
	return strings.HasSuffix(name, ".safetensors") && !strings.ContainsAny(name, `/\:`) && fs.ValidPath(name)
}
