package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// deltaStep emits the gated delta rule for one token: both products read the columns of
// the state that a group of registers holds, from memory, and the update comes back from
// the last row to the first, so that the ones read last are still in L1.
func deltaStep(name string, vectors int, register func() VecVirtual) {
	size := int(register().Size())
	width := vectors * size
	const stateAt = 8
	function("deltaStep"+name, "func(out, state, k, q, v *float32, rows, chunks, stride int, decay, step, kq float32)",
		fmt.Sprintf("is deltaStepGeneric for chunks ≥ 1 times %d columns of rows ≥ 1 rows, stride bytes apart.", width/4))
	out, state, k, q, v := param("out"), param("state"), param("k"), param("q"), param("v")
	chunks, stride := param("chunks"), param("stride")
	set := func(name string) VecVirtual {
		p, err := Param(name).Resolve()
		if err != nil {
			panic(err)
		}
		r := register()
		VBROADCASTSS(p.Addr, r)
		return r
	}
	registers := func() []VecVirtual {
		r := make([]VecVirtual, vectors)
		for i := range r {
			r[i] = register()
		}
		return r
	}
	Label("chunk")
	seen, read := registers(), registers()
	for i := range seen {
		clearVec(seen[i])
		clearVec(read[i])
	}
	s, left := GP64(), param("rows")
	MOVQ(state, s)
	product := func(fetch func()) func() {
		return func() {
			fetch()
			bk, bq := register(), register()
			VBROADCASTSS(at(k, 0), bk)
			VBROADCASTSS(at(q, 0), bq)
			for i := range seen {
				a, b := register(), register()
				VMOVUPS(at(s, size*i), a)
				VMULPS(a, bk, b)
				VMULPS(a, bq, a)
				VADDPS(b, seen[i], seen[i])
				VADDPS(a, read[i], read[i])
			}
			advance(4, k, q)
			ADDQ(stride, s)
		}
	}
	CMPQ(state, NewParamAddr("state", stateAt))
	JNE(LabelRef("near"))
	// The first columns fetch the rows whole, some ahead.
	ahead := GP64()
	LEAQ(Mem{Base: state, Index: stride, Scale: 8}, ahead)
	loop("far", left, product(func() {
		for i := range 8 {
			PREFETCHT1(at(ahead, 64*i))
		}
		ADDQ(stride, ahead)
	}))
	JMP(LabelRef("solve"))
	loop("near", left, product(func() {}))
	Label("solve")
	{
		decay, step, kq := set("decay"), set("step"), set("kq")
		for i := range seen { // seen becomes u
			t := register()
			VMULPS(seen[i], decay, seen[i])
			VMOVUPS(at(v, size*i), t)
			VSUBPS(seen[i], t, seen[i])
			VMULPS(seen[i], step, seen[i])
			VMULPS(read[i], decay, read[i])
			VMULPS(seen[i], kq, t)
			VADDPS(t, read[i], t)
			VMOVUPS(t, at(out, size*i))
		}
	}
	decay := set("decay")
	Load(Param("rows"), left)
	loop("update", left, func() {
		SUBQ(stride, s)
		SUBQ(U8(4), k)
		bk := register()
		VBROADCASTSS(at(k, 0), bk)
		for i := range seen {
			a, b := register(), register()
			VMULPS(at(s, size*i), decay, a)
			VMULPS(seen[i], bk, b)
			VADDPS(b, a, a)
			VMOVUPS(a, at(s, size*i))
		}
	})
	Load(Param("q"), q)
	advance(width, state, v, out)
	DECQ(chunks)
	JNZ(LabelRef("chunk"))
	VZEROUPPER()
	RET()
}

func clearVec(v VecVirtual) {
	if v.Size() == 64 {
		VPXORD(v, v, v)
	} else {
		VPXOR(v, v, v)
	}
}

// convolve emits the convolution of each of n channels over time, in place: from the last
// token to the first, so that the inputs are still there.
func convolve() {
	function("convolveAsm", "func(x *float32, stride int, w *float32, n, taps, tokens int)",
		"replaces the last of taps rows of n values, a positive multiple of 8, stride bytes apart, by silu of Σ w[i]·x[i]; then likewise one row earlier, tokens ≥ 1 times.")
	x, stride, weights, n, tokens := param("x"), param("stride"), param("w"), param("n"), param("tokens")
	wide := GP64() // bytes from one row of w to the next
	MOVQ(n, wide)
	SHLQ(U8(2), wide)
	ahead := GP64()
	XORQ(ahead, ahead)
	SUBQ(stride, ahead)
	loop("token", tokens, func() {
		from, w, count := GP64(), GP64(), GP64()
		MOVQ(x, from)
		MOVQ(weights, w)
		MOVQ(n, count)
		SHRQ(U8(3), count)
		loop("next", count, func() {
			sum, v, left, in, wi := YMM(), YMM(), param("taps"), GP64(), GP64()
			MOVQ(from, in)
			MOVQ(w, wi)
			PREFETCHT0(Mem{Base: from, Index: ahead, Scale: 2}) // rows are far apart
			clearVec(sum)
			loop("tap", left, func() {
				VMOVUPS(at(in, 0), v)
				VMULPS(at(wi, 0), v, v)
				VADDPS(v, sum, sum)
				ADDQ(stride, in)
				ADDQ(wide, wi)
			})
			SUBQ(stride, in)
			VXORPS(bits(1<<31), sum, v)
			exp(v)
			VADDPS(float(1), v, v)
			VDIVPS(v, sum, v)
			VMOVUPS(v, at(in, 0))
			advance(32, from, w)
		})
		SUBQ(stride, x)
	})
	VZEROUPPER()
	RET()
}

// sigmoidMul emits the gate of a head.
func sigmoidMul() {
	function("sigmoidMulAsm", "func(y, gate *float32, n int)",
		"multiplies y by 1/(1+exp(-gate)). n is a positive multiple of 8.")
	y, gate, n := param("y"), param("gate"), param("n")
	eights(n, []GPVirtual{y, gate}, func() {
		v := YMM()
		VMOVUPS(bits(1<<31), v)
		VXORPS(at(gate, 0), v, v)
		exp(v)
		VADDPS(float(1), v, v)
		u := YMM()
		VMOVUPS(at(y, 0), u)
		VDIVPS(v, u, v)
		VMOVUPS(v, at(y, 0))
	})
	VZEROUPPER()
	RET()
}
