package gguf

import (
	"io"
	"sync"
	"unsafe"

	"tern/model/internal/memory"
)

// late is the part of a header with its large arrays, which a vocabulary is: it is read,
// all at once, when one of them is asked for. Whoever opens a model wants the list of
// tensors first, which comes after it.
type late struct {
	r          io.ReaderAt
	begin, end int // in the file

	once sync.Once
	data string
	err  error
}

// latePart is one of the arrays.
type latePart struct {
	in         *late
	begin, end int // in the file
}

// part adds an array. None may have been asked for yet.
func (l *late) part(begin, end int) *latePart {
	if l.end == 0 {
		l.begin = begin
	}
	l.end = end
	return &latePart{l, begin, end}
}

// read returns the array as it is stored.
func (p *latePart) read() (string, error) {
	l := p.in
	l.once.Do(func() {
		b := memory.Zeros(l.end - l.begin)
		l.err = fill(l.r, b, l.begin)
		l.data = unsafe.String(unsafe.SliceData(b), len(b))
	})
	if l.err != nil {
		return "", l.err
	}
	return l.data[p.begin-l.begin : p.end-l.begin], nil
}
