package chat

import (
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
)

func TestGarbageIsBounded(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 30 << 20: 100, 64 << 20: 100, 128 << 20: 50, 1 << 30: 6, 1 << 40: 1} {
		if got := gcPercent(live); got != want {
			t.Errorf("%d bytes live: %d%%, want %d%%", live, got, want)
		}
	}

	defer debug.SetGCPercent(debug.SetGCPercent(100))
	weights := make([]byte, 256<<20) // as much as 25%, and never touched
	runtime.GC()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.start(Options{})
		c.Models.Load("/models/bitnet-large/model.safetensors", balanced)
		idle()
	})
	if got := debug.SetGCPercent(100); got > 25 || got < 15 {
		t.Errorf("%d%% beside %d bytes, want about 25%%", got, len(weights))
	}
	runtime.KeepAlive(weights)
}
