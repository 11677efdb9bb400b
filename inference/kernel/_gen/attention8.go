package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Scores of keys of 8 bits and queries of 16: the sums are of integers, so that their order
// does not matter.

// quantize16 emits the rounding of a query.
func quantize16() {
	function("quantize16Asm", "func(q *int16, x *float32, n int, scale float32)",
		"stores x·scale, rounded to nearest even, in q. n is a positive multiple of 16.")
	q, x, n := param("q"), param("x"), param("n")
	scale := broadcast("scale")
	SHRQ(U8(4), n)
	loop("step", n, func() {
		lo, hi := YMM(), YMM()
		VMULPS(at(x, 0), scale, lo)
		VMULPS(at(x, 32), scale, hi)
		VCVTPS2DQ(lo, lo)
		VCVTPS2DQ(hi, hi)
		VPACKSSDW(hi, lo, lo)
		VPERMQ(U8(0xd8), lo, lo)
		VMOVDQU(lo, at(q, 0))
		advance(64, x)
		advance(32, q)
	})
	VZEROUPPER()
	RET()
}

// scores8 emits the scores.
func scores8(w wide) {
	function("scores8"+w.name, "func(y *[4]*float32, x *[4]*int16, n int, k *int8, scales *float32, rows, cols int, muls *[4]float32, ahead *byte)",
		"stores scales[r]·muls·(k[r]·x) in y for each of n ≤ 4 x, of rows ≥ 1 rows of cols values, a multiple of 16 (AVX2) or 32, and fetches as much from ahead on.")
	rows, scalesAt := AllocLocal(8), AllocLocal(8)
	columns := w.bytes() / 2
	eachCount(func(n int, label func(string) string) {
		s := keys{n: n, size: 1, rows: rows}
		s.load("x")
		MOVQ(Load(Param("scales"), GP64()), scalesAt)
		block := func(many int, next string) {
			acc := make([][][]VecVirtual, n) // [query][row][one]
			s.block(label, many, columns, 2*columns, next, func() {
				for i := range acc {
					for range many {
						acc[i] = append(acc[i], w.zeros(1))
					}
				}
			}, func(row func(r, offset int) Mem, column Register) {
				q := make([]Op, n)
				for i := range q {
					q[i] = Mem{Base: s.x[i], Index: column, Scale: 1}
					if w.parts == 1 || n < 3 && many > 1 {
						v := w.reg()
						if w.parts == 1 {
							VMOVDQU32(q[i], v)
						} else {
							VMOVDQU(q[i], v)
						}
						q[i] = v
					}
				}
				for r := range many {
					v := w.reg()
					VPMOVSXBW(row(r, 0), v)
					for i := range q {
						if w.parts == 1 {
							VPDPWSSD(q[i], v, acc[i][r][0])
							continue
						}
						t := w.reg()
						VPMADDWD(q[i], v, t)
						VPADDD(t, acc[i][r][0], acc[i][r][0])
					}
				}
			}, func() {
				scales, muls := GP64(), param("muls")
				MOVQ(scalesAt, scales)
				if many == 1 && n == 4 {
					sum, mul := w.total([][]VecVirtual{acc[0][0], acc[1][0], acc[2][0], acc[3][0]}, VPADDD), XMM()
					VCVTDQ2PS(sum, sum)
					VBROADCASTSS(at(scales, 0), mul)
					VMULPS(at(muls, 0), mul, mul)
					VMULPS(mul, sum, sum)
					s.storeEach(sum)
				} else {
					for i := range acc {
						sum, mul := w.total(acc[i], VPADDD), XMM()
						VCVTDQ2PS(sum, sum)
						VBROADCASTSS(at(muls, 4*i), mul)
						if many == 4 {
							VMULPS(at(scales, 0), mul, mul)
						} else {
							VMULSS(at(scales, 0), mul, mul)
						}
						VMULPS(mul, sum, sum)
						s.store(i, many, sum)
					}
				}
				advance(4*many, scales)
				MOVQ(scales, scalesAt)
			})
		}
		if w.parts == 1 || n < 4 {
			block(4, "rows1")
		}
		block(1, "done")
		Label(label("done"))
	})
}
