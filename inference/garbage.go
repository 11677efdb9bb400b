package inference

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"tern/model"
)

// garbageAllowed is how much memory may be garbage before Go collects it, as far as whole
// percents allow. Go's own rule lets it grow to the size of what lives, and the weights of a
// model live: a program could come to hold twice those. What a collection costs does not
// grow with weights, since no pointers are in them.
const garbageAllowed = 8 << 20

// garbage is the share that boundGarbage set last.
var garbage struct {
	sync.Mutex
	percent int64
}

// boundGarbage holds garbage to garbageAllowed beside the weights of m, unless the program
// has chosen a share by itself, or its user by GOGC.
func boundGarbage(m *model.Model) {
	garbage.Lock()
	defer garbage.Unlock()
	now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(now)
	if is := int64(now[0].Value.Uint64()); is != 100 && is != garbage.percent {
		return
	}
	live := int64(1)
	for _, p := range m.MemoryParts() {
		live += p.Bytes
	}
	garbage.percent = max(1, min(100, 100*garbageAllowed/live))
	debug.SetGCPercent(int(garbage.percent))
}
