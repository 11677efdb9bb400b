//go:build !purego

package repack

import "github.com/klauspost/cpuid/v2"

// useAVX2 selects the assembly.
var useAVX2 = cpuid.CPU.Supports(cpuid.AVX2, cpuid.F16C)

// useVBMI selects that of digits, which looks up 64 bytes at once.
var useVBMI = cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VBMI)

func bandAVX2(codes []byte, scales []uint16, blocks []byte, stride, groups, groupCols int) {
	if groupCols == 128 {
		band128AVX2(&codes[0], &scales[0], &blocks[0], stride, groups)
	} else {
		band64AVX2(&codes[0], &scales[0], &blocks[0], stride, groups)
	}
}

// nibblesOf is, for the lower and then for the upper half of a byte, what it becomes.
func nibblesOf(reverse bool) *[32]byte {
	if reverse {
		return &nibbles[1]
	}
	return &nibbles[0]
}

var nibbles = func() (t [2][32]byte) {
	for n := range 16 {
		t[0][n], t[0][16+n] = byte(n), byte(n)<<4
		t[1][n], t[1][16+n] = byte(reversed(uint64(n))), byte(reversed(uint64(n)<<4))
	}
	return t
}()
