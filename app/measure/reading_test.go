package measure

import (
	"testing"

	"tern/app/builtin"
	"tern/inference"
	"tern/model"
)

// TestWeightReader holds that all packed weights are read, whatever the number of
// workers.
func TestWeightReader(t *testing.T) {
	for _, threads := range []int{1, 2} {
		e, err := builtin.Open(t.Context(), inference.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		e.SetThreads(threads)
		var want int64
		for _, p := range e.Model().MemoryParts() {
			if p.Name == model.PartPacked {
				want = p.Bytes
			}
		}
		read, n := WeightReader(e)
		took, err := read()
		if n != want || n == 0 || took <= 0 || err != nil {
			t.Errorf("%d threads: %d bytes of %d in %v, %v", threads, n, want, took, err)
		}
	}
}
