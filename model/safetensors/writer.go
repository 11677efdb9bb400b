package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Entry is a tensor to be written. Data writes exactly the bytes of its type
// and shape.
type Entry struct {
	Name  string
	DType string
	Shape []int
	Data  func(w io.Writer) error
}

// Write writes the entries, in their order, as one file. The data streams
// through; only the header is held.
func Write(w io.Writer, entries []Entry) error {
	header, ends, err := buildHeader(entries)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	out := &counter{w: w}
	for i, e := range entries {
		if err := e.Data(out); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", e.Name, err)
		}
		if out.n != ends[i] {
			return fmt.Errorf("safetensors: tensor %q: its data end at byte %d of the buffer, its shape %v at %d", e.Name, out.n, e.Shape, ends[i])
		}
	}
	return nil
}

// buildHeader returns the length and the JSON, padded so that the data start
// at a multiple of 8, and where each tensor ends.
func buildHeader(entries []Entry) (header []byte, ends []int64, err error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteString(`{"__metadata__":{"format":"pt"}`)
	var end int64
	for _, e := range entries {
		n, ok := byteSize(e.DType, e.Shape)
		if !ok {
			return nil, nil, fmt.Errorf("safetensors: tensor %q: type %q of shape %v cannot be written", e.Name, e.DType, e.Shape)
		}
		info, err := json.Marshal(struct {
			DType   string   `json:"dtype"`
			Shape   []int    `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{e.DType, append([]int{}, e.Shape...), [2]int64{end, end + n}})
		if err != nil {
			return nil, nil, fmt.Errorf("safetensors: %w", err)
		}
		name, err := json.Marshal(e.Name)
		if err != nil {
			return nil, nil, fmt.Errorf("safetensors: %w", err)
		}
		b.WriteByte(',')
		b.Write(name)
		b.WriteByte(':')
		b.Write(info)
		end += n
		ends = append(ends, end)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), ends, nil
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
