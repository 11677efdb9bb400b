//go:build !purego

package kernel

import "unsafe"

// What the assembly of several queries takes at a time.
const (
	tileRows    = 4  // keys
	tileColumns = 32 // values of a row of V
)

// scoresTogether computes the scores of the first keys for two or three queries,
// and returns how many it did.
func scoresTogether(s, q [][]float32, k unsafe.Pointer, f format, scale float32) int {
	if f == f16 && scores16(s, q, (*uint16)(k), scale) {
		return len(s[0])
	}
	if !useAsm || len(s) < 2 || len(q[0]) == 0 || len(q[0])%lanes != 0 {
		return 0
	}
	if len(s) == MaxQueries {
		scoresTogether(s[:2], q[:2], k, f, scale)
		return scoresTogether(s[2:], q[2:], k, f, scale)
	}
	rows, dim, w := len(s[0])&^(tileRows-1), len(q[0]), (*byte)(k)
	if rows == 0 {
		return 0
	}
	var y, x [MaxQueries]*float32
	pointers(&y, s)
	pointers(&x, q)
	switch {
	case len(s) == 2 && f == f32:
		dotRows2F32AVX2(&y, &x, w, rows, dim, scale)
	case len(s) == 2:
		dotRows2F16AVX2(&y, &x, w, rows, dim, scale)
	case f == f32:
		dotRows3F32AVX2(&y, &x, w, rows, dim, scale)
	default:
		dotRows3F16AVX2(&y, &x, w, rows, dim, scale)
	}
	return rows
}

// weightedSumTogether computes the weighted sums of two or three queries, or
// returns false.
func weightedSumTogether(out, p [][]float32, v unsafe.Pointer, f format) bool {
	if f == f16 && weightedSum16(out, p, (*uint16)(v)) {
		return true
	}
	if !useAsm || len(p) < 2 || len(p[0]) == 0 || len(out[0]) == 0 || len(out[0])%tileColumns != 0 {
		return false
	}
	if len(p) == MaxQueries {
		return weightedSumTogether(out[:2], p[:2], v, f) && weightedSumTogether(out[2:], p[2:], v, f)
	}
	var y, weights [MaxQueries]*float32
	pointers(&y, out)
	pointers(&weights, p)
	switch rows, dim, w := len(p[0]), len(out[0]), (*byte)(v); {
	case len(p) == 2 && f == f32:
		weightedSum2F32AVX2(&y, &weights, w, rows, dim)
	case len(p) == 2:
		weightedSum2F16AVX2(&y, &weights, w, rows, dim)
	case f == f32:
		weightedSum3F32AVX2(&y, &weights, w, rows, dim)
	default:
		weightedSum3F16AVX2(&y, &weights, w, rows, dim)
	}
	return true
}

func pointers(to *[MaxQueries]*float32, vectors [][]float32) {
	for i, v := range vectors {
		to[i] = &v[0]
	}
}
