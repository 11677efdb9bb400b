//go:build !purego

package kernel

import (
	"math"
	"unsafe"

	"tern/model/ternary"
)

const (
	// A tile of tokens keeps its sums in registers: four rows × 12 tokens take 24
	// of 32.
	tile512 = 12
	few512  = 8 // tokens of the tiles of fewAVX512
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
	scratch.setEnds(sums, muls, tile)
	full := min(g1, m.Rows/groupRows)
	if tiles == 1 && parts512(cols, tokens) == 1 {
		block = max(1, full-g0)
	}
	for g := g0; g < full; g += block {
		tiles512(y[g*groupRows:], stride, m, g, min(block, full-g), tokens, tile, scratch)
	}
	if full < g1 { // the last group, of fewer rows
		scratch.y = grow(scratch.y, tokens*groupRows)
		tiles512(scratch.y, groupRows, m, full, 1, tokens, tile, scratch)
		for t := range tokens {
			copy(y[t*stride+full*groupRows:t*stride+m.Rows], scratch.y[t*groupRows:])
		}
	}
}

// tiles512 multiplies some row groups by tile after tile; y begins with the first of them.
func tiles512(y []float32, stride int, m *ternary.Matrix, g, groups, tokens, tile int, scratch *Scratch) {
	const add, keep = 1, 2 // for tileAVX512
	cols := m.PaddedCols()
	for i, t := 0, 0; t < tokens; i, t = i+1, t+tile {
		n := min(tile, tokens-t)
		parts := parts512(cols, n)
		if parts > 1 {
			scratch.acc = grow(scratch.acc, fours(n)*groups*4*groupRows)
		} else {
			scratch.acc = grow(scratch.acc, 1)
		}
		part := (cols/blockCols + parts - 1) / parts * blockCols
		for c := 0; c < cols; c += part {
			k, more := min(part, cols-c), 0
			if c > 0 {
				more |= add
			}
			if c+k < cols {
				more |= keep
			}
			tileOf512(y[t*stride:], stride, m, g, c, k, groups, n, &scratch.q[2*(t*cols+c*n)], scratch.acc, scratch.ends[i*fours(tile)*endsOfFour:], more, scratch)
		}
	}
}

// parts512 is the number of parts of the columns whose activations, of some tokens, stay in L1.
func parts512(cols, tokens int) int { return (2*tokens*cols + tileBytes512 - 1) / tileBytes512 }

// tileOf512 multiplies k columns of row groups, from column c on, by a tile of tokens.
func tileOf512(y []float32, stride int, m *ternary.Matrix, g, c, k, groups, tokens int, q *int8, acc, ends []int32, more int, scratch *Scratch) {
	at, blocks, done := g*m.GroupBytes()+c, k/blockCols, 0
	// What is fetched comes some groups later, of whose columns there may be parts.
	ahead := func(together int) int {
		step := together * m.GroupBytes()
		return (ahead512 + step - 1) / step * step
	}
	if (tokens == 2 || tokens > 4 && tokens <= few512) && blocks > 1 {
		together := 1
		if tokens == 2 {
			together = 2
		}
		if n := groups / together; n > 0 {
			places := scratch.take(n)
			fewAVX512(&y[0], stride, &m.Data[at], q, &acc[0], &ends[0], blocks, m.GroupBytes(), n, tokens, ahead(together), more, unsafe.SliceData(places), len(places))
			done = n * together
		}
	}
	if done < groups {
		of := min(done*fours(tokens)*4*groupRows, len(acc)-1) // no sums are kept where there is no room
		tileAVX512(&y[done*groupRows], stride, &m.Data[at+done*m.GroupBytes()], q, &acc[of], &ends[0], blocks, m.GroupBytes(), groups-done, tokens, ahead(1), more)
	}
}

// endsOfFour are the numbers that tileAVX512 wants of four tokens: Σq and the factor of
// each for each of four rows.
const endsOfFour = 2 * 4 * groupRows

// fours is how often n tokens are begun with four.
func fours(n int) int { return (n + 3) / 4 }

// setEnds prepares what makes results of the sums of tiles of tokens.
func (s *Scratch) setEnds(sums []int32, muls []float32, tile int) {
	tiles := (len(sums) + tile - 1) / tile
	s.ends = grow(s.ends, tiles*fours(tile)*endsOfFour)
	for t, sum := range sums {
		four := s.ends[(t/tile*fours(tile)+t%tile/4)*endsOfFour:][:endsOfFour]
		for r := range groupRows {
			at := t%tile%4*groupRows + r
			four[at], four[endsOfFour/2+at] = sum, int32(math.Float32bits(muls[t]))
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
