package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// scan emits y[r] = Σ w[r]·x of int8 rows and an int16 vector: sixteen values
// are widened and multiplied, neighbours added, in one step of 32 bits. Row
// follows row, so that the matrix is one stream in the order of addresses.
func scan() {
	function("scanAVX2", "func(y *int32, w *int8, x *int16, rows, cols int)",
		"stores Σ w[r]·x of rows ≥ 1 rows of cols values in y; cols is a multiple of 32.")
	y, w, rows := param("y"), param("w"), param("rows")
	loop("row", rows, func() {
		x, left := param("x"), param("cols")
		SHRQ(U8(5), left)
		acc := ymms(2)
		zero(acc...)
		loop("step", left, func() {
			PREFETCHT0(at(w, 1536))
			for i, a := range acc {
				p := YMM()
				VPMOVSXBW(at(w, 16*i), p)
				VPMADDWD(at(x, 32*i), p, p)
				VPADDD(p, a, a)
			}
			advance(64, x)
			advance(32, w)
		})
		sum := XMM()
		VPADDD(acc[1], acc[0], acc[0])
		VPHADDD(acc[0], acc[0], acc[0])
		VPHADDD(acc[0], acc[0], acc[0])
		VEXTRACTI128(U8(1), acc[0], sum)
		VPADDD(acc[0].AsX(), sum, sum)
		VMOVD(sum, at(y, 0))
		advance(4, y)
	})
	VZEROUPPER()
	RET()
}
