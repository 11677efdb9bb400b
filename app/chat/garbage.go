package chat

import (
	"runtime/debug"
	"runtime/metrics"
)

// garbageAllowed is how much memory may be garbage before Go collects it. Go's
// own rule lets it grow to the size of what lives, and the weights of a model
// live: with 1.2 GB of them, Tern would come to hold twice that. What a collection
// costs does not grow with weights, since no pointers are in them.
const garbageAllowed = 64 << 20

// boundGarbage holds garbage to garbageAllowed where more lives. What lives is as
// the last collection found it.
func boundGarbage() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(gcPercent(live[0].Value.Uint64()))
}

// gcPercent is garbageAllowed as a share of what lives, 100 at most as Go has it.
func gcPercent(live uint64) int {
	return int(max(1, min(100, 100*garbageAllowed/max(live, 1))))
}
