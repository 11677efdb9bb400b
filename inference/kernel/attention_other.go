//go:build (!amd64 && !arm64) || purego

package kernel

import "unsafe"

// Here each query reads keys and values for itself.

func scoresTogether(_, _ [][]float32, _ unsafe.Pointer, _ format, _ float32, _ unsafe.Pointer) bool {
	return false
}

func weightedSumTogether(_, _ [][]float32, _ unsafe.Pointer, _ format, _ unsafe.Pointer) bool {
	return false
}

func scores8([][]float32, []Vector16, []int8, []float32, *[MaxQueries]float32, *int8) bool {
	return false
}
func weightedSum8([][]float32, []Vector16, []int8, int, *int8) bool { return false }

func scaleMax(x, scales []float32) float32 { return scaleMaxGeneric(x, scales) }

func quantize16(q []int16, x []float32, scale float32) { quantize16Generic(q, x, scale) }

func sumSquaresFour([]float32, int) (sums [4]float64, ok bool) { return sums, false }

func exponentialWeights([]float32, []float32, []int8) (top, sum, most float32, ok bool) {
	return 0, 0, 0, false
}
