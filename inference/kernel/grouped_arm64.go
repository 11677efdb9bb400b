//go:build !purego

package kernel

import "tern/model/ternary"

func fixedTile(Planes) int { return 4 }

func fix(q []int8, stride int, x []float32, inv float32, planes Planes) int32 {
	return fixGeneric(q, stride, x, inv, planes)
}

func matMulGrouped(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	matMulGroupedGeneric(y, stride, m, b0, b1, x, scratch)
}

func peak(int) int { return 0 }
