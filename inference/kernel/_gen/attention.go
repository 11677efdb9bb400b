package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Attention of one to four queries over the same keys and values, each of which is then
// read and converted once. A product of floats has sixteen partial sums, in one register
// of 512 bits or in two of 256, and they are added in the same order, so that both give
// the same bits.

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

// zeros returns n registers that hold zeros.
func (w wide) zeros(n int) []VecVirtual {
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
}

var (
	half16   = cached{"16", "*uint16", 2, func(m Mem, v VecVirtual) { VCVTPH2PS(m, v) }}
	float32s = cached{"32", "*float32", 4, func(m Mem, v VecVirtual) { VMOVUPS(m, v) }}
)

// queries loads n of the pointers, one of each query, that a parameter points at.
func queries(name string, n int) []Register {
	from, p := param(name), make([]Register, n)
	for i := range p {
		v := GP64()
		MOVQ(at(from, 8*i), v)
		p[i] = v
	}
	return p
}

// address is where a parameter of the current function stands.
func address(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// eachCount emits variant for each number of queries, and jumps to that of n.
func eachCount(variant func(n int, label func(string) string)) {
	count := param("n")
	for n := 1; n < 4; n++ {
		CMPQ(count, U8(n))
		JE(LabelRef(fmt.Sprintf("of%d", n)))
	}
	for _, n := range []int{4, 3, 2, 1} {
		Label(fmt.Sprintf("of%d", n))
		variant(n, func(s string) string { return fmt.Sprintf("%s_of%d", s, n) })
		VZEROUPPER()
		RET()
	}
}

// fold adds up the values of one register, or of each of four, within every 128 bits: there
// then stands the sum of one, or those of the four.
func (w wide) fold(v []VecVirtual, add func(...Op)) VecVirtual {
	t := w.reg()
	if len(v) == 1 {
		for _, order := range []uint8{0x4e, 0xb1} {
			VSHUFPS(U8(order), v[0], v[0], t)
			add(t, v[0], v[0])
		}
		return v[0]
	}
	pair := func(a, b VecVirtual, lo, hi func(...Op)) {
		lo(b, a, t)
		hi(b, a, a)
		add(t, a, a)
	}
	pair(v[0], v[1], VUNPCKLPS, VUNPCKHPS)
	pair(v[2], v[3], VUNPCKLPS, VUNPCKHPS)
	pair(v[0], v[2], VUNPCKLPD, VUNPCKHPD)
	return v[0]
}

// total adds up each of one or four products, which have one register or two.
func (w wide) total(products [][]VecVirtual, add func(...Op)) VecVirtual {
	var parts []VecVirtual
	for i := range products[0] {
		var v []VecVirtual
		for _, p := range products {
			v = append(v, p[i])
		}
		parts = append(parts, w.fold(v, add))
	}
	sum, x := parts[0], XMM()
	switch {
	case w.parts == 1:
		h := YMM()
		VEXTRACTF64X4(U8(1), sum, h)
		add(sum.AsY(), h, h)
		VEXTRACTF32X4(U8(1), h, x)
		add(h.AsX(), x, x)
		return x
	case len(parts) == 2:
		add(parts[1], sum, sum)
	}
	VEXTRACTF128(U8(1), sum, x)
	add(sum.AsX(), x, x)
	return x
}

// keys is what walks over the rows of keys.
type keys struct {
	n, size        int // queries; bytes of a value
	y, x           []Register
	k, stride      Register
	ahead          Register
	rows, scalesAt Mem // registers are few
}

func (s *keys) load(name string) {
	s.y, s.x = queries("y", s.n), queries("x", s.n)
	s.k, s.stride, s.ahead = param("k"), param("cols"), param("ahead")
	if s.size > 1 {
		SHLQ(U8(uint8(s.size/2)), s.stride)
	}
	MOVQ(Load(Param("rows"), GP64()), s.rows)
}

// block emits a loop over rows, many at a time: step adds the products of one step of
// columns, the address of a row of which is at(r, offset), and done stores what they give.
// Afterwards, with fewer rows left, it goes on at next.
func (s *keys) block(label func(string) string, many, columns, queryBytes int, next string, start func(), step func(row func(r, offset int) Mem, at Register), done func()) {
	name := func(part string) string { return label(fmt.Sprintf("%s%d", part, many)) }
	Label(name("rows"))
	CMPQ(s.rows, U8(many))
	JL(LabelRef(label(next)))
	start()
	left, column, k3 := GP64(), GP64(), GP64()
	MOVQ(s.stride, left)
	shift := 0
	for 1<<shift < columns*s.size {
		shift++
	}
	SHRQ(U8(uint8(shift)), left)
	XORQ(column, column)
	if many == 4 {
		LEAQ(Mem{Base: s.k, Index: s.stride, Scale: 2}, k3)
		ADDQ(s.stride, k3)
	}
	loop(name("step"), left, func() {
		step(func(r, offset int) Mem {
			if r == 3 {
				return at(k3, offset)
			}
			return row(s.k, s.stride, r, offset)
		}, column)
		for i := 0; i < many*columns*s.size; i += 64 {
			PREFETCHT0(at(s.ahead, i))
		}
		advance(many*columns*s.size, s.ahead)
		advance(queryBytes, column)
		advance(columns*s.size, s.k)
		if many == 4 {
			advance(columns*s.size, k3)
		}
	})
	if many == 4 {
		MOVQ(k3, s.k)
	}
	done()
	advance(4*many, s.y...)
	SUBQ(U8(many), s.rows)
	JMP(LabelRef(name("rows")))
}

// scoresOf emits scores of keys of floats.
func scoresOf(w wide, f cached) {
	function("scores"+f.name+w.name, "func(y, x *[4]*float32, n int, k "+f.param+", rows, cols int, scale float32, ahead *byte)",
		"stores scale·(k[r]·x) in y for each of n ≤ 4 x, of rows ≥ 1 rows of cols values, a multiple of 16, and fetches as much from ahead on.")
	rows := AllocLocal(8)
	eachCount(func(n int, label func(string) string) {
		s := keys{n: n, size: f.size, rows: rows}
		s.load("x")
		block := func(many int, next string) {
			acc := make([][][]VecVirtual, n) // [query][row][part]
			s.block(label, many, 16, 64, next, func() {
				for i := range acc {
					for range many {
						acc[i] = append(acc[i], w.zeros(w.parts))
					}
				}
			}, func(row func(r, offset int) Mem, column Register) {
				for part := range w.parts {
					q := make([]VecVirtual, n)
					for i := range q {
						q[i] = w.reg()
						VMOVUPS(Mem{Base: s.x[i], Index: column, Scale: 1, Disp: 32 * part}, q[i])
					}
					for r := range many {
						v := w.reg()
						f.load(row(r, 8*f.size*part), v)
						for i := range q {
							VFMADD231PS(q[i], v, acc[i][r][part])
						}
					}
				}
			}, func() {
				scale := XMM()
				VBROADCASTSS(address("scale"), scale)
				if many == 1 && n == 4 {
					sum := w.total([][]VecVirtual{acc[0][0], acc[1][0], acc[2][0], acc[3][0]}, VADDPS)
					VMULPS(scale, sum, sum)
					s.storeEach(sum)
					return
				}
				for i := range acc {
					sum := w.total(acc[i], VADDPS)
					VMULPS(scale, sum, sum)
					s.store(i, many, sum)
				}
			})
		}
		if w.parts == 1 || n == 1 { // rows have registers for their sums
			block(4, "rows1")
		}
		block(1, "done")
		Label(label("done"))
	})
}

// store stores the results of one row or four for query i.
func (s *keys) store(i, many int, sum VecVirtual) {
	if many == 4 {
		VMOVUPS(sum, at(s.y[i], 0))
	} else {
		VMOVSS(sum, at(s.y[i], 0))
	}
}

// storeEach stores the results of one row for four queries.
func (s *keys) storeEach(sum VecVirtual) {
	VMOVSS(sum, at(s.y[0], 0))
	for i := 1; i < 4; i++ {
		VEXTRACTPS(U8(uint8(i)), sum, at(s.y[i], 0))
	}
}

// weightedSumsOf emits the sums of values.
func weightedSumsOf(w wide, f cached) {
	function("weightedSum"+f.name+w.name, "func(out, p *[4]*float32, n int, v "+f.param+", rows, cols int, ahead *byte)",
		"adds p[i]·v[i] of rows ≥ 1 rows of cols columns, a multiple of 16, to each of n ≤ 4 out, in the order of i, and fetches as much from ahead on.")
	left := AllocLocal(8) // columns
	lanes := w.bytes() / 4
	most := 12 // sums in registers
	if w.parts == 1 {
		most = 24
	}
	eachCount(func(n int, label func(string) string) {
		out := queries("out", n)
		v, stride, first := param("v"), param("cols"), param("ahead")
		MOVQ(stride, left)
		if f.size > 1 {
			SHLQ(U8(uint8(f.size/2)), stride)
		}
		SUBQ(v, first) // how far ahead of the values
		sizes := []int{}
		for _, c := range []int{12, 8, 6, 4, 2, 1} {
			if c*n <= most {
				sizes = append(sizes, c)
			}
		}
		for j, c := range sizes {
			name := func(s string) string { return label(fmt.Sprintf("%s%d", s, c)) }
			next := "done"
			if j+1 < len(sizes) {
				next = fmt.Sprintf("columns%d", sizes[j+1])
			}
			Label(name("columns"))
			CMPQ(left, U32(uint32(lanes*c)))
			JL(LabelRef(label(next)))
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
			MOVQ(v, row)
			loop(name("row"), rows, func() {
				weights := make([]VecVirtual, n)
				for i := range weights {
					weights[i] = w.reg()
					VBROADCASTSS(at(p[i], 0), weights[i])
				}
				for b := 0; b < lanes*c*f.size; b += 64 {
					PREFETCHT0(Mem{Base: row, Index: first, Scale: 1, Disp: b})
				}
				for k := range c {
					x := w.reg()
					f.load(at(row, lanes*f.size*k), x)
					for i := range weights {
						VFMADD231PS(x, weights[i], acc[i][k])
					}
				}
				advance(4, p...)
				ADDQ(stride, row)
			})
			for i := range acc {
				for k, a := range acc[i] {
					VMOVUPS(a, at(out[i], w.bytes()*k))
				}
			}
			advance(w.bytes()*c, out...)
			advance(lanes*f.size*c, v)
			SUBQ(U32(uint32(lanes*c)), left)
			JMP(LabelRef(name("columns")))
		}
		Label(label("done"))
	})
}
