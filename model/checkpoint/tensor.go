package checkpoint

import (
	"fmt"
	"io"
	"strings"

	"tern/model"
	"tern/model/gguf"
	"tern/model/safetensors"
)

// tensor is a tensor of either container, not yet read. Its data is read
// through the SectionReader, concurrently if need be.
type tensor struct {
	name  string
	file  string // base name of where it is
	kind  string // its type as the container names it: "F32", "U8", "I2_S" …
	shape []int  // outermost dimension first
	*io.SectionReader
}

// String says where and what it is, for errors.
func (t *tensor) String() string { return fmt.Sprintf("%s: tensor %q", t.file, t.name) }

// elems is the number of elements.
func (t *tensor) elems() int64 {
	n := int64(1)
	for _, d := range t.shape {
		n *= int64(d)
	}
	return n
}

// readFull fills p from offset off of the data.
func (t *tensor) readFull(p []byte, off int64) error {
	n, err := t.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == io.EOF: // the sizes were checked: the file has shrunk since
		return fmt.Errorf("model: %v: the file was cut while it was read: %w: %w", t, io.ErrUnexpectedEOF, model.ErrDamaged)
	}
	return fmt.Errorf("model: %v: %w", t, err)
}

func fromSafetensors(set *safetensors.Set) map[string]*tensor {
	m := make(map[string]*tensor, len(set.Tensors))
	for name, t := range set.Tensors {
		m[name] = &tensor{name, t.File, t.DType, t.Shape, t.SectionReader}
	}
	return m
}

func fromGGUF(f *gguf.File) map[string]*tensor {
	m := make(map[string]*tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		m[t.Name] = fromTensor(t)
	}
	return m
}

func fromTensor(t *gguf.Tensor) *tensor {
	shape := t.Shape
	// ggml counts four dimensions; some files list those of 1 too.
	for len(shape) > 2 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) == 2 && shape[0] == 1 && (strings.HasSuffix(t.Name, "norm.weight") || t.Name == model.RopeFactorsName) {
		shape = shape[1:]
	}
	return &tensor{t.Name, t.File, t.Type.String(), shape, t.SectionReader}
}
