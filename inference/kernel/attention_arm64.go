//go:build !purego

package kernel

import "unsafe"

// Here each query reads keys and values for itself, and what comes next is not fetched.

func scoresTogether(_, _ [][]float32, _ unsafe.Pointer, _ format, _ float32, _ unsafe.Pointer) bool {
	return false
}

func weightedSumTogether(_, _ [][]float32, _ unsafe.Pointer, _ format, _ unsafe.Pointer) bool {
	return false
}

// scores8 computes the scores of keys of 8 bits, or returns false.
func scores8(s [][]float32, q []Vector16, k []int8, scales []float32, muls *[MaxQueries]float32, _ *int8) bool {
	dim := len(q[0].codes)
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	for i := range s {
		scores8NEON(&s[i][0], &q[i].codes[0], &k[0], &scales[0], len(scales), dim, muls[i])
	}
	return true
}

// weightedSum8 computes the weighted sums of values of 8 bits, or returns false.
func weightedSum8(out [][]float32, w []Vector16, v []int8, rows int, _ *int8) bool {
	dim := len(out[0])
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	for i := range out {
		values8NEON(&out[i][0], &w[i].codes[0], &v[0], rows, dim, w[i].scale)
	}
	return true
}

func scaleMax(x, scales []float32) float32 {
	for i, s := range scales {
		x[i] *= s
	}
	return absMax(x)
}

func expSum(x *float32, n int, shift float32) float32 { return expSumAsm(x, n, shift) }

func siluMulWide(y, gate, up []float32) int { return 0 }

func normalizeWide(y, x, w []float32, scale float32) int { return 0 }

func sumSquaresFour([]float32, int) (sums [4]float64, ok bool) { return sums, false }

func quantizeSixteens(q *int16, x *float32, n int, scale float32) { quantize16Asm(q, x, n, scale) }

func exponentialWeights([]float32, []float32, []int8) (top, sum, most float32, ok bool) {
	return 0, 0, 0, false
}
