//go:build !purego

package kernel

import (
	"math"
	"unsafe"
)

// stream is a run of rows of keys or values in memory, and what is fetched meanwhile: the
// rows of the body fetch those that come later in the run, the others what comes after it.
type stream struct {
	rows, body  int // the body is a multiple of four
	ahead, next *byte
}

func streamOf(first unsafe.Pointer, rows, rowBytes, ahead int, next unsafe.Pointer) stream {
	tail := min(rows, (ahead+rowBytes-1)/rowBytes)
	if next == nil {
		next = first // which is in the cache
	}
	run := stream{rows, (rows - tail) &^ 3, nil, (*byte)(next)}
	if run.body > 0 { // else that is the end of the run, perhaps of what is allocated
		run.ahead = (*byte)(unsafe.Add(first, tail*rowBytes))
	}
	return run
}

// part is what one call of the assembly takes: rows from the first on.
func (s *stream) part(i int) (first, rows int, ahead *byte) {
	if i == 0 {
		return 0, s.body, s.ahead
	}
	return s.body, s.rows - s.body, s.next
}

// scoresTogether computes the scores of each query, or returns false.
func scoresTogether(s, q [][]float32, k unsafe.Pointer, f format, scale float32, next unsafe.Pointer) bool {
	rows, dim, n := len(s[0]), len(q[0]), len(s)
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	run := streamOf(k, rows, dim*f.size(), fetchAhead, next)
	x := pointers(q, 0)
	for i := range 2 {
		first, rows, ahead := run.part(i)
		if rows == 0 {
			continue
		}
		y := pointers(s, first)
		switch k := unsafe.Add(k, first*dim*f.size()); {
		case f == f32 && useAVX512:
			scores32AVX512(&y, &x, n, (*float32)(k), rows, dim, scale, ahead)
		case f == f32:
			scores32AVX2(&y, &x, n, (*float32)(k), rows, dim, scale, ahead)
		case useAVX512:
			scores16AVX512(&y, &x, n, (*uint16)(k), rows, dim, scale, ahead)
		default:
			scores16AVX2(&y, &x, n, (*uint16)(k), rows, dim, scale, ahead)
		}
	}
	return true
}

// weightedSumTogether computes the weighted sums of each query, or returns false.
func weightedSumTogether(out, p [][]float32, v unsafe.Pointer, f format, next unsafe.Pointer) bool {
	rows, dim, n := len(p[0]), len(out[0]), len(p)
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	run := streamOf(v, rows, dim*f.size(), fetchAhead, next)
	y := pointers(out, 0)
	for i := range 2 {
		first, rows, ahead := run.part(i)
		if rows == 0 {
			continue
		}
		w := pointers(p, first)
		switch v := unsafe.Add(v, first*dim*f.size()); {
		case f == f32 && useAVX512:
			weightedSum32AVX512(&y, &w, n, (*float32)(v), rows, dim, ahead)
		case f == f32:
			weightedSum32AVX2(&y, &w, n, (*float32)(v), rows, dim, ahead)
		case useAVX512:
			weightedSum16AVX512(&y, &w, n, (*uint16)(v), rows, dim, ahead)
		default:
			weightedSum16AVX2(&y, &w, n, (*uint16)(v), rows, dim, ahead)
		}
	}
	return true
}

// scores8 computes the scores of keys of 8 bits, or returns false.
func scores8(s [][]float32, q []Vector16, k []int8, scales []float32, muls *[MaxQueries]float32, next *int8) bool {
	rows, dim, n := len(scales), len(q[0].codes), len(s)
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	run := streamOf(unsafe.Pointer(&k[0]), rows, dim, fetchAhead, unsafe.Pointer(next))
	var x [MaxQueries]*int16
	for i := range q {
		x[i] = &q[i].codes[0]
	}
	for i := range 2 {
		first, rows, ahead := run.part(i)
		if rows == 0 {
			continue
		}
		y := pointers(s, first)
		if k := &k[first*dim]; useAVX512 && dim%(2*stepDims) == 0 {
			scores8AVX512(&y, &x, n, k, &scales[first], rows, dim, muls, ahead)
		} else {
			scores8AVX2(&y, &x, n, k, &scales[first], rows, dim, muls, ahead)
		}
	}
	return true
}

// weightedSum8 computes the weighted sums of values of 8 bits, or returns false.
func weightedSum8(out [][]float32, w []Vector16, v []int8, rows int, next *int8) bool {
	dim, n := len(out[0]), len(out)
	if !useAsm || dim%stepDims != 0 {
		return false
	}
	p, muls := weightsOf(w, rows)
	y, run := pointers(out, 0), streamOf(unsafe.Pointer(&v[0]), rows, dim, fetchAhead, unsafe.Pointer(next))
	if useAVX512 && dim%(2*stepDims) == 0 {
		values8AVX512(&y, &p, n, &v[0], rows, run.body, dim, &muls, run.ahead, run.next)
	} else {
		values8AVX2(&y, &p, n, &v[0], rows, run.body, dim, &muls, run.ahead, run.next)
	}
	return true
}

// pointers are where the vectors begin, from one element on.
func pointers(vectors [][]float32, first int) (to [MaxQueries]*float32) {
	for i, v := range vectors {
		to[i] = &v[first]
	}
	return to
}

// siluMulWide is siluMul of the first elements, and returns how many it did.
func siluMulWide(y, gate, up []float32) int {
	n := len(y) &^ 15
	if !useAVX512 || n == 0 {
		return 0
	}
	siluMulAVX512(&y[0], &gate[0], &up[0], n)
	return n
}

// scaleMax multiplies x by scales and returns the largest magnitude, or a NaN.
func scaleMax(x, scales []float32) float32 {
	n := split(len(x))
	if n == 0 {
		return scaleMaxGeneric(x, scales)
	}
	head := math.Float32frombits(scaleMaxAsm(&x[0], &scales[0], n))
	return max(head, scaleMaxGeneric(x[n:], scales[n:])) // max keeps a NaN
}

// quantizeSixteens is quantize16 of n values, a positive multiple of 16.
func quantizeSixteens(q *int16, x *float32, n int, scale float32) {
	if useAVX512 {
		quantize16AVX512(q, x, n, scale)
	} else {
		quantize16Asm(q, x, n, scale)
	}
}

// exponentialWeights is Exponentials of s, whose results it multiplies by scales, and the largest
// magnitude of these, or a NaN; or it returns false.
func exponentialWeights(s, scales []float32, values []int8) (top, sum, most float32, ok bool) {
	n := len(s)
	if !useAVX512 || n == 0 || n%16 != 0 {
		return 0, 0, 0, false
	}
	ahead := unsafe.Pointer(&s[0]) // is in the cache
	if len(values) >= runsAhead+lineSize*n/16 {
		ahead = unsafe.Pointer(&values[runsAhead])
	}
	top, sum, bits := expWeightsAVX512(&s[0], &scales[0], n, (*byte)(ahead))
	return top, sum, math.Float32frombits(bits), true
}

// expSum replaces x by exp(x-shift) and returns the sum. n is a positive multiple of 8.
func expSum(x *float32, n int, shift float32) float32 {
	if useAVX512 {
		return expSumAVX512(x, n, shift)
	}
	return expSumAsm(x, n, shift)
}

// sumSquaresFour returns the sums of squares of four rows of n values, or false.
func sumSquaresFour(x []float32, n int) (sums [4]float64, ok bool) {
	if !useAsm || n%lanes != 0 {
		return sums, false
	}
	if useAVX512 {
		sumSquaresFourAVX512(&x[0], n, &sums[0])
	} else {
		sumSquaresFourAVX2(&x[0], n, &sums[0])
	}
	return sums, true
}

// normalizeWide is normalize of the first elements, and returns how many it did.
func normalizeWide(y, x, w []float32, scale float32) int {
	n := len(x) &^ 31
	if !useAVX512 || n == 0 {
		return 0
	}
	normalizeAVX512(&y[0], &x[0], &w[0], n, scale)
	return n
}
