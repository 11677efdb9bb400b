package kernel

import (
	"fmt"
	"os"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// useAVX2 selects the assembly. It is set once, before main.
var useAVX2 = choose(os.Getenv("TERN_KERNEL"))

// choose says whether to use AVX2, given the wish of the user: "" is the best
// that this CPU offers.
func choose(wish string) bool {
	have := hasAssembly && cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C)
	switch wish {
	case "":
		return have
	case "generic":
		return false
	case "avx2":
		if have {
			return true
		}
		panic("kernel: TERN_KERNEL=avx2, but this build or CPU has no AVX2, FMA and F16C")
	}
	panic(fmt.Sprintf("kernel: TERN_KERNEL=%s is neither avx2 nor generic", wish))
}

// Path names the implementation that runs: "avx2" or "generic".
func Path() string {
	if useAVX2 {
		return "avx2"
	}
	return "generic"
}

// Features lists the instruction sets of this CPU that matter here, whether
// the kernels use them or not, in the spelling of /proc/cpuinfo without its
// underscores.
func Features() []string {
	var names []string
	for _, f := range []cpuid.FeatureID{
		cpuid.AVX2, cpuid.FMA3, cpuid.F16C, cpuid.AVXVNNI,
		cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VNNI,
		cpuid.ASIMD, cpuid.ASIMDDP, cpuid.ASIMDHP,
	} {
		if cpuid.CPU.Supports(f) {
			names = append(names, strings.ToLower(f.String()))
		}
	}
	return names
}

// mustLen panics when a caller passed a slice of the wrong length.
func mustLen(got, want int, what string) {
	if got != want {
		badLen(got, want, what)
	}
}

//go:noinline
func badLen(got, want int, what string) {
	panic(fmt.Sprintf("kernel: %s has length %d, want %d", what, got, want))
}
