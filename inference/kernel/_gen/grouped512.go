package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// With AVX-512 two registers hold the 32 rows of a band. VPDPBUSD adds four products to
// a 32-bit sum.

// groupedVec512 emits the product with one row of activations. Fields 1 and 3 are taken
// as four times their code and summed apart, which saves two shifts of three.
func groupedVec512(planes int) {
	function(fmt.Sprintf("groupedVec%dAVX512", planes), groupedVecSignature, groupedVecDoc)
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	low, high := pattern(0x03), pattern(0x0c)
	Label("band")
	q, s, groups := param("q"), param("scale"), param("groups")
	sum := zmms(2)
	zeroZ(sum...)
	loop("group", groups, func() {
		var once, four [2][]VecVirtual // [half of the rows][plane]
		for i := range once {
			once[i], four[i] = zmms(planes), zmms(planes)
			VPBROADCASTD(at(s, minusAt), once[i][0])
			zeroZ(once[i][1:]...)
			zeroZ(four[i]...)
		}
		PREFETCHT0(at(scales, aheadScales))
		group, halves := GP64(), param("halves")
		MOVQ(data, group)
		loop("half", halves, func() {
			for l := range halfLines {
				w := zmms(2)
				for i := range w {
					PREFETCHT1(at(data, aheadCodes+lineBytes*l+64*i))
					VMOVDQU64(at(data, lineBytes*l+64*i), w[i])
				}
				for k := range 4 {
					mask, acc := low, once
					if k%2 == 1 {
						mask, acc = high, four
					}
					c := zmms(2)
					for i := range c {
						if k == 2 {
							VPSRLW(U8(4), w[i], w[i])
						}
						VPANDD(mask, w[i], c[i])
					}
					for p := range planes {
						a := ZMM()
						VPBROADCASTD(at(q, (l*planes+p)*pieceBytes+4*k), a)
						for i := range c {
							VPDPBUSD(a, c[i], acc[i][p])
						}
					}
				}
			}
			advance(halfLines*lineBytes, data)
			advance(halfLines*planes*pieceBytes, q)
		})
		if planes == 2 {
			top := zmms(2)
			outliers512("", s, group, 0, low, top, func() {
				for i, v := range top {
					VPSLLD(U8(8), v, v)
					VPADDD(v, once[i][1], once[i][1])
				}
			})
		}
		d := zmms(2)
		scalesOf("", NewParamAddr("wide", wideAt), scales, d...)
		for i, sum := range sum {
			for p := range planes {
				VPSRAD(U8(2), four[i][p], four[i][p]) // a multiple of four: exact
				VPADDD(four[i][p], once[i][p], once[i][p])
			}
			v := whole512(ops(once[i]))
			VCVTDQ2PS(v, v)
			VMULPS_BCST(at(s, 0), v, v)
			VMULPS(d[i], v, v)
			VADDPS(v, sum, sum)
		}
		advance(scaleBytes, s)
	})
	for i, sum := range sum {
		VMOVUPS(sum, at(y, 64*i))
	}
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

// groupedVecFour512 is groupedVec512 of two planes and scales of 16 bits for four parts of
// the bands side by side: see matVecFour512. A broadcast serves all of them; what that saves
// goes into two more shifts, as there are no registers for sums of fields apart.
func groupedVecFour512() {
	const planes, ahead = 2, 1536
	function("groupedVecFourAVX512", "func(y *float32, data, scales *byte, q *int8, scale, outliers *byte, bands, groups, halves int)",
		"stores the 32 results of each of 4·bands bands in y. bands ≥ 1; a group has 64·halves columns.")
	groupsAt, halvesAt := argument("groups"), argument("halves")
	y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
	part, part3, quarter, quarter3 := GP64(), GP64(), GP64(), GP64() // bytes of codes, of scales
	MOVQ(bands, quarter)
	IMULQ(groupsAt, quarter)
	MOVQ(quarter, part)
	SHLQ(U8(6), quarter)
	IMULQ(halvesAt, part)
	SHLQ(U8(9), part)
	LEAQ(Mem{Base: part, Index: part, Scale: 2}, part3)
	LEAQ(Mem{Base: quarter, Index: quarter, Scale: 2}, quarter3)
	of := func(p, one, three Register, i, offset int) Mem {
		if i == 3 {
			return Mem{Base: p, Index: three, Scale: 1, Disp: offset}
		}
		return row(p, one, i, offset)
	}
	acc := func(i, half, plane int) reg.VecPhysical { return z512[4*i+2*half+plane] }
	sum, a, low, c, d := z512[16:24], z512[24:26], Z26, Z27, Z28
	VPBROADCASTD(bits(0x03030303), low)
	Label("band")
	q, s, groups := param("q"), param("scale"), param("groups")
	for _, v := range sum {
		VPXORD(v, v, v)
	}
	loop("group", groups, func() {
		for i := range 4 {
			for half := range 2 {
				VPBROADCASTD(at(s, minusAt), acc(i, half, 0))
				VPXORD(acc(i, half, 1), acc(i, half, 1), acc(i, half, 1))
			}
			PREFETCHT0(of(scales, quarter, quarter3, i, aheadScales))
		}
		halves := param("halves")
		loop("half", halves, func() {
			for l := range halfLines {
				for k := range 4 {
					for p := range a {
						VPBROADCASTD(at(q, (l*planes+p)*pieceBytes+4*k), a[p])
					}
					for i := range 4 {
						for half := range 2 {
							w := of(data, part, part3, i, lineBytes*l+64*half)
							if k == 0 {
								PREFETCHT0(of(data, part, part3, i, ahead+lineBytes*l+64*half))
								VPANDD(w, low, c)
							} else {
								VPSRLW(U8(2*k), w, c)
								VPANDD(low, c, c)
							}
							for p := range a {
								VPDPBUSD(a[p], c, acc(i, half, p))
							}
						}
					}
				}
			}
			advance(halfLines*lineBytes, data)
			advance(halfLines*planes*pieceBytes, q)
		})
		each := func(body func(i, half int, v, high reg.VecPhysical)) {
			for i := range 4 {
				for half := range 2 {
					body(i, half, acc(i, half, 0), acc(i, half, 1))
				}
			}
		}
		each(func(_, _ int, v, high reg.VecPhysical) {
			VPSLLD(U8(8), high, high)
			VPADDD(high, v, v)
		})
		outliers("", s, 0, func() {
			each(func(_, _ int, _, top reg.VecPhysical) { VPXORD(top, top, top) })
		}, func(o Register) {
			line, shift := GP64(), GP64()
			MOVWLZX(at(o, outlierLine), line.As32())
			ADDQ(data, line) // which is behind the group
			MOVQ(halvesAt, shift)
			SHLQ(U8(9), shift)
			SUBQ(shift, line)
			MOVBLZX(at(o, outlierShift), shift.As32())
			VMOVD(shift.As32(), X29)
			VPBROADCASTD(at(o, 0), a[0])
			each(func(i, half int, _, top reg.VecPhysical) {
				VMOVDQU64(of(line, part, part3, i, 64*half), c)
				VPSRLD(X29, c, c)
				VPANDD(low, c, c)
				VPDPBUSD(a[0], c, top)
			})
		}, func() {
			each(func(_, _ int, v, top reg.VecPhysical) {
				VPSLLD(U8(16), top, top)
				VPADDD(top, v, v)
			})
		})
		for i := range 4 {
			for half := range 2 {
				v := acc(i, half, 0)
				VCVTDQ2PS(v, v)
				VMULPS_BCST(at(s, 0), v, v)
				VCVTPH2PS(of(scales, quarter, quarter3, i, 32*half), d)
				VMULPS(d, v, v)
				VADDPS(v, sum[2*i+half], sum[2*i+half])
			}
		}
		advance(scaleBytes, s)
		advance(2*bandRows, scales)
	})
	to, rows := GP64(), param("bands")
	SHLQ(U8(7), rows)
	MOVQ(y, to)
	for i := range 4 {
		for half := range 2 {
			VMOVUPS(sum[2*i+half], at(to, 64*half))
		}
		ADDQ(rows, to)
	}
	advance(4*bandRows, y)
	DECQ(bands)
	JNZ(LabelRef("band"))
	VZEROUPPER()
	RET()
}

func ops(v []VecVirtual) (o []Op) {
	for _, r := range v {
		o = append(o, r)
	}
	return o
}

// whole512 puts the sums of planes together.
func whole512(planes []Op) Op {
	v := planes[len(planes)-1]
	for p := len(planes) - 2; p >= 0; p-- {
		VPSLLD(U8(8), v, v)
		VPADDD(planes[p], v, v)
	}
	return v
}

// sums512 gives 24 registers by name to [half of the rows][token][plane]: too many for
// avo to find.
func sums512(planes, tokens int) (acc [2][][]Op) {
	z := []Op{Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19,
		Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31}
	for i := range acc {
		for range tokens {
			acc[i] = append(acc[i], z[:planes])
			z = z[planes:]
		}
	}
	return acc
}

// groupedTile512 emits the product of a tile of rows of activations: all sums stay in
// registers, every broadcast serves two products, and the codes are unpacked in
// registers.
func groupedTile512(planes int) {
	most := 12 / planes
	function(fmt.Sprintf("groupedTile%dAVX512", planes), groupedTileSignature, groupedTileDoc(most))
	tokens := param("tokens")
	low := pattern(0x03)
	acc, top := sums512(planes, most), zmms(2)
	for n := most; n >= 1; n-- {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("tokens"))
		if n > 1 {
			CMPQ(tokens, U8(n))
			JNE(LabelRef(fmt.Sprintf("tokens%d", n-1)))
		}
		y, data, scales, bands := param("y"), param("data"), param("scales"), param("bands")
		loop(label("band"), bands, func() {
			q, s, groups := param("q"), param("scale"), param("groups")
			d, sc, start := GP64(), GP64(), GP64()
			MOVQ(data, d)
			MOVQ(scales, sc)
			loop(label("group"), groups, func() {
				for t := range n {
					VPBROADCASTD(at(s, scaleBytes*t+minusAt), acc[0][t][0])
					VMOVDQA32(acc[0][t][0], acc[1][t][0])
					for i := range acc {
						for _, a := range acc[i][t][1:] {
							VPXORD(a, a, a)
						}
					}
				}
				lines := param("halves")
				SHLQ(U8(2), lines)
				MOVQ(d, start)
				loop(label("line"), lines, func() {
					w, c, a := zmms(2), zmms(2), ZMM()
					for i := range w {
						VMOVDQU64(at(d, 64*i), w[i])
					}
					for k := range 4 {
						for i := range c {
							VPANDD(low, w[i], c[i])
							if k < 3 {
								VPSRLW(U8(2), w[i], w[i])
							}
						}
						for t := range n {
							for p := range planes {
								VPBROADCASTD(at(q, (t*planes+p)*pieceBytes+4*k), a)
								for i := range c {
									VPDPBUSD(a, c[i], acc[i][t][p])
								}
							}
						}
					}
					advance(lineBytes, d)
					advance(n*planes*pieceBytes, q)
				})
				for t := range n {
					if planes == 2 {
						outliers512(label(fmt.Sprintf("%cof", 'a'+t)), s, start, t, low, top, func() {
							for i, v := range top {
								VPSLLD(U8(8), v, v)
								VPADDD(v, acc[i][t][1], acc[i][t][1])
							}
						})
					}
				}
				scale := zmms(2)
				scalesOf(label(""), NewParamAddr("wide", tileWideAt), sc, scale...)
				to := GP64()
				MOVQ(y, to)
				for t := range n {
					for i := range acc {
						v := whole512(acc[i][t])
						VCVTDQ2PS(v, v)
						VMULPS_BCST(at(s, scaleBytes*t), v, v)
						VMULPS(scale[i], v, v)
						VADDPS(at(to, 64*i), v, v)
						VMOVUPS(v, at(to, 64*i))
					}
					if t < n-1 {
						ADDQ(NewParamAddr("stride", tileStrideAt), to)
					}
				}
				advance(scaleBytes*n, s)
			})
			advance(4*bandRows, y)
			ADDQ(NewParamAddr("bandBytes", tileBandBytesAt), data)
			ADDQ(NewParamAddr("scaleBand", tileScaleBandAt), scales)
		})
		VZEROUPPER()
		RET()
	}
}
