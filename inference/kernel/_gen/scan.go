package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// scan emits y[r] = Σ w[r]·x of int8 rows and an int16 vector: sixteen values
// are widened and multiplied, neighbours added, in one step of 32 bits.
func scan() {
	function("scanAVX2", "func(y *int32, w *int8, x *int16, rows, cols int)",
		"stores Σ w[r]·x of rows ≥ 1 rows of cols values in y; cols is a multiple of 32.")
	y, w, rows, cols := param("y"), param("w"), param("rows"), param("cols")

	block := func(n int, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("rows"))
		CMPQ(rows, U8(n))
		JL(LabelRef(next))
		x, w3, left, ahead := param("x"), GP64(), GP64(), GP64()
		if n == 4 {
			LEAQ(Mem{Base: w, Index: cols, Scale: 4}, ahead)
			LEAQ(Mem{Base: w, Index: cols, Scale: 2}, w3)
			ADDQ(cols, w3)
		}
		MOVQ(cols, left)
		SHRQ(U8(5), left)
		acc := ymms(n)
		zero(acc...)
		loop(label("step"), left, func() {
			for i := range 2 {
				v := YMM()
				VMOVDQU(at(x, 32*i), v)
				for r := range n {
					from := row(w, cols, r, 16*i)
					if r == 3 {
						from = at(w3, 16*i)
					}
					p := YMM()
					VPMOVSXBW(from, p)
					VPMADDWD(v, p, p)
					VPADDD(p, acc[r], acc[r])
				}
			}
			if n == 4 {
				// Four rows are read side by side, the next four fetched as the one
				// stream that they are in memory.
				PREFETCHT0(at(ahead, 0))
				PREFETCHT0(at(ahead, 64))
				advance(128, ahead)
				advance(32, w3)
			}
			advance(64, x)
			advance(32, w)
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
		if n == 4 {
			VMOVDQU(sum, at(y, 0))
			ADDQ(cols, w)
			LEAQ(Mem{Base: w, Index: cols, Scale: 2}, w)
		} else {
			VMOVD(sum, at(y, 0))
		}
		advance(4*n, y)
		SUBQ(U8(n), rows)
		JMP(LabelRef(label("rows")))
	}
	block(4, "rows1")
	block(1, "done")
	Label("done")
	VZEROUPPER()
	RET()
}
