//go:build !purego

package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestExponentialsWidth: registers of 256 and of 512 bits give the same bits.
func TestExponentialsWidth(t *testing.T) {
	rng := source()
	for n := 1; n < 80; n++ {
		x := randoms(rng, n)
		for i := range x {
			x[i] *= 40 // so that some are 0
		}
		if n > 40 {
			x[n/2] = float32(math.Inf(-1))
		}
		var before []float32
		eachOffer(func(path path) {
			if path == generic {
				return
			}
			s := slices.Clone(x)
			top, sum := Exponentials(s)
			s = append(s, top, sum)
			if before != nil && !slices.Equal(s, before) {
				t.Errorf("%v: %d: differs from another path", path, n)
			}
			before = s
		})
	}
}
