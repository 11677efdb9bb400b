//go:build !purego

package kernel

// The assembly transforms blocks of 32 and more, of which it does the first distances in
// registers.
func hadamard(x, signs []float32, block int, norm float32) {
	if !useAsm || block < 32 || len(x) == 0 {
		hadamardGeneric(x, signs, block, norm)
		return
	}
	if block == 32 {
		hadamard32AVX2(&x[0], first(signs), len(x), norm)
		return
	}
	if block == 64 {
		hadamard64AVX2(&x[0], first(signs), len(x), norm)
		return
	}
	for ; len(x) > 0; x = x[block:] {
		hadamardFirstAVX2(&x[0], first(signs), block)
		if signs != nil {
			signs = signs[block:]
		}
		if useAVX512 {
			hadamardRestAVX512(&x[0], block, 64, norm)
		} else {
			hadamardRestAVX2(&x[0], block, 64, norm)
		}
	}
}

func deltaStep(out, state, k, q, v []float32, decay, step, kq float32) {
	n, done := len(v), 0
	if useAVX512 {
		if c := n / 128; c > 0 {
			deltaStepAVX512(&out[0], &state[0], &k[0], &q[0], &v[0], len(k), c, 4*n, decay, step, kq)
			done = 128 * c
		}
	}
	if c := (n - done) / 32; useAsm && c > 0 {
		deltaStepAVX2(&out[done], &state[done], &k[0], &q[0], &v[done], len(k), c, 4*n, decay, step, kq)
		done += 32 * c
	}
	deltaStepGeneric(out, state, k, q, v, decay, step, kq, done)
}
