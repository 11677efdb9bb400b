//go:build !purego

package repack

import "github.com/klauspost/cpuid/v2"

// switchTo selects the assembly or the Go code; false without AVX2.
func switchTo(assembly bool) bool {
	useAVX2 = assembly && cpuid.CPU.Supports(cpuid.AVX2, cpuid.F16C)
	useVBMI = assembly && cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VBMI)
	return cpuid.CPU.Supports(cpuid.AVX2, cpuid.F16C)
}
