package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// startBytes is what belongs to a group beside its scale where sums have 16 bits: for each
// plane two words of 32 bits, of fields 0 and 2, and of 1 and 3, each for the two halves of
// a sum of 32 bits.
const startBytes = 16

// starts emits what the sums of a group begin with.
func starts() {
	function("starts2AVX2", "func(dst *int32, q *int8, pieces int)",
		"stores -Σq of two planes of a group of pieces ≥ 1 pieces, of those columns that each sum of 16 bits in groupedVec2AVX2 is of, four times that for fields 1 and 3.")
	dst, q, n := param("dst"), param("q"), param("pieces")
	ones, t := XMM(), XMM()
	VMOVDQU(bits(0x01010101), ones)
	sums := []VecVirtual{XMM(), XMM()}
	zero(sums...)
	loop("piece", n, func() {
		for p, sum := range sums {
			VMOVDQU(at(q, pieceBytes*p), t)
			VPMADDUBSW(t, ones, t)
			VPADDW(t, sum, sum)
		}
		advance(2*pieceBytes, q)
	})
	factors := vector("startFactors", 0xffffffff, 0xfffcfffc, 0, 0) // -1 and -4
	for p, sum := range sums {
		VPSHUFD(U8(0x4e), sum, t)
		VPADDW(t, sum, sum)
		VPMULLW(factors, sum, sum)
		VMOVQ(sum, at(dst, 8*p))
	}
	RET()
}

// groupedVec256 emits the product with one row of activations, half a band at a time, each
// half of which is every other line of the cache.
//
// With two planes fields 1 and 3 are taken as four times their code and summed apart, which
// saves two shifts of three. Their sums of 16 bits may pass 32767 on the way, but end within
// 16 bits, as they begin with what makes them sums of code-1: of 32 columns between
// -4·32·2·128 = -32768 and 4·32·2·127 = 32512.
func groupedVec256(i isa, planes int) {
	split := planes == 2
	started := split && !i.vnni
	signature, doc := groupedVecSignature, groupedVecDoc
	if started {
		signature = strings.Replace(signature, "bands,", "starts *int32, bands,", 1)
		doc += " starts is what starts2AVX2 stores."
	}
	function(fmt.Sprintf("groupedVec%d%s", planes, i.name), signature, doc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	once := [2][]reg.VecPhysical{y256[0:planes], y256[planes : 2*planes]} // [8 rows][plane]
	four := [2][]reg.VecPhysical{y256[4:6], y256[6:8]}
	acts := []reg.VecPhysical{Y10, Y13, Y6}[:planes]
	w, high, c, low := y256[8:10], Y11, Y12, Y14
	t := c // between the lines of groups
	VMOVDQU(bits(0x03030303), low)
	VMOVDQU(bits(0x0c0c0c0c), high)
	beginBand(y, t)
	q, s, groups := param("q"), param("scale"), param("groups")
	var from Register
	if started {
		from = param("starts")
	}
	loop("group", groups, func() {
		PREFETCHT1(at(scales, aheadScales))
		act, d := GP64(), GP64()
		for half := range 2 {
			label := func(s string) string { return fmt.Sprintf("%s%d", s, half) }
			for r := range once {
				for p, v := range once[r] {
					switch {
					case started:
						VPBROADCASTD(at(from, 8*p), v)
						VPBROADCASTD(at(from, 8*p+4), four[r][p])
					case i.vnni && p == 0:
						VPBROADCASTD(at(s, minusAt), v)
					default:
						VPXOR(v, v, v)
					}
					if split && !started {
						VPXOR(four[r][p], four[r][p], four[r][p])
					}
				}
			}
			MOVQ(q, act)
			LEAQ(at(data, 64*half), d)
			n := param("halves")
			SHLQ(U8(2), n)
			loop(label("line"), n, func() {
				PREFETCHT1(at(d, aheadCodes))
				for r, v := range w {
					VMOVDQU(at(d, 32*r), v)
				}
				for k := range 4 {
					mask, acc := low, once
					if split && k%2 == 1 {
						mask, acc = high, four
					}
					for p, a := range acts {
						VPBROADCASTD(at(act, pieceBytes*p+4*k), a)
					}
					for r, v := range w {
						switch {
						case split && k == 2:
							VPSRLW(U8(4), v, v)
						case !split && k > 0:
							VPSRLW(U8(2), v, v)
						}
						VPAND(mask, v, c)
						for p, a := range acts {
							i.product(a, c, acc[r][p])
						}
					}
				}
				advance(lineBytes, d)
				advance(planes*pieceBytes, act)
			})
			// The terms of the group, as addTerm makes them.
			var sums []reg.VecPhysical
			for r := range once {
				v := once[r][planes-1]
				switch {
				case started:
					for p, v := range once[r] {
						VPSRAW(U8(2), four[r][p], four[r][p]) // a multiple of four: exact
						VPADDW(four[r][p], v, v)
						VPMADDWD(bits(0x00010001<<(8*p)), v, v)
					}
					VPADDD(once[r][0], v, v)
				case split:
					for p, v := range once[r] {
						VPSRAD(U8(2), four[r][p], four[r][p])
						VPADDD(four[r][p], v, v)
					}
					i.whole(once[r])
				default:
					i.whole(once[r])
					if !i.vnni {
						VPBROADCASTD(at(s, minusAt), t)
						VPADDD(t, v, v)
					}
				}
				sums = append(sums, v)
			}
			if planes == 2 {
				i.outliers(label(""), s, data, half, sums)
			}
			for _, v := range sums {
				VCVTDQ2PS(v, v)
			}
			VBROADCASTSS(at(s, 0), t)
			for _, v := range sums {
				VMULPS(t, v, v)
			}
			CMPQ(NewParamAddr("wide", wideAt), U8(0))
			JNE(LabelRef(label("wide")))
			for r, v := range sums {
				VCVTPH2PS(at(scales, 32*half+16*r), w[r])
				VMULPS(w[r], v, v)
			}
			JMP(LabelRef(label("scaled")))
			Label(label("wide"))
			for r, v := range sums {
				VMULPS(at(scales, 64*half+32*r), v, v)
			}
			Label(label("scaled"))
			for r, v := range sums {
				VADDPS(at(y, 64*half+32*r), v, v)
				VMOVUPS(v, at(y, 64*half+32*r))
			}
		}
		LEAQ(Mem{Base: d, Disp: -64}, data)
		MOVQ(act, q)
		advance(scaleBytes, s)
		if started {
			advance(startBytes, from)
		}
		advance(2*bandRows, scales)
		CMPQ(NewParamAddr("wide", wideAt), U8(0))
		JE(LabelRef("next"))
		advance(2*bandRows, scales)
		Label("next")
	})
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// outliers emits what the outliers of a group add to the sums of half a band.
func (i isa) outliers(label string, s, data Register, half int, sums []reg.VecPhysical) {
	top, a, count, c, low := y256[4:6], Y10, X13, Y12, Y14
	outliers(label, s, 0, func() {
		for _, v := range top {
			VPXOR(v, v, v)
		}
	}, func(o Register) {
		line := lineOf(o, data, count)
		VPBROADCASTD(at(o, 0), a)
		for r, v := range top {
			VMOVDQU(at(line, 64*half+32*r), c)
			VPSRLD(count, c, c)
			VPAND(low, c, c)
			i.product(a, c, v)
		}
	}, func() {
		for r, v := range top {
			if !i.vnni { // what the sums begin with is of two planes
				VPMADDWD(bits(0x00010001), v, v)
				VPBROADCASTD(at(s, topsAt), c)
				VPADDD(c, v, v)
			}
			VPSLLD(U8(16), v, v)
			VPADDD(v, sums[r], sums[r])
		}
	})
}
