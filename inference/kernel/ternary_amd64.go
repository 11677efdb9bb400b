//go:build !purego

package kernel

import (
	"math"
	"unsafe"

	"tern/model/ternary"
)

func absMax(x []float32) float32 {
	var head uint32
	if n := len(x) &^ 31; useAVX512 && n > 0 {
		head, x = absMaxAVX512(&x[0], n), x[n:]
	}
	if n := len(x) &^ 7; useAsm && n > 0 {
		head, x = max(head, absMaxAVX2(&x[0], n)), x[n:]
	}
	return max(math.Float32frombits(head), absMaxGeneric(x)) // max keeps a NaN
}

func quantize(q []int8, x []float32, s float32) (sum int32) {
	if n := len(x) &^ 63; useAVX512 && n > 0 {
		sum, q, x = quantizeAVX512(&q[0], &x[0], n, s), q[n:], x[n:]
	}
	if n := len(x) &^ 31; useAsm && n > 0 {
		sum, q, x = sum+quantizeAVX2(&q[0], &x[0], n, s), q[n:], x[n:]
	}
	return sum + quantizeGeneric(q, x, s)
}

func matVec(y []float32, m *ternary.Matrix, g0, g1 int, q []int8, sum int32, mul float32) {
	if !useAsm {
		matVecGeneric(y, m, g0, g1, q, sum, mul)
		return
	}
	blocks := len(q) / blockCols
	full := len(y) / groupRows
	if g0 < full {
		matVecGroups(&y[g0*groupRows], &m.Data[g0*m.GroupBytes()], &q[0], full-g0, blocks, sum, mul)
	}
	if full < g1 { // the last group, of fewer rows
		var last [groupRows]float32
		matVecGroups(&last[0], &m.Data[full*m.GroupBytes()], &q[0], 1, blocks, sum, mul)
		copy(y[full*groupRows:], last[:])
	}
}

func matVecGroups(y *float32, data *byte, q *int8, groups, blocks int, sum int32, mul float32) {
	switch {
	case useAVX512:
		matVec512(y, data, q, groups, blocks, sum, mul)
	case useVNNI:
		matVecVNNI(y, data, q, groups, blocks, sum, mul)
	default:
		matVecAVX2(y, data, q, groups, blocks, sum, mul)
	}
}

// matVec512 takes as many groups as it can in four streams, and then the rest.
func matVec512(y *float32, data *byte, q *int8, groups, blocks int, sum int32, mul float32) {
	n := groups / 4
	if n > 0 {
		matVecFourAVX512(y, data, q, n, n, blocks, data, 0, sum, mul)
	}
	if done := 4 * n; done < groups {
		y, data = after(y, done*groupRows), after(data, done*blocks*groupRows*rowBytes)
		matVecAVX512(y, data, q, groups-done, blocks, sum, mul)
	}
}

func streams() int {
	if useAVX512 {
		return 4
	}
	return 1
}

func matVecStreams(y []float32, s Stretch, n int, q []int8, sum int32, mul float32, next Stretch) {
	if !useAVX512 {
		matVec(y, s.Matrix, s.First, s.First+n, q, sum, mul)
		return
	}
	size := s.Matrix.GroupBytes()
	matVecFourAVX512(&y[s.First*groupRows], &s.Matrix.Data[s.First*size], &q[0], n, s.Apart, len(q)/blockCols,
		&next.Matrix.Data[next.First*next.Matrix.GroupBytes()], next.Apart*next.Matrix.GroupBytes(), sum, mul)
}

// after is the address of the element n after p's.
func after[T any](p *T, n int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), n*int(unsafe.Sizeof(*p))))
}

// Up to directTokens tokens, unpacking into memory costs more than it saves.
const (
	directTokens = 4
	directGroups = 2
	directCols   = 2048 // more would not fit in 16-bit sums
)

func matMul(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	if !useAsm {
		matMulGeneric(y, stride, m, g0, g1, q, sums, muls, scratch)
		return
	}
	if useLookup && len(sums) >= lookupLeast {
		if g0 = matMulLookup(y, stride, m, g0, g1, q, sums, muls, scratch); g0 == g1 {
			return
		}
	}
	switch {
	case useAVX512:
		matMul512(y, stride, m, g0, g1, q, sums, muls, scratch)
	case len(sums) <= directTokens:
		matMulDirect(y, stride, m, g0, g1, q, sums, muls, scratch)
	default:
		matMulTiles(y, stride, m, g0, g1, q, muls, scratch)
	}
}

// matMulDirect multiplies by few tokens.
func matMulDirect(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols, tokens := m.PaddedCols(), len(sums)
	scratch.acc = grow(scratch.acc, tokens*directGroups*groupRows)
	scratch.q = grow(scratch.q, len(q))
	interleave(scratch.q, q, cols, tokens)
	for g := g0; g < g1; g += directGroups {
		n := min(directGroups, g1-g)
		acc := scratch.acc[:tokens*n*groupRows]
		clear(acc)
		for c := 0; c < cols; c += directCols {
			k := min(directCols, cols-c)
			directAVX2(&acc[0], &m.Data[g*m.GroupBytes()+c], &scratch.q[c*tokens], k/blockCols, m.GroupBytes(), n, tokens)
		}
		store(y[g*groupRows:], stride, min(n*groupRows, m.Rows-g*groupRows), acc, sums, muls)
	}
}

// interleave orders the blocks of every tile rows of q by column, then by row.
func interleave(dst, q []int8, cols, tile int) {
	for ; len(q) > 0; dst, q = dst[min(tile*cols, len(dst)):], q[min(tile*cols, len(q)):] {
		d := dst
		for c := 0; c < cols; c += blockCols {
			for t := c; t < min(tile*cols, len(q)); t += cols {
				d = d[copy(d, q[t:][:blockCols]):]
			}
		}
	}
}

// store writes float32(acc-sum)·mul of acc, [tokens][row groups][4], to the
// first rows of y's rows.
func store(y []float32, stride, rows int, acc, sums []int32, muls []float32) {
	tokens := len(sums)
	groups := len(acc) / tokens / groupRows
	if rows == groups*groupRows {
		finishAVX2(&y[0], stride, &acc[0], &sums[0], &muls[0], groups, tokens)
		return
	}
	for t, sum := range sums {
		for r, a := range acc[t*groups*groupRows:][:rows] {
			y[t*stride+r] = float32(a-sum) * muls[t]
		}
	}
}
