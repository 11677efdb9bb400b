package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func absMax() {
	function("absMaxAVX2", "func(x *float32, n int) uint32", "returns the largest of the bits of |x|. n is a positive multiple of 8.")
	x := param("x")
	n := param("n")
	SHRQ(U8(3), n)
	mask, m, v := YMM(), YMM(), YMM()
	VPCMPEQD(mask, mask, mask)
	VPSRLD(U8(1), mask, mask)
	VPXOR(m, m, m)
	loop("next", n, func() {
		VPAND(at(x, 0), mask, v)
		VPMAXUD(v, m, m)
		advance(32, x)
	})
	largestBits(m)
}

// largestBits emits the end of a function that returns the largest of eight.
func largestBits(m VecVirtual) {
	r := largestOfEight(m)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

// largestOfEight is the largest of eight 32-bit numbers.
func largestOfEight(m VecVirtual) Register {
	hi := XMM()
	VEXTRACTI128(U8(1), m, hi)
	VPMAXUD(hi, m.AsX(), hi)
	t := XMM()
	VPSHUFD(U8(0x4e), hi, t)
	VPMAXUD(t, hi, hi)
	VPSHUFD(U8(0xb1), hi, t)
	VPMAXUD(t, hi, hi)
	r := GP32()
	VMOVD(hi, r)
	return r
}

func quantize() {
	order := vector("quantOrder", 0, 4, 1, 5, 2, 6, 3, 7)

	function("quantizeAVX2", "func(q *int8, x *float32, n int, s float32) int32", "is quantizeGeneric. n is a positive multiple of 32.")
	q := param("q")
	x := param("x")
	n := param("n")
	SHRQ(U8(5), n)
	s, sum, perm := broadcast("s"), YMM(), YMM()
	VMOVDQU(order, perm)
	zero(sum)
	loop("next", n, func() {
		v := ymms(4)
		for i := range v {
			VMULPS(at(x, 32*i), s, v[i])
			VCVTPS2DQ(v[i], v[i]) // to nearest even, as MXCSR says in Go
			VPADDD(v[i], sum, sum)
		}
		// The packs work inside 128-bit halves; the permutation of 4-byte runs
		// puts them back in order.
		VPACKSSDW(v[1], v[0], v[0])
		VPACKSSDW(v[3], v[2], v[2])
		VPACKSSWB(v[2], v[0], v[0])
		VPERMD(v[0], perm, v[0])
		VMOVDQU(v[0], at(q, 0))
		advance(32, q)
		advance(128, x)
	})
	sumOfInts(sum)
}

// sumOfInts emits the end of a function that returns the sum of eight.
func sumOfInts(sum VecVirtual) {
	hi, t := XMM(), XMM()
	VEXTRACTI128(U8(1), sum, hi)
	VPADDD(hi, sum.AsX(), hi)
	VPSHUFD(U8(0x4e), hi, t)
	VPADDD(t, hi, hi)
	VPSHUFD(U8(0xb1), hi, t)
	VPADDD(t, hi, hi)
	r := GP32()
	VMOVD(hi, r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

// reduce4 adds up the eight int32 of each of four registers into one.
func reduce4(s []VecVirtual) VecVirtual {
	hi := XMM()
	VPHADDD(s[1], s[0], s[0])
	VPHADDD(s[3], s[2], s[2])
	VPHADDD(s[2], s[0], s[0])
	VEXTRACTI128(U8(1), s[0], hi)
	VPADDD(hi, s[0].AsX(), s[0].AsX())
	return s[0].AsX().(VecVirtual)
}

// vecAhead is how many bytes ahead the product with one row of activations fetches codes.
const vecAhead = 4096

// matVec emits the decode product, one pass over a sequential stream. Fields
// 0 and 2 of a byte are taken as they are, fields 1 and 3 as four times their
// code, which saves two of three shifts; their 16-bit sums are kept apart and
// hold 8 blocks: 8·2 byte pairs of at most 2·4·2·128 reach -32768.
func matVec() {
	function("matVecAVX2", "func(y *float32, data *byte, q *int8, groups, blocks int, sum int32, mul float32)",
		"stores the four results of each of groups ≥ 1 row groups of blocks ≥ 1 blocks in y.")
	y, data, groups := param("y"), param("data"), param("groups")
	low, high := words(0x0303), words(0x0c0c)

	Label("group")
	q, left := param("q"), param("blocks")
	sum := ymms(4)
	zero(sum...)

	Label("chunk") // of n = min(left, 8) blocks
	n, limit := GP64(), GP64()
	MOVQ(left, n)
	MOVQ(U32(8), limit)
	CMPQ(n, limit)
	CMOVQGT(limit, n)
	SUBQ(n, left)
	once, four := ymms(4), ymms(4) // sums of the codes and of four times the codes
	zero(once...)
	zero(four...)

	loop("block", n, func() {
		PREFETCHT0(at(data, vecAhead))
		PREFETCHT0(at(data, vecAhead+64))
		for r := range 4 {
			w, c := YMM(), YMM()
			product := func(k int, mask, c, sum VecVirtual) {
				VPAND(mask, w, c)
				VPMADDUBSW(at(q, 32*k), c, c)
				VPADDW(c, sum, sum)
			}
			VMOVDQU(at(data, 32*r), w)
			product(0, low, c, once[r])
			product(1, high, c, four[r])
			VPSRLW(U8(4), w, w)
			product(2, low, c, once[r])
			product(3, high, w, four[r])
		}
		advance(128, data, q)
	})

	factor := words(1)
	for r := range 4 {
		VPMADDWD(factor, four[r], four[r])
		VPADDD(four[r], sum[r], sum[r])
	}
	VPSLLW(U8(2), factor, factor)
	for r := range 4 {
		VPMADDWD(factor, once[r], once[r])
		VPADDD(once[r], sum[r], sum[r])
	}
	TESTQ(left, left)
	JNZ(LabelRef("chunk"))

	s, sub, mul := reduce4(sum), XMM(), XMM()
	VPSRAD(U8(2), s, s) // a multiple of four: exact
	finishRows(s, sub, mul, y, groups)
}

// direct emits the product of up to four tokens, for which unpacking into memory
// does not pay: each pair of rows is unpacked in registers. The blocks of the
// tokens are interleaved, so that activations are one stream: rows that are
// 4096 bytes apart would share few sets of L1.
func direct() {
	function("directAVX2", "func(acc *int32, data *byte, q *int8, blocks, groupBytes, groups, tokens int)",
		"adds to acc, [tokens][groups][4], the products of blocks blocks of row groups that are groupBytes apart with q, [blocks][tokens][128]. 1 ≤ blocks ≤ 16, 1 ≤ tokens ≤ 4.")
	tokens := param("tokens")
	tile := func(n int, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("tokens"))
		if n > 1 {
			CMPQ(tokens, U8(n))
			JL(LabelRef(next))
		}
		acc, data, groups := param("acc"), param("data"), param("groups")
		stride := param("groups") // of the tokens in acc
		SHLQ(U8(4), stride)
		low := words(0x0303)
		loop(label("group"), groups, func() {
			for pair := range 2 {
				p, d, blocks := param("q"), GP64(), param("blocks")
				LEAQ(at(data, 64*pair), d)
				sum := ymms(2 * n) // [token][row]
				zero(sum...)
				loop(label(fmt.Sprintf("pair%dtokens", pair)), blocks, func() {
					w, c := ymms(2), ymms(2)
					VMOVDQU(at(d, 0), w[0])
					VMOVDQU(at(d, 32), w[1])
					for k := range 4 {
						for r := range c {
							VPAND(low, w[r], c[r])
							if k < 3 {
								VPSRLW(U8(2), w[r], w[r])
							}
						}
						for t := range n {
							a, v := YMM(), YMM()
							VMOVDQU(at(p, 128*t+32*k), a)
							VPMADDUBSW(a, c[0], v)
							VPADDW(v, sum[2*t], sum[2*t])
							VPMADDUBSW(a, c[1], a)
							VPADDW(a, sum[2*t+1], sum[2*t+1])
						}
					}
					advance(128, d)
					advance(128*n, p)
				})
				one := words(1)
				for _, v := range sum {
					VPMADDWD(one, v, v)
				}
				to := GP64() // a token's two rows are eight bytes of acc
				LEAQ(at(acc, 8*pair), to)
				for t := range n {
					v, x, old := sum[2*t], XMM(), XMM()
					VPHADDD(sum[2*t+1], v, v)
					VPHADDD(v, v, v)
					VEXTRACTI128(U8(1), v, x)
					VPADDD(v.AsX(), x, x)
					VMOVQ(at(to, 0), old)
					VPADDD(old, x, x)
					VMOVQ(x, at(to, 0))
					ADDQ(stride, to)
				}
			}
			advance(16, acc)
			ADDQ(NewParamAddr("groupBytes", 32), data)
		})
		VZEROUPPER()
		RET()
	}
	tile(4, "tokens3")
	tile(3, "tokens2")
	tile(2, "tokens1")
	tile(1, "")
}

func finish() {
	function("finishAVX2", "func(y *float32, stride int, acc, sums *int32, muls *float32, groups, tokens int)", "stores float32(acc-sum)·mul of acc, [tokens][groups][4], in rows of y that are stride floats apart.")
	y := param("y")
	stride := param("stride")
	SHLQ(U8(2), stride)
	acc := param("acc")
	sums := param("sums")
	muls := param("muls")
	tokens := param("tokens")
	loop("token", tokens, func() {
		sum, mul := XMM(), XMM()
		VPBROADCASTD(at(sums, 0), sum)
		VBROADCASTSS(at(muls, 0), mul)
		p := GP64()
		MOVQ(y, p)
		groups := param("groups")
		loop("group", groups, func() {
			x := XMM()
			VMOVDQU(at(acc, 0), x)
			VPSUBD(sum, x, x)
			VCVTDQ2PS(x, x)
			VMULPS(mul, x, x)
			VMOVUPS(x, at(p, 0))
			advance(16, p)
			advance(16, acc)
		})
		ADDQ(stride, y)
		advance(4, sums)
		advance(4, muls)
	})
	RET()
}

// finishRows stores the products of a group of four rows with one token, given their
// sums of codes and activations in s, and goes on with the next group, or returns. sub
// and mul are free, and may be one register.
func finishRows(s, sub, mul, y, groups Register) {
	VBROADCASTSS(NewParamAddr("sum", 40), sub)
	VPSUBD(sub, s, s)
	VCVTDQ2PS(s, s)
	VBROADCASTSS(NewParamAddr("mul", 44), mul)
	VMULPS(mul, s, s)
	VMOVUPS(s, at(y, 0))
	advance(16, y)
	DECQ(groups)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}
