package kernel

import (
	"fmt"

	"tern/model/ternary"
)

const bandRows = ternary.BandRows

// MatMulGrouped multiplies bands [b0, b1) of m by every row of x:
//
//	y[t·stride+r] = Σ_g float32(float32(I)·s[t][g])·d[r][g],  I = Σ_c (code-1)·q[t][c]
//
// where I is the exact sum over the columns of group g, rounded to float32 (which does
// nothing where x has two planes and no outliers there: |I| < 2²⁴), and Σ_g adds in float32
// from 0, group after group. Other rows of y are not touched. x is for the columns and the groups of m.
func MatMulGrouped(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	rows := checkBands(m, b0, b1)
	mustLen(x.cols, m.Cols, "MatMulGrouped: a row of x")
	mustLen(x.groupCols, m.GroupCols, "MatMulGrouped: a group of x")
	if b0 == b1 || x.tokens == 0 {
		return
	}
	if stride < rows {
		badLen(stride, rows, "MatMulGrouped: stride")
	}
	if need := (x.tokens-1)*stride + rows; len(y) < need {
		badLen(len(y), need, "MatMulGrouped: y")
	}
	if m.Form != ternary.TwoBits {
		matMulForm(y, stride, m, b0, b1, x, scratch)
		return
	}
	matMulGrouped(y, stride, m, b0, b1, x, scratch)
}

// checkBands panics unless [b0, b1) are bands whose bytes m really has. It returns the
// number of rows up to the end of the last.
func checkBands(m *ternary.Grouped, b0, b1 int) (rows int) {
	if b0 < 0 || b0 > b1 || b1 > m.Bands() {
		panic(fmt.Sprintf("kernel: bands [%d, %d) of %d", b0, b1, m.Bands()))
	}
	if need := b1 * m.BandBytes(); len(m.Data) < need {
		badLen(len(m.Data), need, "matrix data")
	}
	if need, n := b1*m.Groups()*bandRows, max(len(m.Scales), len(m.Wide)); n < need {
		badLen(n, need, "matrix scales")
	}
	return min(b1*bandRows, m.Rows)
}

// Peak multiplies bytes on registers alone, about a microsecond for n = 256, and returns
// how many multiplications it did: what the products of a prompt are measured against.
// The generic code has no such measure and returns 0.
func Peak(n int) (products int) { return peak(max(n, 1)) }
