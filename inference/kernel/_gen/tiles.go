package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The product of prompts, in tiles of four rows and up to three tokens, whose sums stay in
// registers: twelve of the sixteen.

func unpack() {
	function("unpackAVX2", "func(dst, src *byte, blocks, ahead int)", "unpacks blocks ≥ 1 blocks of a row group into its codes: for every run of 32 columns those of its four rows. It fetches what is ahead bytes after them into L2.")
	dst := param("dst")
	src := param("src")
	n := param("blocks")
	ahead := param("ahead")
	low := words(0x0303)
	loop("block", n, func() {
		PREFETCHT1(Mem{Base: src, Index: ahead, Scale: 1})
		PREFETCHT1(Mem{Base: src, Index: ahead, Scale: 1, Disp: 64})
		for r := range 4 {
			w := YMM()
			VMOVDQU(at(src, 32*r), w)
			for k := range 4 {
				c := w
				if k < 3 {
					c = YMM()
				}
				VPAND(low, w, c)
				VMOVDQU(c, at(dst, 128*k+32*r))
				if k < 3 {
					VPSRLW(U8(2), w, w)
				}
			}
		}
		advance(128, src)
		advance(512, dst)
	})
	VZEROUPPER()
	RET()
}

// tileStarts emits what the sums of tiles begin with.
func tileStarts(i isa) {
	vnni := i.vnni
	doc := "stores -Σq of each 16-bit sum of tilesAVX2 in dst, [tokens][16], and returns the least of all q, or 0. q is as there; steps ≥ 1."
	if vnni {
		doc = "is startsAVX2 for the 32-bit sums of tilesVNNI, [tokens][8]."
	}
	function("starts"+i.name, "func(dst *byte, q *int8, stride, steps, tokens int) int32", doc)
	dst, q, stride, tokens := param("dst"), param("q"), param("stride"), param("tokens")
	one, least, ones := YMM(), YMM(), words(1)
	VMOVDQU(bits(0x01010101), one)
	zero(least)
	loop("token", tokens, func() {
		p, steps, sum := GP64(), param("steps"), YMM()
		MOVQ(q, p)
		zero(sum)
		loop("step", steps, func() {
			a := YMM()
			VMOVDQU(at(p, 0), a)
			VPMINSB(a, least, least)
			VPMADDUBSW(a, one, a)
			if vnni {
				VPMADDWD(a, ones, a)
				VPSUBD(a, sum, sum)
			} else {
				VPSUBW(a, sum, sum)
			}
			advance(32, p)
		})
		VMOVDQU(sum, at(dst, 0))
		advance(32, dst)
		ADDQ(stride, q)
	})
	high, r := XMM(), GP32()
	VEXTRACTI128(U8(1), least, high)
	VPMINSB(high, least.AsX(), least.AsX())
	for _, n := range []uint8{8, 4, 2, 1} {
		VPSRLDQ(U8(n), least.AsX(), high)
		VPMINSB(high, least.AsX(), least.AsX())
	}
	VPEXTRB(U8(0), least.AsX(), r)
	MOVBLSX(r.As8(), r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

// tiles emits the product of some row groups with all tokens. The last columns make results
// of their sums while the next products are under way.
func tiles(i isa) {
	vnni := i.vnni
	doc := "multiplies codes, [groups][steps][4][32], by q: steps runs of 32 columns of tokens that are stride bytes apart. " +
		"The sums of a token begin with start, [tokens][32 bytes]. Where more has 1 those in acc, [tokens][of][4], are added; " +
		"where it has 2 they are stored there, and else their products with muls in rows of y that are yStride floats apart. " +
		"steps ≥ 2 is even."
	if vnni {
		doc = "is tilesAVX2 with sums of 32 bits."
	}
	function("tiles"+i.name, "func(y *float32, yStride int, muls *float32, acc *int32, start *byte, codes *uint8, q *int8, stride, steps, groups, of, tokens, more int)", doc)
	y, yStride, acc, accStride := param("y"), param("yStride"), param("acc"), param("of")
	q, stride := param("q"), param("stride")
	SHLQ(U8(2), yStride)
	SHLQ(U8(4), accStride)
	// There are not enough registers for these.
	inMemory := func(name string) Mem {
		p, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		return p.Addr
	}
	tile := func(n int) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		codes, groups := param("codes"), param("groups")
		sums, rest := y256[:4*n], y256[4*n:]
		loop(label("group"), groups, func() {
			p, steps, start := GP64(), param("steps"), param("start")
			MOVQ(q, p)
			SHRQ(U8(1), steps)
			for i, v := range sums {
				VMOVDQU(at(start, 32*(i/4)), v)
			}
			loop(label("steps"), steps, func() {
				for u := range 2 {
					if vnni {
						stepVNNI(n, sums, rest, p, stride, codes, u)
					} else {
						stepAVX2(n, sums, rest, p, stride, codes, u)
					}
				}
				advance(64, p)
				advance(256, codes)
			})
			if !vnni {
				one := rest[0]
				VMOVDQU(bits(0x00010001), one)
				for _, v := range sums {
					VPMADDWD(one, v, v)
				}
			}
			each := func(do func(t int, x VecPhysical)) {
				for t := range n {
					do(t, sums[4*t].AsX().(VecPhysical))
				}
			}
			each(func(t int, _ VecPhysical) { sumRows(sums[4*t:][:4], rest[1]) })
			more := param("more")
			TESTQ(U32(1), more)
			JZ(LabelRef(label("first")))
			each(func(t int, x VecPhysical) { VPADDD(row(acc, accStride, t, 0), x, x) })
			Label(label("first"))
			TESTQ(U32(2), more)
			JZ(LabelRef(label("last")))
			each(func(t int, x VecPhysical) { VMOVDQU(x, row(acc, accStride, t, 0)) })
			JMP(LabelRef(label("next")))
			Label(label("last"))
			muls, mul := param("muls"), rest[1].AsX()
			each(func(t int, x VecPhysical) {
				VCVTDQ2PS(x, x)
				VBROADCASTSS(at(muls, 4*t), mul)
				VMULPS(mul, x, x)
				VMOVUPS(x, row(y, yStride, t, 0))
			})
			Label(label("next"))
			advance(16, acc, y)
		})
		back := param("groups")
		SHLQ(U8(4), back)
		SUBQ(back, acc)
		SUBQ(back, y)
		for range n {
			ADDQ(stride, q)
			ADDQ(accStride, acc)
			ADDQ(yStride, y)
		}
		ADDQ(U8(32*n), inMemory("start"))
		ADDQ(U8(4*n), inMemory("muls"))
		SUBQ(U8(n), inMemory("tokens"))
		JMP(LabelRef("tokens"))
	}
	// Four tokens are twice two, as one alone takes longer.
	Label("tokens")
	tokens := param("tokens")
	CMPQ(tokens, U8(1))
	JL(LabelRef("done"))
	JE(LabelRef("one"))
	CMPQ(tokens, U8(2))
	JE(LabelRef("two"))
	CMPQ(tokens, U8(4))
	JE(LabelRef("two"))
	tile(3)
	Label("two")
	tile(2)
	Label("one")
	tile(1)
	Label("done")
	VZEROUPPER()
	RET()
}

// stepAVX2 emits the products of four rows of 32 columns with n tokens. Of three tokens one
// is read from memory for each product, as there are no registers for all.
func stepAVX2(n int, sums, rest []VecPhysical, p, stride, codes Register, u int) {
	inRegisters := min(n, 2)
	act, free := rest[:inRegisters], rest[inRegisters:]
	for t, a := range act {
		VMOVDQU(row(p, stride, t, 32*u), a)
	}
	weights, products := free[:len(free)/2], free[len(free)/2:]
	next := 0
	for r := range 4 {
		w := weights[r%len(weights)]
		VMOVDQU(at(codes, 128*u+32*r), w)
		for t := n - 1; t >= 0; t-- {
			c := w // the last product takes its place
			if t > 0 {
				c = products[next%len(products)]
				next++
			}
			if t < inRegisters {
				VPMADDUBSW(act[t], w, c)
			} else {
				VPMADDUBSW(row(p, stride, t, 32*u), w, c)
			}
			VPADDW(c, sums[4*t+r], sums[4*t+r])
		}
	}
}

// stepVNNI is stepAVX2 with one instruction for a product and its addition.
func stepVNNI(n int, sums, rest []VecPhysical, p, stride, codes Register, u int) {
	act, w := rest[:n], rest[len(rest)-1]
	for t, a := range act {
		VMOVDQU(row(p, stride, t, 32*u), a)
	}
	for r := range 4 {
		VMOVDQU(at(codes, 128*u+32*r), w)
		for t, a := range act {
			dpbusd(a, w, sums[4*t+r])
		}
	}
}

// sumRows adds up the eight int32 of each of four registers; the results are in the lower half
// of the first.
func sumRows(s []VecPhysical, free VecPhysical) {
	pairs := func(a, b VecPhysical, low, high func(...Op)) {
		low(b, a, free)
		high(b, a, a)
		VPADDD(free, a, a)
	}
	pairs(s[0], s[1], VPUNPCKLDQ, VPUNPCKHDQ)
	pairs(s[2], s[3], VPUNPCKLDQ, VPUNPCKHDQ)
	pairs(s[0], s[2], VPUNPCKLQDQ, VPUNPCKHQDQ)
	x := s[0].AsX()
	VEXTRACTI128(U8(1), s[0], free.AsX())
	VPADDD(free.AsX(), x, x)
}
