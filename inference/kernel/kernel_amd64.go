//go:build !purego

package kernel

import "github.com/klauspost/cpuid/v2"

// useAsm selects the assembly; useVNNI and useAVX512 that of the functions which have
// another one for AVX-VNNI, and for AVX-512; useLookup the products by lookup.
var useAsm, useVNNI, useAVX512, useLookup bool

func offered() []path {
	if !cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) {
		return []path{generic}
	}
	list := []path{avx2, generic}
	if cpuid.CPU.Supports(cpuid.AVXVNNI) {
		list = append([]path{avxVNNI}, list...)
	}
	if cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VNNI) {
		list = append([]path{avx512}, list...)
	}
	return list
}

func setFlags(p path) {
	useAsm, useVNNI, useAVX512 = p != generic, p == avxVNNI, p == avx512
	// Zen 5 does two VPERMW of 64 bytes a cycle, as many as VPDPBUSD. Others were not
	// measured; Intel's do at most one.
	useLookup = useAVX512 && offersLookup() && cpuid.CPU.VendorID == cpuid.AMD && cpuid.CPU.Family >= 26
}

func offersLookup() bool { return cpuid.CPU.Supports(cpuid.AVX512VBMI) }
