// Package safetensors reads and writes the safetensors container: an 8-byte
// little-endian length, that many bytes of JSON, then the bytes of the tensors.
// It knows the format only, not what any tensor is for.
//
// Nothing is mapped: the caller repacks what it reads, and a mapped file that
// shrinks kills the process. Tensor data has no alignment; it is read into the
// caller's buffers.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrFormat marks a file that breaks the format or contradicts itself.
var ErrFormat = errors.New("not a valid safetensors file")

const (
	// maxHeader is the largest header that the reference implementation reads.
	maxHeader = 100_000_000
	// maxTensors bounds the memory of a parsed header; the largest models have
	// a few thousand tensors.
	maxTensors = 1 << 17
	maxDims    = 16
	maxFile    = 1 << 50
)

// Tensor is one tensor of a file. Its data is read through the SectionReader:
// ReadAt is safe for concurrent use, Size is the number of bytes.
type Tensor struct {
	Name  string
	File  string // base name of the file that Open found it in
	DType string // as stored: "F32", "BF16", "U8" …
	Shape []int  // empty for a scalar
	*io.SectionReader
}

// Elems is the number of elements, the product of the shape.
func (t *Tensor) Elems() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// Read parses and checks the header of a file of size bytes and returns its
// tensors in the order of their data. The reader must outlive them.
// Errors wrap ErrFormat, or are those of r.
func Read(r io.ReaderAt, size int64) ([]*Tensor, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, &shortError{fmt.Errorf("safetensors: %d bytes are too few for a header: %w", size, ErrFormat)}
	}
	if err := readFull(r, length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n > maxHeader:
		return nil, fmt.Errorf("safetensors: header of %d bytes, at most %d are allowed: %w", n, maxHeader, ErrFormat)
	case int64(n) > size-8:
		return nil, &shortError{fmt.Errorf("safetensors: header of %d bytes ends past the file's %d: %w", n, size, ErrFormat)}
	}
	header := make([]byte, n)
	if err := readFull(r, header, 8); err != nil {
		return nil, err
	}
	entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	base := 8 + int64(n)
	if err := checkLayout(entries, size-base); err != nil {
		return nil, err
	}
	tensors := make([]*Tensor, len(entries))
	for i, e := range entries {
		tensors[i] = &Tensor{e.name, "", e.dtype, e.shape, io.NewSectionReader(r, base+e.begin, e.end-e.begin)}
	}
	return tensors, nil
}

// shortError is an error about a file that ends before what it announces, as after
// an unfinished download. It is io.ErrUnexpectedEOF, too, without its words.
type shortError struct{ error }

func (e *shortError) Unwrap() error        { return e.error }
func (e *shortError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// checkLayout sorts the entries by position and checks that each has the size
// of its shape and that together they cover the buffer once.
func checkLayout(entries []entry, buffer int64) error {
	for _, e := range entries {
		want, ok := byteSize(e.dtype, e.shape)
		if _, known := sizes[e.dtype]; !known && e.dtype != "" {
			// A type of tomorrow: whoever needs the tensor refuses it by its type.
			want, ok = e.end-e.begin, true
		}
		switch {
		case !ok:
			return fmt.Errorf("safetensors: tensor %q: type %q of shape %v is not supported: %w", e.name, e.dtype, e.shape, ErrFormat)
		case e.begin < 0 || e.begin > e.end || e.end > buffer:
			err := fmt.Errorf("safetensors: tensor %q: bytes %d to %d of a buffer of %d: %w", e.name, e.begin, e.end, buffer, ErrFormat)
			if e.end > buffer {
				return &shortError{err}
			}
			return err
		case e.end-e.begin != want:
			return fmt.Errorf("safetensors: tensor %q: %s of shape %v takes %d bytes, the file gives it %d: %w",
				e.name, e.dtype, e.shape, want, e.end-e.begin, ErrFormat)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end) // an empty tensor comes before its neighbour
	})
	var end int64
	for _, e := range entries {
		if e.begin != end {
			return fmt.Errorf("safetensors: tensor %q starts at byte %d where the one before ends at %d: %w", e.name, e.begin, end, ErrFormat)
		}
		end = e.end
	}
	if end != buffer {
		return fmt.Errorf("safetensors: %d bytes follow the last tensor, which belong to none: %w", buffer-end, ErrFormat)
	}
	return nil
}

// readFull fills p from offset off. A file that shrank since its size was taken
// is an error like any other.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	if n, err := r.ReadAt(p, off); n < len(p) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("safetensors: %d bytes at %d: %w", len(p), off, err)
	}
	return nil
}
