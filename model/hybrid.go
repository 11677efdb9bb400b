package model

// DeltaNet is the shape of linear attention layers (Gated DeltaNet, arXiv
// 2412.06464), which keep a state of fixed size instead of keys and values. The
// zero value is that of a model without any.
type DeltaNet struct {
	KeyHeads   int // heads of q and k
	ValueHeads int // heads of v, a multiple of KeyHeads: value head v uses key head v mod KeyHeads
	HeadDim    int // of keys and of values
	Kernel     int // taps of the causal convolution
}

// Channels is the number of channels of the convolution: q, k and v.
func (d *DeltaNet) Channels() int { return (2*d.KeyHeads + d.ValueHeads) * d.HeadDim }

// Values is the width of v and of the output of the heads.
func (d *DeltaNet) Values() int { return d.ValueHeads * d.HeadDim }

// StateSize is the number of float32 values that one layer keeps: a matrix for
// each value head, and the inputs of the convolution before the next one.
func (d *DeltaNet) StateSize() int {
	return d.ValueHeads*d.HeadDim*d.HeadDim + (d.Kernel-1)*d.Channels()
}

// IsRecurrent reports whether a layer is one of linear attention.
func (c *Config) IsRecurrent(layer int) bool { return c.Recurrent != nil && c.Recurrent[layer] }

// AttentionLayers is the number of layers that keep keys and values.
func (c *Config) AttentionLayers() int {
	n := c.Layers
	for _, r := range c.Recurrent {
		if r {
			n--
		}
	}
	return n
}

// StateBytes is the memory of the states of all layers of linear attention.
func (c *Config) StateBytes() int64 {
	return 4 * int64(c.Layers-c.AttentionLayers()) * int64(c.DeltaNet.StateSize())
}

// RotatedDim is how many numbers of a head RoPE rotates.
func (c *Config) RotatedDim() int {
	if c.RopeDim != 0 {
		return c.RopeDim
	}
	return c.HeadDim
}

// Delta is the mixer of a layer of linear attention.
type Delta struct {
	QKV         Linear    // [Channels][Dim]: q, k, v
	Z           Linear    // [Values][Dim], the gate of the output
	Alpha, Beta Linear    // [ValueHeads][Dim], decay and step size of each head
	Conv        []float32 // [Channels][Kernel], the last tap meets the newest input
	DtBias, A   []float32 // [ValueHeads]; the log decay is A·softplus(alpha + DtBias)
	Norm        []float32 // [HeadDim], of each head's output
	Out         Linear    // [Dim][Values]
}

// Rotation is an orthogonal transform of the input of a matrix whose weights are
// stored in the rotated basis (prism.hadamard of PrismML): each block of Block
// numbers becomes H·(s·x)/√Block, H being the Walsh-Hadamard matrix.
type Rotation struct {
	Block   int
	Signs   []float32 // [width] of 1 and -1, nil for all 1
	Grouped bool      // value heads are put into grouped order first
}
