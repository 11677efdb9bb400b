package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Products of one row of activations of two planes with matrices in the forms OneBit and
// Trits of ternary.Grouped: groups are of 128 columns, 8 pieces of 16 activations. Field k
// of piece p is the four bytes of activations that four codes of a row meet.
const (
	formSignature  = "func(y *float32, data, scales *byte, wide int, q *int8, scale, outliers *byte, bands, groups int)"
	formDoc        = "stores the 32 results of each of bands ≥ 1 bands in y. Scales are float32 where wide is not 0."
	groupPieces    = 8
	groupQuantised = groupPieces * 2 * pieceBytes
	oneBitLines    = 4
	tritLines      = 6
)

// fieldAt is where the activations of field k of piece p are.
func fieldAt(q Register, p, k, plane int) Mem { return at(q, (2*p+plane)*pieceBytes+4*k) }

// addForm adds the term of a group to 16 results.
func addForm(planes []VecVirtual, s Register, d, sum VecVirtual) {
	v := whole512(ops(planes))
	VCVTDQ2PS(v, v)
	VMULPS_BCST(at(s, 0), v, v)
	VMULPS(d, v, v)
	VADDPS(v, sum, sum)
}

// endForm stores the results of a band and goes on to the next.
func endForm(sum []VecVirtual, y, bands Register) {
	for i, sum := range sum {
		VMOVUPS(sum, at(y, 64*i))
	}
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}
