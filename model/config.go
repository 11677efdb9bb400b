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
	RopeScaling   RopeScaling
	RopeAdjacent  bool // rotate pairs (2j, 2j+1) instead of (j, j+HeadDim/2)
	Activation    Activation
	SubNorm       bool
	QKNorm        bool // RMSNorm of each head of q and k before RoPE
	TiedEmbedding bool
	Input         Input // of ternary projections, as their training decided

	// Multipliers of some families; 0 stands for 1. The embedding times EmbedScale
	// starts the residual stream, each block adds ResidualScale times its result,
	// and the head reads the final norm divided by LogitDivisor.
	EmbedScale, ResidualScale, LogitDivisor float32

	// Hybrid models: which layers are of linear attention, nil for none, and their
	// shape; whether q holds a gate of the output after each head; and how many
	// numbers of a head are rotated, 0 for all.
	Recurrent []bool
	DeltaNet  DeltaNet
	AttnGate  bool
	RopeDim   int

	BOS     int32   // -1 where the checkpoint names none
	StopIDs []int32 // every id that ends a text: config.json and generation_config.json
}

// RopeKind is a way to stretch the rotation to longer contexts.
type RopeKind string

// The kinds of rope scaling.
const (
	RopeNone   RopeKind = ""
	RopeLinear RopeKind = "linear"   // all frequencies divided by Factor
	RopeYaRN   RopeKind = "yarn"     // slow ones divided, fast ones kept (arXiv 2309.00071)
	RopeLongs  RopeKind = "longrope" // divided by Weights.RopeLong or RopeShort
)

// RopeScaling says how RoPE is stretched. It holds at every position, also
// within the original context.
type RopeScaling struct {
	Kind     RopeKind
	Factor   float64
	Original int // positions of the original context
	// BetaFast and BetaSlow are the rotations within the original context above
	// and below which YaRN keeps and divides a frequency.
	BetaFast, BetaSlow float64
	// Amplitude multiplies cos and sin; 0 stands for 1.
	Amplitude float64
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
	for _, f := range []float32{c.EmbedScale, c.ResidualScale, c.LogitDivisor} {
		if !(f >= 0 && f < 1e6) {
			return fmt.Errorf("a scale of the embedding, the residual stream or the logits is %g: %w", f, ErrDamaged)
		}
	}
	if err := c.hybridProblem(); err != nil {
		return err
	}
	return c.RopeScaling.problem()
}

// Describe says what is done: "yarn by 4 from 8192 positions, amplitude 1.13863".
func (r *RopeScaling) Describe() string {
	if r.Kind == RopeNone {
		return "none"
	}
	text := string(r.Kind)
	if r.Kind != RopeLongs {
		text += fmt.Sprintf(" by %g", r.Factor)
	}
	if r.Kind != RopeLinear {
		text += fmt.Sprintf(" from %d positions", r.Original)
	}
	if r.Kind == RopeYaRN && (r.BetaFast != 32 || r.BetaSlow != 1) {
		text += fmt.Sprintf(", betas %g and %g", r.BetaFast, r.BetaSlow)
	}
	if r.Amplitude != 0 && r.Amplitude != 1 {
		text += fmt.Sprintf(", amplitude %.6g", r.Amplitude)
	}
	return text
}

// problem reports a number that no rotation can have.
func (r *RopeScaling) problem() error {
	switch {
	case r.Kind == RopeNone:
		return nil
	case r.Kind != RopeLongs && !(r.Factor > 0 && r.Factor <= 1e4):
		return fmt.Errorf("rope scaling factor is %g: %w", r.Factor, ErrDamaged)
	case r.Kind != RopeLinear && (r.Original <= 0 || r.Original > 1<<24):
		return fmt.Errorf("the original context of rope scaling is %d: %w", r.Original, ErrDamaged)
	case r.Kind == RopeYaRN && !(r.BetaFast > 0 && r.BetaSlow > 0 && r.BetaFast < 1e6 && r.BetaSlow <= r.BetaFast):
		return fmt.Errorf("the betas of rope scaling are %g and %g: %w", r.BetaFast, r.BetaSlow, ErrDamaged)
	case !(r.Amplitude >= 0 && r.Amplitude < 100):
		return fmt.Errorf("the amplitude of rope scaling is %g: %w", r.Amplitude, ErrDamaged)
	}
	return nil
}

// hybridProblem reports what no hybrid model can have.
func (c *Config) hybridProblem() error {
	if c.RopeDim < 0 || c.RopeDim > c.HeadDim || c.RopeDim%2 != 0 {
		return fmt.Errorf("%d of the %d numbers of a head are rotated: %w", c.RopeDim, c.HeadDim, ErrDamaged)
	}
	if c.Recurrent == nil {
		return nil
	}
	switch d := &c.DeltaNet; {
	case len(c.Recurrent) != c.Layers:
		return fmt.Errorf("%d layers have a kind, of %d: %w", len(c.Recurrent), c.Layers, ErrDamaged)
	case d.KeyHeads <= 0 || d.ValueHeads <= 0 || d.HeadDim <= 0 || d.KeyHeads > 4096 || d.ValueHeads > 4096 || d.HeadDim > 1024:
		return fmt.Errorf("linear attention has %d key heads and %d value heads of %d: %w", d.KeyHeads, d.ValueHeads, d.HeadDim, ErrDamaged)
	case d.ValueHeads%d.KeyHeads != 0:
		return fmt.Errorf("%d value heads do not share %d key heads evenly: %w", d.ValueHeads, d.KeyHeads, ErrDamaged)
	case d.Kernel < 2 || d.Kernel > 64:
		return fmt.Errorf("the convolution has %d taps: %w", d.Kernel, ErrDamaged)
	}
	return nil
}
