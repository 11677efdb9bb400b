package model

import (
	"tern/model/narrow"
	"tern/model/ternary"
)

// Dense is a Rows × Cols float matrix, row-major, in its stored precision: the
// embedding, the head, and linears that a checkpoint keeps out of quantisation.
type Dense struct {
	Rows, Cols int
	Type       DType
	Data       []byte // Rows · Type.Bytes(Cols) bytes, 64-byte aligned; nil where Type is Packed or Narrow is set

	// Grouped holds the weights where Type is Packed: ternary, with a scale per
	// group of columns.
	Grouped *ternary.Grouped

	// Narrow takes the place of Data where an engine keeps numbers of 16 bits in 12.
	Narrow *narrow.Matrix
	whole  bool // they were found not to fit
}

// Bytes is the memory that the numbers take.
func (d *Dense) Bytes() int64 {
	switch {
	case d.Grouped != nil:
		return groupedBytes(d.Grouped)
	case d.Narrow != nil:
		return d.Narrow.Bytes()
	}
	return int64(len(d.Data))
}

// Read is what reading all numbers takes: Bytes without the memory that Narrow leaves to
// others.
func (d *Dense) Read() int64 {
	if d.Narrow != nil {
		return int64(d.Rows) * int64(d.Cols) * 3 / 2
	}
	return d.Bytes()
}

// Narrowed reports whether the numbers are kept in 12 bits, which it makes so where they
// can be. The quarter of their memory that it frees is left in Narrow. Nothing else may
// use d meanwhile.
func (d *Dense) Narrowed() bool {
	if d.Narrow == nil && !d.whole && d.half() {
		d.keep(narrow.Narrow(d.Data, d.Rows, d.Cols, d.Type == F16))
	}
	return d.Narrow != nil
}

// half reports whether a number has 16 bits.
func (d *Dense) half() bool { return d.Type == F16 || d.Type == BF16 }

// Narrowing is Narrowed for numbers of 16 bits that are still to be read, of which first
// are the first, one block of package narrow: the rows go to the builder, which stores
// them in Data, and that to NarrowedBy.
func (d *Dense) Narrowing(first []byte) *narrow.Builder {
	if !d.half() {
		return nil
	}
	return narrow.NewBuilder(d.Data, d.Rows, d.Cols, d.Type == F16, first)
}

// NarrowedBy ends what Narrowing began.
func (d *Dense) NarrowedBy(b *narrow.Builder) { d.keep(b.Matrix()) }

// keep keeps the numbers in m, or where they are if that is nil.
func (d *Dense) keep(m *narrow.Matrix) {
	if d.Narrow = m; m != nil {
		d.Data = nil
	} else {
		d.whole = true
	}
}

// groupedBytes is the memory of codes and scales.
func groupedBytes(m *ternary.Grouped) int64 {
	return int64(len(m.Data)) + 2*int64(len(m.Scales)) + 4*int64(len(m.Wide))
}

// Input says what a ternary projection multiplies with, which its training
// decided.
type Input uint8

// The inputs of ternary projections.
const (
	// InputInt8 rounds each token's activations to int8 by their largest
	// magnitude, as BitNet b1.58 is trained (arXiv 2402.17764).
	InputInt8 Input = iota
	// InputFloat takes activations as they are: models whose weights were made
	// ternary in groups, and that their reference runs in float.
	InputFloat
)

// String names the input as `tern inspect` does.
func (i Input) String() string {
	if i == InputFloat {
		return "float"
	}
	return "int8"
}

// Linear is one projection of a layer: y = W·x. Exactly one of Matrix.Data,
// Grouped and Dense is set; Rows and Cols are set in all cases.
type Linear struct {
	// Matrix [out][in] takes int8 activations (InputInt8); Scale is the multiplier
	// m of y = m·(Σ t·q)/s.
	ternary.Matrix

	// Grouped [out][in] has a scale per group of columns and takes float
	// activations (InputFloat).
	Grouped *ternary.Grouped

	// Dense holds float weights for a module that the checkpoint excludes
	// from quantisation (modules_to_not_convert); its input is not quantised.
	Dense *Dense

	// Rotation is applied to the input before all else, nil for none.
	Rotation *Rotation

	// Norm is the weight [in] of an RMSNorm applied to the input before it is
	// quantised (quantization_config.use_rms_norm), nil where there is none.
	Norm    []float32
	NormEps float32
}

// Bytes is the memory that the weights take.
func (l *Linear) Bytes() int64 {
	if l.Dense != nil {
		return l.Dense.Bytes()
	}
	return int64(len(l.Data)) + l.groupedBytes()
}

// Ternary reports whether the weights are packed.
func (l *Linear) Ternary() bool { return l.Data != nil || l.Grouped != nil }

// Shares counts the weights by their codes: -1, 0 and +1 scale, and +2 scales,
// which layouts of two bits can say and no training makes. All are 0 where the
// weights are floats.
func (l *Linear) Shares() (neg, zero, pos, two int) {
	switch {
	case l.Grouped != nil:
		n := l.Grouped.Counts()
		return n[0], n[1], n[2], n[3]
	case l.Data != nil:
		neg, zero, pos = l.Counts()
	}
	return neg, zero, pos, 0
}

// ScaleRange returns the smallest and the largest magnitude of the scales that are
// not 0: of the groups, or the one multiplier. Both are 0 where there is none.
func (l *Linear) ScaleRange() (lo, hi float32) {
	switch {
	case l.Grouped != nil:
		lo, hi, _ = l.Grouped.ScaleRange()
	case l.Data != nil:
		lo, hi = l.Scale, l.Scale
	}
	return lo, hi
}

// Layer is one transformer block. Sub-norms are nil where the family has none.
type Layer struct {
	AttnNorm     []float32 // [Dim], before q/k/v
	Q            Linear    // [Heads·HeadDim][Dim]
	K, V         Linear    // [KVHeads·HeadDim][Dim]
	QNorm, KNorm []float32 // [HeadDim], of each head of q and k before RoPE, or nil
	AttnSubNorm  []float32 // [Heads·HeadDim], before o, or nil
	O            Linear    // [Dim][Heads·HeadDim]

	FFNNorm    []float32 // [Dim], before gate/up
	Gate, Up   Linear    // [FFNDim][Dim]
	FFNSubNorm []float32 // [FFNDim], before down, or nil
	Down       Linear    // [Dim][FFNDim]

	// Delta takes the place of attention in layers of linear attention, nil in
	// others.
	Delta *Delta
}

// Projection is one of a layer's linears with its short name: "q", "k", "v", "o",
// "gate", "up" or "down", and in layers of linear attention "qkv", "z", "alpha",
// "beta" and "out" instead of the first four.
type Projection struct {
	Name string
	*Linear
}

// Projections lists the linears in the order of the forward pass.
func (l *Layer) Projections() []Projection {
	if d := l.Delta; d != nil {
		return []Projection{{"qkv", &d.QKV}, {"z", &d.Z}, {"alpha", &d.Alpha}, {"beta", &d.Beta}, {"out", &d.Out},
			{"gate", &l.Gate}, {"up", &l.Up}, {"down", &l.Down}}
	}
	return []Projection{{"q", &l.Q}, {"k", &l.K}, {"v", &l.V}, {"o", &l.O}, {"gate", &l.Gate}, {"up", &l.Up}, {"down", &l.Down}}
}

// Weights is everything the forward pass reads.
type Weights struct {
	Embed  Dense // [VocabSize][Dim]
	Layers []Layer
	Norm   []float32 // [Dim], before the head
	Head   *Dense    // [VocabSize][Dim]; points at Embed where they are tied

	// RopeFactors divide the frequencies of RoPE [HeadDim/2]; nil for none.
	RopeFactors []float32
	// RopeLong and RopeShort take their place in models with RopeLong scaling
	// (longrope), for contexts beyond the original one and up to it.
	RopeLong, RopeShort []float32

	// EmbedRotation is undone after a row of the embedding is looked up, and
	// HeadRotation is applied to the input of the head; nil for none.
	EmbedRotation, HeadRotation *Rotation
}
