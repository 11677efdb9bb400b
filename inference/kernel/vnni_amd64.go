//go:build !purego

package kernel

import "tern/model/ternary"

const (
	// A tile of tokens keeps its sums in registers: four rows × 12 tokens take 24
	// of 32.
	tile512 = 12
	// The activations of a tile take up to 24 KB of L1 at a time.
	cols512 = 2048
	// The weights of a block of row groups stay in L2 while all tiles pass.
	weights512 = 256 << 10
)

// matMul512 interleaves the activations of each tile of tokens, so that they are
// one stream, then multiplies blocks of row groups by tile after tile.
func matMul512(y []float32, stride int, m *ternary.Matrix, g0, g1 int, q []int8, sums []int32, muls []float32, scratch *Scratch) {
	cols, tokens := m.PaddedCols(), len(sums)
	tiles := (tokens + tile512 - 1) / tile512
	tile := (tokens + tiles - 1) / tiles // tiles of the same size, the last may be smaller
	block := max(1, weights512/m.GroupBytes())
	if !scratch.kept {
		scratch.q = grow(scratch.q, len(q))
		interleave(scratch.q, q, cols, tile)
		scratch.kept = scratch.keep
	}
	scratch.acc = grow(scratch.acc, tile*min(block, g1-g0)*groupRows)
	for g := g0; g < g1; g += block {
		groups := min(block, g1-g)
		for t := 0; t < tokens; t += tile {
			n := min(tile, tokens-t)
			acc := scratch.acc[:n*groups*groupRows]
			clear(acc)
			for c := 0; c < cols; c += cols512 {
				k := min(cols512, cols-c)
				tileAVX512(&acc[0], &m.Data[g*m.GroupBytes()+c], &scratch.q[t*cols+c*n], k/blockCols, m.GroupBytes(), groups, n)
			}
			rows := min(groups*groupRows, m.Rows-g*groupRows)
			store(y[t*stride+g*groupRows:], stride, rows, acc, sums[t:][:n], muls[t:][:n])
		}
	}
}
