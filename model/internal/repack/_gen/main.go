// Command gen writes the assembly of package repack. The generic Go code there says
// what each function computes; the comments here say how.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("!purego")
	band128()
	band64()
	codes()
	tq1()
	tq2()
	ptq1()
	q1()
	widest()
	narrow()
	shorten()
	finite("finite16AVX2", VPCMPEQW)
	finite("finite32AVX2", VPCMPEQD)
	Generate()
}

// function starts a function and its doc comment.
func function(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
}

func param(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

func at(p Register, offset int) Mem { return Mem{Base: p, Disp: offset} }

// loop emits a body that runs n ≥ 1 times, counting n down.
func loop(label string, n Register, body func()) {
	Label(label)
	body()
	DECQ(n)
	JNZ(LabelRef(label))
}

// fill fills a register with a byte.
func fill(v uint8) VecVirtual {
	g, y := GP32(), YMM()
	MOVL(U32(uint32(v)*0x01010101), g)
	VMOVD(g, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

// table puts bytes in read-only data.
func table(name string, values ...uint8) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(i, U8(v))
	}
	return m
}

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

// base3 takes digits out of bytes, which are fractions b/256: 3b has the digit in
// front of the point and the rest behind it.
type base3 struct{ one, two VecVirtual }

func newBase3() base3 { return base3{fill(86), fill(171)} } // 3b ≥ 256, 3b ≥ 512

// digit is 0, 1 or 2 in each byte. x may be digits.
func (c base3) digit(x VecVirtual) VecVirtual {
	a, b, d := YMM(), YMM(), YMM()
	VPMAXUB(c.one, x, a)
	VPCMPEQB(x, a, a)
	VPMAXUB(c.two, x, b)
	VPCMPEQB(x, b, b)
	VPADDB(a, b, b)
	VPXOR(d, d, d)
	VPSUBB(b, d, d)
	return d
}

// times3 multiplies bytes by three, in place.
func times3(x VecVirtual) {
	t := YMM()
	VPADDB(x, x, t)
	VPADDB(t, x, x)
}

// digits16 are five digits of each of 16 bytes, two digits to a register.
func (c base3) digits16(x VecVirtual) []VecVirtual {
	VINSERTI128(U8(1), x.AsX(), x, x)
	t := YMM()
	high := YMM()
	VMOVDQA(x, high)
	times3(high)
	VPBLENDD(U8(0xf0), high, x, t) // x | 3x
	var out []VecVirtual
	for range 3 {
		out = append(out, c.digit(t))
		times3(t)
		times3(t)
	}
	return out
}

func tq1() {
	function("tq1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of TQ1_0 to blocks of TQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	c := newBase3()
	loop("block", blocks, func() {
		x, first, second := YMM(), YMM(), YMM()
		VMOVDQU(at(src, 0), x)
		for n := range 4 {
			d := c.digit(x)
			if n == 0 {
				VMOVDQA(d, first)
			} else {
				VPSLLW(U8(2*n), d, d)
				VPOR(d, first, first)
			}
			times3(x)
		}
		VMOVDQU(first, at(dst, 0))
		VMOVDQA(c.digit(x), second)

		z := YMM()
		VMOVDQU(at(src, 32), z.AsX())
		five := c.digits16(z)
		// The upper half of the last: four digits of each of four bytes.
		w := []VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VMOVD(at(src, 48), w[0].AsX())
		for n := 1; n < 4; n++ {
			VMOVDQA(w[n-1], w[n])
			times3(w[n])
		}
		VPUNPCKLDQ(w[1].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLDQ(w[3].AsX(), w[2].AsX(), w[2].AsX())
		VPUNPCKLQDQ(w[2].AsX(), w[0].AsX(), w[0].AsX())
		VINSERTI128(U8(1), c.digit(w[0]).AsX(), five[2], five[2])
		for n, d := range five {
			VPSLLW(U8(2+2*n), d, d)
			VPOR(d, second, second)
		}
		VMOVDQU(second, at(dst, 32))
		s := GP32()
		MOVWLZX(at(src, 52), s)
		MOVW(s.As16(), at(dst, 64))
		ADDQ(U8(54), src)
		ADDQ(U8(66), dst)
	})
	VZEROUPPER()
	RET()
}

// packer packs a code from each byte, four to a byte.
type packer struct{ pairs, quads, order VecVirtual }

func newPacker() packer {
	p := packer{YMM(), YMM(), YMM()}
	g := GP32()
	MOVL(U32(0x04010401), g)
	VMOVD(g, p.pairs.AsX())
	VPBROADCASTD(p.pairs.AsX(), p.pairs)
	MOVL(U32(0x00100001), g)
	VMOVD(g, p.quads.AsX())
	VPBROADCASTD(p.quads.AsX(), p.quads)
	VMOVDQU(packOrder(), p.order)
	return p
}

var packOrderAt *Mem

// packOrder undoes that packs of AVX2 work in halves.
func packOrder() Mem {
	if packOrderAt == nil {
		m := table("packOrder",
			0, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0,
			2, 0, 0, 0, 6, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0)
		packOrderAt = &m
	}
	return *packOrderAt
}

// pack returns the 128 codes in four registers in one.
func (p packer) pack(v []VecVirtual) VecVirtual {
	for _, y := range v {
		VPMADDUBSW(p.pairs, y, y)
		VPMADDWD(p.quads, y, y)
	}
	VPACKUSDW(v[1], v[0], v[0])
	VPACKUSDW(v[3], v[2], v[2])
	VPACKUSWB(v[2], v[0], v[0])
	VPERMD(v[0], p.order, v[0])
	return v[0]
}

func tq2() {
	function("tq2AVX2", "func(dst, src *byte, blocks int) bool",
		"turns each block of TQ2_0 into two of PQ2_0. It returns whether a code is 3.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	p, mask, all := newPacker(), fill(3), YMM()
	VPXOR(all, all, all)
	loop("block", blocks, func() {
		s := GP32()
		MOVWLZX(at(src, 64), s)
		for half := range 2 {
			x := YMM()
			VMOVDQU(at(src, 32*half), x)
			threes(x, all)
			var v []VecVirtual
			for k := range 4 {
				y := YMM()
				if k == 0 {
					VPAND(mask, x, y)
				} else {
					VPSRLW(U8(2*k), x, y)
					VPAND(mask, y, y)
				}
				v = append(v, y)
			}
			MOVW(s.As16(), at(dst, 34*half))
			VMOVDQU(p.pack(v), at(dst, 34*half+2))
		}
		ADDQ(U8(66), src)
		ADDQ(U8(68), dst)
	})
	anyThree(all)
}

func ptq1() {
	function("ptq1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of PTQ1_0 to blocks of PQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	c, p := newBase3(), newPacker()
	loop("block", blocks, func() {
		x := YMM()
		VMOVDQU(at(src, 0), x.AsX())
		v := c.digits16(x) // 80 codes, and something in the upper half of the last

		// Eight bytes: b | 3b, then 9b | 27b, then 81b.
		b, b3, w := YMM(), YMM(), []VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VMOVQ(at(src, 16), b.AsX())
		VMOVDQA(b, b3)
		times3(b3)
		VPUNPCKLQDQ(b3.AsX(), b.AsX(), b.AsX())
		VINSERTI128(U8(1), c.digit(b).AsX(), v[2], v[2])
		times3(b)
		times3(b)
		last := YMM()
		VMOVDQA(c.digit(b), last)
		times3(b)
		times3(b)
		// Two bytes, four digits of each.
		g := GP32()
		MOVWLZX(at(src, 24), g)
		VMOVD(g, w[0].AsX())
		for n := 1; n < 4; n++ {
			VMOVDQA(w[n-1], w[n])
			times3(w[n])
		}
		VPUNPCKLWD(w[1].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLWD(w[3].AsX(), w[2].AsX(), w[2].AsX())
		VPUNPCKLDQ(w[2].AsX(), w[0].AsX(), w[0].AsX())
		VPUNPCKLQDQ(w[0].AsX(), b.AsX(), b.AsX())
		VINSERTI128(U8(1), c.digit(b).AsX(), last, last)

		VMOVDQU(p.pack(append(v, last)), at(dst, 2))
		MOVWLZX(at(src, 26), g)
		MOVW(g.As16(), at(dst, 0))
		ADDQ(U8(28), src)
		ADDQ(U8(34), dst)
	})
	VZEROUPPER()
	RET()
}

func q1() {
	function("q1AVX2", "func(dst, src *byte, blocks int)", "expands blocks of Q1_0 to blocks of PQ2_0.")
	dst, src, blocks := param("dst"), param("src"), param("blocks")
	var spread []uint8 // of a nibble, bit i to bit 2i+1
	for n := range uint8(16) {
		spread = append(spread, n&1<<1|n&2<<2|n&4<<3|n&8<<4)
	}
	lut, mask := XMM(), fill(15)
	VMOVDQU(table("spread", spread...), lut)
	loop("block", blocks, func() {
		x, h, y := XMM(), XMM(), XMM()
		VMOVDQU(at(src, 2), x)
		VPSRLW(U8(4), x, h)
		VPAND(mask.AsX(), x, x)
		VPAND(mask.AsX(), h, h)
		VPSHUFB(x, lut, x)
		VPSHUFB(h, lut, h)
		VPUNPCKLBW(h, x, y)
		VMOVDQU(y, at(dst, 2))
		VPUNPCKHBW(h, x, y)
		VMOVDQU(y, at(dst, 18))
		s := GP32()
		MOVWLZX(at(src, 0), s)
		MOVW(s.As16(), at(dst, 0))
		ADDQ(U8(18), src)
		ADDQ(U8(34), dst)
	})
	VZEROUPPER()
	RET()
}

// words fills a register with a 16-bit word.
func words(v uint16) VecVirtual {
	g, y := GP32(), YMM()
	MOVL(U32(uint32(v)*0x10001), g)
	VMOVD(g, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

func widest() {
	function("widestAVX2", "func(bits *uint16, n int) uint16", "is the largest magnitude of n times 16 numbers, of which 0xffff is none.")
	bits, n := param("bits"), param("n")
	magnitude, none, top := words(0x7fff), words(0xffff), YMM()
	VPXOR(top, top, top)
	loop("next", n, func() {
		x, t := YMM(), YMM()
		VMOVDQU(at(bits, 0), x)
		VPCMPEQW(none, x, t)
		VPANDN(x, t, x)
		VPAND(magnitude, x, x)
		VPMAXUW(x, top, top)
		ADDQ(U8(32), bits)
	})
	t := XMM()
	VEXTRACTI128(U8(1), top, t)
	VPMAXUW(t, top.AsX(), t)
	VPXOR(none.AsX(), t, t) // the least of the complements
	VPHMINPOSUW(t, t)
	VPXOR(none.AsX(), t, t)
	r := GP32()
	VMOVD(t, r)
	VZEROUPPER()
	Store(r.As16(), ReturnIndex(0))
	RET()
}

func narrow() {
	function("narrowAVX2", "func(low, high *byte, bits *uint16, n int, limit uint32) bool",
		"keeps n times 32 numbers in 12 bits. It returns whether one has none; limit is in both halves.")
	low, high, bits, n := param("low"), param("high"), param("bits"), param("n")
	limit, magnitude, none, mask, all := YMM(), words(0x7fff), words(0xffff), words(2047), YMM()
	VMOVD(Load(Param("limit"), GP32()), limit.AsX())
	VPBROADCASTD(limit.AsX(), limit)
	VPXOR(all, all, all)
	loop("next", n, func() {
		var v []VecVirtual
		for i := range 2 {
			x, m, below, odd, zero := YMM(), YMM(), YMM(), YMM(), YMM()
			VMOVDQU(at(bits, 32*i), x)
			VPAND(magnitude, x, m)
			VPSUBW(m, limit, below)
			VPMAXUW(mask, below, odd) // at least 2047 below, none among them
			VPCMPEQW(odd, below, odd)
			VPCMPEQW(none, x, zero)
			VPOR(zero, odd, odd)
			VPXOR(zero, zero, zero)
			VPCMPEQW(m, zero, zero)
			t := YMM()
			VPANDN(odd, zero, t)
			VPOR(t, all, all)
			VPOR(zero, odd, odd)
			VPBLENDVB(odd, mask, below, below)
			VPSUBW(below, limit, below)
			VPAND(mask, below, below)
			VPANDN(x, magnitude, x) // the sign
			VPSRLW(U8(4), x, x)
			VPOR(x, below, below)
			v = append(v, below)
		}
		h, t := YMM(), YMM()
		VPSRLW(U8(8), v[0], h)
		VPSRLW(U8(8), v[1], t)
		VPSLLW(U8(4), t, t)
		VPOR(t, h, h)
		VPACKUSWB(h, h, h)
		VPERMQ(U8(0x08), h, h)
		VMOVDQU(h.AsX(), at(high, 0))
		VPSLLW(U8(8), v[0], v[0])
		VPSRLW(U8(8), v[0], v[0])
		VPSLLW(U8(8), v[1], v[1])
		VPSRLW(U8(8), v[1], v[1])
		VPACKUSWB(v[1], v[0], v[0])
		VPERMQ(U8(0xd8), v[0], v[0])
		VMOVDQU(v[0], at(low, 0))
		ADDQ(U8(64), bits)
		ADDQ(U8(32), low)
		ADDQ(U8(16), high)
	})
	VPTEST(all, all)
	r := GP8()
	SETNE(r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}

func shorten() {
	function("shortenAVX2", "func(bits *uint16, src *byte, n int)",
		"turns n times 16 binary16 numbers into bfloat16, 0xffff where that would round.")
	bits, src, n := param("bits"), param("src"), param("n")
	low, zero := YMM(), YMM()
	VPCMPEQD(low, low, low)
	VPSRLD(U8(16), low, low)
	VPXOR(zero, zero, zero)
	loop("next", n, func() {
		var v []VecVirtual
		for i := range 2 {
			x, t := YMM(), YMM()
			VCVTPH2PS(at(src, 16*i), x)
			VPAND(low, x, t)
			VPCMPEQD(zero, t, t) // all bits where nothing is lost
			VPSRLD(U8(16), x, x)
			VPANDN(low, t, t)
			VPOR(t, x, x)
			v = append(v, x)
		}
		VPACKUSDW(v[1], v[0], v[0])
		VPERMQ(U8(0xd8), v[0], v[0])
		VMOVDQU(v[0], at(bits, 0))
		ADDQ(U8(32), src)
		ADDQ(U8(32), bits)
	})
	VZEROUPPER()
	RET()
}

// finite compares exponents with one that is all ones.
func finite(name string, equal func(...Op)) {
	function(name, "func(src *byte, n int, exponent uint32) bool",
		"returns whether no number in n times 64 bytes has this exponent, twice the bits for two of them.")
	src, n := param("src"), param("n")
	e, all := YMM(), YMM()
	VMOVD(Load(Param("exponent"), GP32()), e.AsX())
	VPBROADCASTD(e.AsX(), e)
	VPXOR(all, all, all)
	loop("next", n, func() {
		for i := range 2 {
			x := YMM()
			VPAND(at(src, 32*i), e, x)
			equal(e, x, x)
			VPOR(x, all, all)
		}
		ADDQ(U8(64), src)
	})
	VPTEST(all, all)
	r := GP8()
	SETEQ(r)
	VZEROUPPER()
	Store(r, ReturnIndex(0))
	RET()
}
