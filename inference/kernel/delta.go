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

// Convolve replaces rows of n channels, stride values apart, by silu of their causal
// convolution, in place: with as many taps as w [taps][n] has rows, row t of x from the
// taps-th on becomes silu(Σ_j w[j]·x[t-taps+1+j]), where silu(v) = v/(1+exp(-v)). The rows
// before stay. Sums are in the order of the taps, every product and every sum is rounded.
func Convolve(x []float32, stride, n int, w []float32) {
	if n <= 0 || stride < n || len(w) == 0 || len(w)%n != 0 || len(x) < n || (len(x)-n)%stride != 0 {
		panic(fmt.Sprintf("kernel: Convolve of %d values with %d weights for %d channels, %d apart", len(x), len(w), n, stride))
	}
	if tokens := (len(x)-n)/stride + 1 - (len(w)/n - 1); tokens > 0 {
		convolve(x, stride, n, w, tokens)
	}
}

// convolveGeneric is Convolve for the last rows, from the last to the first, so that the
// inputs are still there.
func convolveGeneric(x []float32, stride, n int, w []float32, tokens int) {
	taps := len(w) / n
	for t := tokens - 1; t >= 0; t-- {
		y := x[(t+taps-1)*stride:][:n]
		for c := range y {
			var sum float32
			for j := range taps {
				sum += float32(w[j*n+c] * x[(t+j)*stride+c])
			}
			y[c] = sum / (1 + exp(-sum))
		}
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
