//go:build (amd64 || arm64) && !purego

package kernel

// first returns the address of the first value of x, or nil.
func first(x []float32) *float32 {
	if len(x) == 0 {
		return nil
	}
	return &x[0]
}

// convolve leaves to the generic code the channels after a multiple of eight, and all
// where there are others than that: rows of the assembly follow each other.
func convolve(y, x, w []float32) {
	done := 0
	if split(len(y)) == len(y) {
		done = len(y)
		convolveAsm(&y[0], &x[0], &w[0], len(y), len(x)/len(y))
	}
	convolveGeneric(y, x, w, done)
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
