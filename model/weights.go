package model

import "tern/model/ternary"

// Dense is a Rows × Cols float matrix, row-major, in its stored precision: the
// embedding, the head, and linears that a checkpoint keeps out of quantisation.
type Dense struct {
	Rows, Cols int
	Type       DType
	Data       []byte // Rows · Type.Bytes(Cols) bytes, 64-byte aligned
}

// Linear is one projection of a layer: y = W·x. Exactly one of Matrix.Data and
// Dense is set; Rows and Cols are set in both cases.
type Linear struct {
	ternary.Matrix // [out][in]; Scale is the multiplier m of y = m·(Σ t·q)/s

	// Dense holds float weights for a module that the checkpoint excludes
	// from quantisation (modules_to_not_convert); its input is not quantised.
	Dense *Dense

	// Norm is the weight [in] of an RMSNorm applied to the input before it is
	// quantised (quantization_config.use_rms_norm), nil where there is none.
	Norm    []float32
	NormEps float32
}

// Layer is one transformer block. Sub-norms are nil where the family has none.
type Layer struct {
	AttnNorm    []float32 // [Dim], before q/k/v
	Q           Linear    // [Heads·HeadDim][Dim]
	K, V        Linear    // [KVHeads·HeadDim][Dim]
	AttnSubNorm []float32 // [Heads·HeadDim], before o, or nil
	O           Linear    // [Dim][Heads·HeadDim]

	FFNNorm    []float32 // [Dim], before gate/up
	Gate, Up   Linear    // [FFNDim][Dim]
	FFNSubNorm []float32 // [FFNDim], before down, or nil
	Down       Linear    // [Dim][FFNDim]
}

// Projection is one of a layer's linears with its short name: "q", "k", "v", "o",
// "gate", "up" or "down".
type Projection struct {
	Name string
	*Linear
}

// Projections lists the linears in the order of the forward pass.
func (l *Layer) Projections() [7]Projection {
	return [...]Projection{{"q", &l.Q}, {"k", &l.K}, {"v", &l.V}, {"o", &l.O}, {"gate", &l.Gate}, {"up", &l.Up}, {"down", &l.Down}}
}

// Weights is everything the forward pass reads.
type Weights struct {
	Embed  Dense // [VocabSize][Dim]
	Layers []Layer
	Norm   []float32 // [Dim], before the head
	Head   *Dense    // [VocabSize][Dim]; points at Embed where they are tied

	// RopeFactors divide the frequencies of RoPE [HeadDim/2]; nil for none.
	RopeFactors []float32
}
