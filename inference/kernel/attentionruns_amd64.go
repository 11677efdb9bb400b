//go:build !purego

package kernel

import "unsafe"

// runsTogether: queries of so many values have registers.
func runsTogether(dim int) bool { return useAVX512 && dim%32 == 0 && dim <= 128 }

// runsAhead is how many bytes ahead each of four runs is fetched.
const runsAhead = 3 << 9

func scoresRunsF16(s, q [][]float32, k []uint16, far int, scale float32, next *uint16) bool {
	dim := len(q[0])
	if !runsTogether(dim) {
		return false
	}
	x, run := pointers(q, 0), streamOf(unsafe.Pointer(&k[0]), len(s[0]), 2*dim, runsAhead, unsafe.Pointer(next))
	for i := range 2 {
		if first, rows, ahead := run.part(i); rows > 0 {
			y := pointers(s, first)
			scoresFour16AVX512(&y, &x, &k[first*dim], 2*far, rows, dim, scale, ahead)
		}
	}
	return true
}

func weightedSumRunsF16(out, p [][]float32, v []uint16, far int, next *uint16) bool {
	dim := len(out[0])
	if !runsTogether(dim) {
		return false
	}
	y, run := pointers(out, 0), streamOf(unsafe.Pointer(&v[0]), len(p[0]), 2*dim, runsAhead, unsafe.Pointer(next))
	for i := range 2 {
		if first, rows, ahead := run.part(i); rows > 0 {
			w := pointers(p, first)
			weightedSumFour16AVX512(&y, &w, &v[first*dim], 2*far, rows, dim, ahead)
		}
	}
	return true
}

func scoresRuns8(s [][]float32, q []Vector16, k []int8, scales []float32, far int, scale float32, next *int8) bool {
	dim := len(q[0].codes)
	if !runsTogether(dim) {
		return false
	}
	var x [MaxQueries]*int16
	var muls [MaxQueries]float32
	for i := range q {
		mustLen(len(s[i]), len(s[0]), "ScoresRuns8: s")
		mustLen(len(q[i].codes), dim, "ScoresRuns8: q")
		x[i], muls[i] = &q[i].codes[0], scale*q[i].scale
	}
	last := MaxQueries - 1
	_, _ = k[last*far:][:len(s[0])*dim], scales[last*far/dim:][:len(s[0])]
	run := streamOf(unsafe.Pointer(&k[0]), len(s[0]), dim, runsAhead, unsafe.Pointer(next))
	for i := range 2 {
		if first, rows, ahead := run.part(i); rows > 0 {
			y := pointers(s, first)
			scoresFour8AVX512(&y, &x, &k[first*dim], &scales[first], far, rows, dim, &muls, ahead)
		}
	}
	return true
}

func weightedSumRuns8(out [][]float32, w []Vector16, v []int8, rows, far int, next *int8) bool {
	dim := len(out[0])
	if !runsTogether(dim) {
		return false
	}
	for i := range out {
		mustLen(len(out[i]), dim, "WeightedSumRuns8: out")
	}
	_ = v[(MaxQueries-1)*far:][:rows*dim]
	p, muls := weightsOf(w, rows)
	y, run := pointers(out, 0), streamOf(unsafe.Pointer(&v[0]), rows, dim, runsAhead, unsafe.Pointer(next))
	valuesFour8AVX512(&y, &p, &v[0], far, rows, run.body, dim, &muls, run.ahead, run.next)
	return true
}

// weightsOf are the weights of an even number of rows, and their scales.
func weightsOf(w []Vector16, rows int) (codes [MaxQueries]*int16, muls [MaxQueries]float32) {
	for i := range w {
		codes[i], muls[i] = &w[i].codes[:(rows+1)&^1][0], w[i].scale
	}
	return codes, muls
}
