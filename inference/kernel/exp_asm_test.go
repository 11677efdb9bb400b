//go:build (amd64 || arm64) && !purego

package kernel

// exps returns exp of every x, as the selected path computes it.
func exps(x []float32) []float32 {
	y := make([]float32, (len(x)+lanes-1)/lanes*lanes)
	copy(y, x)
	if useAsm {
		expSumAsm(&y[0], len(y), 0)
	} else {
		for i, v := range y {
			y[i] = exp(v)
		}
	}
	return y[:len(x)]
}
