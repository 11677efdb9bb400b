//go:build !purego

package kernel

import (
	"unsafe"

	"tern/model/ternary"
)

// fixedTile is how many rows of activations a product takes at a time: their sums fill
// 24 registers of 512 bits, or 12 of 256.
func fixedTile(planes Planes) int {
	if useAVX512 {
		return 12 / int(planes)
	}
	return 6 / int(planes)
}

func fix(q []int8, stride int, x []float32, inv float32, planes Planes) int32 {
	switch pieces := len(x) / wordCols; {
	case !useAVX2:
		return fixGeneric(q, stride, x, inv, planes)
	case planes == Fixed16:
		return fix2AVX2(&q[0], stride, &x[0], pieces, inv)
	default:
		return fix3AVX2(&q[0], stride, &x[0], pieces, inv)
	}
}

const (
	// With AVX-512 the activations of a tile take up to 24 KB of L1 at a time, and the
	// codes of a block of bands stay in L2 while all tiles pass.
	groupedTileBytes  = 24 << 10
	groupedBlockBytes = 256 << 10

	// Else 512 columns of a band are unpacked into 16 KB of L1 at a time.
	groupedCols = 512
)

// groupedPlace is a part of a matrix as the assembly takes it.
type groupedPlace struct {
	data, scales         *byte
	bandBytes, scaleBand int // from one band to the next
	wide                 int
}

// groupedAt returns where band b and group g are.
func groupedAt(m *ternary.Grouped, b, g int) (p groupedPlace) {
	p.bandBytes = m.BandBytes()
	p.data = &m.Data[b*p.bandBytes+g*m.GroupCols/wordCols*4*bandRows]
	at := (b*m.Groups() + g) * bandRows
	if m.Wide != nil {
		p.scales, p.wide, p.scaleBand = bytesOf(&m.Wide[at]), 1, 4*bandRows*m.Groups()
	} else {
		p.scales, p.scaleBand = bytesOf(&m.Scales[at]), 2*bandRows*m.Groups()
	}
	return p
}

func bytesOf[T any](p *T) *byte { return (*byte)(unsafe.Pointer(p)) }

func matMulGrouped(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	if !useAVX2 {
		matMulGroupedGeneric(y, stride, m, b0, b1, x, scratch)
		return
	}
	full := m.Rows / bandRows
	if b0 < full {
		groupedBands(y[b0*bandRows:], stride, m, b0, min(b1, full), x, scratch)
	}
	if b0 <= full && full < b1 { // the last band, of fewer rows
		scratch.y = grow(scratch.y, x.tokens*bandRows)
		groupedBands(scratch.y, bandRows, m, full, b1, x, scratch)
		for t := range x.tokens {
			copy(y[t*stride+full*bandRows:t*stride+m.Rows], scratch.y[t*bandRows:])
		}
	}
}

// groupedBands multiplies whole bands; y starts at the first of their rows.
func groupedBands(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	switch {
	case x.tokens == 1:
		groupedVec(&y[0], m, b0, b1, x)
	case useAVX512:
		groupedTiles512(y, stride, m, b0, b1, x)
	default:
		groupedTiles256(y, stride, m, b0, b1, x, scratch)
	}
}

func groupedVec(y *float32, m *ternary.Grouped, b0, b1 int, x *Fixed) {
	p, q, scale := groupedAt(m, b0, 0), &x.q[0], bytesOf(&x.scales[0])
	bands, groups, halves := b1-b0, m.Groups(), m.GroupCols/64
	switch two := x.planes == Fixed16; {
	case useAVX512 && two:
		groupedVec2AVX512(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	case useAVX512:
		groupedVec3AVX512(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	case useVNNI && two:
		groupedVec2VNNI(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	case useVNNI:
		groupedVec3VNNI(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	case two:
		groupedVec2AVX2(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	default:
		groupedVec3AVX2(y, p.data, p.scales, p.wide, q, scale, bands, groups, halves)
	}
}

// groupedTiles512 multiplies blocks of bands by tile after tile.
func groupedTiles512(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed) {
	halves, groups := m.GroupCols/64, m.Groups()
	groupBytes := x.rowBytes() / groups
	block := max(1, groupedBlockBytes/m.BandBytes())
	chunk := max(1, groupedTileBytes/(x.tile*groupBytes))
	for b := b0; b < b1; b += block {
		bands := min(block, b1-b)
		for t := 0; t < x.tokens; t += x.tile {
			_, n := x.tileOf(t)
			to := y[t*stride+(b-b0)*bandRows:]
			clearRows(to, stride, bands*bandRows, n)
			for g := 0; g < groups; g += chunk {
				p, at, k := groupedAt(m, b, g), t*groups+g*n, min(chunk, groups-g)
				tile := groupedTile2AVX512
				if x.planes == Fixed24 {
					tile = groupedTile3AVX512
				}
				tile(&to[0], 4*stride, p.data, p.bandBytes, p.scales, p.scaleBand, p.wide, &x.q[at*groupBytes], bytesOf(&x.scales[at]), bands, k, halves, n)
			}
		}
	}
}

// groupedTiles256 unpacks a part of a band at a time and multiplies it by tile after tile.
func groupedTiles256(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	halves, groups := m.GroupCols/64, m.Groups()
	groupBytes := x.rowBytes() / groups
	scratch.codes = grow(scratch.codes, groupedCols*bandRows)
	codes, chunk := &scratch.codes[0], groupedCols/m.GroupCols
	tile := groupedTile2AVX2
	switch two := x.planes == Fixed16; {
	case useVNNI && two:
		tile = groupedTile2VNNI
	case useVNNI:
		tile = groupedTile3VNNI
	case !two:
		tile = groupedTile3AVX2
	}
	for b := b0; b < b1; b++ {
		to := y[(b-b0)*bandRows:]
		clearRows(to, stride, bandRows, x.tokens)
		for g := 0; g < groups; g += chunk {
			p, k := groupedAt(m, b, g), min(chunk, groups-g)
			unpackGroupedAVX2(codes, p.data, k*m.GroupCols/wordCols)
			for t := 0; t < x.tokens; t += x.tile {
				_, n := x.tileOf(t)
				at := t*groups + g*n
				tile(&to[t*stride], 4*stride, codes, p.scales, p.wide, &x.q[at*groupBytes], bytesOf(&x.scales[at]), k, halves, n)
			}
		}
	}
}

// clearRows sets the first n of each of rows rows of y to 0.
func clearRows(y []float32, stride, n, rows int) {
	for t := range rows {
		clear(y[t*stride:][:n])
	}
}

func peak(n int) int {
	switch {
	case useAVX512:
		peakAVX512(n)
		return n * 16 * 64
	case useVNNI:
		peakVNNI(n)
		return n * 12 * 32
	case useAVX2:
		peakAVX2(n)
		return n * 8 * 32
	}
	return 0
}
