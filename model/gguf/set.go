package gguf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
)

// maxParts bounds the files of a split checkpoint.
const maxParts = 1000

// partName matches one file of a split checkpoint, numbered from 1, in any case:
// some file systems have names in capitals.
var partName = regexp.MustCompile(`(?i)^(.*)-([0-9]{5})(-of-([0-9]{5})\.gguf)$`)

// SplitName returns what the names of a split checkpoint's files begin with,
// and how many there are; ok is false for the name of a file that stands alone.
func SplitName(name string) (prefix string, parts int, ok bool) {
	m := partName.FindStringSubmatch(name)
	if m == nil {
		return "", 0, false
	}
	no, _ := strconv.Atoi(m[2])
	parts, _ = strconv.Atoi(m[4])
	return m[1], parts, parts > 1 && parts <= maxParts && no >= 1 && no <= parts
}

// PartName is the name of file no, from 1, of a split checkpoint.
func PartName(prefix string, no, parts int) string {
	return fmt.Sprintf("%s-%05d-of-%05d.gguf", prefix, no, parts)
}

// PartOf is the name of file no, from 1, of the split checkpoint that the file
// called name belongs to, spelled as that is; name itself for a file that stands
// alone.
func PartOf(name string, no int) string {
	if _, _, split := SplitName(name); !split {
		return name
	}
	m := partName.FindStringSubmatch(name)
	return fmt.Sprintf("%s-%05d%s", m[1], no, m[3])
}

// Open opens the file at name and, if it is one of a split checkpoint, all
// others: the metadata are those of the first. Files must implement io.ReaderAt
// and stay open until Close.
// Errors wrap ErrFormat, ErrVersion or fs.ErrNotExist, which names what is
// missing.
func Open(fsys fs.FS, name string) (*File, error) {
	_, parts, split := SplitName(path.Base(name))
	if !split {
		f, err := openFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if n, ok := f.Meta["split.count"].Int(); ok && n > 1 {
			err := bad("%s is one of %d parts, but it is not named like prefix-00001-of-%05d.gguf", name, n, n)
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
	all := &File{}
	for i := range parts {
		part := path.Join(path.Dir(name), PartOf(path.Base(name), i+1))
		f, err := openFile(fsys, part)
		if err == nil {
			if err = all.add(f, i, parts); err != nil {
				err = fmt.Errorf("%w (in %s)", err, path.Base(part))
			}
		}
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
	}
	if want, ok := all.Meta["split.tensors.count"].Int(); ok && want != int64(len(all.Tensors)) {
		return nil, errors.Join(bad("%d parts hold %d tensors, want %d", parts, len(all.Tensors), want), all.Close())
	}
	return all, nil
}

// add appends part i, from 0, of a split checkpoint, and takes over its files.
func (f *File) add(part *File, i, parts int) error {
	f.closers = append(f.closers, part.closers...)
	no, ok1 := part.Meta["split.no"].Int()
	count, ok2 := part.Meta["split.count"].Int()
	if !ok1 || !ok2 || no != int64(i) || count != int64(parts) {
		return bad("it says it is part %d of %d, its name says %d of %d", no+1, count, i+1, parts)
	}
	if i == 0 {
		f.Meta, f.Keys = part.Meta, part.Keys
	}
	f.Tensors = append(f.Tensors, part.Tensors...)
	if i == 0 || len(f.Q2Layouts) == 0 {
		f.Q2Layouts = part.Q2Layouts
	} else if len(part.Q2Layouts) > 0 {
		f.Q2Layouts = slices.DeleteFunc(slices.Clone(f.Q2Layouts), func(t Type) bool { return !slices.Contains(part.Q2Layouts, t) })
	}
	if len(f.Tensors) > maxTensors {
		return bad("more than %d tensors", maxTensors)
	}
	seen := map[string]bool{}
	for _, t := range f.Tensors {
		if seen[t.Name] {
			return bad("tensor %q is there twice", t.Name)
		}
		seen[t.Name] = true
	}
	return nil
}

func openFile(fsys fs.FS, name string) (*File, error) {
	// A named pipe would block in Open.
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, bad("%s is not a regular file", name)
	}
	file, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	f, err := readFile(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w (in %s)", err, path.Base(name)), file.Close())
	}
	for _, t := range f.Tensors {
		t.File = path.Base(name)
	}
	f.closers = []io.Closer{file}
	return f, nil
}

func readFile(file fs.File) (*File, error) {
	r, ok := file.(io.ReaderAt)
	if !ok {
		return nil, errors.New("gguf: the file cannot be read at an offset")
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return Read(r, info.Size())
}

// Close closes the files that Open opened. Tensors cannot be read afterwards.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	f.closers = nil
	return errors.Join(errs...)
}
