//go:build !purego

package kernel

import "tern/model/ternary"

const (
	// A tile of tokens keeps its sums in registers: four rows × 12 tokens take 24
	// of 32.
	tile512 = 12
	// The activations of a tile take up to 36 KB of L1 at a time.
	tileBytes512 = 36 << 10
	cols512      = 2048
	// Weights are fetched this far ahead.
	ahead512 = 4096
	// The weights of a block of row groups stay in L2 while all tiles pass.
	weights512 = 256 << 10

	// Of many tokens, tiles are eight rows × 6 tokens: the weights of two row groups are
	// unpacked into 16 KB of L1, and the sums of a block of row groups stay in L2 while
	// all tiles pass with a part of their columns.
	manyTokens512 = 32
	tile8         = 6
	block8        = 16
)

// matMul512 interleaves the activations of each tile of tokens, so that they are
// one stream, then multiplies blocks of row groups by tile after tile.
func matMul512(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols, tokens := m.PaddedCols(), len(sums)
	if tokens >= manyTokens512 {
		matMul8(y, stride, m, g0, g1, q, sums, muls, scratch)
		return
	}
	tiles := (tokens + tile512 - 1) / tile512
	tile := (tokens + tiles - 1) / tiles // tiles of the same size, the last may be smaller
	block := max(1, weights512/m.GroupBytes())
	if !scratch.kept {
		scratch.q = grow(scratch.q, 2*len(q))
		for t := 0; t < tokens; t += tile {
			doubleAVX512(&scratch.q[2*t*cols], &q[t*cols], cols, cols/blockCols, min(tile, tokens-t))
		}
		scratch.kept = scratch.keep
	}
	// What is fetched comes some groups later, of whose columns there may be parts.
	ahead := (ahead512 + m.GroupBytes() - 1) / m.GroupBytes() * m.GroupBytes()
	scratch.acc = grow(scratch.acc, tile*min(block, g1-g0)*groupRows)
	for g := g0; g < g1; g += block {
		groups := min(block, g1-g)
		for t := 0; t < tokens; t += tile {
			n := min(tile, tokens-t)
			acc := scratch.acc[:n*groups*groupRows]
			clear(acc)
			parts := (2*n*cols + tileBytes512 - 1) / tileBytes512
			part := (cols/blockCols + parts - 1) / parts * blockCols
			for c := 0; c < cols; c += part {
				k := min(part, cols-c)
				tileAVX512(&acc[0], &m.Data[g*m.GroupBytes()+c], &scratch.q[2*(t*cols+c*n)], k/blockCols, m.GroupBytes(), groups, n, ahead)
			}
			rows := min(groups*groupRows, m.Rows-g*groupRows)
			store(y[t*stride+g*groupRows:], stride, rows, acc, sums[t:][:n], muls[t:][:n])
		}
	}
}

// matMul8 is matMul512 for many tokens.
func matMul8(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols, tokens := m.PaddedCols(), len(sums)
	tiles := (tokens + tile8 - 1) / tile8
	tile := (tokens + tiles - 1) / tiles
	if !scratch.kept {
		scratch.q = grow(scratch.q, len(q))
		interleave(scratch.q, q, cols, tile)
		scratch.kept = scratch.keep
	}
	scratch.codes = grow(scratch.codes, 2*groupRows*min(cols, cols512))
	scratch.acc = grow(scratch.acc, tokens*block8*groupRows)
	for groups := 0; g0 < g1; g0 += groups {
		second := m.GroupBytes()
		if groups = min(block8, g1-g0); groups > 1 {
			groups &^= 1
		} else { // the last, twice
			second = 0
		}
		sumGroups := max(groups, 2)
		acc := scratch.acc[:tokens*sumGroups*groupRows]
		clear(acc)
		for c := 0; c < cols; c += cols512 {
			k := min(cols512, cols-c)
			for i := 0; i < groups; i += 2 {
				data := &m.Data[(g0+i)*m.GroupBytes()+c]
				unpackAVX512(&scratch.codes[0], data, second, k/blockCols)
				for t := 0; t < tokens; t += tile {
					n := min(tile, tokens-t)
					tile8AVX512(&acc[(t*sumGroups+i)*groupRows], &scratch.codes[0], &scratch.q[t*cols+c*n], k/blockCols, sumGroups, n)
				}
			}
		}
		store(y[g0*groupRows:], stride, min(groups*groupRows, m.Rows-g0*groupRows), acc, sums, muls)
	}
}
