package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// quarters lets a kernel take one row of each quarter of a matrix at a time. From
// memory four long streams, pages apart, come a fifth to a half sooner than one
// that is four rows wide: there are prefetchers for several.
type quarters struct {
	rows   Register // of the matrix
	n, far Register // rows of a quarter, bytes from one to the next
	w3     Register // the last quarter: an index scales by 1 and 2 only
}

// quartersOf is for rows rows at w that are stride bytes apart.
func quartersOf(w, rows, stride Register) quarters {
	q := quarters{rows, GP64(), GP64(), GP64()}
	MOVQ(rows, q.n)
	SHRQ(U8(2), q.n)
	MOVQ(q.n, q.far)
	IMULQ(stride, q.far)
	LEAQ(Mem{Base: w, Index: q.far, Scale: 2}, q.w3)
	ADDQ(q.far, q.w3)
	return q
}

// row is the address of the current row of quarter r where w is that of the
// first; w3 must advance with w.
func (q quarters) row(w Register, r, offset int) Mem {
	if r == 3 {
		return at(q.w3, offset)
	}
	return row(w, q.far, r, offset)
}

// prefetch fetches what follows in each quarter.
func (q quarters) prefetch(w Register) {
	for r := range 4 {
		PREFETCHT0(q.row(w, r, 384))
	}
}

// result is the address of the result of quarter r > 0 where y is that of the
// first, of 32 bits each.
func (q quarters) result(y Register, r int) Mem {
	if r == 3 {
		t := GP64()
		LEAQ(Mem{Base: y, Index: q.n, Scale: 8}, t)
		return Mem{Base: t, Index: q.n, Scale: 4}
	}
	return Mem{Base: y, Index: q.n, Scale: uint8(4 * r)}
}

// each emits block for the quarters, four rows at a time, and for the rows that
// are left, one at a time; y stands at the results. A block uses up rows, skips to
// next where there are none, and moves w and y to the next row of a quarter.
func (q quarters) each(y, w Register, block func(n int, rows Register, next string)) {
	count := GP64()
	MOVQ(q.n, count)
	block(4, count, "left")
	Label("left")
	LEAQ(Mem{Base: w, Index: q.far, Scale: 2}, w)
	ADDQ(q.far, w)
	LEAQ(Mem{Base: y, Index: q.n, Scale: 8}, y)
	LEAQ(Mem{Base: y, Index: q.n, Scale: 4}, y)
	ANDQ(U8(3), q.rows)
	block(1, q.rows, "done")
	Label("done")
}
