package inference

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// DefaultThreads is the number of workers of an engine whose Options say 0: one
// for each physical core. A second one on the same core waits for the same
// multipliers and the same memory. GOMAXPROCS bounds it, and with it what a
// container or an affinity allows.
func DefaultThreads() int {
	return defaultThreads(runtime.GOMAXPROCS(0), runtime.NumCPU(), cpuid.CPU.PhysicalCores, cpuid.CPU.ThreadsPerCore)
}

// defaultThreads tells it from what may run at once, the logical processors, and
// what cpuid says: the cores of one package, and the threads of each. Zeros are
// what it does not know. A machine of several packages has more cores than one
// of them, a process that may use few processors has more cores than half of those.
func defaultThreads(limit, processors, cores, perCore int) int {
	return max(1, min(limit, max(cores, processors/max(1, perCore))))
}
