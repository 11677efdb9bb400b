//go:build !purego

package kernel

import "github.com/klauspost/cpuid/v2"

// useAVX2 selects the assembly.
var useAVX2 bool

func offered() []path {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) {
		return []path{avx2, generic}
	}
	return []path{generic}
}

func setFlags(p path) { useAVX2 = p == avx2 }
