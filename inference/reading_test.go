package inference

import (
	"testing"

	"tern/model"
)

// TestReadWeights holds that all packed weights are read, whatever the number of
// workers.
func TestReadWeights(t *testing.T) {
	for _, threads := range []int{1, 2} {
		e := builtin(t)
		e.SetThreads(threads)
		var want int64
		for _, p := range e.Model().MemoryParts() {
			if p.Name == model.PartPacked {
				want = p.Bytes
			}
		}
		n, took, err := e.ReadWeights()
		if n != want || n == 0 || took <= 0 || err != nil {
			t.Errorf("%d threads: %d bytes of %d in %v, %v", threads, n, want, took, err)
		}
	}
}
