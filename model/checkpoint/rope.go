package checkpoint

import (
	"fmt"
	"math"

	"tern/model"
	"tern/model/gguf"
)

// The defaults of YaRN's betas (arXiv 2309.00071, and every implementation).
const (
	betaFast = 32
	betaSlow = 1
)

// yarnAmplitude is the factor of cos and sin that YaRN asks for.
func yarnAmplitude(factor, mscale float64) float64 {
	if factor <= 1 {
		return 1
	}
	return 0.1*mscale*math.Log(factor) + 1
}

// rope reads rope.scaling.* of a GGUF file as llama.cpp does, which multiplies
// YaRN's own amplitude by attn_factor.
func (k *metadata) rope(c *model.Config, longs bool) (r model.RopeScaling, err error) {
	kind := k.text(k.of("rope.scaling.type"))
	factor := k.float(k.of("rope.scaling.factor"), k.float(k.of("rope.scale_linear"), 1))
	attn := k.float(k.of("rope.scaling.attn_factor"), 1) * k.float(k.of("rope.scaling.yarn_attn_factor"), 1)
	original := k.int(k.of("rope.scaling.original_context_length"), c.ContextLen)
	fast := k.float(k.of("rope.scaling.yarn_beta_fast"), betaFast)
	slow := k.float(k.of("rope.scaling.yarn_beta_slow"), betaSlow)
	ext := k.float(k.of("rope.scaling.yarn_ext_factor"), 1)
	multiplier := k.float(k.of("rope.scaling.yarn_log_multiplier"), 0)
	unsupported := func(format string, args ...any) (model.RopeScaling, error) {
		return r, k.problem(model.ErrUnsupported, format+" is not supported", args...)
	}
	switch {
	case k.err != nil:
		return r, k.err
	case longs || kind == "longrope":
		if !longs {
			return r, k.problem(model.ErrDamaged, "rope scaling longrope needs the tensors %s and %s, which are missing", model.RopeLongName, model.RopeShortName)
		}
		return model.RopeScaling{Kind: model.RopeLongs, Original: original, Amplitude: attn}, nil
	case kind == "none", factor == 1 && (kind == "" || kind == "linear"):
		return r, nil
	case kind == "", kind == "linear":
		return model.RopeScaling{Kind: model.RopeLinear, Factor: factor}, nil
	case kind != "yarn":
		return unsupported("rope scaling %q by %g", kind, factor)
	}
	switch {
	case ext != 1 && ext != -1: // -1 is "not set"
		return unsupported("metadata %s of %g", k.of("rope.scaling.yarn_ext_factor"), ext)
	case multiplier != 0:
		return unsupported("metadata %s of %g", k.of("rope.scaling.yarn_log_multiplier"), multiplier)
	}
	return model.RopeScaling{
		Kind: model.RopeYaRN, Factor: factor, Original: original,
		BetaFast: fast, BetaSlow: slow, Amplitude: yarnAmplitude(factor, 1) * attn,
	}, nil
}

// RopePairs lists the keys, after that of the architecture, that rope reads back
// to the same numbers.
func RopePairs(r *model.RopeScaling) (list []gguf.Pair) {
	const prefix = "rope.scaling."
	add := func(name string, v any) { list = append(list, gguf.Pair{Key: prefix + name, Value: v}) }
	if r.Kind == model.RopeNone {
		return nil
	}
	add("type", string(r.Kind))
	if r.Kind != model.RopeLongs {
		add("factor", ExactFloat(r.Factor))
	}
	if r.Kind == model.RopeLinear {
		return list
	}
	add("original_context_length", uint32(r.Original))
	amplitude, own := r.Amplitude, 1.0
	if amplitude == 0 {
		amplitude = 1
	}
	if r.Kind == model.RopeYaRN {
		add("yarn_beta_fast", ExactFloat(r.BetaFast))
		add("yarn_beta_slow", ExactFloat(r.BetaSlow))
		own = yarnAmplitude(r.Factor, 1)
	}
	if amplitude != own {
		add("attn_factor", ExactFloat(quotient(amplitude, own)))
	}
	return list
}

// quotient is the q for which q·b is a, as far as there is one.
func quotient(a, b float64) float64 {
	q := a / b
	for _, near := range []float64{q, math.Nextafter(q, 0), math.Nextafter(q, math.Inf(1))} {
		if near*b == a {
			return near
		}
	}
	return q
}

// ExactFloat is v as a float32, which readers insist on, or as it is where that
// would be another number.
func ExactFloat(v float64) any {
	if f := float32(v); float64(f) == v {
		return f
	}
	return v
}

// kind is the name of the scaling, in either spelling.
func (r *hfRope) kind() string {
	if r.Type != "" {
		return r.Type
	}
	return r.OldType
}

// rope reads rope_scaling or rope_parameters, of which newer files have the
// second (modeling_rope_utils.py of transformers).
func (h *hfConfig) rope(c *model.Config) (s model.RopeScaling, long, short []float32, err error) {
	unsupported := func(format string, args ...any) (model.RopeScaling, []float32, []float32, error) {
		return s, nil, nil, fmt.Errorf("model: config.json: "+format+" is not supported: %w", append(args, model.ErrUnsupported)...)
	}
	var r *hfRope
	for _, x := range []*hfRope{h.RopeScaling, h.RopeParameters} {
		if x != nil && x.kind() != "" && x.kind() != "default" || x != nil && x.Factor != nil && *x.Factor != 1 {
			r = x
		}
	}
	if r == nil {
		return s, nil, nil, nil
	}
	original := or(r.Original, or(h.OriginalPositions, c.ContextLen))
	switch factor := or(r.Factor, float64(c.ContextLen)/float64(max(original, 1))); r.kind() {
	case "linear":
		if factor != 1 {
			s = model.RopeScaling{Kind: model.RopeLinear, Factor: factor}
		}
	case "yarn":
		if r.Truncate != nil && !*r.Truncate {
			return unsupported("rope scaling without truncated bounds")
		}
		s = model.RopeScaling{Kind: model.RopeYaRN, Factor: factor, Original: original,
			BetaFast: or(r.BetaFast, betaFast), BetaSlow: or(r.BetaSlow, betaSlow)}
		switch {
		case r.Attention != nil:
			s.Amplitude = *r.Attention
		case r.MScale != nil && r.MScaleAll != nil && *r.MScale != 0 && *r.MScaleAll != 0:
			s.Amplitude = yarnAmplitude(factor, *r.MScale) / yarnAmplitude(factor, *r.MScaleAll)
		default:
			s.Amplitude = yarnAmplitude(factor, 1)
		}
	case "longrope", "su":
		half := c.HeadDim / 2
		if len(r.Long) != half || len(r.Short) != half {
			return s, nil, nil, fmt.Errorf("model: config.json: longrope has %d long and %d short factors, want %d of each: %w", len(r.Long), len(r.Short), half, model.ErrDamaged)
		}
		s = model.RopeScaling{Kind: model.RopeLongs, Original: original, Amplitude: or(r.Attention, 1)}
		if scale := float64(c.ContextLen) / float64(max(original, 1)); r.Attention == nil && scale > 1 {
			s.Amplitude = math.Sqrt(1 + math.Log(scale)/math.Log(float64(original)))
		}
		long, short = r.Long, r.Short
	default:
		return unsupported("rope scaling %q", r.kind())
	}
	return s, long, short, nil
}

// checkFactors refuses factors that cannot divide a frequency.
func checkFactors(file, name string, factors []float32) error {
	for _, f := range factors {
		if !(f > 0) || !finite(f) {
			return fmt.Errorf("model: %s: %s holds %g, want positive numbers: %w", file, name, f, model.ErrDamaged)
		}
	}
	return nil
}
