package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The decoders of numbers in 12 bits: see package narrow. A piece is 32 columns: 32 lower
// bytes and 16 of higher halves.

func decodeNarrow(name string, half bool) {
	function(name, "func(dst *float32, low, high *byte, pieces int, limits uint32)",
		"stores the numbers of pieces ≥ 1 pieces, without those kept beside. limits is two limits of 16 bits.")
	dst, low, high, n := param("dst"), param("low"), param("high"), param("pieces")
	limit, mask, sign := YMM(), words(2047), words(1<<15)
	g := Load(Param("limits"), GP32())
	VMOVD(g, limit.AsX())
	VPBROADCASTD(limit.AsX(), limit)
	halfByte := words(0x0f)
	loop("piece", n, func() {
		h := YMM()
		VPMOVZXBW(at(high, 0), h)
		for i := range 2 {
			v, top, below, zero := YMM(), YMM(), YMM(), YMM()
			if i == 0 {
				VPAND(halfByte, h, top)
			} else {
				VPSRLW(U8(4), h, top)
			}
			VPSLLW(U8(8), top, top)
			VPMOVZXBW(at(low, 16*i), v)
			VPOR(top, v, v)
			VPSUBW(v, limit, below)
			VPAND(mask, below, below)
			VPCMPEQW(mask, below, zero)
			VPSUBW(below, limit, below)
			VPANDN(below, zero, below)
			VPSLLW(U8(4), v, v)
			VPAND(sign, v, v)
			VPOR(below, v, v)
			for j := range 2 {
				x, y := v.AsX(), YMM()
				if j == 1 {
					x = XMM()
					VEXTRACTI128(U8(1), v, x)
				}
				if half {
					VCVTPH2PS(x, y)
				} else {
					VPMOVZXWD(x, y)
					VPSLLD(U8(16), y, y)
				}
				VMOVUPS(y, at(dst, 64*i+32*j))
			}
		}
		advance(128, dst)
		advance(32, low)
		advance(16, high)
	})
	VZEROUPPER()
	RET()
}

// scanEncode codes a group of a row: 16 columns at a time become the bytes of a lane of
// two lines.
func scanEncode() {
	shifts := vector("scanShifts", 0, 4, 0, 4, 0, 4, 0, 4)
	// The bytes of lanes of 128 bits, and so columns 4b to 4b+3, in their places: those of
	// the first line in the lower half of a quadword.
	place := func(name string, first byte) Mem {
		m := GLOBL(name, RODATA|NOPTR)
		for lane := range byte(2) {
			b := [16]byte{}
			for i := range b {
				b[i] = 0x80
			}
			b[first+lane], b[4+first+lane] = 0, 8
			for i := 0; i < 16; i += 4 {
				DATA(int(16*lane)+i, U32(uint32(b[i])|uint32(b[i+1])<<8|uint32(b[i+2])<<16|uint32(b[i+3])<<24))
			}
		}
		return m
	}
	places := []Mem{place("scanPlace0", 0), place("scanPlace1", 2)}

	function("scanEncodeAVX2", "func(codes *byte, w *float32, inv float32, dither *uint16)",
		"stores the codes of a group of a row; codes is where the first line has the row.")
	codes, w, inv, dither := param("codes"), param("w"), broadcast("inv"), param("dither")
	half, shift := YMM(), YMM()
	VMOVDQU(bits(15<<15), half)
	VMOVDQU(shifts, shift)
	for p := range 4 {
		v := ymms(2) // columns 4b to 4b+3 in a half
		for i, v := range v {
			t := YMM()
			VMULPS(at(w, 64*p+32*i), inv, v)
			VCVTPS2DQ(v, v) // to nearest even, as MXCSR says in Go
			VPADDD(half, v, v)
			VPMOVZXWD(at(dither, 32*p+16*i), t)
			VPADDD(t, v, v)
			VPSRLD(U8(16), v, v)
			VPSLLVD(shift, v, v)
			VPSRLQ(U8(32), v, t)
			VPOR(t, v, v)
			VPSHUFB(places[i], v, v)
		}
		x := XMM()
		VPOR(v[1], v[0], v[0])
		VEXTRACTI128(U8(1), v[0], x)
		VPOR(v[0].AsX(), x, x)
		VMOVD(x, at(codes, 2*scanLine*p))
		VPEXTRD(U8(1), x, at(codes, 2*scanLine*p+scanLine))
	}
	VZEROUPPER()
	RET()
}
