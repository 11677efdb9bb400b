package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// This file turns the codes of a band into other forms and back, each lane of 32 bits, a
// row, on its own.

const lineBytes = 128

type field struct{ p, k int }

// trits and nibble are those of ../forms.go.
var (
	trits = [6][5]field{
		{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}},
		{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
		{{0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}},
		{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}},
		{{5, 0}, {6, 0}, {7, 0}, {5, 1}, {6, 1}},
		{{5, 2}, {6, 2}, {7, 2}, {5, 3}, {6, 3}},
	}
	nibble = [2]field{{7, 1}, {7, 3}}
)

// toTrits emits Horner's rule on bytes.
func toTrits() {
	function("tritsAVX2", "func(dst, src *byte, groups int)", "is Trits of groups ≥ 1 groups.")
	dst, src, groups := param("dst"), param("src"), param("groups")
	mask, bytes := fill(3), YMM()
	VMOVDQU(table("tritPairs", 0, 2, 4, 6, 8, 10, 12, 14, 128, 128, 128, 128, 128, 128, 128, 128,
		0, 2, 4, 6, 8, 10, 12, 14, 128, 128, 128, 128, 128, 128, 128, 128), bytes)
	loop("group", groups, func() {
		for r := range 4 {
			// code returns a field of eight rows.
			code := func(f field) VecVirtual {
				y := YMM()
				if f.k == 0 {
					VPAND(at(src, lineBytes*f.p+32*r), mask, y)
					return y
				}
				VMOVDQU(at(src, lineBytes*f.p+32*r), y)
				VPSRLW(U8(2*f.k), y, y)
				VPAND(mask, y, y)
				return y
			}
			for l, fields := range trits {
				x, t := code(fields[4]), YMM()
				for n := 3; n >= 0; n-- {
					VPADDB(x, x, t)
					VPADDB(t, x, x)
					VPADDB(code(fields[n]), x, x)
				}
				VMOVDQU(x, at(dst, lineBytes*l+32*r))
			}
			// Nibbles: the odd ones move down into the bytes of the even ones.
			x, h := code(nibble[0]), code(nibble[1])
			VPSLLW(U8(2), h, h)
			VPOR(h, x, x)
			VPSRLW(U8(4), x, h)
			VPOR(h, x, x)
			VPSHUFB(bytes, x, x)
			VPERMQ(U8(0x08), x, x)
			VMOVDQU(x.AsX(), at(dst, lineBytes*6+16*r))
		}
		ADDQ(U32(6*lineBytes+lineBytes/2), dst)
		ADDQ(U32(8*lineBytes), src)
	})
	VZEROUPPER()
	RET()
}

// tritTable is, for each number below 81, its four digits in base 3 as codes of two bits.
func tritTable() Mem {
	var t []uint8
	for v := range 128 {
		var codes uint8
		for n := range 4 {
			codes |= uint8(v%3) << (2 * n)
			v /= 3
		}
		t = append(t, codes)
	}
	return table("tritTable", t...)
}

// fillZ fills a register with a byte.
func fillZ(v uint8) VecVirtual {
	g, z := GP32(), ZMM()
	MOVL(U32(uint32(v)*0x01010101), g)
	VPBROADCASTD(g, z)
	return z
}

// fromTrits emits the way back. The highest digit d times 81 is what is left of a byte
// without its rest; its lowest two bits are d. The other four digits come from a table.
func fromTrits() {
	function("fromTritsVBMI", "func(dst, src *byte, groups int)", "is FromTrits of groups ≥ 1 groups.")
	dst, src, groups := param("dst"), param("src"), param("groups")
	t := tritTable()
	table := []VecVirtual{ZMM(), ZMM()}
	VMOVDQU64(t, table[0])
	VMOVDQU64(t.Offset(64), table[1])
	highest, low := fillZ(81), fillZ(15)
	var code [4]VecVirtual // where the codes of a field are
	for k := range code {
		code[k] = fillZ(3 << (2 * k))
	}
	loop("group", groups, func() {
		for h := range 2 {
			var out [8]VecVirtual
			// put moves field "from" of x to f.
			put := func(x VecVirtual, from int, f field) {
				y := ZMM()
				switch {
				case from < f.k:
					VPSLLW(U8(2*(f.k-from)), x, y)
					VPANDD(code[f.k], y, y)
				case from > f.k:
					VPSRLW(U8(2*(from-f.k)), x, y)
					VPANDD(code[f.k], y, y)
				default:
					VPANDD(code[f.k], x, y)
				}
				if out[f.p] == nil {
					out[f.p] = y
				} else {
					VPORD(y, out[f.p], out[f.p])
				}
			}
			for l, fields := range trits {
				b, v, u := ZMM(), ZMM(), ZMM()
				VMOVDQU64(at(src, lineBytes*l+64*h), b)
				VPSUBB(highest, b, v)
				VPMINUB(b, v, v)
				VPSUBB(highest, v, u)
				VPMINUB(u, v, v)
				VPSUBB(v, b, b)
				VPERMI2B(table[1], table[0], v)
				for n := range 4 {
					put(v, n, fields[n])
				}
				put(b, 0, fields[4])
			}
			x, y := ZMM(), ZMM()
			VPMOVZXBW(at(src, lineBytes*6+32*h), x)
			VPSLLW(U8(4), x, y)
			VPORD(y, x, x)
			VPANDD(low, x, x)
			for i, f := range nibble {
				put(x, i, f)
			}
			for p, z := range out {
				VMOVDQU64(z, at(dst, lineBytes*p+64*h))
			}
		}
		ADDQ(U32(8*lineBytes), dst)
		ADDQ(U32(6*lineBytes+lineBytes/2), src)
	})
	VZEROUPPER()
	RET()
}

func toOneBit() {
	function("oneBitAVX2", "func(dst, src *byte, groups int)", "is OneBit of groups ≥ 1 groups.")
	dst, src, groups := param("dst"), param("src"), param("groups")
	even, odd := fill(0x55), fill(0xaa)
	loop("group", groups, func() {
		for l := range 4 {
			for r := range 4 {
				x, y := YMM(), YMM()
				VMOVDQU(at(src, lineBytes*2*l+32*r), x)
				VPSRLW(U8(1), x, x)
				VPAND(even, x, x)
				VPAND(at(src, lineBytes*(2*l+1)+32*r), odd, y)
				VPOR(y, x, x)
				VMOVDQU(x, at(dst, lineBytes*l+32*r))
			}
		}
		ADDQ(U32(4*lineBytes), dst)
		ADDQ(U32(8*lineBytes), src)
	})
	VZEROUPPER()
	RET()
}

func fromOneBit() {
	function("fromOneBitAVX2", "func(dst, src *byte, groups int)", "is FromOneBit of groups ≥ 1 groups.")
	dst, src, groups := param("dst"), param("src"), param("groups")
	even, odd := fill(0x55), fill(0xaa)
	loop("group", groups, func() {
		for l := range 4 {
			for r := range 4 {
				x, y := YMM(), YMM()
				VMOVDQU(at(src, lineBytes*l+32*r), x)
				VPAND(even, x, y)
				VPADDB(y, y, y)
				VPAND(odd, x, x)
				VMOVDQU(y, at(dst, lineBytes*2*l+32*r))
				VMOVDQU(x, at(dst, lineBytes*(2*l+1)+32*r))
			}
		}
		ADDQ(U32(8*lineBytes), dst)
		ADDQ(U32(4*lineBytes), src)
	})
	VZEROUPPER()
	RET()
}
