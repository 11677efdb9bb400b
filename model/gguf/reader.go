// Package gguf reads and writes GGUF, the container of llama.cpp and its forks:
// metadata, a list of tensors, then their bytes at aligned offsets. It knows
// the format only, not what any key or tensor is for.
//
// Source: docs/gguf.md of ggml, and gguf.cpp for what it leaves open.
//
// Nothing is mapped: the caller repacks what it reads, and a mapped file that
// shrinks kills the process.
package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrFormat marks a file that breaks the format or contradicts itself.
var ErrFormat = errors.New("not a valid GGUF file")

// ErrVersion marks a file of a version or byte order that Tern does not read.
var ErrVersion = errors.New("unsupported version of GGUF")

// Magic begins every GGUF file.
const Magic = "GGUF"

const (
	// maxHeader bounds the memory of the metadata; those of a vocabulary of
	// 262,144 tokens take some 20 MB.
	maxHeader  = 256 << 20
	maxTensors = 1 << 17
	maxDims    = 4 // GGML_MAX_DIMS
	maxDepth   = 4 // of nested arrays
	maxAlign   = 1 << 16
	maxFile    = 1 << 50

	defaultAlign = 32

	minPair   = 8 + 4 + 1         // key, type, value
	minTensor = 8 + 4 + 0 + 4 + 8 // name, dimensions, type, offset
)

// Tensor is one tensor of a file. Its data is read through the SectionReader:
// ReadAt is safe for concurrent use, Size is the number of bytes.
type Tensor struct {
	Name  string
	File  string // base name of the file that Open found it in
	Type  Type
	Shape []int // outermost dimension first: [rows][columns], the reverse of the file's order
	*io.SectionReader
}

// File is a parsed file, or the parts of a split one taken together.
type File struct {
	Meta    map[string]Value
	Keys    []string  // of Meta, in the order of the file
	Tensors []*Tensor // in the order of their data
	// Q2Layouts are the layouts of Q2_0 that the room of the tensors of that type
	// allows, the one that they were given first: one but in files whose alignment
	// hides the sizes, none without such tensors.
	Q2Layouts []Type
	closers   []io.Closer
}

// Read parses and checks the metadata and the tensor list of a file of size
// bytes. The reader must outlive the tensors.
// Errors wrap ErrFormat or ErrVersion, or are those of r.
func Read(r io.ReaderAt, size int64) (*File, error) {
	p := &parser{r: r, size: size}
	f, infos, err := p.file()
	if err != nil {
		return nil, err
	}
	align := int64(defaultAlign)
	if v, ok := f.Meta["general.alignment"]; ok {
		if align, ok = v.Int(); !ok || align < 8 || align > maxAlign || align%8 != 0 {
			return nil, bad("general.alignment is not a multiple of 8 up to %d", maxAlign)
		}
	}
	base := padded(int64(p.pos), align)
	if f.Q2Layouts, err = layout(infos, max(0, size-base), align); err != nil {
		return nil, err
	}
	for _, t := range infos {
		f.Tensors = append(f.Tensors, &Tensor{t.name, "", t.kind, t.shape, io.NewSectionReader(r, base+t.offset, t.size)})
	}
	return f, nil
}

// bad is an error about the file.
func bad(format string, args ...any) error {
	return fmt.Errorf("gguf: "+format+": %w", append(args, ErrFormat)...)
}

// short is an error about a file that ends before what it announces, as after an
// unfinished download.
func short(format string, args ...any) error { return &shortError{bad(format, args...)} }

// shortError is io.ErrUnexpectedEOF, too, without its words.
type shortError struct{ error }

func (e *shortError) Unwrap() error        { return e.error }
func (e *shortError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// info is a tensor as the list describes it.
type info struct {
	name   string
	kind   Type
	shape  []int // outermost first
	elems  int64 // product of the shape
	cols   int64 // innermost dimension, 1 for a scalar
	offset int64 // of the data, from where all data start
	size   int64
}

// layout sorts the tensors by position, finds their sizes and checks that they
// are aligned, do not overlap and end within room bytes. It returns the layouts that
// type 42 may have.
func layout(list []info, room, align int64) (q2 []Type, err error) {
	for i := range list {
		t := &list[i]
		if t.offset%align != 0 {
			return nil, bad("tensor %q: offset %d is not a multiple of %d", t.name, t.offset, align)
		}
		if t.offset > room {
			return nil, short("tensor %q starts at byte %d of %d", t.name, t.offset, room)
		}
	}
	slices.SortStableFunc(list, func(a, b info) int { return cmp.Compare(a.offset, b.offset) })
	ends := make([]int64, len(list))
	for i := range list {
		ends[i] = room
		if i+1 < len(list) {
			ends[i] = list[i+1].offset
		}
	}
	if q2, err = resolve42(list, ends, align); err != nil {
		return nil, err
	}
	for i := range list {
		t, end := &list[i], ends[i]
		t.kind = t.kind.resolve(t.elems, end-t.offset, align)
		size, ok := t.kind.bytes(t.elems, t.cols)
		if !ok && t.kind != stq1 { // that is refused by its name
			return nil, bad("tensor %q: rows of %d values are not whole blocks of %v", t.name, t.cols, t.kind)
		}
		if size == 0 {
			size = end - t.offset
		}
		if room := end - t.offset; size <= 0 || size > room || t.kind == I2S && !fills(size, room, align) {
			return nil, bad("tensor %q: %v of shape %v takes %d bytes, there are %d before the next tensor or the end", t.name, t.kind, t.shape, size, end-t.offset)
		}
		t.size = size
	}
	return q2, nil
}
