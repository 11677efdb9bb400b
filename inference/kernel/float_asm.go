//go:build (amd64 || arm64) && !purego

package kernel

import (
	"math"
	"unsafe"
)

// The assembly of the element-wise functions takes multiples of eight values;
// the rest is done by the generic code, whose results are the same. Where they
// are not (exp, with fused steps), the rest is padded to eight.

const lanes = 8

// split returns the part of n values for the assembly, 0 for the generic code.
func split(n int) int {
	if !useAsm {
		return 0
	}
	return n &^ (lanes - 1)
}

func matVecF(y []float32, w []byte, x []float32, f format) {
	switch {
	case !useAsm || len(x) < lanes || len(y) == 0:
		matVecFGeneric(y, w, x, f)
	case f == f32:
		dotRowsF32Asm(&y[0], &w[0], &x[0], len(y), len(x), 1)
	case f == f16:
		dotRowsF16Asm(&y[0], &w[0], &x[0], len(y), len(x), 1)
	case f == bf16:
		dotRowsBF16Asm(&y[0], &w[0], &x[0], len(y), len(x), 1)
	}
}

func scores(s, q, k []float32, scale float32) {
	if split(len(q)) == 0 {
		scoresGeneric(s, q, k, scale)
		return
	}
	dotRowsF32Asm(&s[0], (*byte)(unsafe.Pointer(&k[0])), &q[0], len(s), len(q), scale)
}

func scoresF16(s, q []float32, k []uint16, scale float32) {
	if split(len(q)) == 0 {
		scoresF16Generic(s, q, k, scale)
		return
	}
	dotRowsF16Asm(&s[0], (*byte)(unsafe.Pointer(&k[0])), &q[0], len(s), len(q), scale)
}

func weightedSum(out, p, v []float32) {
	if split(len(out)) == 0 {
		weightedSumGeneric(out, p, v)
		return
	}
	weightedSumF32Asm(&out[0], &p[0], (*byte)(unsafe.Pointer(&v[0])), len(p), len(out))
}

func weightedSumF16(out, p []float32, v []uint16) {
	if split(len(out)) == 0 {
		weightedSumF16Generic(out, p, v)
		return
	}
	weightedSumF16Asm(&out[0], &p[0], (*byte)(unsafe.Pointer(&v[0])), len(p), len(out))
}

func exponentials(s []float32) (top, sum float32) {
	if !useAsm {
		return exponentialsGeneric(s)
	}
	n := split(len(s))
	if n == len(s) {
		top = maxAsm(&s[0], n)
		return top, expSum(&s[0], n, top)
	}
	// The rest in eight lanes: exp(-Inf) adds nothing.
	var rest [lanes]float32
	for i := range rest {
		rest[i] = float32(math.Inf(-1))
	}
	copy(rest[:], s[n:])
	top = maxAsm(&rest[0], lanes)
	if n > 0 {
		top = max(top, maxAsm(&s[0], n))
	}
	sum = expSumAsm(&rest[0], lanes, top)
	if n > 0 {
		sum += expSum(&s[0], n, top)
	}
	copy(s[n:], rest[:])
	return top, sum
}

func scale(x []float32, by float32) {
	n := split(len(x))
	if n > 0 {
		scaleAsm(&x[0], n, by)
	}
	scaleGeneric(x[n:], by)
}

func maximum(x []float32) float32 {
	n := split(len(x))
	m := maximumGeneric(x[n:])
	if n > 0 {
		m = max(m, maxAsm(&x[0], n))
	}
	return m
}

func siluMul(y, gate, up []float32) {
	if !useAsm {
		siluMulGeneric(y, gate, up)
		return
	}
	n, done := split(len(y)), siluMulWide(y, gate, up)
	if n > done {
		siluMulAsm(&y[done], &gate[done], &up[done], n-done)
	}
	if n < len(y) {
		var g, u [lanes]float32
		copy(g[:], gate[n:])
		copy(u[:], up[n:])
		siluMulAsm(&g[0], &g[0], &u[0], lanes)
		copy(y[n:], g[:])
	}
}

func sumSquares(x []float32) (sum float64) {
	n := split(len(x))
	if n > 0 {
		sum = sumSquaresAsm(&x[0], n)
	}
	return sum + sumSquaresGeneric(x[n:])
}

func normalize(y, x, w []float32, scale float32) {
	n, done := split(len(x)), normalizeWide(y, x, w, scale)
	if n > done {
		normalizeAsm(&y[done], &x[done], &w[done], n-done, scale)
	}
	normalizeGeneric(y[n:], x[n:], w[n:], scale)
}

func relu2Mul(y, gate, up []float32) {
	n := split(len(y))
	if n > 0 {
		relu2MulAsm(&y[0], &gate[0], &up[0], n)
	}
	relu2MulGeneric(y[n:], gate[n:], up[n:])
}

func add(y, x []float32) {
	n := split(len(y))
	if n > 0 {
		addAsm(&y[0], &x[0], n)
	}
	addGeneric(y[n:], x[n:])
}

func ropeHalf(lo, hi, cos, sin []float32) {
	n := split(len(cos))
	if n > 0 {
		ropeHalfAsm(&lo[0], &hi[0], &cos[0], &sin[0], n)
	}
	ropeHalfGeneric(lo[n:], hi[n:], cos[n:], sin[n:])
}

func ropeAdjacent(x, cos, sin []float32) {
	n := split(len(cos))
	if n > 0 {
		ropeAdjacentAsm(&x[0], &cos[0], &sin[0], n)
	}
	ropeAdjacentGeneric(x[2*n:], cos[n:], sin[n:])
}

func toF16(dst []uint16, src []float32) {
	n := split(len(src))
	if n > 0 {
		toF16Asm(&dst[0], &src[0], n)
	}
	toF16Generic(dst[n:], src[n:])
}

func decode(dst []float32, src []byte, f format) {
	n := split(len(dst))
	switch {
	case n == 0:
	case f == f32:
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), 4*n), src)
	case f == f16:
		decodeF16Asm(&dst[0], &src[0], n)
	case f == bf16:
		decodeBF16Asm(&dst[0], &src[0], n)
	}
	f.decode(dst[n:], src[n*f.size():])
}

func quantize16(q []int16, x []float32, scale float32) {
	n := 0
	if useAsm {
		if n = len(x) &^ (stepDims - 1); n > 0 {
			quantizeSixteens(&q[0], &x[0], n, scale)
		}
	}
	quantize16Generic(q[n:], x[n:], scale)
}
