//go:build !purego

package kernel

import "github.com/klauspost/cpuid/v2"

// useAVX2 selects the assembly, useAVX512 that of its functions which have a
// second one.
var useAVX2, useAVX512 bool

func offered() []path {
	switch {
	case !cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C):
		return []path{generic}
	case !cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VNNI):
		return []path{avx2, generic}
	}
	return []path{avx512, avx2, generic}
}

func setFlags(p path) { useAVX2, useAVX512 = p != generic, p == avx512 }
