package library

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
)

// FreeMemory is how many bytes programs may still take before this computer
// swaps or ends some of them, or less where Tern was given a limit: of its
// container, its process, or its runtime (GOMEMLIMIT), which would do little but
// collect garbage beyond it.
func FreeMemory() (free int64, known bool) {
	free, known = systemMemory()
	limit := debug.SetMemoryLimit(-1) // which asks
	if limit == math.MaxInt64 {
		return free, known
	}
	used := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(used)
	left := max(0, limit-int64(used[0].Value.Uint64()-used[1].Value.Uint64()))
	if !known || left < free {
		free = left
	}
	return free, true
}
