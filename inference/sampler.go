package inference

import "tern/inference/sampling"

// Sampling holds the settings of the choice of tokens.
type Sampling = sampling.Params

// DefaultSampling is what the window and the command line start with.
var DefaultSampling = sampling.Default

// ErrNonFinite is returned when the logits hold NaN or infinity: a damaged
// checkpoint, or a multiplier far out of range.
var ErrNonFinite = sampling.ErrNonFinite
