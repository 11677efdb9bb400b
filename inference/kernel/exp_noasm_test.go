//go:build (!amd64 && !arm64) || purego

package kernel

// exps returns exp of every x.
func exps(x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = exp(v)
	}
	return y
}
