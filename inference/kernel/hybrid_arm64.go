//go:build !purego

package kernel

// The assembly transforms blocks of 32 and more.
func hadamard(x, signs []float32, block int, norm float32) {
	if !useAsm || block < 32 || len(x) == 0 {
		hadamardGeneric(x, signs, block, norm)
		return
	}
	hadamardFirstNEON(&x[0], first(signs), len(x))
	for b := x; block > 32 && len(b) > 0; b = b[block:] {
		hadamardRestNEON(&b[0], block, 32)
	}
	scaleAsm(&x[0], len(x), norm)
}

func deltaStep(out, state, k, q, v []float32, decay, step, kq float32) {
	n, done := len(v), 0
	if c := n / 32; useAsm && c > 0 {
		deltaStepNEON(&out[0], &state[0], &k[0], &q[0], &v[0], len(k), c, 4*n, decay, step, kq)
		done = 32 * c
	}
	deltaStepGeneric(out, state, k, q, v, decay, step, kq, done)
}
