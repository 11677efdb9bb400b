//go:build !purego

package kernel

import "tern/model/ternary"

// Of many tokens, a half of the products is looked up (Ternary lookup tables as in T-MAC, Wei et
// al. 2024, here of words): three activations have 27 sums Σ w·q with weights -1, 0, 1, which
// fill a register as 32 words, and VPERMW looks up those of 32 rows in one instruction.
// Beside it stands an addition, so that it is 96 products for two instructions, but of
// those one runs on any port. The other half is VPDPBUSD's, which does 64 on two of the four.
//
// Sums of two blocks, 256 columns, fit in 16 bits where no activation is -128, which
// Quantize never gives.
const (
	lookupRows      = 32          // of a band: words of a register
	lookupTableSize = 2 * 43 * 32 // of a token for two blocks
	lookupIndexSize = 2 * 22 * 32 // of a band

	lookupTokens = 4   // of a tile, whose tables stay in L1
	lookupLeast  = 32  // tokens from which it pays
	lookupAtOnce = 96  // bands that the same tables are used for,
	lookupSums   = 128 // and tokens that the same indices and codes are used for

	jointBands  = 4                  // of a joint tile and its like: two are looked up, two multiplied
	jointTokens = 8                  // by so many tokens
	jointCodes  = 2 * blockCols * 32 // of 32 rows for two blocks
)

// matMulLookup multiplies row groups from g0 on and returns where it stopped, at most g1.
func matMulLookup(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) int {
	const groups = lookupRows / groupRows // of a band
	bands := (min(g1, m.Rows/groupRows) - g0) / groups
	if bands <= 0 {
		return g0
	}
	all := len(muls)
	tokens := all
	if bands >= jointBands {
		tokens &^= jointTokens - 1
	}
	parts := (bands + lookupAtOnce - 1) / lookupAtOnce
	most := (bands + parts - 1) / parts
	most = (most + jointBands - 1) / jointBands * jointBands
	chunks := (tokens + lookupSums - 1) / lookupSums
	chunk := ((tokens+chunks-1)/chunks + jointTokens - 1) / jointTokens * jointTokens
	scratch.tables = grow(scratch.tables, lookupTokens*lookupTableSize)
	scratch.indices = grow(scratch.indices, most*lookupIndexSize)
	scratch.codes = grow(scratch.codes, most/jointBands*2*jointCodes)
	scratch.eight = grow(scratch.eight, jointTokens*2*blockCols)
	scratch.acc = grow(scratch.acc, min(chunk, tokens)*most*lookupRows)
	cols := m.PaddedCols()
	for t := 0; t < tokens; t += chunk {
		end := min(t+chunk, tokens)
		for b := 0; b < bands; b += most {
			g := g0 + b*groups
			if !lookup(y[t*stride+g*groupRows:], stride, m, g, min(most, bands-b), q[t*cols:end*cols], sums[t:end], muls[t:end], scratch) {
				return g0
			}
		}
	}
	if tokens < all { // fewer than eight, for which other tiles are faster
		keep := scratch.keep
		scratch.Change()
		matMul512(y[tokens*stride:], stride, m, g0, g0+bands*groups, q[tokens*cols:], sums[tokens:], muls[tokens:], scratch)
		scratch.keep, scratch.kept = keep, false
	}
	return g0 + bands*groups
}

// lookup stores the products of bands bands from row group g on in y, and reports whether
// 16 bits were enough for all sums; if not, y has none that stay.
func lookup(y []float32, stride int, m *ternary.Matrix, g, bands int, q []int8, sums []int32, muls []float32, scratch *Scratch) bool {
	cols, groupBytes, tokens := m.PaddedCols(), m.GroupBytes(), len(muls)
	const groups = lookupRows / groupRows // of a band
	// The first bands are looked up, as many are multiplied, and those that are left, which
	// fill no joint tile, are looked up alone.
	joint := bands / jointBands
	rest := bands % jointBands
	multiplied, left := 2*joint*groups, jointBands*joint*groups // row groups that they begin with
	steps := (tokens + lookupTokens - 1) / lookupTokens
	tiles := steps * (joint + min(rest, 1))
	each := (bands*groups + tiles - 1) / tiles // row groups to fetch while a tile is computed
	for c := 0; c < cols; c += 2 * blockCols {
		blocks := min(2, (cols-c)/blockCols)
		at := g*groupBytes + c // the position of a block in its group is the number of its first column
		if joint > 0 {
			lookupIndices(&scratch.indices[0], &m.Data[at], groupBytes, 2*joint, blocks)
			jointCodesOf(&scratch.codes[0], &m.Data[at+multiplied*groupBytes], groupBytes, 2*joint, blocks)
		}
		if rest > 0 {
			lookupIndices(&scratch.indices[2*joint*lookupIndexSize], &m.Data[at+left*groupBytes], groupBytes, rest, blocks)
		}
		acc, first, last := scratch.acc, c == 0, c+2*blockCols >= cols
		soon := at + 2*blockCols
		if last {
			soon = (g + bands*groups) * groupBytes
		}
		next := func(tiles int) *byte { // what is fetched with so many
			p := &m.Data[min(soon, len(m.Data)-1)]
			soon += tiles * each * groupBytes
			return p
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
			to := func(t, group int) *float32 {
				if !last {
					return nil
				}
				return &y[t*stride+group*groupRows]
			}
			if joint > 0 {
				// The first four of eight tokens look up beside a half of the rows that all
				// eight multiply, the others beside the other half.
				half, t8 := t/lookupTokens%2, t&^(jointTokens-1)
				if half == 0 {
					for i := range jointTokens {
						copy(scratch.eight[i*2*blockCols:], q[(t+i)*cols+c:][:blocks*blockCols])
					}
				}
				jointTile(to(t, 0), to(t8, multiplied+half*joint*groups), &muls[t], &muls[t8], &sums[t8], stride, &acc[0], &scratch.tables[0],
					&scratch.indices[0], &scratch.eight[0], &scratch.codes[half*joint*jointCodes], joint, blocks, next(joint), groupBytes, each, first)
				acc = acc[joint*jointBands*lookupRows*lookupTokens:]
			}
			if rest > 0 {
				lookupTile(to(t, left), &muls[t], stride, &acc[0], &scratch.tables[0], &scratch.indices[2*joint*lookupIndexSize], rest, blocks, n,
					next(1), groupBytes, each, first)
				acc = acc[rest*n*lookupRows:]
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
