//go:build !purego

package kernel

import (
	"fmt"
	"testing"
)

// TestMatMulBlocks cuts tokens into blocks, and columns into parts with activations of -128
// and without: where 16-bit sums are full, and where they begin with other columns.
func TestMatMulBlocks(t *testing.T) {
	defer func(n int) { tileTokenBytes = n }(tileTokenBytes)
	tileTokenBytes = 24 << 10
	eachPath(t, func(t *testing.T) {
		rng := source()
		for _, size := range [][2]int{{70, 300}, {21, 4096}, {18, 4224}, {35, 9000}} {
			m, w := randomMatrix(rng, size[0], size[1])
			for _, c := range []struct{ tokens, least int }{{9, -127}, {10, -128}, {23, -127}, {40, -128}} {
				t.Run(fmt.Sprintf("%s/T=%d/%d", sizeName(size), c.tokens, c.least), func(t *testing.T) {
					scratch := NewScratch()
					scratch.Keep()
					q, sums := activations(m, c.tokens, func() int8 {
						if rng.IntN(3) > 0 {
							return int8(c.least) // most sums are near the ends
						}
						return int8(c.least + rng.IntN(128-c.least))
					})
					muls, y := randoms(rng, c.tokens), make([]float32, c.tokens*m.Rows)
					for g := 0; g < m.Groups(); {
						next := g + 1 + rng.IntN(m.Groups()-g)
						MatMul(y, m.Rows, m, g, next, q, sums, muls, scratch)
						g = next
					}
					for i, got := range y {
						tok, r := i/m.Rows, i%m.Rows
						if want := float32(wantDot(w[r], q[tok*m.PaddedCols():])) * muls[tok]; got != want {
							t.Fatalf("y[%d][%d] is %v, want %v", tok, r, got, want)
						}
					}
				})
			}
		}
	})
}
