package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Attention over keys and values of 8 bits with a scale for each, or of binary16, of one to
// four queries, for which each is read and converted once. A product has sixteen partial sums, in one
// register of 512 bits or in two of 256, and they are added in the same order, so that
// both give the same bits.

// wide says how wide registers are.
type wide struct {
	name  string
	parts int // of sixteen floats
	reg   func() VecVirtual
}

var (
	with256 = wide{"AVX2", 2, YMM}
	with512 = wide{"AVX512", 1, ZMM}
)

func (w wide) bytes() int { return 64 / w.parts }

func (w wide) regs(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = w.reg()
		if w.parts == 1 {
			VPXORD(r[i], r[i], r[i])
		} else {
			VPXOR(r[i], r[i], r[i])
		}
	}
	return r
}

// cached is how keys and values are stored.
type cached struct {
	name, param string
	size        int // of a value
	load        func(m Mem, v VecVirtual)
	scaled      bool
}

var (
	bytes8 = cached{"8", "*int8, scales *float32", 1, func(m Mem, v VecVirtual) {
		VPMOVSXBD(m, v)
		VCVTDQ2PS(v, v)
	}, true}
	half16 = cached{"16", "*uint16", 2, func(m Mem, v VecVirtual) { VCVTPH2PS(m, v) }, false}
)

// ahead is how far ahead what is next is fetched, in bytes.
const attentionAhead = 3072

// total adds up the sixteen sums of one product, or of each of four.
func (w wide) total(products [][]VecVirtual) VecVirtual {
	for part := range w.parts {
		var a []VecVirtual
		for _, p := range products {
			a = append(a, p[part])
		}
		if len(a) == 4 {
			pair := func(a, b VecVirtual, lo, hi func(...Op)) {
				t := w.reg()
				lo(b, a, t)
				hi(b, a, a)
				VADDPS(t, a, a)
			}
			pair(a[0], a[1], VUNPCKLPS, VUNPCKHPS)
			pair(a[2], a[3], VUNPCKLPS, VUNPCKHPS)
			pair(a[0], a[2], VUNPCKLPD, VUNPCKHPD)
			continue
		}
		t := w.reg()
		for _, order := range []uint8{0x4e, 0xb1} {
			VSHUFPS(U8(order), a[0], a[0], t)
			VADDPS(t, a[0], a[0])
		}
	}
	first, x := products[0], XMM()
	if w.parts == 1 {
		h := YMM()
		VEXTRACTF64X4(U8(1), first[0], h)
		VADDPS(first[0].AsY(), h, h)
		VEXTRACTF32X4(U8(1), h, x)
		VADDPS(h.AsX(), x, x)
		return x
	}
	VADDPS(first[1], first[0], first[0])
	VEXTRACTF128(U8(1), first[0], x)
	VADDPS(first[0].AsX(), x, x)
	return x
}

func scoresOf(w wide, f cached, n int) {
	doc := "stores scale·(k[r]·x) in y for each of %d x, of rows ≥ 1 rows of cols values, a multiple of 16."
	if f.scaled {
		doc = strings.Replace(doc, "scale·", "scale·scales[r]·", 1)
	}
	function(fmt.Sprintf("scores%sx%d%s", f.name, n, w.name), "func(y, x *[4]*float32, k "+f.param+", rows, cols int, scale float32)", fmt.Sprintf(doc, n))
	y, x := queries("y", n), queries("x", n)
	// Registers are few: what is needed once a row stands in memory.
	k, stride, rows := param("k"), param("cols"), AllocLocal(8)
	SHLQ(U8(uint8(f.size/2)), stride)
	MOVQ(Load(Param("rows"), GP64()), rows)
	scale := NewParamAddr("scale", 40)
	var scalesAt Mem
	if f.scaled {
		scalesAt, scale = AllocLocal(8), NewParamAddr("scale", 48)
		MOVQ(Load(Param("scales"), GP64()), scalesAt)
	}
	four := w.parts == 1 || n == 1 // rows have registers for their sums
	block := func(many int, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, many) }
		Label(label("rows"))
		CMPQ(rows, U8(many))
		JL(LabelRef(next))
		acc := make([][][]VecVirtual, n) // [query][row][part]
		for i := range acc {
			for range many {
				acc[i] = append(acc[i], w.regs(w.parts))
			}
		}
		left, at4, k3, ahead := GP64(), GP64(), GP64(), GP64()
		MOVQ(stride, left)
		SHRQ(U8(uint8(4+f.size/2)), left)
		XORQ(at4, at4)
		LEAQ(at(k, attentionAhead), ahead)
		if many == 4 {
			LEAQ(Mem{Base: k, Index: stride, Scale: 2}, k3)
			ADDQ(stride, k3)
		}
		loop(label("step"), left, func() {
			for part := range w.parts {
				q := make([]VecVirtual, n)
				for i := range q {
					q[i] = w.reg()
					VMOVUPS(Mem{Base: x[i], Index: at4, Scale: 1, Disp: 32 * part}, q[i])
				}
				for r := range many {
					from := row(k, stride, r, 8*f.size*part)
					if r == 3 {
						from = at(k3, 8*f.size*part)
					}
					v := w.reg()
					f.load(from, v)
					for i := range q {
						VFMADD231PS(q[i], v, acc[i][r][part])
					}
				}
			}
			if many == 4 || !four { // as the one stream that rows are
				for i := range max(1, many*16*f.size/64) {
					PREFETCHT0(at(ahead, 64*i))
				}
				advance(16*f.size*many, ahead)
			}
			advance(64, at4)
			advance(16*f.size, k)
			if many == 4 {
				advance(16*f.size, k3)
			}
		})
		if many == 4 {
			MOVQ(k3, k)
		}
		s := XMM()
		VBROADCASTSS(scale, s)
		if f.scaled {
			scales := GP64()
			MOVQ(scalesAt, scales)
			if many == 4 {
				VMULPS(at(scales, 0), s, s)
			} else {
				VMULSS(at(scales, 0), s, s)
			}
			advance(4*many, scales)
			MOVQ(scales, scalesAt)
		}
		for i := range acc {
			sum := w.total(acc[i])
			VMULPS(s, sum, sum)
			if many == 4 {
				VMOVUPS(sum, at(y[i], 0))
			} else {
				VMOVSS(sum, at(y[i], 0))
			}
		}
		advance(4*many, y...)
		SUBQ(U8(many), rows)
		JMP(LabelRef(label("rows")))
	}
	if four {
		block(4, "rows1")
	}
	block(1, "done")
	Label("done")
	VZEROUPPER()
	RET()
}

func weightedSumsOf(w wide, f cached, n int) {
	doc := "adds p[i]·v[i] of rows ≥ 1 rows of cols columns, a multiple of 16, to each of %d out, in the order of i."
	if f.scaled {
		doc = strings.Replace(doc, "p[i]·", "p[i]·scales[i]·", 1)
	}
	function(fmt.Sprintf("weightedSum%sx%d%s", f.name, n, w.name), "func(out, p *[4]*float32, v "+f.param+", rows, cols int)", fmt.Sprintf(doc, n))
	lanes := w.bytes() / 4
	most := 12
	if w.parts == 1 {
		most = 24
	}
	out := queries("out", n)
	v, cols, stride := param("v"), param("cols"), GP64()
	MOVQ(cols, stride)
	SHLQ(U8(uint8(f.size/2)), stride)
	sizes := []int{}
	for _, c := range []int{12, 8, 6, 4, 2, 1} {
		if c*n <= most {
			sizes = append(sizes, c)
		}
	}
	for j, c := range sizes {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, c) }
		next := "done"
		if j+1 < len(sizes) {
			next = fmt.Sprintf("columns%d", sizes[j+1])
		}
		Label(label("columns"))
		CMPQ(cols, U32(uint32(lanes*c)))
		JL(LabelRef(next))
		acc := make([][]VecVirtual, n)
		for i := range acc {
			for k := range c {
				a := w.reg()
				VMOVUPS(at(out[i], w.bytes()*k), a)
				acc[i] = append(acc[i], a)
			}
		}
		p := queries("p", n)
		rows, row := param("rows"), GP64()
		ends := p // what moves from row to row
		var scales Register
		if f.scaled {
			scales = param("scales")
			ends = append(ends, scales)
		}
		MOVQ(v, row)
		loop(label("row"), rows, func() {
			weights := make([]VecVirtual, n)
			s := XMM()
			if f.scaled {
				VMOVSS(at(scales, 0), s)
			}
			for i := range weights {
				weights[i] = w.reg()
				if f.scaled {
					t := XMM()
					VMULSS(at(p[i], 0), s, t)
					VBROADCASTSS(t, weights[i])
				} else {
					VBROADCASTSS(at(p[i], 0), weights[i])
				}
			}
			for b := 0; b < lanes*c*f.size; b += 64 {
				PREFETCHT0(at(row, attentionAhead+b))
			}
			for k := range c {
				x := w.reg()
				f.load(at(row, lanes*f.size*k), x)
				for i := range weights {
					VFMADD231PS(x, weights[i], acc[i][k])
				}
			}
			advance(4, ends...)
			ADDQ(stride, row)
		})
		for i := range acc {
			for k, a := range acc[i] {
				VMOVUPS(a, at(out[i], w.bytes()*k))
			}
		}
		advance(w.bytes()*c, out...)
		advance(lanes*f.size*c, v)
		SUBQ(U32(uint32(lanes*c)), cols)
		JMP(LabelRef(label("columns")))
	}
	Label("done")
	VZEROUPPER()
	RET()
}
