package inference

import (
	"fmt"
	"testing"

	"tern/inference/kernel"
	"tern/model"
	"tern/model/ternary"
)

// TestSweep: the units of all workers are the whole row groups of each projection, each once, but
// for those that do not fill a unit; what at says of one unit holds for those that follow it.
func TestSweep(t *testing.T) {
	for _, rows := range [][]int{{4}, {64}, {63, 130}, {1536, 640, 640}, {16, 12, 20, 400}} {
		for streams := 1; streams <= 4; streams++ {
			var outs []output
			for _, n := range rows {
				outs = append(outs, output{linear: &model.Linear{Matrix: ternary.Matrix{Rows: n, Cols: 128}}})
			}
			s := sweep{outs: outs, streams: streams}
			for i := range outs {
				s.units += s.unitsOf(&outs[i])
			}
			for of := 1; of <= 5; of++ {
				name := fmt.Sprint(rows, " in ", streams, " streams, ", of, " workers")
				seen := map[*output][]int{}
				for i := range outs {
					seen[&outs[i]] = make([]int, rows[i]/ternary.GroupRows/streams*streams)
				}
				for id := range of {
					lo, hi := shareOf(s.units, id, of)
					var then kernel.Stretch // of the next unit
					left := 0
					for u := lo; u < hi; u++ {
						o, at, n := s.at(u, lo, hi)
						if left > 0 && (at != then || n != left) {
							t.Fatalf("%s: unit %d is %+v with %d, not %+v with %d", name, u, at, n, then, left)
						}
						for i := range streams {
							seen[o][at.First+i*at.Apart]++
						}
						if then, left = at, n-1; u+n > hi {
							t.Fatalf("%s: unit %d of [%d, %d) has %d", name, u, lo, hi, n)
						}
						then.First++
					}
				}
				for i := range outs {
					for g, n := range seen[&outs[i]] {
						if n != 1 {
							t.Fatalf("%s: row group %d of projection %d was taken %d times", name, g, i, n)
						}
					}
				}
			}
		}
	}
}
