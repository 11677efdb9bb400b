package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Pair is one piece of metadata to be written. Value is a string, bool, uint8,
// int8 … float64, a []string, []int32, []float32 or []bool, or a Value as Read returns.
type Pair struct {
	Key   string
	Value any
}

// Entry is a tensor to be written. Data writes exactly the bytes of its type
// and shape.
type Entry struct {
	Name  string
	Type  Type
	Shape []int // outermost dimension first
	Data  func(w io.Writer) error
}

// Write writes the metadata and the entries, in their order, as one file of
// version 3. The data stream through; only the header is held.
func Write(w io.Writer, meta []Pair, entries []Entry) error {
	p, err := newPlan(meta, entries)
	if err != nil {
		return err
	}
	if _, err := w.Write(p.header); err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	out := &counter{w: w}
	for i, e := range entries {
		if err := out.fill(p.begins[i]); err != nil {
			return fmt.Errorf("gguf: %w", err)
		}
		if err := e.Data(out); err != nil {
			return fmt.Errorf("gguf: tensor %q: %w", e.Name, err)
		}
		if out.n != p.ends[i] {
			return fmt.Errorf("gguf: tensor %q: %d bytes of data, want %d", e.Name, out.n-p.begins[i], p.ends[i]-p.begins[i])
		}
	}
	if err := out.fill(p.end); err != nil {
		return fmt.Errorf("gguf: %w", err)
	}
	return nil
}

// Size is the number of bytes that Write will write.
func Size(meta []Pair, entries []Entry) (int64, error) {
	p, err := newPlan(meta, entries)
	if err != nil {
		return 0, err
	}
	return int64(len(p.header)) + p.end, nil
}

// plan is the header of a file and where its data go, from where all data
// start.
type plan struct {
	header       []byte
	begins, ends []int64
	end          int64 // of the file: some readers want the last tensor padded too
}

func newPlan(meta []Pair, entries []Entry) (*plan, error) {
	var h bytes.Buffer
	h.WriteString(Magic)
	put(&h, uint32(3))
	put(&h, uint64(len(entries)))
	put(&h, uint64(len(meta)))
	align := int64(defaultAlign)
	for _, m := range meta {
		putString(&h, m.Key)
		if err := putValue(&h, m.Value); err != nil {
			return nil, fmt.Errorf("gguf: key %q: %w", m.Key, err)
		}
		if m.Key == "general.alignment" {
			a, ok := m.Value.(uint32)
			if !ok || a < 8 || a > maxAlign || a%8 != 0 {
				return nil, fmt.Errorf("gguf: general.alignment is %v, want a uint32 multiple of 8 up to %d", m.Value, maxAlign)
			}
			align = int64(a)
		}
	}
	p := &plan{}
	for _, e := range entries {
		size, err := e.size()
		if err != nil {
			return nil, err
		}
		begin := p.end
		p.begins, p.ends = append(p.begins, begin), append(p.ends, begin+size)
		p.end = padded(begin+size, align)
		putString(&h, e.Name)
		put(&h, uint32(len(e.Shape)))
		for i := range e.Shape {
			put(&h, uint64(e.Shape[len(e.Shape)-1-i]))
		}
		put(&h, uint32(e.Type&^(second|third)))
		put(&h, uint64(begin))
	}
	pad(&h, align)
	p.header = h.Bytes()
	return p, nil
}

// size is the number of bytes of the entry's data.
func (e *Entry) size() (int64, error) {
	n, cols := int64(1), int64(1)
	for _, d := range e.Shape {
		if d <= 0 || int64(d) > maxFile/n {
			return 0, fmt.Errorf("gguf: tensor %q: shape %v cannot be written", e.Name, e.Shape)
		}
		n, cols = n*int64(d), int64(d)
	}
	size, ok := e.Type.bytes(n, cols)
	if !ok || size == 0 || len(e.Shape) > maxDims {
		return 0, fmt.Errorf("gguf: tensor %q: %v of shape %v cannot be written", e.Name, e.Type, e.Shape)
	}
	return size, nil
}

// put writes a number or a bool.
func put(h *bytes.Buffer, v any) {
	if err := binary.Write(h, binary.LittleEndian, v); err != nil {
		panic(fmt.Sprintf("gguf: %v", err)) // the buffer takes anything, and putValue checks the types
	}
}

func putString(h *bytes.Buffer, s string) {
	put(h, uint64(len(s)))
	h.WriteString(s)
}

func putValue(h *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case string:
		put(h, uint32(String))
		putString(h, v)
	case bool:
		putScalar(h, Bool, v)
	case uint8:
		putScalar(h, Uint8, v)
	case int8:
		putScalar(h, Int8, v)
	case uint16:
		putScalar(h, Uint16, v)
	case int16:
		putScalar(h, Int16, v)
	case uint32:
		putScalar(h, Uint32, v)
	case int32:
		putScalar(h, Int32, v)
	case uint64:
		putScalar(h, Uint64, v)
	case int64:
		putScalar(h, Int64, v)
	case float32:
		putScalar(h, Float32, v)
	case float64:
		putScalar(h, Float64, v)
	case []string:
		putArray(h, String, len(v))
		for _, s := range v {
			putString(h, s)
		}
	case []int32:
		putArray(h, Int32, len(v))
		put(h, v)
	case []float32:
		putArray(h, Float32, len(v))
		put(h, v)
	case []bool:
		putArray(h, Bool, len(v))
		put(h, v)
	case Value:
		putStored(h, v)
	default:
		return fmt.Errorf("a %T cannot be written", v)
	}
	return nil
}

func putScalar(h *bytes.Buffer, t ValueType, v any) {
	put(h, uint32(t))
	put(h, v)
}

func putArray(h *bytes.Buffer, elem ValueType, n int) {
	put(h, uint32(Array))
	put(h, uint32(elem))
	put(h, uint64(n))
}

// putStored writes a value as it was read.
func putStored(h *bytes.Buffer, v Value) {
	switch v.Type {
	case Array:
		putArray(h, v.Elem, v.Len)
	case String:
		put(h, uint32(String))
		put(h, uint64(len(v.data)))
	default:
		put(h, uint32(v.Type))
	}
	h.WriteString(v.stored())
}

// pad fills h with zeros up to a multiple of align.
func pad(h *bytes.Buffer, align int64) {
	h.Write(make([]byte, padded(int64(h.Len()), align)-int64(h.Len())))
}

// counter counts the bytes that pass.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// fill writes zeros up to byte end.
func (c *counter) fill(end int64) error {
	if c.n == end {
		return nil
	}
	_, err := c.Write(make([]byte, end-c.n))
	return err
}
