package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
)

// parser reads a header from its start, a window at a time. Small values are kept; large
// arrays are passed over, and read when they are asked for (late).
type parser struct {
	r     io.ReaderAt
	size  int64  // of the file
	buf   []byte // a part of it,
	start int    // and where that begins
	pos   int    // what has been parsed
}

// window is what is read at a time.
const window = 64 << 10

func (p *parser) file() (*File, []info, error) {
	pairs, tensors, err := p.counts()
	if err != nil {
		return nil, nil, err
	}
	large := &late{r: p.r}
	f := &File{Meta: map[string]Value{}}
	for range pairs {
		key, err := p.text()
		if err != nil {
			return nil, nil, fmt.Errorf("%w (a key)", err)
		}
		kind, err := p.uint32()
		if err != nil {
			return nil, nil, err
		}
		v, begin, err := p.value(ValueType(kind), 0)
		if err != nil {
			return nil, nil, fmt.Errorf("%w (key %q)", err, key)
		}
		if _, twice := f.Meta[key]; twice {
			return nil, nil, bad("key %q is there twice", key)
		}
		if v.Type == Array && p.pos-begin > window {
			v.late = large.part(begin, p.pos)
		} else if v.data, err = p.kept(begin, p.pos); err != nil {
			return nil, nil, err
		}
		f.Meta[key] = v
		f.Keys = append(f.Keys, key)
	}
	infos, err := p.tensors(tensors)
	return f, infos, err
}

// counts reads what comes before the metadata.
func (p *parser) counts() (pairs, tensors int, err error) {
	magic, err := p.take(4)
	if err != nil {
		return 0, 0, err
	}
	if string(magic) != Magic {
		return 0, 0, bad("it does not start with %q", Magic)
	}
	version, err := p.uint32()
	if err != nil {
		return 0, 0, err
	}
	switch {
	case version == 2 || version == 3:
	case version&0xffff == 0:
		return 0, 0, fmt.Errorf("gguf: the file is big-endian, Tern reads little-endian files: %w", ErrVersion)
	default:
		return 0, 0, fmt.Errorf("gguf: the file has version %d, Tern reads 2 and 3: %w", version, ErrVersion)
	}
	t, err := p.uint64()
	if err != nil {
		return 0, 0, err
	}
	k, err := p.uint64()
	if err != nil {
		return 0, 0, err
	}
	left := uint64(p.size) - uint64(p.pos)
	if t > maxTensors || t > left/minTensor || k > left/minPair {
		return 0, 0, short("%d tensors and %d metadata values do not fit %d bytes", t, k, p.size)
	}
	return int(k), int(t), nil
}

// tensors reads the tensor list.
func (p *parser) tensors(n int) ([]info, error) {
	list := make([]info, 0, n)
	seen := make(map[string]bool, n)
	for range n {
		t, err := p.tensor()
		if err != nil {
			return nil, fmt.Errorf("%w (tensor %q)", err, t.name)
		}
		if seen[t.name] {
			return nil, bad("tensor %q is there twice", t.name)
		}
		seen[t.name] = true
		list = append(list, t)
	}
	return list, nil
}

func (p *parser) tensor() (t info, err error) {
	if t.name, err = p.text(); err != nil {
		return t, err
	}
	dims, err := p.uint32()
	if err != nil {
		return t, err
	}
	if dims > maxDims {
		return t, bad("%d dimensions, at most %d are allowed", dims, maxDims)
	}
	t.shape, t.elems, t.cols = make([]int, dims), 1, 1
	for i := range t.shape {
		d, err := p.uint64()
		if err != nil {
			return t, err
		}
		if d == 0 || d > maxFile || int64(d) > maxFile/t.elems || uint64(int(d)) != d {
			return t, bad("dimension %d is %d", i, d)
		}
		if i == 0 {
			t.cols = int64(d)
		}
		t.elems *= int64(d)
		t.shape[len(t.shape)-1-i] = int(d)
	}
	kind, err := p.uint32()
	if err != nil {
		return t, err
	}
	if t.kind = Type(kind); t.kind >= second {
		return t, bad("type %d", kind)
	}
	offset, err := p.uint64()
	if err == nil && offset > maxFile {
		err = bad("offset %d", offset)
	}
	t.offset = int64(offset)
	return t, err
}

// value passes over a value and returns it without its data, which begin at
// begin and end where the parser stands.
func (p *parser) value(t ValueType, depth int) (v Value, begin int, err error) {
	v.Type = t
	switch size := t.size(); {
	case size > 0:
		err = p.skip(uint64(size))
		return v, p.pos - size, err
	case t == String:
		n, err := p.uint64()
		if err == nil {
			err = p.skip(n)
		}
		return v, p.pos - int(n), err
	case t != Array:
		return v, 0, bad("value of unknown %v", t)
	case depth == maxDepth:
		return v, 0, bad("arrays are nested more than %d deep", maxDepth)
	}
	elem, err := p.uint32()
	if err != nil {
		return v, 0, err
	}
	n, err := p.uint64()
	if err != nil {
		return v, 0, err
	}
	v.Elem = ValueType(elem)
	least := v.Elem.minSize()
	if least == 0 {
		return v, 0, bad("array of unknown %v", v.Elem)
	}
	if left := uint64(p.size) - uint64(p.pos); n > left/uint64(least) {
		return v, 0, short("array of %d values in the last %d bytes", n, left)
	}
	v.Len, begin = int(n), p.pos
	switch size := v.Elem.size(); {
	case size > 0:
		return v, begin, p.skip(n * uint64(size))
	case v.Elem == String:
		return v, begin, p.skipStrings(n)
	}
	for range n {
		if _, _, err := p.value(v.Elem, depth+1); err != nil {
			return v, 0, err
		}
	}
	return v, begin, nil
}

// skipStrings passes over n strings. A vocabulary has hundreds of thousands: most are passed
// over within the window.
func (p *parser) skipStrings(n uint64) error {
	for ; n > 0; n-- {
		size, err := p.uint64() // brings a window that has it
		if err == nil {
			err = p.skip(size)
		}
		if err != nil {
			return err
		}
		if p.pos > p.start+len(p.buf) {
			continue
		}
		rest := p.buf[p.pos-p.start:]
		for ; n > 1 && len(rest) >= 8; n-- {
			size := binary.LittleEndian.Uint64(rest)
			if size > uint64(len(rest)-8) {
				break
			}
			rest = rest[8+size:]
		}
		p.pos = p.start + len(p.buf) - len(rest)
	}
	return nil
}

// take returns the next n bytes; the slice is good until the next call.
func (p *parser) take(n uint64) ([]byte, error) {
	begin := p.pos
	if err := p.skip(n); err != nil {
		return nil, err
	}
	if p.pos > p.start+len(p.buf) || begin < p.start {
		size := int(min(max(int64(n), window), p.size-int64(begin)))
		if cap(p.buf) < size {
			p.buf = make([]byte, size)
		}
		p.buf, p.start = p.buf[:size], begin
		if err := p.readAt(p.buf, begin); err != nil {
			return nil, err
		}
	}
	return p.buf[begin-p.start:][:n], nil
}

// skip passes over n bytes.
func (p *parser) skip(n uint64) error {
	if left := uint64(p.size) - uint64(p.pos); n > left {
		return short("%d bytes are asked for at byte %d of %d", n, p.pos, p.size)
	}
	if uint64(p.pos)+n > maxHeader {
		return bad("more than %d bytes of metadata", maxHeader)
	}
	p.pos += int(n)
	return nil
}

// kept returns what was parsed from begin to end.
func (p *parser) kept(begin, end int) (string, error) {
	if p.start <= begin && end <= p.start+len(p.buf) {
		return string(p.buf[begin-p.start : end-p.start]), nil
	}
	b := make([]byte, end-begin)
	err := p.readAt(b, begin)
	return string(b), err
}

func (p *parser) readAt(b []byte, at int) error { return fill(p.r, b, at) }

// fill reads b from a place in a file.
func fill(r io.ReaderAt, b []byte, at int) error {
	if n, err := r.ReadAt(b, int64(at)); n < len(b) {
		if err == io.EOF { // it shrank since its size was taken
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("gguf: %d bytes at %d: %w", len(b), at, err)
	}
	return nil
}

func (p *parser) uint32() (uint32, error) {
	b, err := p.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (p *parser) uint64() (uint64, error) {
	b, err := p.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// string returns the next string; the slice is good until the next call.
func (p *parser) string() ([]byte, error) {
	n, err := p.uint64()
	if err != nil {
		return nil, err
	}
	return p.take(n)
}

// text is string, copied.
func (p *parser) text() (string, error) {
	b, err := p.string()
	return string(b), err
}
