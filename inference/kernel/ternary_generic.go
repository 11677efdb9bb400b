package kernel

import (
	"math"

	"tern/model/ternary"
)

const (
	groupRows = ternary.GroupRows
	blockCols = ternary.BlockCols
	rowBytes  = blockCols / 4 // bytes of one row in one block

	// A block of a group takes groupRows·rowBytes = 128 bytes: the position of a
	// block in its group is the number of its first column, here and in the
	// assembly. This does not compile when that changes.
	_ = uint(groupRows*rowBytes-blockCols) + uint(blockCols-groupRows*rowBytes)
)

// absMaxGeneric returns max|x|, 0 for no x, and a NaN when there is one: it
// compares the bits, among which a NaN is larger than any number.
func absMaxGeneric(x []float32) float32 {
	var m uint32
	for _, v := range x {
		m = max(m, math.Float32bits(v)&^(1<<31))
	}
	return math.Float32frombits(m)
}

// quantizeGeneric stores roundHalfEven(x·s) in q[:len(x)] and returns its sum.
// |x·s| is at most 127 plus a rounding error, so no value needs the clamp.
func quantizeGeneric(q []int8, x []float32, s float32) (sum int32) {
	q = q[:len(x)]
	for i, v := range x {
		r := int32(math.RoundToEven(float64(v * s)))
		q[i] = int8(r)
		sum += r
	}
	return sum
}

// matVecGeneric is MatVec for len(y) = min(4·g1, m.Rows).
func matVecGeneric(y []float32, m *ternary.Matrix, g0, g1 int, q []int8, sum int32, mul float32) {
	for r := g0 * groupRows; r < len(y); r++ {
		// Codes are w+1: Σ w·q = Σ (w+1)·q − Σ q.
		y[r] = float32(dotCodes(m, r, q)-sum) * mul
	}
}

// dotCodes returns Σ (w+1)·q of row r.
func dotCodes(m *ternary.Matrix, r int, q []int8) (acc int32) {
	data := m.Data[r/groupRows*m.GroupBytes()+r%groupRows*rowBytes:]
	for b := 0; b < len(q); b += blockCols {
		a, w := q[b:][:blockCols], data[b:][:rowBytes]
		for p, c := range w {
			acc += int32(c&3)*int32(a[p]) + int32(c>>2&3)*int32(a[p+32]) +
				int32(c>>4&3)*int32(a[p+64]) + int32(c>>6)*int32(a[p+96])
		}
	}
	return acc
}

// matMulGeneric is MatMul: it unpacks each row once for all activation rows.
func matMulGeneric(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols := m.PaddedCols()
	scratch.codes = grow(scratch.codes, cols)
	codes := scratch.codes
	for r := g0 * groupRows; r < min(g1*groupRows, m.Rows); r++ {
		unpackCodes(codes, m, r)
		for t, sum := range sums {
			acc := -sum
			for c, a := range q[t*cols:][:cols] {
				acc += int32(codes[c]) * int32(a)
			}
			y[t*stride+r] = float32(acc) * muls[t]
		}
	}
}

// unpackCodes stores the codes w+1 of row r in dst[:m.PaddedCols()].
func unpackCodes(dst []uint8, m *ternary.Matrix, r int) {
	data := m.Data[r/groupRows*m.GroupBytes()+r%groupRows*rowBytes:]
	for b := 0; b < len(dst); b += blockCols {
		d, w := dst[b:][:blockCols], data[b:][:rowBytes]
		for p, c := range w {
			d[p], d[p+32], d[p+64], d[p+96] = c&3, c>>2&3, c>>4&3, c>>6
		}
	}
}
