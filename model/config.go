package model

import (
	"errors"
	"fmt"
)

// ErrUnsupported marks a checkpoint that is well-formed but that Tern cannot
// run; the wrapping error names what was found.
var ErrUnsupported = errors.New("unsupported model")

// ErrDamaged marks a checkpoint that contradicts itself or its format.
var ErrDamaged = errors.New("damaged file")

// ErrNotFound marks a path at which there is no checkpoint.
var ErrNotFound = errors.New("no model found")

// Activation is the nonlinearity of the gated feed-forward network.
type Activation uint8

// The activations of the known families.
const (
	SiLU  Activation = iota + 1 // x·sigmoid(x)
	ReLU2                       // max(x,0)²
)

// String is the name that config.json uses.
func (a Activation) String() string {
	switch a {
	case SiLU:
		return "silu"
	case ReLU2:
		return "relu2"
	}
	return fmt.Sprintf("Activation(%d)", uint8(a))
}

// Arch is the key of an architecture; package checkpoint lists them.
type Arch string

// Config is the shape of a model and the constants of its forward pass. The
// forward pass depends on the capabilities it lists, never on the architecture.
type Config struct {
	Arch          Arch   // what checkpoints are written as
	Family        string // the name of the architecture that people read
	OnlyChats     bool   // every checkpoint of the architecture is a chat model
	Layers        int
	Dim           int // hidden size
	FFNDim        int // intermediate size
	Heads         int // query heads
	KVHeads       int // key and value heads; divides Heads
	HeadDim       int
	VocabSize     int
	ContextLen    int     // positions the model was trained for
	NormEps       float32 // of every norm but Linear.Norm
	RopeTheta     float64
	RopeAdjacent  bool // rotate pairs (2j, 2j+1) instead of (j, j+HeadDim/2)
	Activation    Activation
	SubNorm       bool
	TiedEmbedding bool

	BOS     int32   // -1 where the checkpoint names none
	StopIDs []int32 // every id that ends a text: config.json and generation_config.json
}

// Validate reports the first dimension that no model can have. It bounds every
// product that loaders and sessions allocate from.
func (c *Config) Validate() error {
	if err := c.Problem(); err != nil {
		return fmt.Errorf("model: config: %w", err)
	}
	return nil
}

// Problem is Validate for a caller that names the file in its error.
func (c *Config) Problem() error {
	const maxDim = 1 << 20
	for _, d := range []struct {
		name string
		v    int
		max  int
	}{
		{"layers", c.Layers, 1000}, {"hidden size", c.Dim, maxDim},
		{"intermediate size", c.FFNDim, maxDim}, {"heads", c.Heads, 4096},
		{"key/value heads", c.KVHeads, 4096}, {"head size", c.HeadDim, 8192},
		{"vocabulary size", c.VocabSize, 1 << 24}, {"context length", c.ContextLen, 1 << 24},
	} {
		if d.v <= 0 || d.v > d.max {
			return fmt.Errorf("%s is %d, want 1 to %d: %w", d.name, d.v, d.max, ErrDamaged)
		}
	}
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("%d heads do not share %d key/value heads evenly: %w", c.Heads, c.KVHeads, ErrDamaged)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("head size %d is odd, rotary embedding needs pairs: %w", c.HeadDim, ErrDamaged)
	case !(c.NormEps >= 0 && c.NormEps < 1):
		return fmt.Errorf("norm epsilon is %g: %w", c.NormEps, ErrDamaged)
	case !(c.RopeTheta > 0 && c.RopeTheta < 1e12):
		return fmt.Errorf("rope theta is %g: %w", c.RopeTheta, ErrDamaged)
	}
	return nil
}
