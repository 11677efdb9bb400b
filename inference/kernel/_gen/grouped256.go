package main

import (
	"encoding/binary"
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// With 256 bits two registers hold half of a band. AVX2 adds products of bytes to 16
// bits: those of a group reach 64·2·3·128/2 = 24576 in an element. AVX-VNNI adds them to
// 32 bits by one instruction. All registers have names here, as avo does not know that
// one.
type isa struct {
	name string
	vnni bool
}

var (
	onAVX2 = isa{"AVX2", false}
	onVNNI = isa{"VNNI", true}
)

var y256 = []reg.VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}

// product adds the products of signed bytes a and unsigned bytes c to sum; Y15 is free.
func (i isa) product(a, c, sum reg.VecPhysical) {
	if i.vnni {
		dpbusd(a, c, sum)
		return
	}
	VPMADDUBSW(a, c, Y15)
	VPADDW(Y15, sum, sum)
}

// dpbusd emits VPDPBUSD in its VEX form, which Go's assembler lacks: it writes the EVEX
// form, which needs AVX-512.
func dpbusd(a, c, sum reg.VecPhysical) {
	n := func(r reg.VecPhysical) byte { return byte(r.PhysicalIndex()) }
	code := []byte{
		0xc4,
		0x42 | (^n(sum)>>3&1)<<7 | (^n(a)>>3&1)<<5, // X is not used: 1
		0x05 | (^n(c)&15)<<3,
		0x50,
		0xc0 | n(sum)&7<<3 | n(a)&7,
	}
	Commentf("VPDPBUSD Y%d, Y%d, Y%d {vex}", n(a), n(c), n(sum))
	Instruction(&ir.Instruction{
		Opcode: "LONG", Operands: []Op{U32(binary.LittleEndian.Uint32(code))},
		Inputs: []Op{a, c, sum}, Outputs: []Op{sum},
	})
	Instruction(&ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(code[4])}})
}

// beginBand emits the label of the next band and clears its results. The register zero is free.
func beginBand(y Register, zero reg.VecPhysical) {
	Label("band")
	VPXOR(zero, zero, zero)
	for r := range 4 {
		VMOVUPS(zero, at(y, 32*r))
	}
}

// whole puts the sums of planes together in the last of them: 8 results, without the
// codes' offset.
func (i isa) whole(planes []reg.VecPhysical) reg.VecPhysical {
	one := bits(0x00010001)
	if !i.vnni {
		for _, v := range planes {
			VPMADDWD(one, v, v)
		}
	}
	v := planes[len(planes)-1]
	for p := len(planes) - 2; p >= 0; p-- {
		VPSLLD(U8(8), v, v)
		VPADDD(planes[p], v, v)
	}
	return v
}

// addTerm adds the float term of the integers v to eight results at y. The register t is free.
func addTerm(v, t reg.VecPhysical, s Register, token int, d, y Mem) {
	VPBROADCASTD(at(s, scaleBytes*token+minusAt), t)
	VPADDD(t, v, v)
	VCVTDQ2PS(v, v)
	VBROADCASTSS(at(s, scaleBytes*token), t)
	VMULPS(t, v, v)
	VMULPS(d, v, v)
	VADDPS(y, v, v)
	VMOVUPS(v, y)
}

// scalesToStack stores the 32 scales of a band and group as float32, whichever form they
// have, and moves scales past them.
func scalesToStack(label string, wide Op, scales Register, local Mem) {
	y := y256[:4]
	CMPQ(wide, U8(0))
	JNE(LabelRef("wide" + label))
	for i, v := range y {
		VCVTPH2PS(at(scales, 16*i), v)
	}
	advance(2*bandRows, scales)
	JMP(LabelRef("scaled" + label))
	Label("wide" + label)
	for i, v := range y {
		VMOVUPS(at(scales, 32*i), v)
	}
	advance(4*bandRows, scales)
	Label("scaled" + label)
	for i, v := range y {
		VMOVUPS(v, local.Offset(32*i))
	}
}

// unpackGrouped emits the unpacking of codes for the tiles.
func unpackGrouped() {
	function("unpackGroupedAVX2", "func(dst, src *byte, lines int)",
		"unpacks lines ≥ 1 lines of 128 bytes into the codes of their four fields in turn, 512 bytes.")
	dst, src, n, low := param("dst"), param("src"), param("lines"), YMM()
	VMOVDQU(bits(0x03030303), low)
	loop("line", n, func() {
		for r := range 4 {
			w := YMM()
			VMOVDQU(at(src, 32*r), w)
			for k := range 4 {
				c := YMM()
				VPAND(low, w, c)
				VMOVDQU(c, at(dst, lineBytes*k+32*r))
				if k < 3 {
					VPSRLW(U8(2), w, w)
				}
			}
		}
		advance(lineBytes, src)
		advance(4*lineBytes, dst)
	})
	VZEROUPPER()
	RET()
}

// groupedTile256 emits the product of a tile of rows of activations with a band whose
// codes are unpacked in L1: the sums of half a band, or 16 rows, stay in registers.
func groupedTile256(i isa, planes int) {
	most := 6 / planes
	function(fmt.Sprintf("groupedTile%d%s", planes, i.name),
		"func(y *float32, stride int, codes, scales *byte, wide int, q *int8, scale, outliers *byte, groups, halves, tokens int)",
		fmt.Sprintf("adds the products of groups groups of a band to tokens rows of y, stride bytes apart. codes is what unpackGroupedAVX2 stores. 1 ≤ tokens ≤ %d.", most))
	const strideAt, wideAt = 8, 32
	local := AllocLocal(4 * bandRows)
	tokens := param("tokens")
	c, a := y256[12:14], Y14
	for n := most; n >= 1; n-- {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("tokens"))
		if n > 1 {
			CMPQ(tokens, U8(n))
			JNE(LabelRef(fmt.Sprintf("tokens%d", n-1)))
		}
		acc := func(r, t int) []reg.VecPhysical { // of 8 rows and a token
			return y256[(r*n+t)*planes:][:planes]
		}
		y, codes, scales, q, s, groups := param("y"), param("codes"), param("scales"), param("q"), param("scale"), param("groups")
		loop(label("group"), groups, func() {
			scalesToStack(label(""), NewParamAddr("wide", wideAt), scales, local)
			second := GP64() // 0, then 64
			XORQ(second, second)
			act, from, to := GP64(), GP64(), GP64()
			Label(label("half"))
			MOVQ(q, act)
			LEAQ(Mem{Base: codes, Index: second, Scale: 1}, from)
			for _, sum := range y256[:2*n*planes] {
				VPXOR(sum, sum, sum)
			}
			lines := param("halves")
			SHLQ(U8(2), lines)
			loop(label("line"), lines, func() {
				for k := range 4 {
					for r, v := range c {
						VMOVDQU(at(from, lineBytes*k+32*r), v)
					}
					for t := range n {
						for p := range planes {
							VPBROADCASTD(at(act, (t*planes+p)*pieceBytes+4*k), a)
							for r, v := range c {
								i.product(a, v, acc(r, t)[p])
							}
						}
					}
				}
				advance(4*lineBytes, from)
				advance(n*planes*pieceBytes, act)
			})
			LEAQ(Mem{Base: y, Index: second, Scale: 1}, to)
			for t := range n {
				sums := []reg.VecPhysical{i.whole(acc(0, t)), i.whole(acc(1, t))}
				if planes == 2 {
					i.outliersOf(label(string(rune('a'+t))+"of"), s, codes, second, t, sums)
				}
				for r, v := range sums {
					d := local.Offset(32 * r)
					d.Index, d.Scale = second, 1
					addTerm(v, a, s, t, d, at(to, 32*r))
				}
				if t < n-1 {
					ADDQ(NewParamAddr("stride", strideAt), to)
				}
			}
			ADDQ(U8(64), second)
			CMPQ(second, U8(64))
			JE(LabelRef(label("half")))
			LEAQ(Mem{Base: from, Disp: -64}, codes)
			MOVQ(act, q)
			advance(scaleBytes*n, s)
		})
		VZEROUPPER()
		RET()
	}
}

// outliersOf emits what the outliers of a token add to the sums of half a band of unpacked
// codes, from second on.
func (i isa) outliersOf(label string, s, codes, second Register, token int, sums []reg.VecPhysical) {
	top, a, c := y256[12:14], Y14, Y15
	outliers(label, s, token, func() {
		for _, v := range top {
			VPXOR(v, v, v)
		}
	}, func(o Register) {
		line := GP64()
		MOVBLZX(at(o, outlierField), line.As32())
		SHLL(U8(7), line.As32()) // times lineBytes
		ADDQ(codes, line)
		ADDQ(second, line)
		VPBROADCASTD(at(o, 0), a)
		for r, v := range top {
			VMOVDQU(at(line, 32*r), c)
			i.product(a, c, v)
		}
	}, func() {
		for r, v := range top {
			if !i.vnni {
				VPMADDWD(bits(0x00010001), v, v)
			}
			VPSLLD(U8(16), v, v)
			VPADDD(v, sums[r], sums[r])
		}
	})
}
