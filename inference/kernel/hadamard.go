package kernel

import (
	"fmt"
	"math"
)

// Hadamard replaces each block of x by H·x/√block, where H is the Walsh-Hadamard
// matrix: H[r][c] is -1 where popcount(r and c) is odd, else 1. It is its own
// inverse. The order of the additions depends on block alone, so all paths and
// machines give the same bits. It panics where block is not a power of two that
// divides len(x).
func Hadamard(x []float32, block int) {
	if block <= 0 || block&(block-1) != 0 || len(x)%block != 0 {
		panic(fmt.Sprintf("kernel: Hadamard of %d values in blocks of %d", len(x), block))
	}
	norm := float32(1 / math.Sqrt(float64(block)))
	for ; len(x) > 0; x = x[block:] {
		hadamardBlock(x[:block], norm)
	}
}

// hadamardBlock adds and subtracts neighbours at distances 1, 2, 4 … two steps at
// a time, so that a block is read half as often.
func hadamardBlock(x []float32, norm float32) {
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
	for ; 2*step <= n; step *= 2 {
		for i := 0; i < n; i += 2 * step {
			a, b := x[i:][:step], x[i+step:][:step]
			for j := range a {
				a[j], b[j] = a[j]+b[j], a[j]-b[j]
			}
		}
	}
	for i := range x {
		x[i] *= norm
	}
}

// DeltaUpdate is the update of one head's state S [rows][len(u)] by the gated
// delta rule: S = decay·S + key·uᵀ, rounded after each product and the sum.
func DeltaUpdate(s []float32, decay float32, key, u []float32) {
	n := len(u)
	if len(s) != len(key)*n {
		panic(fmt.Sprintf("kernel: DeltaUpdate of %d values by %d × %d", len(s), len(key), n))
	}
	for i, k := range key {
		row := s[i*n:][:n]
		for j, v := range u {
			row[j] = float32(decay*row[j]) + float32(k*v)
		}
	}
}
