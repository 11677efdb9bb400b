package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestStreams: a product of one token, which may read a matrix in several streams, is that
// of its rows a few at a time, whatever is left for no stream; a scan likewise.
func TestStreams(t *testing.T) {
	const most = 13 // row groups, and bands
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, cols := range []int{128, 1000} {
			m, _ := randomMatrix(rng, most*groupRows, cols)
			q, sums := activations(m, 1, func() int8 { return int8(rng.IntN(256) - 128) })
			eachStretch(t, most, groupRows, func(y []float32, lo, hi int) { MatVec(y, m, lo, hi, q, sums[0], 0.37) })
			for _, groupCols := range []int{64, 128} {
				g := randomGrouped(rng, most*bandRows, cols, groupCols, false)
				row := randoms(rng, cols)
				withOutliers(rng, row)
				x, scratch := fixed([][]float32{row}, groupCols, Fixed16), NewScratch()
				eachStretch(t, most, bandRows, func(y []float32, lo, hi int) { MatMulGrouped(y, g.Rows, g, lo, hi, x, scratch) })
			}
			c := randomCoded(rng, most*ScanRows, cols, func(int, int) float32 { return float32(rng.NormFloat64()) })
			var v ScanVector
			v.Set(randoms(rng, cols), c.dither, noTiny)
			eachStretch(t, most, ScanRows, func(y []float32, lo, hi int) {
				codes, scales := len(c.codes)/most, len(c.scales)/most
				other := make([]float32, (hi-lo)*ScanRows)
				Scan(y[lo*ScanRows:hi*ScanRows], other, c.codes[lo*codes:hi*codes], c.scales[lo*scales:hi*scales], &v)
			})
			eachStretch(t, most, ScanRows, func(y []float32, lo, hi int) {
				codes, scales := len(c.codes)/most, len(c.scales)/most
				other := make([]float32, (hi-lo)*ScanRows)
				Scan(other, y[lo*ScanRows:hi*ScanRows], c.codes[lo*codes:hi*codes], c.scales[lo*scales:hi*scales], &v)
			})
		}
	})
}

// TestMatVecStreams: row groups of several stretches, wherever those are and whatever is read
// next, have the results that each has alone.
func TestMatVecStreams(t *testing.T) {
	const most = 29 // row groups
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, cols := range []int{128, 1000, 1536, 2200} {
			m, _ := randomMatrix(rng, most*groupRows, cols)
			q, sums := activations(m, 1, func() int8 { return int8(rng.IntN(256) - 128) })
			want := make([]float32, m.Rows)
			MatVec(want, m, 0, most, q, sums[0], 0.37)
			for range 300 {
				apart := rng.IntN(most/Streams()) + 1
				n := rng.IntN(apart) + 1
				first := rng.IntN(most - (Streams()-1)*apart - n + 1)
				next := Stretch{}
				if rng.IntN(2) == 0 {
					next = Stretch{m, rng.IntN(most), rng.IntN(most)}
				}
				nothing := float32(math.Inf(1))
				y := slices.Repeat([]float32{nothing}, m.Rows)
				MatVecStreams(y, Stretch{m, first, apart}, n, q, sums[0], 0.37, next)
				expected := slices.Repeat([]float32{nothing}, m.Rows)
				for i := range Streams() {
					at := (first + i*apart) * groupRows
					copy(expected[at:at+n*groupRows], want[at:])
				}
				if !slices.Equal(y, expected) {
					t.Fatalf("%d columns, %d row groups from %d, %d apart: other results", cols, n, first, apart)
				}
			}
		}
	})
}

// eachStretch has do compute units [lo, hi) of n, of rows results each, for all lo and hi,
// and compares that with one unit after the other.
func eachStretch(t *testing.T, n, rows int, do func(y []float32, lo, hi int)) {
	t.Helper()
	want := make([]float32, n*rows)
	for i := range n {
		do(want, i, i+1)
	}
	nothing := float32(math.Inf(1))
	for lo := range n {
		for hi := lo; hi <= n; hi++ {
			y := slices.Repeat([]float32{nothing}, n*rows)
			if lo < hi {
				do(y, lo, hi)
			}
			for i, got := range y {
				if expected := want[i]; i/rows >= lo && i/rows < hi && got != expected || (i/rows < lo || i/rows >= hi) && got != nothing {
					t.Fatalf("units [%d, %d) of %d: result %d is %v, want %v of a unit alone", lo, hi, n, i, got, expected)
				}
			}
		}
	}
}
