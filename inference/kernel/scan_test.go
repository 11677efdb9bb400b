package kernel

import (
	"slices"
	"testing"

	"tern/model/ternary"
)

// TestScan compares with the sum in 64 bits, at every number of rows around the
// groups of four, and at the extremes that must not overflow.
func TestScan(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, cols := range []int{32, 64, 96, 256, 512, 544, 1536, 2560, 3200, 8192} {
			limit := ScanLimit(cols)
			for _, rows := range []int{1, 2, 3, 4, 5, 7, 8, 13} {
				for extreme, sign := range []int{0, 1, -1} {
					w, x := make([]int8, rows*cols), make([]int16, cols)
					for i := range w {
						w[i] = int8(rng.IntN(255) - 127)
						if extreme > 0 {
							w[i] = -128
						}
					}
					for j := range x {
						x[j] = int16(rng.IntN(2*limit+1) - limit)
						if extreme > 0 {
							x[j] = int16(sign * limit)
						}
					}
					want := make([]int32, rows)
					for r := range want {
						var sum int64
						for j, v := range x {
							sum += int64(w[r*cols+j]) * int64(v)
						}
						if want[r] = int32(sum); int64(want[r]) != sum {
							t.Fatalf("%d columns overflow at the limit %d", cols, limit)
						}
					}
					got := make([]int32, rows)
					if Scan(got, w, x); !slices.Equal(got, want) {
						t.Errorf("%d × %d: %v, want %v", rows, cols, got, want)
					}
				}
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	const rows, cols = 32002, 1536
	w, x, y := ternary.Alloc[int8](rows*cols), make([]int16, cols), make([]int32, rows)
	for i := range w {
		w[i] = int8(i % 59)
	}
	b.SetBytes(int64(len(w)))
	for b.Loop() {
		Scan(y, w, x)
	}
}
