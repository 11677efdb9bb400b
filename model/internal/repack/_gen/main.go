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
	store()
	codes()
	anyThrees()
	tq1()
	tq2()
	ptq1()
	q1()
	toTrits()
	fromTrits()
	toOneBit()
	fromOneBit()
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
