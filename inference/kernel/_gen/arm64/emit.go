package main

import (
	"fmt"
	"math"
	"strings"
)

// The text of the assembly and of the Go declarations is gathered here.
var asm, stubs strings.Builder

// op writes one instruction of Go's assembler, sources first.
func op(format string, args ...any) { fmt.Fprintf(&asm, "\t"+format+"\n", args...) }

// gp and vec are registers: R0 to R15, R19 to R25 and V0 to V31, all free for our use.
type (
	gp  uint8
	vec uint8
)

func (r gp) String() string  { return fmt.Sprintf("R%d", uint8(r)) }
func (v vec) String() string { return fmt.Sprintf("V%d", uint8(v)) }

// f is the name of a vector register where Go's assembler loads and stores it
// whole, or takes its lowest element as a number.
func (v vec) f() string { return fmt.Sprintf("F%d", uint8(v)) }

// list names registers, which must follow each other, for VLD1 and the like.
func list(arrangement string, v ...vec) string {
	names := make([]string, len(v))
	for i := range v {
		if v[i] != v[0]+vec(i) {
			panic("registers of a list must follow each other")
		}
		names[i] = fmt.Sprintf("%v.%s", v[i], arrangement)
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// Registers are given out in order within a function.
var (
	nextGP    gp
	nextVec   vec
	arguments map[string]int // offsets of those of the current function
)

func newGP() gp {
	r := nextGP
	nextGP++
	if r > 15 { // R16 to R18 and R26 up are the linker's, the compiler's and the system's
		r += 3
	}
	if r > 25 {
		panic("no register left")
	}
	return r
}

// newVecs returns n registers that follow each other.
func newVecs(n int) []vec {
	v := make([]vec, n)
	for i := range v {
		v[i] = nextVec
		nextVec++
	}
	if nextVec > 32 {
		panic("no vector register left")
	}
	return v
}

func newVec() vec { return newVecs(1)[0] }

// function starts a function and its declaration. params is written as in Go,
// one type to each name; result is "" or a type.
func function(name, params, result, doc string) {
	nextGP, nextVec, arguments = 0, 0, map[string]int{}
	offset := 0
	add := func(name, kind string) {
		size := 8
		switch kind {
		case "int32", "uint32", "float32":
			size = 4
		}
		offset = (offset + size - 1) &^ (size - 1)
		arguments[name] = offset
		offset += size
	}
	for p := range strings.SplitSeq(params, ", ") {
		name, kind, _ := strings.Cut(p, " ")
		add(name, kind)
	}
	if result != "" {
		offset = (offset + 7) &^ 7
		add("ret", result)
	}
	signature := strings.TrimSpace(fmt.Sprintf("func %s(%s) %s", name, params, result))
	fmt.Fprintf(&stubs, "\n// %s %s\n//\n//go:noescape\n%s\n", name, doc, signature)
	fmt.Fprintf(&asm, "\n// %s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", signature, name, offset)
}

// param loads a pointer or an int.
func param(name string) gp {
	r := newGP()
	reload(name, r)
	return r
}

func reload(name string, r gp) { op("MOVD %s+%d(FP), %v", name, arguments[name], r) }

// broadcast fills a vector with an int32 or a float32 parameter.
func broadcast(name string) vec {
	v, r := newVec(), newGP()
	op("MOVWU %s+%d(FP), %v", name, arguments[name], r)
	op("VDUP %v, %v.S4", r, v)
	nextGP--
	return v
}

// constant fills the 32-bit elements of a vector with bits.
func constant(bits uint32) vec {
	v, r := newVec(), newGP()
	op("MOVW $%#x, %v", bits, r)
	op("VDUP %v, %v.S4", r, v)
	nextGP--
	return v
}

func float(x float64) vec { return constant(math.Float32bits(float32(x))) }

// bytes fills the bytes of a vector.
func bytes(b uint8) vec { return constant(uint32(b) * 0x01010101) }

func zero(v ...vec) {
	for _, r := range v {
		op("VEOR %v.B16, %v.B16, %v.B16", r, r, r)
	}
}

func label(name string) { fmt.Fprintf(&asm, "%s:\n", name) }

// loop emits a body that runs n ≥ 1 times, counting n down.
func loop(name string, n gp, body func()) {
	label(name)
	body()
	op("SUB $1, %v, %v", n, n)
	op("CBNZ %v, %s", n, name)
}

func ret() { op("RET") }

// load and store move whole vectors at an offset, two at a time where they can.
func load(p gp, offset int, v ...vec) {
	for ; len(v) >= 2; v = v[2:] {
		op("FLDPQ %d(%v), (%s, %s)", offset, p, v[0].f(), v[1].f())
		offset += 32
	}
	if len(v) == 1 {
		op("FMOVQ %d(%v), %s", offset, p, v[0].f())
	}
}

func store(p gp, offset int, v ...vec) {
	for ; len(v) >= 2; v = v[2:] {
		op("FSTPQ (%s, %s), %d(%v)", v[0].f(), v[1].f(), offset, p)
		offset += 32
	}
	if len(v) == 1 {
		op("FMOVQ %s, %d(%v)", v[0].f(), offset, p)
	}
}

func advance(n int, pointers ...gp) {
	for _, p := range pointers {
		op("ADD $%d, %v, %v", n, p, p)
	}
}
