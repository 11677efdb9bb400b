package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The kernels of group-scaled matrices. A line is 128 bytes of codes: a word of 32 bits,
// 16 columns, of each of the 32 rows of a band. A group of 64 columns is 4 lines: half of
// a group of 128. An activation takes planes bytes, and those of 16 columns stand
// together: [plane][field][4], where field k of the bytes of a word meets four of them.
const (
	bandRows    = 32
	lineBytes   = 4 * bandRows
	halfLines   = 4
	pieceBytes  = 16   // of one plane
	aheadCodes  = 8192 // into L2, from where the caches fetch by themselves
	aheadScales = 512
)

const (
	groupedVecSignature = "func(y *float32, data, scales *byte, wide int, q *int8, scale, outliers *byte, bands, groups, halves int)"
	groupedVecDoc       = "stores the 32 results of each of bands ≥ 1 bands in y. A group has 64·halves columns; scales are float32 where wide is not 0."
	wideAt              = 24

	groupedTileSignature = "func(y *float32, stride int, data *byte, bandBytes int, scales *byte, scaleBand, wide int, q *int8, scale, outliers *byte, bands, groups, halves, tokens int)"
	tileStrideAt         = 8
	tileBandBytesAt      = 24
	tileScaleBandAt      = 40
	tileWideAt           = 48
)

func groupedTileDoc(most int) string {
	return fmt.Sprintf("adds the products of groups groups of bands ≥ 1 bands to tokens rows of y, stride bytes apart. 1 ≤ tokens ≤ %d; bandBytes and scaleBand lead from one band to the next.", most)
}

// fix emits the quantisation of a group.
func fix(planes int) {
	every := func(name string, b ...byte) Mem {
		m := GLOBL(name, RODATA|NOPTR)
		for i := range 4 {
			var v uint32
			for j := range 4 {
				v |= uint32(b[j]+byte(4*i)) << (8 * j)
			}
			DATA(4*i, U32(v))
		}
		return m
	}
	even := every(fmt.Sprintf("fixEven%d", planes), 0, 2, 0, 2)
	odd := every(fmt.Sprintf("fixOdd%d", planes), 1, 3, 1, 3)

	function(fmt.Sprintf("fix%dAVX2", planes), "func(q *int8, stride int, x *float32, pieces int, inv float32) int32",
		fmt.Sprintf("is fixGeneric of %d planes and pieces ≥ 1 pieces of 16 columns.", planes))
	q, stride, x, n := param("q"), param("stride"), param("x"), param("pieces")
	inv, bias, evens, odds, sum := XMM(), XMM(), XMM(), XMM(), XMM()
	p, err := Param("inv").Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(p.Addr, inv)
	g := GP32()
	MOVL(U32(0x8080>>(8*(3-planes))), g) // makes the bytes below the highest signed
	VMOVD(g, bias)
	VPBROADCASTD(bias, bias)
	VMOVDQU(even, evens)
	VMOVDQU(odd, odds)
	VPXOR(sum, sum, sum)
	loop("piece", n, func() {
		u := []VecVirtual{XMM(), XMM(), XMM(), XMM()} // columns 4j to 4j+3
		for j, v := range u {
			VMULPS(at(x, 16*j), inv, v)
			VCVTPS2DQ(v, v) // to nearest even, as MXCSR says in Go
			VPADDD(v, sum, sum)
			VPADDD(v, bias, v)
			VPXOR(v, bias, v)
		}
		// 16 bits of two columns in each element, then bytes of four.
		pair := func(a, b VecVirtual, high bool) VecVirtual {
			t := XMM()
			if high {
				VPSRLD(U8(16), a, t)
				VPBLENDW(U8(0xaa), b, t, t)
			} else {
				VPSLLD(U8(16), b, t)
				VPBLENDW(U8(0xaa), t, a, t)
			}
			return t
		}
		plane := func(i int, a, b, order VecVirtual) {
			s, t := XMM(), XMM()
			VPSHUFB(order, a, s)
			VPSHUFB(order, b, t)
			VPBLENDW(U8(0xaa), t, s, s)
			VMOVDQU(s, at(q, pieceBytes*i))
		}
		a, b := pair(u[0], u[1], false), pair(u[2], u[3], false)
		plane(0, a, b, evens)
		plane(1, a, b, odds)
		if planes == 3 {
			plane(2, pair(u[0], u[1], true), pair(u[2], u[3], true), evens)
		}
		ADDQ(stride, q)
		advance(64, x)
	})
	t := XMM()
	VPSHUFD(U8(0x4e), sum, t)
	VPADDD(t, sum, sum)
	VPSHUFD(U8(0xb1), sum, t)
	VPADDD(t, sum, sum)
	r := GP32()
	VMOVD(sum, r)
	Store(r, ReturnIndex(0))
	RET()
}

// scalesOf loads the scales of as many rows as the registers d hold, whichever form they
// have, and moves scales past those of the band.
func scalesOf(label string, wide Op, scales Register, d ...VecVirtual) {
	lanes := bandRows / len(d)
	CMPQ(wide, U8(0))
	JNE(LabelRef("wide" + label))
	for i, v := range d {
		VCVTPH2PS(at(scales, 2*lanes*i), v)
	}
	advance(2*bandRows, scales)
	JMP(LabelRef("scaled" + label))
	Label("wide" + label)
	for i, v := range d {
		VMOVUPS(at(scales, 4*lanes*i), v)
	}
	advance(4*bandRows, scales)
	Label("scaled" + label)
}
