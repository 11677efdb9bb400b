//go:build !race

package chat

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"tern/app/chat/backend"
	"tern/app/settings"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
)

// resident is the physical memory of the process.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// TestUnloadReturnsMemory (not for the race detector, which keeps memory of its
// own): a model of 150 MB is opened twice, and the system has the memory again
// each time it is closed, by Unload or for another.
func TestUnloadReturnsMemory(t *testing.T) {
	c := model.Config{
		Arch: checkpoint.Llama, Layers: 1, Dim: 768, FFNDim: 128, Heads: 4, KVHeads: 4, HeadDim: 32,
		VocabSize: 1 << 16, ContextLen: 256, RopeTheta: 10000, NormEps: 1e-5, Activation: model.SiLU, TiedEmbedding: true,
	}
	const size = 150_000_000 // the head and its compact copy
	ctl := newController(Options{Notify: func() {}}, backend.NewReadings(nil), func(_ context.Context, path string, g settings.Generation, _ func(model.Progress)) (*backend.Model, error) {
		c := c
		if path == "small" {
			c.VocabSize = 256
		}
		m, err := checkpoint.SyntheticConfig(path, c, model.F16, 1)
		if err != nil {
			return nil, err
		}
		e, err := inference.New(m, inference.Options{Threads: 1})
		if err != nil {
			return nil, err
		}
		return backend.Of(e, ModelInfo{Name: path, Path: path, Reading: AsItSays}, nil, inference.Options{Threads: 1}, nil), nil
	})
	t.Cleanup(ctl.Close)
	open := func(name string) {
		t.Helper()
		ctl.Models.Load(name, balanced)
		until(t, func() bool { v := ctl.View(); return v.State == Ready && v.Model.Name == name })
	}
	debug.FreeOSMemory()
	before := resident(t)
	for name, leave := range map[string]func(){"unloaded": ctl.Models.Unload, "replaced": func() { open("small") }} {
		open("large")
		if grown := resident(t) - before; grown < size/2 {
			t.Fatalf("%s: a model of %d bytes took %d", name, size, grown)
		}
		leave()
		until(t, func() bool { return resident(t)-before < size/4 })
	}
}

// until waits for what only a failure keeps from coming.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never comes")
		}
	}
}
