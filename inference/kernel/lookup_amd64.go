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

	lookupBands  = 6  // of a tile, with lookupTokens tokens, whose sums fill 24 registers,
	lookupTokens = 4  // and whose tables stay in L1
	lookupLeast  = 32 // tokens from which it pays
	lookupAtOnce = 48 // bands whose indices stay in L2, 135 KB,
	lookupSums   = 64 // with their sums for this many tokens, 393 KB
)

// matMulLookup multiplies row groups from g0 on and returns where it stopped, at most g1.
func matMulLookup(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, muls []float32, scratch *Scratch) int {
	const groups = lookupRows / groupRows // of a band
	bands := (min(g1, m.Rows/groupRows) - g0) / groups
	if bands <= 0 {
		return g0
	}
	parts := (bands + lookupAtOnce - 1) / lookupAtOnce
	most := (bands + parts - 1) / parts
	scratch.tables = grow(scratch.tables, lookupTokens*lookupTableSize)
	scratch.indices = grow(scratch.indices, most*lookupIndexSize)
	chunks := (len(muls) + lookupSums - 1) / lookupSums
	chunk := ((len(muls)+chunks-1)/chunks + lookupTokens - 1) / lookupTokens * lookupTokens
	scratch.acc = grow(scratch.acc, min(chunk, len(muls))*most*lookupRows)
	for t := 0; t < len(muls); t += chunk {
		end := min(t+chunk, len(muls))
		for part := range parts {
			b0, b1 := bands*part/parts, bands*(part+1)/parts
			g := g0 + b0*groups
			if !lookup(y[t*stride+g*groupRows:], stride, m, g, b1-b0, q[t*m.PaddedCols():end*m.PaddedCols()], muls[t:end], scratch) {
				return g0
			}
		}
	}
	return g0 + bands*groups
}

// lookup stores the products of bands bands from row group g on in y, and reports whether
// 16 bits were enough for all sums; if not, y has none.
func lookup(y []float32, stride int, m *ternary.Matrix, g, bands int, q []int8, muls []float32, scratch *Scratch) bool {
	cols, groupBytes, tokens := m.PaddedCols(), m.GroupBytes(), len(muls)
	const groups = lookupRows / groupRows // of a band
	// Some sets have as many bands as a tile has, the others one less.
	sets := (bands + lookupBands - 1) / lookupBands
	few := bands / sets
	more := bands - sets*few // sets of few+1
	tiles := (tokens + lookupTokens - 1) / lookupTokens * sets
	each := (bands*groups + tiles - 1) / tiles // row groups to fetch while a tile is computed
	for c := 0; c < cols; c += 2 * blockCols {
		blocks := min(2, (cols-c)/blockCols)
		at := g*groupBytes + c // the position of a block in its group is the number of its first column
		lookupIndices(&scratch.indices[0], &m.Data[at], groupBytes, bands, blocks)
		acc, first, last := scratch.acc, c == 0, c+2*blockCols >= cols
		soon := at + 2*blockCols
		if last {
			soon = (g + bands*groups) * groupBytes
		}
		if first && last {
			clear(acc[:tokens*bands*lookupRows])
			first = false
		}
		for t := 0; t < tokens; t += lookupTokens {
			n := min(lookupTokens, tokens-t)
			if lookupTables(&scratch.tables[0], &q[t*cols+c], cols, blocks, n) != 0 {
				return false
			}
			for _, s := range [2]struct{ first, sets, bands int }{{0, more, few + 1}, {more * (few + 1), sets - more, few}} {
				if s.sets == 0 {
					continue
				}
				var to *float32
				if last {
					to = &y[t*stride+s.first*lookupRows]
				}
				lookupTile(to, &muls[t], stride, &acc[0], &scratch.tables[0], &scratch.indices[s.first*lookupIndexSize], s.sets, s.bands, blocks, n,
					&m.Data[min(soon, len(m.Data)-1)], groupBytes, each, first)
				soon += s.sets * each * groupBytes
				acc = acc[s.sets*s.bands*n*lookupRows:]
			}
		}
	}
	return true
}

func bestTogether() Together {
	if useLookup {
		return Together{lookupLeast, lookupSums, lookupAtOnce * lookupRows}
	}
	return Together{}
}
