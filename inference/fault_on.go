//go:build fault_quant || fault_rope

package inference

import (
	"tern/model"
	"tern/model/ternary"
)

// unquantized is the fault "activations stay float": y = m·(Σ t·x).
func unquantized(y matrix, lin *model.Linear, a activation, T, g0, g1 int) {
	t := make([]int8, lin.Cols)
	for r := g0 * ternary.GroupRows; r < min(g1*ternary.GroupRows, lin.Rows); r++ {
		lin.UnpackRow(r, t)
		for i := range T {
			var sum float64
			for j, x := range a.x.row(i) {
				sum += float64(t[j]) * float64(x)
			}
			y.row(i)[r] = float32(sum) * lin.Scale
		}
	}
}
