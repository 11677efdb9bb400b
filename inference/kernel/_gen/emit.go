package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// function starts a function and its doc comment.
func function(name, signature, doc string) {
	TEXT(name, NOSPLIT, signature)
	Doc(name + " " + doc)
	Pragma("noescape")
}

// param loads a pointer or integer parameter of the current function.
func param(name string) GPVirtual { return Load(Param(name), GP64()).(GPVirtual) }

// broadcast fills a vector with a float32 parameter of the current function.
func broadcast(name string) VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	v := YMM()
	VBROADCASTSS(p.Addr, v)
	return v
}

// loop emits a body that runs n ≥ 1 times, counting n down.
func loop(label string, n Op, body func()) {
	Label(label)
	body()
	DECQ(n)
	JNZ(LabelRef(label))
}

// advance adds n bytes to pointers. Subtracting -128 takes three bytes less
// than adding 128.
func advance(n int, pointers ...Register) {
	for _, p := range pointers {
		switch {
		case n == 128:
			SUBQ(I8(-128), p)
		case n < 128:
			ADDQ(U8(n), p)
		default:
			ADDQ(U32(n), p)
		}
	}
}

func at(p Register, offset int) Mem { return Mem{Base: p, Disp: offset} }

// row is the address of row r ≤ 2 of rows that are stride bytes apart.
func row(p, stride Register, r, offset int) Mem {
	if r == 0 {
		return at(p, offset)
	}
	return Mem{Base: p, Index: stride, Scale: uint8(r), Disp: offset}
}

func ymms(n int) []VecVirtual {
	r := make([]VecVirtual, n)
	for i := range r {
		r[i] = YMM()
	}
	return r
}

// zero clears registers.
func zero(regs ...VecVirtual) {
	for _, r := range regs {
		VPXOR(r, r, r)
	}
}

// cutLast emits that the last n of left are counted in last instead, where all are, at label
// next, if there are no more of them.
func cutLast(left, last Register, n uint32) {
	MOVQ(left, last)
	SUBQ(U8(n), left)
	JLE(LabelRef("next"))
	MOVQ(U32(n), last)
}

// words fills a register with the 16-bit word v.
func words(v uint16) VecVirtual {
	g, y := GP32(), YMM()
	MOVL(U32(uint32(v)*0x10001), g)
	VMOVD(g, y.AsX())
	VPBROADCASTD(y.AsX(), y)
	return y
}

// constants is the read-only table of vectors that hold one value.
var constants = map[uint32]Mem{}

// bits returns the address of a vector of eight v.
func bits(v uint32) Mem {
	if _, ok := constants[v]; !ok {
		constants[v] = vector("vec"+hex(v), v, v, v, v, v, v, v, v)
	}
	return constants[v]
}

// float returns the address of a vector of eight v.
func float(v float64) Mem { return bits(math.Float32bits(float32(v))) }

func hex(v uint32) string {
	const digits = "0123456789abcdef"
	s := make([]byte, 8)
	for i := range s {
		s[7-i] = digits[v>>(4*i)&15]
	}
	return string(s)
}

// vector puts a table of 32-bit words in read-only data.
func vector(name string, values ...uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i, v := range values {
		DATA(4*i, U32(v))
	}
	return m
}
