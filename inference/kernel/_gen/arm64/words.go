package main

import "fmt"

// Go's assembler knows few of the vector instructions. The others are emitted
// as numbers: the word below, which Arm's manual gives for registers 0, with
// the numbers of the registers put in. The comment beside each in the assembly
// is how a disassembler writes it.

func word(code uint32, format string, args ...any) {
	op("WORD $%#08x // "+format, append([]any{code}, args...)...)
}

// three is an instruction of two sources and a destination.
func three(code uint32, format string) func(n, m, d vec) {
	return func(n, m, d vec) {
		word(code|uint32(m)<<16|uint32(n)<<5|uint32(d), format, uint8(d), uint8(n), uint8(m))
	}
}

// two is an instruction of one source and a destination.
func two(code uint32, format string) func(n, d vec) {
	return func(n, d vec) { word(code|uint32(n)<<5|uint32(d), format, uint8(d), uint8(n)) }
}

// In a call the sources come first, m before d: d op= n·m.
var (
	// Products of four neighbouring bytes, added to 32 bits: FEAT_DotProd.
	sdot = three(0x4e809400, "sdot v%d.4s, v%d.16b, v%d.16b")

	// Products of bytes, added to 16 bits, and of 16 bits, added to 32.
	smlalB  = three(0x0e208000, "smlal v%d.8h, v%d.8b, v%d.8b")
	smlal2B = three(0x4e208000, "smlal2 v%d.8h, v%d.16b, v%d.16b")
	smlalH  = three(0x0e608000, "smlal v%d.4s, v%d.4h, v%d.4h")
	smlal2H = three(0x4e608000, "smlal2 v%d.4s, v%d.8h, v%d.8h")

	// Neighbours of 16 bits, added to 32 bits.
	saddlp = two(0x4e602800, "saddlp v%d.4s, v%d.8h")
	sadalp = two(0x4e606800, "sadalp v%d.4s, v%d.8h")

	ushl   = three(0x6e204400, "ushl v%d.16b, v%d.16b, v%d.16b") // n by m, right where m < 0
	addv   = two(0x4eb1b800, "addv s%d, v%d.4s")
	umaxv  = two(0x6eb0a800, "umaxv s%d, v%d.4s")
	sxtl   = two(0x0f08a400, "sxtl v%d.8h, v%d.8b")
	sxtl2  = two(0x4f08a400, "sxtl2 v%d.8h, v%d.16b")
	sxtlH  = two(0x0f10a400, "sxtl v%d.4s, v%d.4h")
	sxtl2H = two(0x4f10a400, "sxtl2 v%d.4s, v%d.8h")
	bic    = three(0x4e601c00, "bic v%d.16b, v%d.16b, v%d.16b")
	sshrB7 = two(0x4f090400, "sshr v%d.16b, v%d.16b, #7")
	sshrH2 = two(0x4f1e0400, "sshr v%d.8h, v%d.8h, #2")
	ssraS2 = two(0x4f3e1400, "ssra v%d.4s, v%d.4s, #2")
	ssraS4 = two(0x4f3c1400, "ssra v%d.4s, v%d.4s, #4")

	fadd  = three(0x4e20d400, "fadd v%d.4s, v%d.4s, v%d.4s")
	fsub  = three(0x4ea0d400, "fsub v%d.4s, v%d.4s, v%d.4s") // n - m
	fmul  = three(0x6e20dc00, "fmul v%d.4s, v%d.4s, v%d.4s")
	fdiv  = three(0x6e20fc00, "fdiv v%d.4s, v%d.4s, v%d.4s") // n / m
	fmax  = three(0x4e20f400, "fmax v%d.4s, v%d.4s, v%d.4s") // a NaN when there is one
	fmin  = three(0x4ea0f400, "fmin v%d.4s, v%d.4s, v%d.4s")
	faddp = three(0x6e20d400, "faddp v%d.4s, v%d.4s, v%d.4s")
	fcmgt = three(0x6ea0e400, "fcmgt v%d.4s, v%d.4s, v%d.4s") // n > m
	fmaxv = two(0x6e30f800, "fmaxv s%d, v%d.4s")
	fneg  = two(0x6ea0f800, "fneg v%d.4s, v%d.4s")

	faddD  = three(0x4e60d400, "fadd v%d.2d, v%d.2d, v%d.2d")
	faddpD = two(0x7e70d800, "faddp d%d, v%d.2d")

	sqxtnS  = two(0x0e614800, "sqxtn v%d.4h, v%d.4s")
	sqxtn2S = two(0x4e614800, "sqxtn2 v%d.8h, v%d.4s")

	// Rounding is to nearest even.
	frintn = two(0x4e218800, "frintn v%d.4s, v%d.4s")
	fcvtns = two(0x4e21a800, "fcvtns v%d.4s, v%d.4s") // to int32
	scvtf  = two(0x4e21d800, "scvtf v%d.4s, v%d.4s")  // from int32

	fcvtlH  = two(0x0e217800, "fcvtl v%d.4s, v%d.4h") // from binary16
	fcvtl2H = two(0x4e217800, "fcvtl2 v%d.4s, v%d.8h")
	fcvtnH  = two(0x0e216800, "fcvtn v%d.4h, v%d.4s") // to binary16
	fcvtn2H = two(0x4e216800, "fcvtn2 v%d.8h, v%d.4s")
	fcvtlS  = two(0x0e617800, "fcvtl v%d.2d, v%d.2s") // from float32
	fcvtl2S = two(0x4e617800, "fcvtl2 v%d.2d, v%d.4s")
	shllH   = two(0x2e613800, "shll v%d.4s, v%d.4h, #16")
	shll2H  = two(0x6e613800, "shll2 v%d.4s, v%d.8h, #16")
)

// sdotElement is sdot with the four bytes that element k of m holds for all of n.
func sdotElement(n, m vec, k int, d vec) {
	code := 0x4f80e000 | uint32(k&1)<<21 | uint32(k>>1)<<11 | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
	word(code, "sdot v%d.4s, v%d.16b, v%d.4b[%d]", uint8(d), uint8(n), uint8(m), k)
}

// and is d = n & m. It and the next few are known to Go's assembler.
func and(n, m, d vec) { op("VAND %v.B16, %v.B16, %v.B16", m, n, d) }

func add(n, m, d vec)  { op("VADD %v.S4, %v.S4, %v.S4", m, n, d) }
func addp(n, m, d vec) { op("VADDP %v.S4, %v.S4, %v.S4", m, n, d) }
func sub(n, m, d vec)  { op("VSUB %v.S4, %v.S4, %v.S4", m, n, d) } // n - m
func fmla(n, m, d vec) { op("VFMLA %v.S4, %v.S4, %v.S4", m, n, d) }
func fmls(n, m, d vec) { op("VFMLS %v.S4, %v.S4, %v.S4", m, n, d) } // d - n·m
func mov(n, d vec)     { op("VMOV %v.B16, %v.B16", n, d) }

// ushr shifts the bytes of a vector.
func ushr(by int, n, d vec) { op("VUSHR $%d, %v.B16, %v.B16", by, n, d) }

// numbered is a label that a number makes unique.
func numbered(name string, n int) string { return fmt.Sprintf("%s%d", name, n) }
