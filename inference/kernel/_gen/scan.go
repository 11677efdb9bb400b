package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// scan emits y[r] = Σ w[r]·x of int8 rows and an int16 vector: sixteen values
// are widened and multiplied, neighbours added, in one step of 32 bits.
func scan() {
	function("scanAVX2", "func(y *int32, w *int8, x *int16, rows, cols int)",
		"stores Σ w[r]·x of rows ≥ 1 rows of cols values in y; cols is a multiple of 32.")
	y, w, cols := param("y"), param("w"), param("cols")
	q := quartersOf(w, param("rows"), cols)

	block := func(n int, rows Register, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		TESTQ(rows, rows)
		JZ(LabelRef(next))
		Label(label("rows"))
		x, left := param("x"), GP64()
		MOVQ(cols, left)
		SHRQ(U8(5), left)
		acc := ymms(n)
		zero(acc...)
		loop(label("step"), left, func() {
			if n == 4 {
				q.prefetch(w)
			}
			for i := range 2 {
				v := YMM()
				VMOVDQU(at(x, 32*i), v)
				for r := range n {
					p := YMM()
					VPMOVSXBW(q.row(w, r, 16*i), p)
					VPMADDWD(v, p, p)
					VPADDD(p, acc[r], acc[r])
				}
			}
			advance(64, x)
			advance(32, w)
			if n == 4 {
				advance(32, q.w3)
			}
		})
		sum := XMM()
		if n == 4 {
			VPHADDD(acc[1], acc[0], acc[0])
			VPHADDD(acc[3], acc[2], acc[2])
			VPHADDD(acc[2], acc[0], acc[0])
		} else {
			VPHADDD(acc[0], acc[0], acc[0])
			VPHADDD(acc[0], acc[0], acc[0])
		}
		VEXTRACTI128(U8(1), acc[0], sum)
		VPADDD(acc[0].AsX(), sum, sum)
		VMOVD(sum, at(y, 0))
		for r := 1; r < n; r++ {
			VPEXTRD(U8(uint8(r)), sum, q.result(y, r))
		}
		advance(4, y)
		DECQ(rows)
		JNZ(LabelRef(label("rows")))
	}
	q.each(y, w, block)
	VZEROUPPER()
	RET()
}
