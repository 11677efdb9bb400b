package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	. "github.com/mmcloughlin/avo/reg"
)

// few emits the product of few tokens. Its sums are in two parts: those of the first four
// tokens and of the others, or, of two tokens, those of neighbouring row groups, so that
// enough sums are independent. What makes results of the sums of a part are some thirty
// instructions that wait for each other; they stand among the products of the next part.
type few struct {
	n        int // tokens
	branches int // labels given so far

	y, stride, acc, data, ends, more Register
	d, soon, p, to, ahead            Register
	after                            Register // bytes to the next row group

	places, left Mem // of what is written after the product, and how many are left
}

const (
	fewParts = 2

	fewAdd, fewKeep     = 0, 1 // bits of more
	fewLow, fewT, fewOf = 24, 25, 26
)

var (
	fewW = z512[27:29]
	fewC = z512[29:31]
	fewA = z512[31]
)

// byRows reports whether parts are of rows.
func (f *few) byRows() bool { return f.n == 2 }

func (f *few) label(s string) string { return fmt.Sprintf("%s%d", s, f.n) }

// tokens are those of a part.
func (f *few) tokens(part int) (t []int) {
	first, end := 0, f.n
	if !f.byRows() {
		first, end = 4*part, min(4*part+4, f.n)
	}
	for ; first < end; first++ {
		t = append(t, first)
	}
	return t
}

// sum is where the sums of a token and a pair of rows are.
func (f *few) sum(part, pair, token int) reg.VecPhysical {
	if f.byRows() {
		token += part * f.n
	}
	return z512[2*token+pair]
}

// weights is an address in the data of a part.
func (f *few) weights(d Register, part, offset int) Mem {
	if f.byRows() && part == 1 {
		return Mem{Base: d, Index: f.after, Scale: 1, Disp: offset}
	}
	return at(d, offset)
}

// products are those of a block with the tokens of some parts, which share their rows.
func (f *few) products(parts ...int) (e emission) {
	for i, w := range fewW {
		from := f.weights(f.d, parts[0], pairBytes*i)
		e.add(func() { VMOVDQU64(from, w) })
	}
	for k := range 4 {
		for i, w := range fewW {
			e.add(func() { VPANDD(z512[fewLow], w, fewC[i]) })
			if k < 3 {
				e.add(func() { VPSRLW(U8(2), w, w) })
			}
		}
		for _, part := range parts {
			for _, t := range f.tokens(part) {
				e.add(func() { VMOVDQU64(at(f.p, 256*t+64*k), fewA) })
				for i, c := range fewC {
					e.add(func() { VPDPBUSD(fewA, c, f.sum(part, i, t)) })
				}
			}
		}
	}
	return e
}

// clear begins the sums of a part.
func (f *few) clear(part int) {
	for _, t := range f.tokens(part) {
		for i := range 2 {
			VPXORD(f.sum(part, i, t), f.sum(part, i, t), f.sum(part, i, t))
		}
	}
}

// fetch asks for the weights of a block that come later.
func (f *few) fetch() {
	for part := range fewParts {
		if part > 0 && !f.byRows() {
			break // the same rows
		}
		for i := range 2 {
			PREFETCHT0(f.weights(f.soon, part, pairBytes*i))
		}
	}
}

// fetchPlace asks for a place. Its registers are set afterwards.
func (f *few) fetchPlace(none string) {
	SUBQ(U8(1), f.left)
	JL(LabelRef(none))
	MOVQ(f.places, f.d)
	ADDQ(U8(8), f.places)
	MOVQ(at(f.d, 0), f.soon)
	for offset := 0; offset < 256; offset += 64 {
		PREFETCHT1(at(f.soon, offset))
	}
	Label(none)
}

// results makes results of the sums of a part, as fourTokens does. After the last part it
// goes on to the next row groups.
func (f *few) results(part int) (e emission) {
	tokens, t := f.tokens(part), z512[fewT]
	n := len(tokens)
	pair := func(x, y reg.VecPhysical, lo, hi func(...Op)) {
		e.add(func() { lo(y, x, t) })
		e.add(func() { hi(y, x, x) })
		e.add(func() { VPADDD(t, x, x) })
	}
	sum := func(i int) reg.VecPhysical { return f.sum(part, 0, tokens[min(i, n-1)]) }
	for i := range n {
		pair(sum(i), f.sum(part, 1, tokens[i]), VPUNPCKLDQ, VPUNPCKHDQ)
	}
	for i := 0; i < n; i += 2 {
		pair(sum(i), sum(i+1), VPUNPCKLQDQ, VPUNPCKHQDQ)
	}
	x, y := sum(0), sum((n-1)&^1)
	e.add(func() { VSHUFI32X4(U8(0x88), y, x, t) })
	e.add(func() { VSHUFI32X4(U8(0xdd), y, x, x) })
	e.add(func() { VPADDD(t, x, x) })
	e.add(func() { VPERMD(x, z512[fewOf], x) })

	ends, acc := 0, at(f.acc, 64*part)
	if !f.byRows() {
		ends = 128 * part
	}
	unless := func(bit int, then func()) { // the same way for all groups
		f.branches++
		skip := f.label(fmt.Sprintf("skip%d_", f.branches))
		BTQ(U8(uint8(bit)), f.more)
		JCC(LabelRef(skip))
		then()
		Label(skip)
	}
	e.add(func() { unless(fewAdd, func() { VPADDD(acc, x, x) }) })
	e.add(func() { unless(fewKeep, func() { VMOVDQU64(x, acc) }) })
	e.add(func() { VPSUBD(at(f.ends, ends), x, x) })
	e.add(func() { VCVTDQ2PS(x, x) })
	e.add(func() { VMULPS(at(f.ends, ends+64), x, x) })
	to := 0
	if f.byRows() {
		to = 16 * part
	}
	if f.byRows() || part == 0 {
		e.add(func() { MOVQ(f.y, f.to) })
	}
	for t := range n {
		e.add(func() {
			if t == 0 {
				VMOVUPS(x.AsX(), at(f.to, to))
			} else {
				VEXTRACTF32X4(U8(uint8(t)), x, at(f.to, to))
			}
			ADDQ(f.stride, f.to)
		})
	}
	if part == fewParts-1 {
		e.add(func() {
			advance(64*fewParts, f.acc)
			if f.byRows() {
				advance(16*fewParts, f.y)
			} else {
				advance(16, f.y)
			}
		})
	}
	return e
}

// few512 emits the product of 8, 7, 6, 5 or 2 tokens. Of three or four, whose activations two row
// groups could share, it is faster from the cache but slower from memory.
func few512() {
	function("fewAVX512", "func(y *float32, stride int, data *byte, q *int8, acc, ends *int32, blocks, groupBytes, groups, tokens, ahead, more int, places **byte, n int)",
		"is tileAVX512 for blocks ≥ 2 and 5 to 8 tokens, or two, for which it takes twice as many groups. With each of the first n ≥ 0 of them it fetches 256 bytes from one of n places on.")
	places, left := AllocLocal(8), AllocLocal(8)
	MOVQ(param("places"), RAX)
	MOVQ(RAX, places)
	MOVQ(param("n"), RAX)
	MOVQ(RAX, left)
	tokens := param("tokens")
	VPBROADCASTD(bits(0x03030303), z512[fewLow])
	VMOVDQU64(tokenOrder(), z512[fewOf])
	counts := []int{8, 7, 6, 5, 2}
	for _, n := range counts[:len(counts)-1] {
		CMPQ(tokens, U8(n))
		JE(LabelRef(fmt.Sprintf("tokens%d", n)))
	}
	for i := range counts {
		(&few{n: counts[len(counts)-1-i], places: places, left: left}).emit()
	}
}

func (f *few) emit() {
	Label(f.label("tokens"))
	f.y, f.stride, f.acc, f.data = param("y"), param("stride"), param("acc"), param("data")
	f.ends, f.more = param("ends"), param("more")
	SHLQ(U8(2), f.stride)
	f.d, f.soon, f.p, f.to = GP64(), GP64(), GP64(), GP64()
	left := param("groups")
	groups := 1 // at a time
	if f.byRows() {
		groups = fewParts
	}
	f.ahead, f.after = param("ahead"), param("groupBytes")
	// first emits a block that begins sums, among whose products the last part of the row
	// groups before is completed, unless there are none.
	first := func(before bool) {
		f.fetchPlace(f.label(fmt.Sprintf("none%v_", before)))
		MOVQ(f.data, f.d)
		LEAQ(Mem{Base: f.d, Index: f.ahead, Scale: 1}, f.soon)
		for range groups {
			ADDQ(f.after, f.data)
		}
		MOVQ(NewParamAddr("q", 24), f.p)
		for part := range fewParts {
			f.clear(part)
			var e emission
			if part == 0 && before {
				e = f.results(fewParts - 1)
			}
			e.among(f.products(part))
		}
		f.next()
	}
	first(false)
	Label(f.label("blocks"))
	blocks := param("blocks")
	SUBQ(U8(2), blocks)
	JZ(LabelRef(f.label("last")))
	loop(f.label("block"), blocks, func() {
		if f.byRows() {
			for part := range fewParts {
				emission(nil).among(f.products(part))
			}
		} else {
			emission(nil).among(f.products(0, 1))
		}
		f.next()
	})
	Label(f.label("last"))
	for part := range fewParts {
		var e emission
		if part > 0 {
			e = f.results(part - 1)
		}
		e.among(f.products(part))
	}
	DECQ(left)
	JZ(LabelRef(f.label("end")))
	first(true)
	JMP(LabelRef(f.label("blocks")))
	Label(f.label("end"))
	for _, r := range f.results(fewParts - 1) {
		r()
	}
	VZEROUPPER()
	RET()
}

// next goes on to the next block, and asks for one that comes later.
func (f *few) next() {
	f.fetch()
	advance(blockBytes, f.d, f.soon)
	advance(256*f.n, f.p)
}

// emission is a run of instructions.
type emission []func()

func (e *emission) add(f func()) { *e = append(*e, f) }

// among emits e among others, from the sixth of them on.
func (e emission) among(others emission) {
	const first = 6
	n := 0
	for i, f := range others {
		f()
		for ; n < len(e)*(i-first+1)/(len(others)-first); n++ {
			e[n]()
		}
	}
	for ; n < len(e); n++ {
		e[n]()
	}
}
