//go:build !purego

package kernel

import "tern/model/ternary"

// Of many tokens, products are looked up (Ternary lookup tables as in T-MAC, Wei et al.
// 2024, here of words): three activations have 27 sums Σ w·q with weights -1, 0, 1, which
// fill a register as 32 words, and VPERMW looks up those of 32 rows in one instruction.
// Beside it stands an addition, so that it is 96 products for two instructions, but of
// those one runs on any port: VPDPBUSD does 64 on two of the four.
//
// Sums of two blocks, 256 columns, fit in 16 bits where no activation is -128, which
// Quantize never gives.
const (
	lookupRows      = 32          // of a band: words of a register
	lookupTableSize = 2 * 43 * 32 // of a token for two blocks
	lookupIndexSize = 2 * 22 * 32 // of a band

	lookupBands  = 6  // of a tile, with four tokens, whose sums fill 24 registers
	lookupLeast  = 32 // tokens from which it pays
	lookupL2     = 64 // tables of two blocks that stay in L2: 350 KB
	lookupAtOnce = 48 // bands whose sums stay there, too
)

// matMulLookup multiplies row groups from g0 on and returns where it stopped, at most g1.
func matMulLookup(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, muls []float32, scratch *Scratch) int {
	bands := (min(g1, m.Rows/groupRows) - g0) / (lookupRows / groupRows)
	if bands <= 0 {
		return g0
	}
	tokens := len(muls)
	chunks := (tokens + lookupL2 - 1) / lookupL2
	chunk := (tokens + chunks - 1) / chunks
	parts := (bands + lookupAtOnce - 1) / lookupAtOnce
	scratch.tables = grow(scratch.tables, lookupL2*lookupTableSize)
	scratch.indices = grow(scratch.indices, lookupBands*lookupIndexSize)
	scratch.acc = grow(scratch.acc, chunk*(bands+parts-1)/parts*lookupRows)
	for t := 0; t < tokens; t += chunk {
		n := min(chunk, tokens-t)
		for part := range parts {
			b0, b1 := bands*part/parts, bands*(part+1)/parts
			g, rows := g0+b0*lookupRows/groupRows, (b1-b0)*lookupRows
			clear(scratch.acc[:n*rows])
			if !lookup(y[t*stride+g*groupRows:], stride, m, g, b1-b0, q[t*m.PaddedCols():], muls[t:][:n], scratch) {
				return g0
			}
		}
	}
	return g0 + bands*lookupRows/groupRows
}

// lookup stores the products of bands bands from row group g on in y, and reports whether
// 16 bits were enough for all sums; if not, y has none. scratch.acc is [tokens][rows] zeros.
func lookup(y []float32, stride int, m *ternary.Matrix, g, bands int, q []int8, muls []float32, scratch *Scratch) bool {
	cols, groupBytes, tokens := m.PaddedCols(), m.GroupBytes(), len(muls)
	const groups = lookupRows / groupRows // of a band
	sets := (bands + lookupBands - 1) / lookupBands
	each := (lookupBands*groups*4 + tokens - 1) / tokens // row groups to fetch while 4 tokens pass
	for c := 0; c < cols; c += 2 * blockCols {
		blocks := min(2, (cols-c)/blockCols)
		if lookupTables(&scratch.tables[0], &q[c], cols, blocks, tokens) != 0 {
			return false
		}
		for s := range sets {
			b0, b1 := bands*s/sets, bands*(s+1)/sets
			// The position of a block in its group is the number of its first column.
			at := (g+b0*groups)*groupBytes + c
			lookupIndices(&scratch.indices[0], &m.Data[at], groupBytes, b1-b0, blocks)
			next := at + (b1-b0)*groups*groupBytes
			if s == sets-1 {
				next = g*groupBytes + c + 2*blockCols
			}
			var to *float32
			if c+2*blockCols >= cols {
				to = &y[b0*lookupRows]
			}
			lookupTile(to, &muls[0], stride, &scratch.acc[b0*lookupRows], &scratch.tables[0], &scratch.indices[0], bands*lookupRows, b1-b0, blocks, tokens,
				&m.Data[min(next, len(m.Data)-1)], groupBytes, each)
		}
	}
	return true
}

func tokensTogether() int {
	if useLookup {
		return lookupLeast
	}
	return 0
}
