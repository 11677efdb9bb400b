package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// format is how floats are stored.
type format struct {
	size int                       // bytes of one value
	load func(m Mem, v VecVirtual) // reads eight as float32
}

var (
	f32  = format{4, func(m Mem, v VecVirtual) { VMOVUPS(m, v) }}
	f16  = format{2, func(m Mem, v VecVirtual) { VCVTPH2PS(m, v) }}
	bf16 = format{2, func(m Mem, v VecVirtual) {
		VPMOVZXWD(m, v)
		VPSLLD(U8(16), v, v)
	}}
)

// tailMask loads the mask of the last n of eight lanes, 0 ≤ n < 8: a rest of n
// values is read with the 8-n before it, which are then masked away. So no
// read leaves the row, as long as it has eight values.
func tailMask(n Register) VecVirtual {
	const all = 1<<32 - 1
	if _, ok := tables["tail"]; !ok {
		tables["tail"] = vector("tailMask", 0, 0, 0, 0, 0, 0, 0, 0, all, all, all, all, all, all, all, all)
	}
	p, v := GP64(), YMM()
	LEAQ(tables["tail"], p)
	VMOVDQU(Mem{Base: p, Index: n, Scale: 4}, v)
	return v
}

var tables = map[string]Mem{}

// dots emits y[r] = scale·Σ w[r]·x. A row is one chain of fused steps of eight
// values, whether it is one of four or alone, so results do not depend on how
// rows are cut.
func dots(name string, f format) {
	function(name, "func(y *float32, w *byte, x *float32, rows, cols int, scale float32)",
		"stores scale·(w[r]·x) of rows ≥ 1 rows of cols ≥ 8 in y.")
	y, w, x0, cols := param("y"), param("w"), param("x"), param("cols")
	rest, stride := GP64(), GP64() // the latter of a row in bytes
	MOVQ(cols, rest)
	ANDQ(U8(7), rest)
	MOVQ(cols, stride)
	SHLQ(U8(f.size/2), stride)
	q := quartersOf(w, param("rows"), stride)

	block := func(n int, rows Register, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		pointers := []Register{w}
		if n == 4 {
			pointers = append(pointers, q.w3)
		}
		TESTQ(rows, rows)
		JZ(LabelRef(next))
		Label(label("rows"))
		a := ymms(n)
		zero(a...)
		step := func(i int) {
			x := YMM()
			VMOVUPS(at(x0, 32*i), x)
			for r := range n {
				v := YMM()
				f.load(q.row(w, r, 8*f.size*i), v)
				VFMADD231PS(x, v, a[r])
			}
		}
		forward := func(values int) {
			advance(4*values, x0)
			advance(f.size*values, pointers...)
		}
		left := GP64()
		MOVQ(cols, left)
		SUBQ(U8(16), left)
		JL(LabelRef(label("eight")))
		Label(label("sixteen"))
		if n == 4 {
			q.prefetch(w)
		}
		step(0)
		step(1)
		forward(16)
		SUBQ(U8(16), left)
		JGE(LabelRef(label("sixteen")))
		Label(label("eight"))
		ADDQ(U8(8), left) // left is now the number of values beyond eight
		JL(LabelRef(label("rest")))
		step(0)
		forward(8)
		Label(label("rest"))
		TESTQ(rest, rest)
		JZ(LabelRef(label("sum")))
		{
			mask, x := tailMask(rest), YMM()
			VANDPS(Mem{Base: x0, Index: rest, Scale: 4, Disp: -32}, mask, x)
			back := GP64() // to the last eight values of the rows
			LEAQ(Mem{Base: rest, Disp: -8}, back)
			SHLQ(U8(f.size/2), back)
			for _, p := range pointers {
				ADDQ(back, p)
			}
			for r := range n {
				v := YMM()
				f.load(q.row(w, r, 0), v)
				VANDPS(v, mask, v)
				VFMADD231PS(x, v, a[r])
			}
			advance(8*f.size, pointers...)
		}
		Label(label("sum"))
		scale := XMM()
		VBROADCASTSS(NewParamAddr("scale", 40), scale)
		sums := scaled(a, scale)
		VMOVSS(sums, at(y, 0))
		for r := 1; r < n; r++ {
			VEXTRACTPS(U8(uint8(r)), sums, q.result(y, r))
		}
		advance(4, y)
		MOVQ(NewParamAddr("x", 16), x0)
		DECQ(rows)
		JNZ(LabelRef(label("rows")))
	}
	q.each(y, w, block)
	VZEROUPPER()
	RET()
}

// scaled adds up the lanes of one register or of each of four, neighbours first,
// and multiplies the sums by scale.
func scaled(a []VecVirtual, scale VecVirtual) VecVirtual {
	if len(a) == 4 {
		VHADDPS(a[1], a[0], a[0])
		VHADDPS(a[3], a[2], a[2])
		VHADDPS(a[2], a[0], a[0])
	} else {
		VHADDPS(a[0], a[0], a[0])
		VHADDPS(a[0], a[0], a[0])
	}
	hi := XMM()
	VEXTRACTF128(U8(1), a[0], hi)
	VADDPS(hi, a[0].AsX(), hi)
	VMULPS(scale, hi, hi)
	return hi
}

// weightedSum emits out[d] += Σ p[i]·v[i][d], up to 96 columns at a time in
// registers; every column is a chain of fused steps in the order of i.
func weightedSum(name string, f format) {
	function(name, "func(out, p *float32, v *byte, rows, cols int)",
		"adds p[i]·v[i] of rows ≥ 1 rows of cols ≥ 8 to out, in the order of i.")
	out, v, cols := param("out"), param("v"), param("cols")
	stride := GP64()
	MOVQ(cols, stride)
	SHLQ(U8(f.size/2), stride)
	// rows runs through the rows of n vectors at v.
	pass := func(label string, acc []VecVirtual) {
		p, rows, w := param("p"), param("rows"), GP64()
		MOVQ(v, w)
		loop(label, rows, func() {
			pi := YMM()
			VBROADCASTSS(at(p, 0), pi)
			for i, a := range acc {
				if 8*f.size*i%64 == 0 {
					PREFETCHT0(at(w, 8*f.size*i+1024))
				}
				x := YMM()
				f.load(at(w, 8*f.size*i), x)
				VFMADD231PS(x, pi, a)
			}
			advance(4, p)
			ADDQ(stride, w)
		})
	}
	columns := func(n int, next string) {
		label := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
		Label(label("columns"))
		CMPQ(cols, U8(8*n))
		JL(LabelRef(next))
		acc := ymms(n)
		for i, a := range acc {
			VMOVUPS(at(out, 32*i), a)
		}
		pass(label("row"), acc)
		for i, a := range acc {
			VMOVUPS(a, at(out, 32*i))
		}
		advance(32*n, out)
		advance(8*n*f.size, v)
		SUBQ(U8(8*n), cols)
		JMP(LabelRef(label("columns")))
	}
	columns(12, "columns8")
	columns(8, "columns4")
	columns(4, "columns1")
	columns(1, "rest")
	Label("rest")
	TESTQ(cols, cols)
	JZ(LabelRef("done"))
	{
		mask, acc := tailMask(cols), ymms(1)
		back := GP64()
		LEAQ(Mem{Base: cols, Disp: -8}, back)
		LEAQ(Mem{Base: out, Index: back, Scale: 4}, out)
		LEAQ(Mem{Base: v, Index: back, Scale: uint8(f.size)}, v)
		VMOVUPS(at(out, 0), acc[0])
		pass("rowRest", acc)
		VMASKMOVPS(acc[0], mask, at(out, 0))
	}
	Label("done")
	VZEROUPPER()
	RET()
}
