package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The AVX-512 kernels hold the 32 bytes of two neighbouring rows in one register
// and multiply them by 32 activations that stand in another twice, once for each row.
// VPDPBUSD adds four products to a 32-bit sum, which no width of a matrix
// overflows.

// The bytes of a block: of two rows, and of all four.
const pairBytes, blockBytes = 64, 128

// pattern fills a register with the byte v.
func pattern(v uint8) VecVirtual {
	g, z := GP32(), ZMM()
	MOVL(U32(uint32(v)*0x01010101), g)
	VPBROADCASTD(g, z)
	return z
}

// zeroZ clears 512-bit registers.
func zeroZ(regs ...VecVirtual) {
	for _, r := range regs {
		VPXORD(r, r, r)
	}
}

func zmms(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = ZMM()
	}
	return r
}

// fourRows adds up the sums of rows 0 and 1 in the halves of a, and of rows 2
// and 3 in those of b, into four int32. It overwrites both.
func fourRows(a, b VecVirtual) VecVirtual {
	t := ZMM()
	VPUNPCKLDQ(b, a, t)
	VPUNPCKHDQ(b, a, a)
	VPADDD(t, a, a) // in every 128 bits: two sums of an even row and of the odd one
	VPSHUFD(U8(0x4e), a, t)
	VPADDD(t, a, a)
	hi, x, y := YMM(), XMM(), XMM()
	VEXTRACTI64X4(U8(1), a, hi)
	VEXTRACTI32X4(U8(1), a.AsY(), x)
	VEXTRACTI32X4(U8(1), hi, y)
	VPADDD(a.AsX(), x, x)
	VPADDD(hi.AsX(), y, y)
	VPUNPCKLDQ(y, x, x)
	return x
}

// fourTokens is fourRows of up to four tokens, [token][row]: the first sums of a token are
// in a, those of its other two rows in b. Where there are fewer, the last come again.
func fourTokens(a, b []VecVirtual) VecVirtual {
	t := ZMM()
	pair := func(x, y VecVirtual, lo, hi func(...Op)) {
		lo(y, x, t)
		hi(y, x, x)
		VPADDD(t, x, x)
	}
	n := len(a)
	for i := range a {
		pair(a[i], b[i], VPUNPCKLDQ, VPUNPCKHDQ) // in every 128 bits: two sums of a row and of the other
	}
	for i := 0; i < n; i += 2 {
		pair(a[i], a[min(i+1, n-1)], VPUNPCKLQDQ, VPUNPCKHQDQ) // one sum of each, and of the next token
	}
	x, y := a[0], a[(n-1)&^1]
	VSHUFI32X4(U8(0x88), y, x, t)
	VSHUFI32X4(U8(0xdd), y, x, x)
	VPADDD(t, x, x)
	VMOVDQU64(tokenOrder(), t)
	VPERMD(x, t, x)
	return x
}

// tokenOrder is the address of what brings the sums of four tokens in order.
func tokenOrder() Mem {
	if _, ok := tables["tokenOrder"]; !ok {
		tables["tokenOrder"] = vector("tokenOrder", 0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15)
	}
	return tables["tokenOrder"]
}

// matVec512 emits the decode product. No field of a byte is shifted: field k is
// multiplied as 4^k times its code, which fits in eight bits, and has a sum of
// its own.
func matVec512() {
	function("matVecAVX512", "func(y *float32, data *byte, q *int8, groups, blocks int, sum int32, mul float32)",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y.")
	y, data, groups := param("y"), param("data"), param("groups")
	masks := []VecVirtual{pattern(0x03), pattern(0x0c), pattern(0x30), pattern(0xc0)}

	Label("group")
	q, left := param("q"), param("blocks")
	acc := [2][]VecVirtual{zmms(4), zmms(4)} // [row pair][field]
	zeroZ(acc[0]...)
	zeroZ(acc[1]...)
	loop("block", left, func() {
		PREFETCHT0(at(data, vecAhead))
		PREFETCHT0(at(data, vecAhead+64))
		w := zmms(2)
		for p := range w {
			VMOVDQU64(at(data, pairBytes*p), w[p])
		}
		for k, mask := range masks {
			a := ZMM()
			VBROADCASTI64X4(at(q, 32*k), a)
			for p := range w {
				c := ZMM()
				VPANDD(mask, w[p], c)
				VPDPBUSD(a, c, acc[p][k])
			}
		}
		advance(blockBytes, data, q)
	})
	for _, fields := range acc {
		for k := 1; k < 4; k++ { // multiples of 4^k: exact
			VPSRAD(U8(2*k), fields[k], fields[k])
			VPADDD(fields[k], fields[0], fields[0])
		}
	}
	s, sub, mul := fourRows(acc[0][0], acc[1][0]), XMM(), XMM()
	finishRows(s, sub, mul, y, groups)
}

// matVecFour512 emits the same for row groups of four parts of a matrix side by side: memory
// is read a third faster in four streams than in one. The sums of a field and of the
// next, as four times its code, are those of both halves of a byte. A stream costs up to 1.5 µs
// to begin, so the lines past the end of the streams are not fetched but the first ones of next.
func matVecFour512() {
	function("matVecFourAVX512", "func(y *float32, data *byte, q *int8, groups, apart, blocks int, next *byte, nextApart int, sum int32, mul float32)",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y, and of those apart, 2·apart and 3·apart row groups on, and fetches the first lines of four streams nextApart bytes apart.")
	const aheadBlocks = 12
	y, data, groups := param("y"), param("data"), param("groups")
	rows, part, part3 := param("apart"), GP64(), GP64() // bytes of the results of a part, of a part and of three
	MOVQ(rows, part)
	IMULQ(address("blocks"), part)
	SHLQ(U8(7), part)
	LEAQ(Mem{Base: part, Index: part, Scale: 2}, part3)
	SHLQ(U8(4), rows)
	ahead, aheadPart, aheadPart3 := GP64(), GP64(), GP64()
	LEAQ(at(data, aheadBlocks*blockBytes), ahead)
	MOVQ(part, aheadPart)
	MOVQ(part3, aheadPart3)
	stream := func(i int, first, part, part3 Register, offset int) Mem {
		if i == 3 {
			return Mem{Base: first, Index: part3, Scale: 1, Disp: offset}
		}
		return row(first, part, i, offset)
	}
	low, high := pattern(0x03), pattern(0x0c)

	Label("group")
	q, left, last := GP64(), GP64(), GP64() // last: blocks for which next is fetched
	MOVQ(address("q"), q)
	MOVQ(address("blocks"), left)
	XORQ(last, last)
	var once, four [4][]VecVirtual // [stream][row pair]
	for i := range once {
		once[i], four[i] = zmms(2), zmms(2)
		zeroZ(once[i]...)
		zeroZ(four[i]...)
	}
	CMPQ(groups, U8(1))
	JNE(LabelRef("block"))
	cutLast(left, last, aheadBlocks)
	loop("block", left, func() {
		var w [4][]VecVirtual
		for i := range w {
			w[i] = zmms(2)
			for p := range w[i] {
				PREFETCHT0(stream(i, ahead, aheadPart, aheadPart3, pairBytes*p))
				VMOVDQU64(stream(i, data, part, part3, pairBytes*p), w[i][p])
			}
		}
		for k := range 4 {
			mask, acc := low, once
			if k%2 == 1 {
				mask, acc = high, four
			}
			a := ZMM()
			VBROADCASTI64X4(at(q, 32*k), a)
			for i := range w {
				for p := range w[i] {
					if k == 2 {
						VPSRLW(U8(4), w[i][p], w[i][p])
					}
					c := ZMM()
					VPANDD(mask, w[i][p], c)
					VPDPBUSD(a, c, acc[i][p])
				}
			}
		}
		advance(blockBytes, data, q, ahead)
	})
	TESTQ(last, last)
	JZ(LabelRef("sum"))
	Label("next")
	MOVQ(address("next"), ahead)
	MOVQ(address("nextApart"), aheadPart)
	LEAQ(Mem{Base: aheadPart, Index: aheadPart, Scale: 2}, aheadPart3)
	MOVQ(last, left)
	XORQ(last, last)
	JMP(LabelRef("block"))

	Label("sum")
	sub, mul, to := XMM(), XMM(), GP64()
	VBROADCASTSS(address("sum"), sub)
	VBROADCASTSS(address("mul"), mul)
	MOVQ(y, to)
	for i := range once {
		for p := range once[i] {
			VPSRAD(U8(2), four[i][p], four[i][p]) // a multiple of four: exact
			VPADDD(four[i][p], once[i][p], once[i][p])
		}
		s := fourRows(once[i][0], once[i][1])
		VPSUBD(sub, s, s)
		VCVTDQ2PS(s, s)
		VMULPS(mul, s, s)
		VMOVUPS(s, at(to, 0))
		ADDQ(rows, to)
	}
	advance(16, y)
	DECQ(groups)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// double512 emits the ordering of activations for tile512: each 32 stand twice, once for
// each row of a pair, since loads that broadcast half a register are slower.
func double512() {
	function("doubleAVX512", "func(dst, q *int8, stride, blocks, tokens int)",
		"stores tokens ≥ 1 rows of blocks ≥ 1 blocks that are stride bytes apart as [blocks][tokens][4][2][32].")
	dst, q, stride, blocks := param("dst"), param("q"), param("stride"), param("blocks")
	loop("block", blocks, func() {
		p, tokens := GP64(), param("tokens")
		MOVQ(q, p)
		loop("token", tokens, func() {
			for k := range 4 {
				a := ZMM()
				VBROADCASTI64X4(at(p, 32*k), a)
				VMOVDQU64(a, at(dst, 64*k))
			}
			advance(256, dst)
			ADDQ(stride, p)
		})
		advance(128, q)
	})
	VZEROUPPER()
	RET()
}

// tile512 emits the product of up to maxTile tokens: all sums of four rows stay
// in registers, and the weights are unpacked there, which costs 14 instructions
// beside 8 products for each token.
func tile512() {
	const maxTile, add, keep = 12, 0, 1 // bits of more
	function("tileAVX512", "func(y *float32, stride int, data *byte, q *int8, acc, ends *int32, blocks, groupBytes, groups, tokens, ahead, more int)",
		"multiplies blocks blocks of row groups that are groupBytes apart with q as doubleAVX512 stores it, and fetches what is ahead bytes on. With bit 0 of more it adds acc, [groups][4 tokens][4][4]; with bit 1 it stores the sums there, else the results in rows of y that are stride floats apart. ends has what is subtracted from the sums of a token, and the factor, [4 tokens][2][4][4]. 1 ≤ tokens ≤ 12.")
	tokens := param("tokens")
	low := pattern(0x03)
	for n := maxTile; n >= 1; n-- {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("tokens"))
		if n > 1 {
			CMPQ(tokens, U8(n))
			JNE(LabelRef(fmt.Sprintf("tokens%d", n-1)))
		}
		y, stride, acc, data, groups := param("y"), param("stride"), param("acc"), param("data"), param("groups")
		SHLQ(U8(2), stride)
		loop(label("group"), groups, func() {
			p, d, blocks, ahead := param("q"), GP64(), param("blocks"), param("ahead")
			MOVQ(data, d)
			sum := [2][]VecVirtual{zmms(n), zmms(n)} // [row pair][token]
			zeroZ(sum[0]...)
			zeroZ(sum[1]...)
			loop(label("block"), blocks, func() {
				w := zmms(2)
				for i := range w {
					PREFETCHT0(Mem{Base: d, Index: ahead, Scale: 1, Disp: pairBytes * i})
					VMOVDQU64(at(d, pairBytes*i), w[i])
				}
				for k := range 4 {
					c := zmms(2)
					for i := range w {
						VPANDD(low, w[i], c[i])
						if k < 3 {
							VPSRLW(U8(2), w[i], w[i])
						}
					}
					for t := range n {
						a := ZMM()
						VMOVDQU64(at(p, 256*t+64*k), a)
						for i := range c {
							VPDPBUSD(a, c[i], sum[i][t])
						}
					}
				}
				advance(blockBytes, d)
				advance(256*n, p)
			})
			var four []VecVirtual // [token][row], of four tokens each
			for t := 0; t < n; t += 4 {
				end := min(t+4, n)
				four = append(four, fourTokens(sum[0][t:end], sum[1][t:end]))
			}
			more := param("more")
			BTQ(U8(add), more)
			JCC(LabelRef(label("first")))
			for i, x := range four {
				VPADDD(at(acc, 64*i), x, x)
			}
			Label(label("first"))
			BTQ(U8(keep), more)
			JCC(LabelRef(label("last")))
			for i, x := range four {
				VMOVDQU64(x, at(acc, 64*i))
			}
			JMP(LabelRef(label("next")))
			Label(label("last"))
			to, ends := GP64(), param("ends")
			MOVQ(y, to)
			for i, x := range four {
				VPSUBD(at(ends, 128*i), x, x)
				VCVTDQ2PS(x, x)
				VMULPS(at(ends, 128*i+64), x, x)
				for t := range min(4, n-4*i) {
					if t == 0 {
						VMOVUPS(x.AsX(), at(to, 0))
					} else {
						VEXTRACTF32X4(U8(t), x, at(to, 0))
					}
					ADDQ(stride, to)
				}
			}
			Label(label("next"))
			advance(64*len(four), acc)
			advance(16, y)
			ADDQ(NewParamAddr("groupBytes", 56), data)
		})
		VZEROUPPER()
		RET()
	}
}

// unpack512 emits the unpacking of two row groups for tile8.
func unpack512() {
	function("unpackAVX512", "func(dst, data *byte, groupBytes, blocks int)",
		"stores the codes of blocks ≥ 1 blocks of two row groups, of each field those of their four row pairs, 1024 bytes.")
	dst, data, second, blocks := param("dst"), param("data"), param("groupBytes"), param("blocks")
	ADDQ(data, second)
	low := pattern(0x03)
	loop("block", blocks, func() {
		for i := range 4 {
			from, w := at(data, pairBytes*i), ZMM()
			if i >= 2 {
				from = at(second, pairBytes*(i-2))
			}
			VMOVDQU64(from, w)
			for k := range 4 {
				c := ZMM()
				VPANDD(low, w, c)
				VMOVDQU64(c, at(dst, 4*pairBytes*k+pairBytes*i))
				if k < 3 {
					VPSRLW(U8(2), w, w)
				}
			}
		}
		advance(blockBytes, data, second)
		advance(16*pairBytes, dst)
	})
	VZEROUPPER()
	RET()
}

// tile8 emits the product of eight unpacked rows and up to six tokens: all sums stay in
// registers. A load of activations serves four products, where tile512 has two.
func tile8() {
	const maxTile = 6
	function("tile8AVX512", "func(acc *int32, codes *byte, q *int8, blocks, groups, tokens int)",
		"adds to the first two groups of acc, [tokens][groups][4], the products of blocks blocks of what unpackAVX512 stores with q, [blocks][tokens][128]. 1 ≤ tokens ≤ 6.")
	tokens := param("tokens")
	z := []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15, Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28}
	for n := maxTile; n >= 1; n-- {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("tokens"))
		if n > 1 {
			CMPQ(tokens, U8(n))
			JNE(LabelRef(fmt.Sprintf("tokens%d", n-1)))
		}
		acc, codes, q, blocks := param("acc"), param("codes"), param("q"), param("blocks")
		stride := param("groups") // of the tokens in acc
		SHLQ(U8(4), stride)
		c, a, sum := z[:4], z[4], z[5:] // sum: [token][row pair]
		for _, s := range sum[:4*n] {
			VPXORD(s, s, s)
		}
		loop(label("block"), blocks, func() {
			for k := range 4 {
				for i, c := range c {
					VMOVDQU64(at(codes, 4*pairBytes*k+pairBytes*i), c)
				}
				for t := range n {
					VBROADCASTI64X4(at(q, 128*t+32*k), a)
					for i, c := range c {
						VPDPBUSD(a, c, sum[4*t+i])
					}
				}
			}
			advance(16*pairBytes, codes)
			advance(128*n, q)
		})
		for t := range n {
			s := sum[4*t:]
			// As fourRows does, of two groups.
			for g := range 2 {
				a, b, u, v := s[2*g], s[2*g+1], z[0], z[1]
				VPUNPCKLDQ(b, a, u)
				VPUNPCKHDQ(b, a, a)
				VPADDD(u, a, a)
				VPSHUFD(U8(0x4e), a, u)
				VPADDD(u, a, a)
				VEXTRACTI64X4(U8(1), a, u.AsY())
				VPUNPCKLDQ(u.AsY(), a.AsY(), v.AsY()) // sums of a half of each row in both lanes
				VEXTRACTI128(U8(1), v.AsY(), u.AsX())
				VPADDD(u.AsX(), v.AsX(), v.AsX())
				VPADDD(at(acc, 16*g), v.AsX(), v.AsX())
				VMOVDQU(v.AsX(), at(acc, 16*g))
			}
			if t < n-1 {
				ADDQ(stride, acc)
			}
		}
		VZEROUPPER()
		RET()
	}
}

// readSum512 emits the reading of memory at full speed: four streams side by side, which
// are prefetched in software.
func readSum512() {
	function("readSumAVX512", "func(b *byte, n int) uint64",
		"adds up 64-bit words. n is a positive multiple of 512.")
	b, lines, part, part3 := param("b"), param("n"), GP64(), GP64()
	MOVQ(lines, part)
	SHRQ(U8(2), part)
	LEAQ(Mem{Base: part, Index: part, Scale: 2}, part3)
	SHRQ(U8(9), lines)
	acc := zmms(8)
	zeroZ(acc...)
	loop("lines", lines, func() {
		for i, a := range acc {
			stream := func(offset int) Mem {
				if i/2 == 3 {
					return Mem{Base: b, Index: part3, Scale: 1, Disp: offset + 64*(i%2)}
				}
				return row(b, part, i/2, offset+64*(i%2))
			}
			PREFETCHT0(stream(1536))
			VPADDQ(stream(0), a, a)
		}
		advance(128, b)
	})
	for _, a := range acc[1:] {
		VPADDQ(a, acc[0], acc[0])
	}
	y, x, t, r := YMM(), XMM(), XMM(), GP64()
	VEXTRACTI64X4(U8(1), acc[0], y)
	VPADDQ(acc[0].AsY(), y, y)
	VEXTRACTI32X4(U8(1), y, x)
	VPADDQ(y.AsX(), x, x)
	VPSHUFD(U8(0x4e), x, t)
	VPADDQ(t, x, x)
	VMOVQ(x, r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}
