package checkpoint

import (
	"fmt"
	"io"

	"tern/model"
	"tern/model/gguf"
	"tern/model/ternary"
)

// Encoding is one way in which checkpoints store a weight, in one file
// enc_NAME.go: how it is recognised, read and written.
type Encoding struct {
	Name string // as containers name the type, or what the numbers are
	// Ternary says that a projection becomes a packed matrix.
	Ternary bool

	// kind is the type that GGUF files name, "" for encodings that are not
	// recognised by one type alone (bind.go and ggufbind.go say by what).
	kind string

	// stored is the shape of the stored tensor, nil where it is the logical one.
	stored func(b *binding) []int
	// load reads the tensors of b into the slot.
	load func(l *loader, b *binding) error

	// Type is what GGUF files call what Write writes.
	Type gguf.Type
	// groups describes blocks with a scale each, nil for other encodings; load is
	// then nil, too, for there are two ways to read them (loadBlocks).
	groups *groups
	// ownGroups is the width of the groups of a matrix that is stored as it is in memory, else 0.
	ownGroups int
	// WriteGroups writes a matrix with a scale per group, as Write does; nil for
	// encodings that have none or that Tern does not write.
	WriteGroups func(w io.Writer, m *ternary.Grouped, order func(r int) int) error
	// Write writes the weights of l; stored row r is row order(r) of the matrix.
	// It is nil for encodings that Tern does not write.
	Write func(w io.Writer, l *model.Linear, order func(r int) int) error
}

// projections are the encodings that GGUF files name by a type of their own. A
// new one is a file enc_NAME.go and a line here.
var projections = []*Encoding{&I2S, &TQ1, &TQ2, &Q2, &q2Legacy, &PQ2, &ptq1, &q1, &OwnMatrix, &OwnGroups64, &OwnGroups128}

// projectionNamed finds the encoding of a projection by the type that a GGUF
// file names, nil where Tern does not read it.
func projectionNamed(kind string) *Encoding {
	for _, e := range projections {
		if e.kind == kind {
			return e
		}
	}
	return nil
}

// InOrder stores rows where they are.
func InOrder(r int) int { return r }

// code3 is the error for a code that no ternary weight has.
func code3(b *binding, r int) error {
	return fmt.Errorf("model: %v: row %d has the code 3, which no weight has: %w", b.weight, r, model.ErrDamaged)
}
