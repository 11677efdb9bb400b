package inference

import (
	"testing"

	"tern/inference/kernel"
)

// TestCutTokens has every row group in one cut, no part with fewer tokens than pay, and a
// piece for each worker where the rows allow it.
func TestCutTokens(t *testing.T) {
	best := kernel.Together{Least: 32, Tokens: 64, Rows: 1536}
	for _, c := range []struct{ tokens, rows, workers, parts, cuts int }{
		{128, 3 * 1536, 2, 2, 3}, // each worker has its own tokens
		{128, 1536, 2, 4, 1},
		{64, 1536, 2, 2, 2},
		{128, 2 * 4096, 8, 4, 6},
		{128, 640, 8, 4, 3}, // of 256 rows at most
		{128, 32, 8, 4, 1},
		{64, 1536, 1, 1, 1}, // nobody to share with
	} {
		if parts, cuts, _ := cutTokens(c.tokens, c.rows/4, c.workers, best); parts != c.parts || cuts != c.cuts {
			t.Errorf("%d tokens, %d rows, %d workers: %d parts, %d cuts, want %d, %d", c.tokens, c.rows, c.workers, parts, cuts, c.parts, c.cuts)
		}
	}
	for tokens := 64; tokens <= 128; tokens += 9 {
		for groups := 1; groups < 3000; groups += 61 {
			for workers := 2; workers <= 17; workers++ {
				parts, cuts, size := cutTokens(tokens, groups, workers, best)
				if (cuts-1)*size >= groups || cuts*size < groups || size%32 != 0 {
					t.Errorf("%d groups in %d cuts of %d", groups, cuts, size)
				}
				for part := range parts {
					n := tokensBefore(part+1, parts, tokens) - tokensBefore(part, parts, tokens)
					if n < best.Least || part < parts-1 && n%8 != 0 {
						t.Errorf("%d tokens in %d parts, of which part %d has %d", tokens, parts, part, n)
					}
				}
				if parts*cuts < workers && size > 32 {
					t.Errorf("%d tokens, %d groups: %d pieces for %d workers", tokens, groups, parts*cuts, workers)
				}
			}
		}
	}
}
