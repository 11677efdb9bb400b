package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// This file takes rows of blocks into bands.

// eight addresses of rows that are stride bytes apart.
type eight struct{ low, high, stride, stride3 Register }

func eightFrom(p, stride Register) eight {
	s3, high := GP64(), GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, s3)
	LEAQ(Mem{Base: p, Index: stride, Scale: 4}, high)
	return eight{p, high, stride, s3}
}

func (e eight) row(r, offset int) Mem {
	p := e.low
	if r >= 4 {
		p = e.high
	}
	switch r % 4 {
	case 0:
		return Mem{Base: p, Disp: offset}
	case 3:
		return Mem{Base: p, Index: e.stride3, Scale: 1, Disp: offset}
	default:
		return Mem{Base: p, Index: e.stride, Scale: uint8(r % 4), Disp: offset}
	}
}

// scales copies the first two bytes of eight rows.
func (e eight) scales(to Register) {
	for r := range 8 {
		s := GP32()
		MOVWLZX(e.row(r, 0), s)
		MOVW(s.As16(), at(to, 2*r))
	}
	ADDQ(U8(16), to)
}

// transpose4 turns four registers a, b, c, d of dwords around, in each half on its
// own: the results are a0 b0 c0 d0, a1 b1 c1 d1 and so on.
func transpose4(v []VecVirtual) []VecVirtual {
	ab, AB, cd, CD := YMM(), YMM(), YMM(), YMM()
	VPUNPCKLDQ(v[1], v[0], ab)
	VPUNPCKHDQ(v[1], v[0], AB)
	VPUNPCKLDQ(v[3], v[2], cd)
	VPUNPCKHDQ(v[3], v[2], CD)
	out := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLQDQ(cd, ab, out[0])
	VPUNPCKHQDQ(cd, ab, out[1])
	VPUNPCKLQDQ(CD, AB, out[2])
	VPUNPCKHQDQ(CD, AB, out[3])
	return out
}

// band emits the loops over groups and, four times, eight rows: words of 32 bits of a
// row become eight lanes of as many lines.
func band(name string, words int, eightRows func(rows eight, dst Register)) {
	function(name, "func(dst *byte, scales *uint16, src *byte, stride, groups int)",
		"stores the blocks of 32 rows, which are stride bytes apart, as words and scales of a band.")
	dst, to, src, stride, groups := param("dst"), param("scales"), param("src"), param("stride"), param("groups")
	block := 2 + 4*words
	loop("group", groups, func() {
		p, line, n := GP64(), GP64(), GP64()
		MOVQ(src, p)
		MOVQ(dst, line)
		MOVQ(U32(4), n)
		loop("rows", n, func() {
			rows := eightFrom(p, stride)
			eightRows(rows, line)
			rows.scales(to)
			LEAQ(Mem{Base: p, Index: stride, Scale: 8}, p)
			ADDQ(U8(32), line)
		})
		ADDQ(U8(block), src)
		ADDQ(U32(128*words), dst)
	})
	VZEROUPPER()
	RET()
}

func band128() {
	band("band128AVX2", 8, func(rows eight, dst Register) {
		var low, high []VecVirtual
		for r := range 4 {
			y := YMM()
			VMOVDQU(rows.row(r, 2), y)
			low = append(low, y)
		}
		low = transpose4(low)
		for r := range 4 {
			y := YMM()
			VMOVDQU(rows.row(4+r, 2), y)
			high = append(high, y)
		}
		high = transpose4(high)
		for w := range 4 {
			y := YMM()
			VPERM2I128(U8(0x20), high[w], low[w], y)
			VMOVDQU(y, at(dst, 128*w))
			VPERM2I128(U8(0x31), high[w], low[w], y)
			VMOVDQU(y, at(dst, 128*(4+w)))
		}
	})
}

func band64() {
	band("band64AVX2", 4, func(rows eight, dst Register) {
		var v []VecVirtual
		for r := range 4 {
			y := YMM()
			VMOVDQU(rows.row(r, 2), y.AsX())
			VINSERTI128(U8(1), rows.row(4+r, 2), y, y)
			v = append(v, y)
		}
		for w, y := range transpose4(v) {
			VMOVDQU(y, at(dst, 128*w))
		}
	})
}

// threes gathers codes 3: both bits of a field are set.
func threes(x, all VecVirtual) {
	t := YMM()
	VPSRLW(U8(1), x, t) // what crosses bytes goes into odd bits
	VPAND(x, t, t)
	VPOR(t, all, all)
}

// anyThree returns whether threes met one.
func anyThree(all VecVirtual) {
	VPTEST(fill(0x55), all)
	r := GP8()
	SETNE(r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

func anyThrees() {
	function("threesAVX2", "func(src *byte, lines int) bool", "returns whether a code in lines of 64 bytes is 3.")
	src, lines := param("src"), param("lines")
	all := YMM()
	VPXOR(all, all, all)
	loop("line", lines, func() {
		for i := range 2 {
			x := YMM()
			VMOVDQU(at(src, 32*i), x)
			threes(x, all)
		}
		ADDQ(U8(64), src)
	})
	anyThree(all)
}

func codes() {
	function("codesAVX2", "func(dst, src *byte, pairs, step int, nibbles *[32]byte) bool",
		"stores pairs of blocks, which begin step bytes apart, every 128 bytes, each byte by two look-ups. It returns whether a code is 3.")
	dst, src, pairs, step, nibbles := param("dst"), param("src"), param("pairs"), param("step"), param("nibbles")
	low, high, mask, all := YMM(), YMM(), fill(15), YMM()
	VBROADCASTI128(at(nibbles, 0), low)
	VBROADCASTI128(at(nibbles, 16), high)
	VPXOR(all, all, all)
	loop("pair", pairs, func() {
		for i := range 2 {
			x, h := YMM(), YMM()
			VMOVDQU(at(src, 32*i), x)
			threes(x, all)
			VPSRLW(U8(4), x, h)
			VPAND(mask, x, x)
			VPAND(mask, h, h)
			VPSHUFB(x, low, x)
			VPSHUFB(h, high, h)
			VPOR(x, h, x)
			VMOVDQU(x, at(dst, 128*i))
		}
		ADDQ(step, src)
		ADDQ(U32(256), dst)
	})
	anyThree(all)
}
