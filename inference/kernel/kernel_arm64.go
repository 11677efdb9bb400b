//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// useAsm selects the assembly: every arm64 processor that Go supports has NEON. useDot selects the products
// that take the dot product instructions besides, which came with ARMv8.2.
var useAsm, useDot bool

// x/sys/cpu finds them on Windows too, which cpuid does not.
func offered() []path {
	if cpu.ARM64.HasASIMDDP {
		return []path{neonDot, neon, generic}
	}
	return []path{neon, generic}
}

func setFlags(p path) {
	useAsm = p != generic
	useDot = p == neonDot
}

func bestTogether() Together { return Together{} }
