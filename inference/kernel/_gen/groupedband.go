package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// groupedVec2AVX2 emits the product of two planes with one row of activations. A line of a
// whole band stays in registers, so that every broadcast serves four products.
func groupedVec2AVX2() {
	function("groupedVec2AVX2", groupedVecSignature, groupedVecDoc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	sums, w, c, lo, hi, t := y256[:8], y256[8:12], Y12, Y13, Y14, Y15
	Label("band")
	VPXOR(t, t, t)
	for r := range 4 {
		VMOVUPS(t, at(y, 32*r))
	}
	q, s, groups := param("q"), param("scale"), param("groups")
	loop("group", groups, func() {
		PREFETCHT1(at(scales, aheadScales))
		for _, sum := range sums {
			VPXOR(sum, sum, sum)
		}
		n := param("halves")
		SHLQ(U8(2), n)
		loop("line", n, func() {
			for r, v := range w {
				VMOVDQU(at(data, 32*r), v)
			}
			PREFETCHT1(at(data, aheadCodes))
			for k := range 4 {
				VPBROADCASTD(at(q, 4*k), lo)
				VPBROADCASTD(at(q, pieceBytes+4*k), hi)
				for r, v := range w {
					VPAND(bits(0x03030303), v, c)
					if k < 3 {
						VPSRLW(U8(2), v, v)
					}
					VPMADDUBSW(lo, c, t)
					VPADDW(t, sums[2*r], sums[2*r])
					VPMADDUBSW(hi, c, t)
					VPADDW(t, sums[2*r+1], sums[2*r+1])
				}
			}
			advance(lineBytes, data)
			advance(2*pieceBytes, q)
		})
		// The terms of the group, as addTerm makes them.
		VPBROADCASTD(at(s, 4), lo)
		VBROADCASTSS(at(s, 0), hi)
		VMOVDQU(bits(0x00010001), t)
		for r := range 4 {
			v := sums[2*r+1]
			VPMADDWD(t, sums[2*r], sums[2*r])
			VPMADDWD(t, v, v)
			VPSLLD(U8(8), v, v)
			VPADDD(sums[2*r], v, v)
			VPADDD(lo, v, v)
			VCVTDQ2PS(v, v)
			VMULPS(hi, v, v)
		}
		term := func(r int) {
			VADDPS(at(y, 32*r), sums[2*r+1], sums[2*r+1])
			VMOVUPS(sums[2*r+1], at(y, 32*r))
		}
		CMPQ(NewParamAddr("wide", wideAt), U8(0))
		JNE(LabelRef("wide"))
		for r := range 4 {
			VCVTPH2PS(at(scales, 16*r), w[r])
			VMULPS(w[r], sums[2*r+1], sums[2*r+1])
			term(r)
		}
		advance(2*bandRows, scales)
		JMP(LabelRef("added"))
		Label("wide")
		for r := range 4 {
			VMULPS(at(scales, 32*r), sums[2*r+1], sums[2*r+1])
			term(r)
		}
		advance(4*bandRows, scales)
		Label("added")
		advance(8, s)
	})
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}
