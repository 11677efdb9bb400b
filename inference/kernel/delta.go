package kernel

import (
	"fmt"
)

// DeltaStep is one token of one head of the gated delta rule. state is S [len(k)][len(v)];
// both products read it before the update, which writes it once:
//
//	u = step·(v - decay·Sᵀk),  out = decay·Sᵀq + kq·u,  S = decay·S + k·uᵀ
//
// where kq is k·q. Sums are in the order of the rows of S, every product and every sum is
// rounded: all paths give the same bits. out may be v.
func DeltaStep(out, state, k, q, v []float32, decay, step, kq float32) {
	mustLen(len(q), len(k), "DeltaStep: q")
	mustLen(len(out), len(v), "DeltaStep: out")
	if len(state) != len(k)*len(v) {
		panic(fmt.Sprintf("kernel: DeltaStep of %d values by %d × %d", len(state), len(k), len(v)))
	}
	if len(state) > 0 {
		deltaStep(out, state, k, q, v, decay, step, kq)
	}
}

// deltaStepGeneric is DeltaStep for the columns from the first on.
func deltaStepGeneric(out, state, k, q, v []float32, decay, step, kq float32, first int) {
	n := len(v)
	for j := first; j < n; j++ {
		var seen, read float32
		for i, at := 0, j; i < len(k); i, at = i+1, at+n {
			seen += float32(k[i] * state[at])
			read += float32(q[i] * state[at])
		}
		u := step * (v[j] - float32(decay*seen))
		out[j] = float32(decay*read) + float32(kq*u)
		for i, at := 0, j; i < len(k); i, at = i+1, at+n {
			state[at] = float32(decay*state[at]) + float32(k[i]*u)
		}
	}
}

// Convolve stores the sums over time of len(y) channels in y: y[c] = Σ_j w[j][c]·x[j][c]
// over the rows of x and of w, in their order, where every product and every sum is
// rounded: all paths give the same bits.
func Convolve(y, x, w []float32) {
	mustLen(len(w), len(x), "Convolve: w")
	if len(y) == 0 || len(x) == 0 || len(x)%len(y) != 0 {
		panic(fmt.Sprintf("kernel: Convolve of %d values for %d channels", len(x), len(y)))
	}
	convolve(y, x, w)
}

// convolveGeneric is Convolve for the channels from the first on.
func convolveGeneric(y, x, w []float32, first int) {
	n := len(y)
	for c := first; c < n; c++ {
		var sum float32
		for i := c; i < len(x); i += n {
			sum += float32(w[i] * x[i])
		}
		y[c] = sum
	}
}

// SigmoidMul multiplies y by 1/(1+exp(-gate)). The result of an element does not depend
// on its position.
func SigmoidMul(y, gate []float32) {
	mustLen(len(gate), len(y), "SigmoidMul: gate")
	sigmoidMul(y, gate)
}

func sigmoidMulGeneric(y, gate []float32) {
	for i, g := range gate {
		y[i] /= 1 + exp(-g)
	}
}
