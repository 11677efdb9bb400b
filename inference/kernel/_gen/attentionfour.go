package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Attention of four queries over keys and values of their own, which lie as far apart as
// the heads of a chunk: memory is read a third faster in four streams than in one. Each
// result is made by the same steps as by scoresOf and weightedSumsOf.

// fourRuns is a place in each of four runs.
type fourRuns struct{ p, far, p3 Register } // in the first, bytes to that of the next run, in the last

func fourRunsAt(p, far Register) fourRuns {
	f := fourRuns{p, far, GP64()}
	f.place()
	return f
}

// place sets the place in the last run by that in the first.
func (f fourRuns) place() {
	LEAQ(Mem{Base: f.far, Index: f.far, Scale: 2}, f.p3)
	ADDQ(f.p, f.p3)
}

func (f fourRuns) at(i, offset int) Mem {
	if i == 3 {
		return at(f.p3, offset)
	}
	return row(f.p, f.far, i, offset)
}

func (f fourRuns) advance(n int) { advance(n, f.p, f.p3) }

// fetch fetches lines from there on.
func (f fourRuns) fetch(bytes int) {
	for b := 0; b < bytes; b += 64 {
		for i := range 4 {
			PREFETCHT0(f.at(i, b))
		}
	}
}

// lines are lines of each run, line by line.
func (f fourRuns) lines(bytes int) (m []Mem) {
	for b := 0; b < bytes; b += 64 {
		for i := range 4 {
			m = append(m, f.at(i, b))
		}
	}
	return m
}

// scoresFour emits scores of keys of floats.
func scoresFour(f cached) {
	function("scoresFour"+f.name+"AVX512", "func(y, x *[4]*float32, k "+f.param+", far, rows, cols int, scale float32, ahead *byte)",
		"stores scale·(k[r]·x) in y for four x, each with rows of its own, far bytes from those of the one before, and fetches as much from ahead on: rows ≥ 1 rows of cols values, a multiple of 32.")
	x, scale := queries("x", 4), XMM()
	far := param("far")
	k, ahead, cols, row := fourRunsAt(param("k"), far), fourRunsAt(param("ahead"), far), param("cols"), GP64()
	SHRQ(U8(5), cols)
	XORQ(row, row)
	Label("row")
	acc := with512.zeros(4)
	column, left := GP64(), GP64()
	XORQ(column, column)
	MOVQ(cols, left)
	loop("step", left, func() {
		ahead.fetch(32 * f.size)
		for part := range 2 {
			for i := range acc {
				v := ZMM()
				f.load(k.at(i, 16*f.size*part), v)
				VFMADD231PS(Mem{Base: x[i], Index: column, Scale: 1, Disp: 64 * part}, v, acc[i])
			}
		}
		k.advance(32 * f.size)
		ahead.advance(32 * f.size)
		advance(128, column)
	})
	VBROADCASTSS(address("scale"), scale)
	sum := with512.total([][]VecVirtual{acc[:1], acc[1:2], acc[2:3], acc[3:]}, VADDPS)
	VMULPS(scale, sum, sum)
	storeFour(sum, row)
	INCQ(row)
	CMPQ(row, address("rows"))
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// storeFour stores the results of one row.
func storeFour(sum VecVirtual, row Register) {
	for i := range 4 {
		to := GP64()
		MOVQ(address("y"), to)
		MOVQ(at(to, 8*i), to)
		VEXTRACTPS(U8(uint8(i)), sum, Mem{Base: to, Index: row, Scale: 4})
	}
}

// scoresFour8 emits scores of keys of 8 bits, of two rows at a time: the queries stay in
// registers.
func scoresFour8() {
	function("scoresFour8AVX512", "func(y *[4]*float32, x *[4]*int16, k *int8, scales *float32, far, rows, cols int, muls *[4]float32, ahead *byte)",
		"stores scales[r]·muls·(k[r]·x) in y for four x, each with rows of its own, far bytes from those of the one before (and 4·far/cols those of the scales), and fetches as much from ahead on: rows ≥ 1 rows of cols values, 32, 64, 96 or 128.")
	scalesFar := AllocLocal(8)
	MOVQ(param("far"), RAX)
	XORQ(RDX, RDX)
	DIVQ(param("cols"))
	SHLQ(U8(2), RAX)
	MOVQ(RAX, scalesFar)
	cols := param("cols")
	for steps := 1; steps < 4; steps++ {
		CMPQ(cols, U8(32*steps))
		JE(LabelRef(fmt.Sprintf("steps%d", steps)))
	}
	for _, steps := range []int{4, 3, 2, 1} {
		name := func(s string) string { return fmt.Sprintf("%s%d", s, steps) }
		Label(name("steps"))
		x := make([][]VecVirtual, 4)
		for i, from := range queries("x", 4) {
			for k := range steps {
				q := ZMM()
				VMOVDQU32(at(from, 64*k), q)
				x[i] = append(x[i], q)
			}
		}
		muls := XMM()
		VMOVUPS(at(param("muls"), 0), muls)
		far, second := param("far"), GP64()
		even, ahead, row := fourRunsAt(param("k"), far), fourRunsAt(param("ahead"), far), GP64()
		LEAQ(at(even.p, 32*steps), second)
		odd := fourRunsAt(second, far)
		next := GP64() // the number of the second row
		XORQ(row, row)
		MOVQ(U32(1), next)
		CMPQ(address("rows"), U8(1))
		JE(LabelRef(name("last")))
		Label(name("rows"))
		sums := make([][][]VecVirtual, 2) // [row][query][one]
		lines := ahead.lines(64 * steps)
		for r, run := range []fourRuns{even, odd} {
			for i := range x {
				acc := ZMM()
				VPBROADCASTD(bits(0), acc)
				sums[r] = append(sums[r], []VecVirtual{acc})
				for k, q := range x[i] {
					if (i*steps+k)%2 == r {
						PREFETCHT0(lines[0])
						lines = lines[1:]
					}
					v := ZMM()
					VPMOVSXBW(run.at(i, 32*k), v)
					VPDPWSSD(q, v, acc)
				}
			}
		}
		for r, row := range []Register{row, next} {
			sum, mul, scales := with512.total(sums[r], VPADDD), XMM(), GP64()
			VCVTDQ2PS(sum, sum)
			MOVQ(address("scales"), scales)
			LEAQ(Mem{Base: scales, Index: row, Scale: 4}, scales)
			VMOVSS(at(scales, 0), mul)
			for i := 1; i < 4; i++ {
				ADDQ(scalesFar, scales)
				VINSERTPS(U8(uint8(i<<4)), at(scales, 0), mul, mul)
			}
			VMULPS(muls, mul, mul)
			VMULPS(mul, sum, sum)
			storeFour(sum, row)
		}
		for _, f := range []fourRuns{even, odd, ahead} {
			f.advance(64 * steps)
		}
		ADDQ(U8(2), row)
		LEAQ(at(row, 1), next)
		CMPQ(next, address("rows"))
		JL(LabelRef(name("rows")))
		JG(LabelRef("done"))
		Label(name("last")) // is paired with itself
		MOVQ(even.p, odd.p)
		MOVQ(even.p3, odd.p3)
		MOVQ(row, next)
		JMP(LabelRef(name("rows")))
	}
	Label("done")
	VZEROUPPER()
	RET()
}

// weightedSumsFour emits the sums of values.
func weightedSumsFour(f cached) {
	doc := "adds p[r]·v[r] to each of four out, in the order of r, each with rows of its own, far bytes from those of the one before, and fetches as much from ahead on: rows ≥ 1 rows of cols columns, a multiple of 16."
	signature := "func(out, p *[4]*float32, v " + f.param + ", far, rows, cols int, ahead *byte)"
	function("weightedSumFour"+f.name+"AVX512", signature, doc)
	left := AllocLocal(8) // columns
	stride, v, far := param("cols"), param("v"), param("far")
	MOVQ(stride, left)
	if f.size > 1 {
		SHLQ(U8(uint8(f.size/2)), stride)
	}
	columnAt := AllocLocal(8)
	MOVQ(U32(0), columnAt)
	sizes := []int{6, 4, 2, 1}
	for j, c := range sizes {
		name := func(s string) string { return fmt.Sprintf("%s%d", s, c) }
		next := "done"
		if j+1 < len(sizes) {
			next = fmt.Sprintf("columns%d", sizes[j+1])
		}
		Label(name("columns"))
		CMPQ(left, U32(uint32(16*c)))
		JL(LabelRef(next))
		acc := make([][]VecVirtual, 4)
		{
			column := GP64()
			MOVQ(columnAt, column)
			for i, out := range queries("out", 4) {
				for k := range c {
					a := ZMM()
					VMOVUPS(Mem{Base: out, Index: column, Scale: 1, Disp: 64 * k}, a)
					acc[i] = append(acc[i], a)
				}
			}
		}
		p, n := queries("p", 4), GP64()
		start, from := GP64(), GP64()
		MOVQ(v, start)
		MOVQ(columnAt, from) // of four bytes
		SHRQ(U8(uint8(2-f.size/2)), from)
		ADDQ(address("ahead"), from)
		run, ahead := fourRunsAt(start, far), fourRunsAt(from, far)
		XORQ(n, n)
		Label(name("row"))
		weights := make([]VecVirtual, 4)
		for i := range weights {
			weights[i] = ZMM()
			VBROADCASTSS(Mem{Base: p[i], Index: n, Scale: 4}, weights[i])
		}
		ahead.fetch(16 * c * f.size)
		for i := range acc {
			for k := range c {
				x := ZMM()
				f.load(run.at(i, 16*f.size*k), x)
				VFMADD231PS(x, weights[i], acc[i][k])
			}
		}
		for _, p := range []Register{run.p, run.p3, ahead.p, ahead.p3} {
			ADDQ(stride, p)
		}
		INCQ(n)
		CMPQ(n, address("rows"))
		JNE(LabelRef(name("row")))
		column := GP64()
		MOVQ(columnAt, column)
		for i, out := range queries("out", 4) {
			for k, a := range acc[i] {
				VMOVUPS(a, Mem{Base: out, Index: column, Scale: 1, Disp: 64 * k})
			}
		}
		advance(16*f.size*c, v)
		ADDQ(U32(uint32(64*c)), columnAt)
		SUBQ(U32(uint32(16*c)), left)
		JMP(LabelRef(name("columns")))
	}
	Label("done")
	VZEROUPPER()
	RET()
}
