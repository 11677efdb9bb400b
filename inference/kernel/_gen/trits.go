package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

type field struct{ p, k int }

// The fields of the six lines of digits, the least digit first, and of the half line.
var (
	trits = [tritLines][5]field{
		{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {4, 0}},
		{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}},
		{{0, 2}, {1, 2}, {2, 2}, {3, 2}, {4, 2}},
		{{0, 3}, {1, 3}, {2, 3}, {3, 3}, {4, 3}},
		{{5, 0}, {6, 0}, {7, 0}, {5, 1}, {6, 1}},
		{{5, 2}, {6, 2}, {7, 2}, {5, 3}, {6, 3}},
	}
	leftover = [2]field{{7, 1}, {7, 3}}
)

// tritsVBMI emits the product with base-3 digits. Of a byte, the rest below 81 is looked up
// in a table of four digits, two bits each. What is left is 81 times the highest digit: it
// is multiplied as that, and the sum at last by the inverse of 81 modulo 2³², which is
// exact as the sum is a multiple of 81.
func tritsVBMI() {
	function("tritsVecVBMI", formSignature, formDoc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	low, high, half, highest := pattern(0x03), pattern(0x0c), pattern(0x0f), pattern(81)
	table := zmms(2)
	codes := tritTable()
	VMOVDQU64(codes, table[0])
	VMOVDQU64(codes.Offset(64), table[1])
	Label("band")
	q, s, groups := param("q"), param("scale"), param("groups")
	sum := zmms(2)
	zeroZ(sum...)
	loop("group", groups, func() {
		var once, four, top [2][]VecVirtual // [half of the rows][plane]
		for i := range once {
			once[i], four[i], top[i] = zmms(2), zmms(2), zmms(2)
			VPBROADCASTD(at(s, minusAt), once[i][0])
			zeroZ(once[i][1])
			zeroZ(four[i]...)
			zeroZ(top[i]...)
		}
		product := func(f field, c []VecVirtual, acc *[2][]VecVirtual) {
			for plane := range 2 {
				a := ZMM()
				VPBROADCASTD(fieldAt(q, f.p, f.k, plane), a)
				for i := range c {
					VPDPBUSD(a, c[i], acc[i][plane])
				}
			}
		}
		masked := func(mask VecVirtual, w []VecVirtual) []VecVirtual {
			c := zmms(2)
			for i := range c {
				VPANDD(mask, w[i], c[i])
			}
			return c
		}
		PREFETCHT0(at(scales, aheadScales))
		for l, fields := range trits {
			b, v := zmms(2), zmms(2)
			for i := range b {
				PREFETCHT1(at(data, aheadCodes+lineBytes*l+64*i))
				VMOVDQU64(at(data, lineBytes*l+64*i), b[i])
				u := ZMM()
				VPSUBB(highest, b[i], v[i])
				VPMINUB(b[i], v[i], v[i])
				VPSUBB(highest, v[i], u)
				VPMINUB(u, v[i], v[i])
				VPSUBB(v[i], b[i], b[i])
				VPERMI2B(table[1], table[0], v[i])
			}
			product(fields[4], b, &top)
			product(fields[0], masked(low, v), &once)
			product(fields[1], masked(high, v), &four)
			for i := range v {
				VPSRLW(U8(4), v[i], v[i])
			}
			product(fields[2], masked(low, v), &once)
			product(fields[3], masked(high, v), &four)
		}
		PREFETCHT1(at(data, aheadCodes+lineBytes*tritLines))
		x := zmms(2)
		for i := range x {
			t := ZMM()
			VPMOVZXBW(at(data, lineBytes*tritLines+32*i), x[i])
			VPSLLW(U8(4), x[i], t)
			VPORD(t, x[i], x[i])
			VPANDD(half, x[i], x[i])
		}
		product(leftover[0], masked(low, x), &once)
		product(leftover[1], masked(high, x), &four)
		more := zmms(2)
		outliers("", s, 0, func() { zeroZ(more...) }, func(o Register) {
			// c is what the digit is in at a shift of 0, 2, 4 or 6.
			c, a, t, count := zmms(2), ZMM(), ZMM(), XMM()
			line, shift, place, kind := GP64(), GP32(), GP64(), GP32()
			LEAQ(tritPlaces(), place)
			MOVBLZX(at(o, outlierField), shift)
			MOVL(Mem{Base: place, Index: shift.As64(), Scale: 4}, kind)
			MOVWLZX(kind.As16(), line.As32())
			ADDQ(data, line)
			SHRL(U8(16), kind)
			MOVBLZX(kind.As8(), shift)
			VMOVD(shift, count)
			VPBROADCASTD(at(o, 0), a)
			TESTL(U32(leftoverKind<<8), kind)
			JNE(LabelRef("leftover"))
			for i := range c {
				VMOVDQU64(at(line, 64*i), t)
				VPSUBB(highest, t, c[i])
				VPMINUB(t, c[i], c[i])
				VPSUBB(highest, c[i], t)
				VPMINUB(t, c[i], c[i])
			}
			TESTL(U32(highestKind<<8), kind)
			JNE(LabelRef("highest"))
			for i := range c {
				VPERMI2B(table[1], table[0], c[i])
			}
			JMP(LabelRef("digit"))
			Label("highest") // 81 times it, which 64 divides into
			for i := range c {
				VMOVDQU64(at(line, 64*i), t)
				VPSUBB(c[i], t, c[i])
			}
			JMP(LabelRef("digit"))
			Label("leftover")
			for i := range c {
				VPMOVZXBW(at(line, 32*i), c[i])
				VPSLLW(U8(4), c[i], t)
				VPORD(t, c[i], c[i])
				VPANDD(half, c[i], c[i])
			}
			Label("digit")
			for i, v := range c {
				VPSRLD(count, v, v)
				VPANDD(low, v, v)
				VPDPBUSD(a, v, more[i])
			}
		}, func() {
			for i, v := range more {
				VPSLLD(U8(8), v, v)
				VPADDD(v, once[i][1], once[i][1])
			}
		})
		advance(lineBytes*tritLines+lineBytes/2, data)
		advance(groupQuantised, q)
		d := zmms(2)
		scalesOf("", NewParamAddr("wide", wideAt), scales, d...)
		for i, sum := range sum {
			for plane := range 2 {
				VPSRAD(U8(2), four[i][plane], four[i][plane]) // a multiple of four: exact
				VPADDD(four[i][plane], once[i][plane], once[i][plane])
			}
			t := whole512(ops(top[i]))
			VPMULLD(inverseOf81(), t, t)
			VPADDD(t, once[i][0], once[i][0])
			addForm(once[i], s, d[i], sum)
		}
		advance(scaleBytes, s)
	})
	endForm(sum, y, bands)
}

// How the digit of a field is found: it is one of four in the table, the highest, or of the
// half line.
const (
	highestKind  = 1
	leftoverKind = 2
)

// tritPlaces is, for each field, 4·word + field, where its line starts, how far its digit is
// to be shifted, and how it is found.
func tritPlaces() Mem {
	values := make([]uint32, 4*groupPieces)
	set := func(f field, line, shift, kind int) {
		values[4*f.p+f.k] = uint32(line | shift<<16 | kind<<24)
	}
	for l, fields := range trits {
		for n, f := range fields[:4] {
			set(f, lineBytes*l, 2*n, 0)
		}
		set(fields[4], lineBytes*l, 6, highestKind)
	}
	for i, f := range leftover {
		set(f, lineBytes*tritLines, 2*i, leftoverKind)
	}
	return vector("tritPlaces", values...)
}

var inverseAt *Mem

// inverseOf81 is the inverse modulo 2³² in 16 lanes.
func inverseOf81() Mem {
	if inverseAt == nil {
		x := uint32(81)
		for range 5 {
			x *= 2 - 81*x
		}
		values := make([]uint32, 16)
		for i := range values {
			values[i] = x
		}
		m := vector("inverseOf81", values...)
		inverseAt = &m
	}
	return *inverseAt
}

// tritTable is, for each number below 81, its four digits in base 3, two bits each.
func tritTable() Mem {
	var values []uint32
	for v := range 128 {
		var codes uint32
		for n, rest := 0, v; n < 4; n, rest = n+1, rest/3 {
			codes |= uint32(rest%3) << (2 * n)
		}
		if v%4 == 0 {
			values = append(values, 0)
		}
		values[v/4] |= codes << (8 * (v % 4))
	}
	return vector("tritTable", values...)
}
