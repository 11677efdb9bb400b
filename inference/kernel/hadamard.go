package kernel

import (
	"fmt"
	"math"
)

// Hadamard replaces each block of x by H·(signs·x)/√block, where H is the Walsh-Hadamard
// matrix: H[r][c] is -1 where popcount(r and c) is odd, else 1. signs are ±1, one for each
// value of x, or nil. Without them it is its own inverse. Values are added and
// subtracted at distances 1, 2, 4 … and multiplied by float32(1/√block) at the end, so that
// all paths and machines give the same bits. It panics where block is not a power of two that
// divides len(x).
func Hadamard(x, signs []float32, block int) {
	if block <= 0 || block&(block-1) != 0 || len(x)%block != 0 {
		panic(fmt.Sprintf("kernel: Hadamard of %d values in blocks of %d", len(x), block))
	}
	if signs != nil {
		mustLen(len(signs), len(x), "Hadamard: signs")
	}
	hadamard(x, signs, block, float32(1/math.Sqrt(float64(block))))
}

func hadamardGeneric(x, signs []float32, block int, norm float32) {
	for i, s := range signs {
		x[i] *= s
	}
	for b := x; len(b) > 0; b = b[block:] {
		addAndSubtract(b[:block])
	}
	for i := range x {
		x[i] *= norm
	}
}

// addAndSubtract does so two distances at a time, so that a block is read half as often.
func addAndSubtract(x []float32) {
	n, step := len(x), 1
	for ; 4*step <= n; step *= 4 {
		for i := 0; i < n; i += 4 * step {
			a, b, c, d := x[i:][:step], x[i+step:][:step], x[i+2*step:][:step], x[i+3*step:][:step]
			for j := range a {
				p, q, r, s := a[j]+b[j], a[j]-b[j], c[j]+d[j], c[j]-d[j]
				a[j], b[j], c[j], d[j] = p+r, q+s, p-r, q-s
			}
		}
	}
	if step < n {
		a, b := x[:step], x[step:]
		for j := range a {
			a[j], b[j] = a[j]+b[j], a[j]-b[j]
		}
	}
}
