package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Sums of values of 8 bits and weights of 16, of integers like the scores. Two rows are
// taken at a time: their values become words side by side, and a weight of each row is
// a pair of words for every column. The last of an odd number of rows is paired with
// itself and a weight of zero.

// values8 emits the sums of up to four queries that share values, or of four with runs
// of their own.
func values8(w wide, runs bool) {
	doc := fmt.Sprintf("of rows ≥ 1 rows of cols columns, a multiple of %d, and fetches as much from ahead on; after body rows, an even number, from next on. An odd number of rows has a weight of zero after them.", w.step())
	if runs {
		function("valuesFour8"+w.name, "func(out *[4]*float32, p *[4]*int16, v *int8, far, rows, body, cols int, muls *[4]float32, ahead, next *byte)",
			"stores muls·Σ p[r]·v[r] in each of four out, each with rows of its own, far bytes from those of the one before: "+doc)
		values8Of(w, 4, true, func(s string) string { return s })
		VZEROUPPER()
		RET()
		return
	}
	function("values8"+w.name, "func(out *[4]*float32, p *[4]*int16, n int, v *int8, rows, body, cols int, muls *[4]float32, ahead, next *byte)",
		"stores muls·Σ p[r]·v[r] in each of n ≤ 4 out, "+doc)
	eachCount(func(n int, label func(string) string) { values8Of(w, n, false, label) })
}

// step is how many columns become a register of words.
func (w wide) step() int { return 32 / w.parts }

// stepsAtOnce are how many steps of columns registers hold the sums of, and how many
// where that is all there is.
func (w wide) stepsAtOnce(n int) (sizes []int, all int) {
	switch {
	case w.parts == 1 && n == 4:
		return []int{2, 1}, 3
	case w.parts == 1:
		return []int{4, 2, 1}, 3
	case n == 1:
		return []int{4, 2, 1}, 6
	case n == 2:
		return []int{2, 1}, 0
	}
	return []int{1}, 0
}

func values8Of(w wide, n int, runs bool, label func(string) string) {
	name := func(s string, c int) string { return label(fmt.Sprintf("%s%d", s, c)) }
	left, columnAt := AllocLocal(8), AllocLocal(8)
	stride := param("cols")
	MOVQ(stride, left)
	MOVQ(U32(0), columnAt)
	Label(label("columns"))
	sizes, all := w.stepsAtOnce(n)
	if all > 0 {
		CMPQ(left, U32(uint32(w.step()*all)))
		JE(LabelRef(name("columns", all)))
	}
	for _, c := range sizes {
		CMPQ(left, U32(uint32(w.step()*c)))
		JGE(LabelRef(name("columns", c)))
	}
	JMP(LabelRef(label("done")))
	if all > 0 {
		sizes = append(sizes, all)
	}
	for _, c := range sizes {
		Label(name("columns", c))
		acc := make([][]VecVirtual, n)
		for i := range acc {
			acc[i] = w.cleared(2 * c) // a pair for each step
		}
		p, at := queries("p", n), GP64()
		XORQ(at, at)
		a, b, ahead := GP64(), GP64(), GP64()
		MOVQ(columnAt, a)
		ADDQ(address("v"), a)
		LEAQ(Mem{Base: a, Index: stride, Scale: 1}, b)
		var even, odd, fetched fourRuns // the first of two rows, and the second
		if runs {
			far := param("far")
			even, odd = fourRunsAt(a, far), fourRunsAt(b, far)
			fetched = fourRuns{ahead, far, GP64()}
		}
		fetchFrom := func(name string) {
			MOVQ(columnAt, ahead)
			ADDQ(ahead, ahead) // two rows at once
			ADDQ(address(name), ahead)
			if runs {
				fetched.place()
			}
		}
		fetchFrom("ahead")
		CMPQ(address("rows"), U8(1))
		JE(LabelRef(name("odd", c)))
		Label(name("rows", c))
		CMPQ(at, address("body"))
		JNE(LabelRef(name("ahead", c)))
		fetchFrom("next")
		Label(name("ahead", c))
		var lines []Mem
		if runs {
			lines = fetched.lines(2 * w.step() * c)
		} else {
			for o := 0; o < 2*w.step()*c; o += 64 {
				PREFETCHT0(Mem{Base: ahead, Disp: o})
			}
		}
		weights := make([]VecVirtual, n)
		for i := range weights {
			weights[i] = w.reg()
			VPBROADCASTD(Mem{Base: p[i], Index: at, Scale: 2}, weights[i])
		}
		for k := range c {
			offset := w.step() * k
			if !runs {
				x := w.pair(Mem{Base: a, Disp: offset}, Mem{Base: b, Disp: offset})
				for i := range n {
					w.addPair(x, weights[i], acc[i][2*k:], i == n-1)
				}
				continue
			}
			for i := range n {
				PREFETCHT0(lines[0])
				lines = lines[1:]
				x := w.pair(even.at(i, offset), odd.at(i, offset))
				w.addPair(x, weights[i], acc[i][2*k:], true)
			}
		}
		for _, p := range []Register{a, b, ahead} {
			LEAQ(Mem{Base: p, Index: stride, Scale: 2}, p)
		}
		if runs {
			for _, p := range []Register{even.p3, odd.p3, fetched.p3} {
				LEAQ(Mem{Base: p, Index: stride, Scale: 2}, p)
			}
		}
		advance(2, at)
		t := GP64()
		LEAQ(Mem{Base: at, Disp: 1}, t)
		CMPQ(t, address("rows"))
		JL(LabelRef(name("rows", c)))
		JG(LabelRef(name("store", c)))
		Label(name("odd", c)) // one row is left
		MOVQ(a, b)
		if runs {
			MOVQ(even.p3, odd.p3)
		}
		JMP(LabelRef(name("rows", c)))
		Label(name("store", c))
		w.storeSums(acc, columnAt)
		ADDQ(U32(uint32(w.step()*c)), columnAt)
		SUBQ(U32(uint32(w.step()*c)), left)
		JMP(LabelRef(label("columns")))
	}
	Label(label("done"))
}

// cleared is zeros that are not taken for a use of what the registers held before, by which
// those of each size would be in use at the same time.
func (w wide) cleared(n int) []VecVirtual {
	if w.parts == 2 {
		return w.zeros(n)
	}
	r := zmms(n)
	for _, r := range r {
		VPBROADCASTD(bits(0), r)
	}
	return r
}

// pair reads a step of two rows as words side by side: four columns of every eight, and
// the other four.
func (w wide) pair(a, b Mem) [2]VecVirtual {
	x, y, low := w.reg(), w.reg(), w.reg()
	VPMOVSXBW(a, x)
	VPMOVSXBW(b, y)
	VPUNPCKLWD(y, x, low)
	VPUNPCKHWD(y, x, x)
	return [2]VecVirtual{low, x}
}

// addPair adds the products of a pair, for the last time it is read.
func (w wide) addPair(x [2]VecVirtual, weight VecVirtual, acc []VecVirtual, last bool) {
	for i, v := range x {
		if w.parts == 1 {
			VPDPWSSD(v, weight, acc[i])
			continue
		}
		t := v
		if !last {
			t = w.reg()
		}
		VPMADDWD(v, weight, t)
		VPADDD(t, acc[i], acc[i])
	}
}

// storeSums stores the sums of each query as floats, from a column on.
func (w wide) storeSums(acc [][]VecVirtual, columnAt Mem) {
	muls, column := param("muls"), GP64()
	MOVQ(columnAt, column)
	out := param("out")
	for i, sums := range acc {
		mul, to := w.reg(), GP64()
		VBROADCASTSS(at(muls, 4*i), mul)
		MOVQ(at(out, 8*i), to)
		LEAQ(Mem{Base: to, Index: column, Scale: 4}, to)
		for k := 0; k < len(sums); k += 2 {
			for _, s := range sums[k : k+2] {
				VCVTDQ2PS(s, s)
				VMULPS(mul, s, s)
			}
			from := w.bytes() * k
			if w.parts == 2 {
				t := w.reg()
				VPERM2F128(U8(0x20), sums[k+1], sums[k], t)
				VMOVUPS(t, at(to, from))
				VPERM2F128(U8(0x31), sums[k+1], sums[k], t)
				VMOVUPS(t, at(to, from+32))
				continue
			}
			for half, s := range sums[k : k+2] {
				for lane := range 4 {
					VEXTRACTF32X4(U8(uint8(lane)), s, at(to, from+32*lane+16*half))
				}
			}
		}
	}
}

// scaleMax emits the weights of values before they are rounded.
func scaleMax() {
	function("scaleMaxAsm", "func(x, scales *float32, n int) uint32",
		"multiplies x by scales and returns the largest of the bits of |x|. n is a positive multiple of 8.")
	x, scales, n := param("x"), param("scales"), param("n")
	mask, m := YMM(), YMM()
	VPCMPEQD(mask, mask, mask)
	VPSRLD(U8(1), mask, mask)
	VPXOR(m, m, m)
	eights(n, []GPVirtual{x, scales}, func() {
		v := YMM()
		VMOVUPS(at(x, 0), v)
		VMULPS(at(scales, 0), v, v)
		VMOVUPS(v, at(x, 0))
		VPAND(v, mask, v)
		VPMAXUD(v, m, m)
	})
	largestBits(m)
}

// expWeights emits maximum, expSum and scaleMax as one.
func expWeights() {
	function("expWeightsAVX512", "func(x, scales *float32, n int, ahead *byte) (top, sum float32, most uint32)",
		"replaces x by exp(x-top)·scales, where top is the largest x, and returns the sum of exp(x-top) and the largest of the bits of |x|. It fetches a line from ahead on for every 16 values. n is a positive multiple of 16.")
	x, scales, n, ahead := param("x"), param("scales"), param("n"), param("ahead")
	p, count := GP64(), GP64()
	SHRQ(U8(4), n)
	MOVQ(x, p)
	MOVQ(n, count)
	shift, sum, mask, most := ZMM(), ZMM(), ZMM(), ZMM()
	VMOVUPS(at(x, 0), shift)
	loop("largest", count, func() {
		VMAXPS(at(p, 0), shift, shift)
		advance(64, p)
	})
	half, high := YMM(), XMM()
	VEXTRACTF64X4(U8(1), shift, half)
	VMAXPS(shift.AsY(), half, half)
	VEXTRACTF128(U8(1), half, high)
	largest := largestFloat(half.AsX().(VecVirtual), high)
	Store(largest, ReturnIndex(0))
	VBROADCASTSS(largest, shift)
	VPXORD(sum, sum, sum)
	VPXORD(most, most, most)
	VPBROADCASTD(bits(math.MaxInt32), mask)
	loop("sixteen", n, func() {
		PREFETCHT0(at(ahead, 0))
		v, t := ZMM(), ZMM()
		VMOVUPS(at(x, 0), v)
		VSUBPS(shift, v, v)
		exp512(v)
		VADDPS(v, sum, sum)
		VMULPS(at(scales, 0), v, v)
		VMOVUPS(v, at(x, 0))
		VPANDD(mask, v, t)
		VPMAXUD(t, most, most)
		advance(64, x, scales, ahead)
	})
	high8, bits8 := YMM(), YMM()
	VEXTRACTI64X4(U8(1), most, bits8)
	VPMAXUD(most.AsY(), bits8, bits8)
	Store(largestOfEight(bits8), ReturnIndex(2))
	VEXTRACTF64X4(U8(1), sum, high8)
	VADDPS(high8, sum.AsY(), high8)
	sumOfEight(high8, 1)
}

// quantize16Wide emits quantize16 on 512 bits.
func quantize16Wide() {
	function("quantize16AVX512", "func(q *int16, x *float32, n int, scale float32)", "is quantize16Asm.")
	q, x, n, scale := param("q"), param("x"), param("n"), ZMM()
	VBROADCASTSS(address("scale"), scale)
	SHRQ(U8(4), n)
	loop("step", n, func() {
		v := ZMM()
		VMULPS(at(x, 0), scale, v)
		VCVTPS2DQ(v, v)
		VPMOVSDW(v, at(q, 0))
		advance(64, x)
		advance(32, q)
	})
	VZEROUPPER()
	RET()
}
