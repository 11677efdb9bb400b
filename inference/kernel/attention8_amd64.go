//go:build !purego

package kernel

// step8 is what the assembly wants the number of dimensions to be a multiple of.
const step8 = 16

func scores8(s, q [][]float32, k []int8, scales []float32, scale float32) bool {
	if !useAsm || len(q[0])%step8 != 0 {
		return false
	}
	var y, x [MaxQueries]*float32
	pointers(&y, s)
	pointers(&x, q)
	rows, dim := len(scales), len(q[0])
	switch n := len(s); {
	case useAVX512 && n == 1:
		scores8x1AVX512(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case useAVX512 && n == 2:
		scores8x2AVX512(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case useAVX512 && n == 3:
		scores8x3AVX512(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case useAVX512:
		scores8x4AVX512(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case n == 1:
		scores8x1AVX2(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case n == 2:
		scores8x2AVX2(&y, &x, &k[0], &scales[0], rows, dim, scale)
	case n == 3:
		scores8x3AVX2(&y, &x, &k[0], &scales[0], rows, dim, scale)
	default:
		scores8x4AVX2(&y, &x, &k[0], &scales[0], rows, dim, scale)
	}
	return true
}

func weightedSum8(out, p [][]float32, v []int8, scales []float32) bool {
	if !useAsm || len(out[0])%step8 != 0 {
		return false
	}
	var y, w [MaxQueries]*float32
	pointers(&y, out)
	pointers(&w, p)
	rows, dim := len(scales), len(out[0])
	switch n := len(p); {
	case useAVX512 && n == 1:
		weightedSum8x1AVX512(&y, &w, &v[0], &scales[0], rows, dim)
	case useAVX512 && n == 2:
		weightedSum8x2AVX512(&y, &w, &v[0], &scales[0], rows, dim)
	case useAVX512 && n == 3:
		weightedSum8x3AVX512(&y, &w, &v[0], &scales[0], rows, dim)
	case useAVX512:
		weightedSum8x4AVX512(&y, &w, &v[0], &scales[0], rows, dim)
	case n == 1:
		weightedSum8x1AVX2(&y, &w, &v[0], &scales[0], rows, dim)
	case n == 2:
		weightedSum8x2AVX2(&y, &w, &v[0], &scales[0], rows, dim)
	case n == 3:
		weightedSum8x3AVX2(&y, &w, &v[0], &scales[0], rows, dim)
	default:
		weightedSum8x4AVX2(&y, &w, &v[0], &scales[0], rows, dim)
	}
	return true
}

// scores16 computes the scores of keys of binary16 with AVX-512, or returns false.
func scores16(s, q [][]float32, k *uint16, scale float32) bool {
	if !useAVX512 || len(s) == 0 || len(s[0]) == 0 || len(q[0]) == 0 || len(q[0])%step8 != 0 {
		return false
	}
	var y, x [MaxQueries]*float32
	pointers(&y, s)
	pointers(&x, q)
	rows, dim := len(s[0]), len(q[0])
	switch len(s) {
	case 1:
		scores16x1AVX512(&y, &x, k, rows, dim, scale)
	case 2:
		scores16x2AVX512(&y, &x, k, rows, dim, scale)
	case 3:
		scores16x3AVX512(&y, &x, k, rows, dim, scale)
	default:
		scores16x4AVX512(&y, &x, k, rows, dim, scale)
	}
	return true
}

// weightedSum16 computes the weighted sums of values of binary16 with AVX-512, or returns
// false.
func weightedSum16(out, p [][]float32, v *uint16) bool {
	if !useAVX512 || len(p) == 0 || len(p[0]) == 0 || len(out[0]) == 0 || len(out[0])%step8 != 0 {
		return false
	}
	var y, w [MaxQueries]*float32
	pointers(&y, out)
	pointers(&w, p)
	rows, dim := len(p[0]), len(out[0])
	switch len(p) {
	case 1:
		weightedSum16x1AVX512(&y, &w, v, rows, dim)
	case 2:
		weightedSum16x2AVX512(&y, &w, v, rows, dim)
	case 3:
		weightedSum16x3AVX512(&y, &w, v, rows, dim)
	default:
		weightedSum16x4AVX512(&y, &w, v, rows, dim)
	}
	return true
}
