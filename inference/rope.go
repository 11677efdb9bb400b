package inference

import (
	"math"

	"tern/inference/kernel"
	"tern/model"
)

// rotation is RoPE for one session: position p turns pair j of a head by
// p·invFreq[j], and cos and sin are multiplied by amplitude.
type rotation struct {
	invFreq   []float32 // [RotatedDim/2]
	amplitude float32
}

// newRotation returns the rotation for a context of this many positions, which
// chooses between the long and the short factors of longrope.
func newRotation(m *model.Model, context int) rotation {
	s := &m.RopeScaling
	r := rotation{inverseFrequencies(&m.Config), 1}
	if s.Amplitude != 0 {
		r.amplitude = float32(s.Amplitude)
	}
	factors := m.RopeFactors
	switch s.Kind {
	case model.RopeLinear:
		for j := range r.invFreq {
			r.invFreq[j] /= float32(s.Factor)
		}
	case model.RopeYaRN:
		r.invFreq = yarn(&m.Config)
	case model.RopeLongs:
		if factors = m.RopeShort; context > s.Original {
			factors = m.RopeLong
		}
	}
	for j, f := range factors {
		r.invFreq[j] /= f
	}
	return r
}

// inverseFrequencies returns 1/theta^(2j/d) for j < d/2, in float32 as the
// references compute it.
func inverseFrequencies(c *model.Config) []float32 {
	inv := make([]float32, c.RotatedDim()/2)
	for j := range inv {
		exponent := float32(2*j) / float32(c.RotatedDim())
		inv[j] = 1 / float32(math.Pow(c.RopeTheta, float64(exponent)))
	}
	return inv
}

// yarn returns the frequencies of YaRN (arXiv 2309.00071 §3.2;
// modeling_rope_utils.py of transformers): those that turn more than BetaFast
// times within the original context are kept, those below BetaSlow are divided by
// the factor, and those between are mixed along a ramp.
func yarn(c *model.Config) []float32 {
	s, d := &c.RopeScaling, float64(c.RotatedDim())
	// pair is the pair that turns so many times within the original context.
	pair := func(turns float64) float64 {
		return d * math.Log(float64(s.Original)/(2*math.Pi*turns)) / (2 * math.Log(c.RopeTheta))
	}
	low := max(0, math.Floor(pair(s.BetaFast)))
	high := min(d-1, math.Ceil(pair(s.BetaSlow)))
	inv := make([]float32, c.RotatedDim()/2)
	for j := range inv {
		ramp := min(max((float64(j)-low)/max(0.001, high-low), 0), 1)
		inv[j] = float32(math.Pow(c.RopeTheta, -2*float64(j)/d) * (ramp/s.Factor + 1 - ramp))
	}
	return inv
}

// angles fills cos and sin [RotatedDim/2] of token t's position.
func (p *pass) angles(t int) {
	cos, sin := p.cos.row(t), p.sin.row(t)
	r := &p.rows[t]
	for j, f := range r.seq.invFreq {
		sn, cs := math.Sincos(float64(float32(r.pos) * f))
		cos[j], sin[j] = float32(cs), float32(sn)
	}
	if a := r.seq.amplitude; a != 1 {
		scaleBy(cos, a)
		scaleBy(sin, a)
	}
}

// rotate applies RoPE for token t to one head x [HeadDim], or to its first
// RopeDim numbers.
func (p *pass) rotate(t int, x []float32) {
	x = x[:p.engine.model.RotatedDim()]
	if p.engine.model.RopeAdjacent {
		kernel.RopeAdjacent(x, p.cos.row(t), p.sin.row(t))
	} else {
		kernel.RopeHalf(x, p.cos.row(t), p.sin.row(t))
	}
}

// scaleBy multiplies x by f.
func scaleBy(x []float32, f float32) {
	for i := range x {
		x[i] *= f
	}
}
