//go:build (amd64 || arm64) && !purego

package kernel

// first returns the address of the first value of x, or nil.
func first(x []float32) *float32 {
	if len(x) == 0 {
		return nil
	}
	return &x[0]
}

func convolve(x []float32, stride, n int, w []float32, tokens int) {
	if split(n) != n {
		convolveGeneric(x, stride, n, w, tokens)
		return
	}
	convolveAsm(&x[(tokens-1)*stride], 4*stride, &w[0], n, len(w)/n, tokens)
}

func sigmoidMul(y, gate []float32) {
	if !useAsm {
		sigmoidMulGeneric(y, gate)
		return
	}
	n := split(len(y))
	if n > 0 {
		sigmoidMulAsm(&y[0], &gate[0], n)
	}
	if n < len(y) {
		var v, g [lanes]float32
		copy(v[:], y[n:])
		copy(g[:], gate[n:])
		sigmoidMulAsm(&v[0], &g[0], lanes)
		copy(y[n:], v[:])
	}
}
