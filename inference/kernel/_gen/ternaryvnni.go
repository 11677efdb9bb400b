package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// With AVX-VNNI one instruction adds four products of bytes to 32 bits, which nothing
// overflows. Registers have names here, as avo does not know that instruction.

// reduce4VNNI is reduce4 of registers with names; the result is in the lower half of the
// first. Y15 is free.
func reduce4VNNI(s []reg.VecPhysical) reg.VecPhysical {
	VPHADDD(s[1], s[0], s[0])
	VPHADDD(s[3], s[2], s[2])
	VPHADDD(s[2], s[0], s[0])
	x := s[0].AsX().(reg.VecPhysical)
	VEXTRACTI128(U8(1), s[0], X15)
	VPADDD(X15, x, x)
	return x
}

// matVecVNNI emits the product with one row of activations. Fields 1 and 3 are taken as four
// times their code and summed apart, which saves two shifts of three.
func matVecVNNI() {
	function("matVecVNNI", "func(y *float32, data *byte, q *int8, groups, blocks int, sum int32, mul float32)",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y.")
	y, data, groups := param("y"), param("data"), param("groups")
	once, four, act, w, c, low, high := y256[0:4], y256[4:8], y256[8:12], Y12, Y13, Y14, Y15
	Label("group")
	VMOVDQU(bits(0x03030303), low)
	VMOVDQU(bits(0x0c0c0c0c), high)
	q, blocks := param("q"), param("blocks")
	for _, v := range y256[:8] {
		VPXOR(v, v, v)
	}
	loop("block", blocks, func() {
		PREFETCHT0(at(data, vecAhead))
		PREFETCHT0(at(data, vecAhead+64))
		for k, a := range act {
			VMOVDQU(at(q, 32*k), a)
		}
		for r := range 4 {
			VMOVDQU(at(data, 32*r), w)
			for k, a := range act {
				mask, sum := low, once[r]
				if k%2 == 1 {
					mask, sum = high, four[r]
				}
				if k == 2 {
					VPSRLW(U8(4), w, w)
				}
				VPAND(mask, w, c)
				dpbusd(a, c, sum)
			}
		}
		advance(128, data, q)
	})
	for r := range 4 {
		VPSRAD(U8(2), four[r], four[r]) // a multiple of four: exact
		VPADDD(four[r], once[r], once[r])
	}
	s := reduce4VNNI(once)
	finishRows(s, X15, X15, y, groups)
}
