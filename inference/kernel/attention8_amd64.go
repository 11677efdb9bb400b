//go:build !purego

package kernel

// step8 is what the assembly wants the number of dimensions to be a multiple of.
const step8 = 16

func scores8(s, q [][]float32, k []int8, scales []float32, scale float32) bool {
	if !useAsm || len(q[0])%step8 != 0 {
		return false
	}
	var y, x [MaxQueries8]*float32
	for i := range s {
		y[i], x[i] = &s[i][0], &q[i][0]
	}
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
	var y, w [MaxQueries8]*float32
	for i := range p {
		y[i], w[i] = &out[i][0], &p[i][0]
	}
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
