package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The Walsh-Hadamard transform adds and subtracts values at distances 1, 2, 4 … The first
// five or six distances take one pass over memory, in registers, each further three one
// pass.

// hadamardFirst emits the distances within 8·regs values, as a whole transform or as the
// first pass of one.
func hadamardFirst(regs int, whole bool) {
	n := 8 * regs
	name, signature, doc := "hadamardFirstAVX2", "func(x, signs *float32, n int)", ""
	if whole {
		name, signature, doc = fmt.Sprintf("hadamard%dAVX2", n), "func(x, signs *float32, n int, norm float32)", ", then by norm"
	}
	function(name, signature, fmt.Sprintf("multiplies n values, a positive multiple of %d, by signs where that is not nil, and transforms blocks of %[1]d%s.", n, doc))
	x, signs, count, norm := param("x"), param("signs"), param("n"), VecVirtual(nil)
	if whole {
		norm = broadcast("norm")
	}
	SHRQ(U8(log2(n)), count)
	v := make([]VecVirtual, regs)
	loop("block", count, func() {
		for i := range v {
			v[i] = YMM()
			VMOVUPS(at(x, 32*i), v[i])
		}
		TESTQ(signs, signs)
		JZ(LabelRef("unsigned"))
		for i := range v {
			VMULPS(at(signs, 32*i), v[i], v[i])
		}
		advance(4*n, signs)
		Label("unsigned")
		for i := 0; i < regs; i += 2 {
			withinPair(v[i], v[i+1])
		}
		for d := 1; d < regs; d *= 2 {
			butterflies(v, d)
		}
		for i := range v {
			if whole {
				VMULPS(norm, v[i], v[i])
			}
			VMOVUPS(v[i], at(x, 32*i))
		}
		advance(4*n, x)
	})
	VZEROUPPER()
	RET()
}

func log2(n int) (l uint8) {
	for ; n > 1; n /= 2 {
		l++
	}
	return l
}

// withinPair transforms the eight values of each of two registers.
func withinPair(a, b VecVirtual) {
	e, o := YMM(), YMM()
	for range 2 { // a neighbour's even and odd values side by side, twice
		VSHUFPS(U8(0x88), b, a, e)
		VSHUFPS(U8(0xdd), b, a, o)
		VADDPS(o, e, a)
		VSUBPS(o, e, b)
	}
	VPERM2F128(U8(0x20), b, a, e)
	VPERM2F128(U8(0x31), b, a, o)
	VADDPS(o, e, a)
	VSUBPS(o, e, b)
	// Now a is a0 b0 a1 b1 a2 b2 a3 b3, b the rest of both.
	VSHUFPS(U8(0x88), b, a, e)
	VSHUFPS(U8(0xdd), b, a, o)
	VPERMPD(U8(0xd8), e, a)
	VPERMPD(U8(0xd8), o, b)
}

// butterflies replaces registers at a distance by their sums and differences.
func butterflies(v []VecVirtual, distance int) {
	for i := range v {
		if i&distance == 0 {
			a, b := v[i], v[i+distance]
			t := sameSize(a)
			VSUBPS(b, a, t)
			VADDPS(b, a, a)
			v[i+distance] = t
		}
	}
}

func sameSize(v VecVirtual) VecVirtual {
	if v.Size() == 64 {
		return ZMM()
	}
	return YMM()
}

// hadamardRest emits the other distances of a block.
func hadamardRest(name string, register func() VecVirtual) {
	function("hadamardRest"+name, "func(x *float32, n, from int, norm float32)",
		"adds and subtracts values at the distances from, 2·from … n/2 and multiplies them by norm. from is at least 64, n larger.")
	x, n, step := param("x"), param("n"), param("from")
	size := int(register().Size())
	norm := register()
	VBROADCASTSS(NewParamAddr("norm", 24), norm)
	SHLQ(U8(2), n) // bytes from here on
	SHLQ(U8(2), step)
	end, far, three := GP64(), GP64(), GP64()
	LEAQ(Mem{Base: x, Index: n, Scale: 1}, end)
	pass := func(radix int, last bool) {
		label := func(s string) string { return fmt.Sprintf("%s%d%t", s, radix, last) }
		Label(label("pass"))
		p := GP64()
		MOVQ(x, p)
		Label(label("group"))
		count, q := GP64(), GP64()
		MOVQ(step, count)
		SHRQ(U8(log2(size)), count)
		LEAQ(Mem{Base: p, Index: step, Scale: 4}, q)
		loop(label("next"), count, func() {
			v := make([]VecVirtual, radix)
			address := func(i int) Mem {
				base := p
				if i >= 4 {
					base = q
				}
				if i%4 == 3 {
					return Mem{Base: base, Index: three, Scale: 1}
				}
				return row(base, step, i%4, 0)
			}
			for i := range v {
				v[i] = register()
				VMOVUPS(address(i), v[i])
			}
			for d := 1; d < radix; d *= 2 {
				butterflies(v, d)
			}
			for i := range v {
				if last {
					VMULPS(norm, v[i], v[i])
				}
				VMOVUPS(v[i], address(i))
			}
			advance(size, p, q)
		})
		SUBQ(step, p)
		ADDQ(far, p)
		CMPQ(p, end)
		JB(LabelRef(label("group")))
		if last {
			VZEROUPPER()
			RET()
			return
		}
		MOVQ(far, step)
		JMP(LabelRef("choose"))
	}
	Label("choose")
	LEAQ(Mem{Base: step, Index: step, Scale: 2}, three)
	for _, radix := range []int{8, 4, 2} {
		MOVQ(step, far)
		SHLQ(U8(log2(radix)), far)
		CMPQ(far, n)
		JEQ(LabelRef(fmt.Sprintf("pass%dtrue", radix)))
		if radix == 8 {
			JB(LabelRef("pass8false"))
		}
	}
	for _, radix := range []int{8, 4, 2} {
		pass(radix, true)
	}
	pass(8, false)
}
