package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"tern/model/ternary"
)

//go:generate go -C _gen run . ternary
//go:generate go -C _gen run . lookup
//go:generate go -C _gen run . grouped
//go:generate go -C _gen run . forms
//go:generate go -C _gen run . float
//go:generate go -C _gen run . memory
//go:generate go -C _gen run . hybrid
//go:generate go -C _gen run . scan
//go:generate go -C _gen run . attention
//go:generate go -C _gen run ./arm64 -out ..

// A path is one implementation of this package.
type path uint8

const (
	generic path = iota // the Go code, which every build has
	avx2                // amd64 with AVX2, FMA and F16C
	avxVNNI             // and with AVX-VNNI
	avx512              // or with AVX-512 F, BW, VL and VNNI
	neon                // arm64
	neonDot             // and with the dot product instructions
)

var pathNames = [...]string{generic: "generic", avx2: "avx2", avxVNNI: "avxvnni", avx512: "avx512", neon: "neon", neonDot: "neon-dot"}

func (p path) String() string { return pathNames[p] }

// running is the path in use. It is chosen once, before main.
var running path

func init() {
	use(choose(os.Getenv("TERN_KERNEL"), offered()))
	for _, f := range directForms() {
		ternary.SetDirect(f)
	}
}

// use switches to a path that is offered.
func use(p path) {
	running = p
	setFlags(p)
}

// choose picks one of the paths that this build and CPU offer, best first, given
// the wish of the user: "" is the best.
func choose(wish string, offered []path) path {
	if wish == "" {
		return offered[0]
	}
	p := slices.Index(pathNames[:], wish)
	if p < 0 {
		panic(fmt.Sprintf("kernel: TERN_KERNEL=%s is none of %s", wish, strings.Join(pathNames[:], ", ")))
	}
	if !slices.Contains(offered, path(p)) {
		panic(fmt.Sprintf("kernel: TERN_KERNEL=%s, but this build and CPU offer %v", wish, offered))
	}
	return path(p)
}

// Path names the implementation that runs, as TERN_KERNEL does.
func Path() string { return running.String() }

// Features lists the instruction sets of this CPU that matter here, whether
// the kernels use them or not, in the spelling of /proc/cpuinfo without its
// underscores.
func Features() []string {
	var names []string
	for _, f := range []cpuid.FeatureID{
		cpuid.AVX2, cpuid.FMA3, cpuid.F16C, cpuid.AVXVNNI,
		cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VNNI, cpuid.AVX512VBMI,
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
