//go:build !purego

package kernel

import (
	"github.com/klauspost/cpuid/v2"

	"tern/model/ternary"
)

// Of more tokens than a few, the weights of some row groups are unpacked into L1 and
// multiplied by all tokens of a block, whose activations stay in L2.
const (
	// Codes leave some of L1, at least 32 KB, to activations.
	tileCodes = 24 << 10
	// Sums of 16 bits hold 128 byte pairs where no activation is -128, which Quantize
	// never gives, and 64 where there are some.
	tileCols, tileColsLeast = 4096, 2048
	// Where columns are cut, the sums of this many row groups stay in L2.
	tileGroups = 16
	startBytes = 32 // of what the sums of a token begin with
)

// tileTokenBytes is what the activations of a block of tokens take: half of L2.
var tileTokenBytes = min(max(cpuid.CPU.Cache.L2/2, 128<<10), 512<<10)

// tiling is a product of many tokens.
type tiling struct {
	m       *ternary.Matrix
	q       []int8
	muls    []float32
	part    int // columns at once
	block   int // tokens at once
	scratch *Scratch
}

func matMulTiles(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, muls []float32, scratch *Scratch) {
	tokens := len(muls)
	part := scratch.setStarts(q, m.PaddedCols(), tokens)
	t := tiling{m, q, muls, part, evenly(tokens, max(tileTokenBytes/part, 1)), scratch}
	scratch.codes = grow(scratch.codes, max(tileCodes, groupRows*part))
	scratch.acc = grow(scratch.acc, t.block*tileGroups*groupRows)
	full := min(g1, m.Rows/groupRows)
	if g0 < full {
		t.multiply(y[g0*groupRows:], stride, g0, full)
	}
	if full < g1 { // the last group, of fewer rows
		scratch.y = grow(scratch.y, tokens*groupRows)
		t.multiply(scratch.y, groupRows, full, g1)
		for i := range tokens {
			copy(y[i*stride+full*groupRows:i*stride+m.Rows], scratch.y[i*groupRows:])
		}
	}
}

// multiply stores the results of row groups [g0, g1), the first of them at y[0].
func (t *tiling) multiply(y []float32, stride, g0, g1 int) {
	const add, keep = 1, 2 // for tilesAVX2
	cols, tokens := t.m.PaddedCols(), len(t.muls)
	for first := 0; first < tokens; first += t.block {
		n := min(t.block, tokens-first)
		for g := g0; g < g1; g += tileGroups {
			groups := min(tileGroups, g1-g)
			to := y[first*stride+(g-g0)*groupRows:]
			for c := 0; c < cols; c += t.part {
				more := 0
				if c > 0 {
					more |= add
				}
				if c+t.part < cols {
					more |= keep
				}
				t.tiles(to, stride, g, groups, c, first, n, more)
			}
		}
	}
}

// tiles multiplies the columns of a part, which begins with c, of some row groups by n tokens
// from first on.
func (t *tiling) tiles(y []float32, stride, g, groups, c, first, n, more int) {
	cols, s := t.m.PaddedCols(), t.scratch
	k := min(t.part, cols-c)
	together := tileCodes / (groupRows * k)
	switch {
	case together >= 4: // a cache line of results
		together = 4
	case together < 1:
		together = 1
	}
	multiply := tilesAVX2
	if useVNNI {
		multiply = tilesVNNI
	}
	start := &s.starts[(c/t.part*len(t.muls)+first)*startBytes]
	for i := 0; i < groups; i += together {
		some := min(together, groups-i)
		for j := range some {
			unpackAVX2(&s.codes[j*groupRows*k], &t.m.Data[(g+i+j)*t.m.GroupBytes()+c], k/blockCols, together*t.m.GroupBytes())
		}
		multiply(&y[i*groupRows], stride, &t.muls[first], &s.acc[i*groupRows], start, &s.codes[0], &t.q[first*cols+c], cols, k/rowBytes, some, groups, n, more)
	}
}

// setStarts prepares what the sums of tokens begin with, -Σq of their columns, for each part of
// the columns: so sums of codes end as sums of weights. Those of 16 bits may pass them on the
// way, as only what they end with must fit. It returns the columns of a part, which are fewer
// where an activation is -128.
func (s *Scratch) setStarts(q []int8, cols, tokens int) int {
	if s.kept {
		return s.cut
	}
	starts, least := startsAVX2, tileColsLeast
	if useVNNI {
		starts, least = startsVNNI, tileCols
	}
	for most := tileCols; ; most = least {
		s.cut = evenly(cols/blockCols, most/blockCols) * blockCols
		s.starts = grow(s.starts, (cols+s.cut-1)/s.cut*tokens*startBytes)
		lowest := int32(0)
		for c := 0; c < cols; c += s.cut {
			k := min(s.cut, cols-c)
			lowest = min(lowest, starts(&s.starts[c/s.cut*tokens*startBytes], &q[c], cols, k/rowBytes, tokens))
		}
		if s.cut <= least || lowest > -128 {
			s.kept = s.keep
			return s.cut
		}
	}
}

// evenly is the size of parts of n, at most most, of about the same size.
func evenly(n, most int) int {
	parts := (n + most - 1) / most
	return (n + parts - 1) / parts
}
