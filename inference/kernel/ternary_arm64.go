//go:build !purego

package kernel

import (
	"math"

	"tern/model/ternary"
)

func absMax(x []float32) float32 {
	n := len(x) &^ 15
	if !useAsm || n == 0 {
		return absMaxGeneric(x)
	}
	head := math.Float32frombits(absMaxNEON(&x[0], n))
	return max(head, absMaxGeneric(x[n:])) // max keeps a NaN
}

func quantize(q []int8, x []float32, s float32) (sum int32) {
	n := len(x) &^ 15
	if !useAsm || n == 0 {
		return quantizeGeneric(q, x, s)
	}
	return quantizeNEON(&q[0], &x[0], n, s) + quantizeGeneric(q[n:], x[n:], s)
}

func matVec(y []float32, m *ternary.Matrix, g0, g1 int, q []int8, sum int32, mul float32) {
	if !useAsm {
		matVecGeneric(y, m, g0, g1, q, sum, mul)
		return
	}
	full := len(y) / groupRows
	if g0 < full {
		matVecGroups(&y[g0*groupRows], &m.Data[g0*m.GroupBytes()], q, full-g0, sum, mul)
	}
	if full < g1 { // the last group, of fewer rows
		var last [groupRows]float32
		matVecGroups(&last[0], &m.Data[full*m.GroupBytes()], q, 1, sum, mul)
		copy(y[full*groupRows:], last[:])
	}
}

func matVecGroups(y *float32, data *byte, q []int8, groups int, sum int32, mul float32) {
	if blocks := len(q) / blockCols; useDot {
		matVecDot(y, data, &q[0], groups, blocks, sum, mul)
	} else {
		matVecNEON(y, data, &q[0], groups, blocks, sum, mul)
	}
}

const (
	// MatMul unpacks 16 rows of up to 1024 columns at a time, 16 KB, which leaves
	// half of L1 to the activations. More columns would not fit in the 16-bit
	// sums of tilesNEON.
	tileGroups = 4
	tileCols   = 1024

	// The activations of a block of tokens take half of the smallest L2 in use.
	tokenBytes = 256 << 10
)

func streams() int { return 1 }

func matVecStreams(y []float32, s Stretch, n int, q []int8, sum int32, mul float32, _ Stretch) {
	matVec(y, s.Matrix, s.First, s.First+n, q, sum, mul)
}

// matMul cuts the tokens into blocks whose activations stay in L2.
func matMul(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	if !useAsm {
		matMulGeneric(y, stride, m, g0, g1, q, sums, muls, scratch)
		return
	}
	cols := m.PaddedCols()
	block := max(tokenBytes/cols&^3, 16)
	for t := 0; t < len(sums); t += block {
		end := min(t+block, len(sums))
		matMulBlock(y[t*stride:], stride, m, g0, g1, q[t*cols:end*cols], sums[t:end], muls[t:end], scratch)
	}
}

// matMulBlock multiplies tileGroups row groups at a time by all tokens, so that
// their weights stay in L1.
func matMulBlock(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols, tokens := m.PaddedCols(), len(sums)
	scratch.acc = grow(scratch.acc, tokens*tileGroups*groupRows)
	scratch.codes = grow(scratch.codes, tileGroups*groupRows*min(cols, tileCols))
	for g := g0; g < g1; g += tileGroups {
		n := min(tileGroups, g1-g)
		acc := scratch.acc[:tokens*n*groupRows]
		clear(acc)
		for c := 0; c < cols; c += tileCols {
			k := min(tileCols, cols-c)
			for i := range n {
				unpackNEON(&scratch.codes[i*groupRows*k], &m.Data[(g+i)*m.GroupBytes()+c], k/blockCols)
			}
			if useDot {
				tilesDot(&acc[0], &scratch.codes[0], &q[c], cols, k/rowBytes, n, tokens)
			} else {
				tilesNEON(&acc[0], &scratch.codes[0], &q[c], cols, k/rowBytes, n, tokens)
			}
		}
		store(y[g*groupRows:], stride, min(n*groupRows, m.Rows-g*groupRows), acc, sums, muls)
	}
}

// store writes float32(acc-sum)·mul of acc, [tokens][row groups][4], to the
// first rows of y's rows.
func store(y []float32, stride, rows int, acc, sums []int32, muls []float32) {
	tokens := len(sums)
	groups := len(acc) / tokens / groupRows
	if rows == groups*groupRows {
		finishNEON(&y[0], stride, &acc[0], &sums[0], &muls[0], groups, tokens)
		return
	}
	for t, sum := range sums {
		for r, a := range acc[t*groups*groupRows:][:rows] {
			y[t*stride+r] = float32(a-sum) * muls[t]
		}
	}
}
