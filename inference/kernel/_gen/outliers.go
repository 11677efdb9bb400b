package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// What belongs to a group of a row of activations, and to an outlier of it: groupScale and
// outlier in package kernel.
const (
	scaleBytes = 16
	minusAt    = 4
	topsAt     = 8
	outliersAt = 12
	mostOf     = 7 // the bits of outliersAt that are their number

	outlierBytes = 8
	outlierLine  = 4
	outlierShift = 6
	outlierField = 7
)

// argument is where a parameter of the current function is.
func argument(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// outliers emits what a group with outliers takes in addition: before, each of them, and
// after.
func outliers(label string, s Register, token int, before func(), each func(o Register), after func()) {
	plain, next := "plain"+label, "outlier"+label
	TESTB(U8(mostOf), at(s, scaleBytes*token+outliersAt))
	JEQ(LabelRef(plain))
	before()
	o, n := GP64(), GP64()
	MOVL(at(s, scaleBytes*token+outliersAt), o.As32())
	MOVL(o.As32(), n.As32())
	ANDL(U8(mostOf), n.As32())
	ANDL(I8(^mostOf), o.As32())
	ADDQ(argument("outliers"), o)
	loop(next, n, func() {
		each(o)
		advance(outlierBytes, o)
	})
	after()
	Label(plain)
}

// lineOf leads from the codes of a group to the line of an outlier, and loads how far its
// codes are to be shifted.
func lineOf(o, group Register, count Vec) (line GPVirtual) {
	line, shift := GP64(), GP32()
	MOVWLZX(at(o, outlierLine), line.As32())
	MOVBLZX(at(o, outlierShift), shift)
	ADDQ(group, line)
	VMOVD(shift, count.AsX())
	return line
}

// peaks emits what is the largest in each field of a group.
func peaks() {
	function("peaksAVX2", "func(peaks, x *float32, pieces int) (amax, sum float32)",
		"is peaksGeneric of pieces ≥ 1 pieces of 16 columns.")
	dst, x, n := param("peaks"), param("x"), param("pieces")
	mask, all, sum, v, t := XMM(), XMM(), XMM(), XMM(), XMM()
	VPCMPEQD(mask, mask, mask)
	VPSRLD(U8(1), mask, mask)
	zero(all, sum)
	loop("piece", n, func() {
		VPAND(at(x, 0), mask, v)
		for j := 1; j < 4; j++ {
			VPAND(at(x, 16*j), mask, t)
			VPMAXUD(t, v, v)
		}
		VPMAXUD(v, all, all)
		VADDPS(v, sum, sum)
		VMOVDQU(v, at(dst, 0))
		advance(16, dst)
		advance(64, x)
	})
	for _, order := range []uint8{0x4e, 0xb1} {
		VPSHUFD(U8(order), all, t)
		VPMAXUD(t, all, all)
		VPSHUFD(U8(order), sum, t)
		VADDPS(t, sum, sum)
	}
	Store(all, ReturnIndex(0))
	Store(sum, ReturnIndex(1))
	RET()
}

// outliers512 emits the sums of the outliers of a token in 32 rows, which begin with 0, and
// what to do with them.
func outliers512(label string, s, group Register, token int, low VecVirtual, top []VecVirtual, then func()) {
	outliers(label, s, token, func() { zeroZ(top...) }, func(o Register) {
		count, a, c := XMM(), ZMM(), ZMM()
		line := lineOf(o, group, count)
		VPBROADCASTD(at(o, 0), a)
		for i := range top {
			VMOVDQU64(at(line, 64*i), c)
			VPSRLD(count, c, c)
			VPANDD(low, c, c)
			VPDPBUSD(a, c, top[i])
		}
	}, then)
}
