//go:build !purego

package kernel

import "tern/model/ternary"

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
	case !useAsm:
		return fixGeneric(q, stride, x, inv, planes)
	case planes == Fixed16:
		return fix2AVX2(&q[0], stride, &x[0], pieces, inv)
	default:
		return fix3AVX2(&q[0], stride, &x[0], pieces, inv)
	}
}

func peaksOf(peaks *[fieldsOf128]float32, x []float32) (amax, sum float32) {
	if !useAsm {
		return peaksGeneric(peaks, x)
	}
	return peaksAVX2(&peaks[0], &x[0], len(x)/wordCols)
}

// setStarts stores what the sums of group g of a single row begin with, where the product
// wants that.
func (f *Fixed) setStarts(g int, q []int8) {
	if !useAsm || useVNNI || useAVX512 || f.tokens > 1 || f.planes != Fixed16 {
		return
	}
	f.starts = grow(f.starts, 4*f.groups())
	starts2AVX2(&f.starts[4*g], &q[0], f.groupCols/wordCols)
}

const (
	// With AVX-512 the activations of a tile take up to 24 KB of L1 at a time, and the
	// codes of a block of bands stay in L2 while all tiles pass.
	groupedTileBytes  = 24 << 10
	groupedBlockBytes = 256 << 10
)

// groupedBands multiplies whole bands; y starts at the first of their rows.
func groupedBands(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	switch {
	case x.tokens == 1:
		groupedVec(&y[0], m, b0, b1, x)
	case useAVX512:
		groupedTiles512(y, stride, m, b0, b1, x)
	default:
		groupedTiles(y, stride, m, b0, b1, x, scratch)
	}
}

func groupedVec(y *float32, m *ternary.Grouped, b0, b1 int, x *Fixed) {
	p, q, scale, outliers := groupedAt(m, b0, 0), &x.q[0], bytesOf(&x.scales[0]), x.outlierBytes()
	bands, groups, halves := b1-b0, m.Groups(), m.GroupCols/64
	switch two := x.planes == Fixed16; {
	case useAVX512 && two && p.wide == 0:
		groupedVec512(y, p, q, scale, outliers, bands, groups, halves)
	case useAVX512 && two:
		groupedVec2AVX512(y, p.data, p.scales, p.wide, q, scale, outliers, bands, groups, halves)
	case useAVX512:
		groupedVec3AVX512(y, p.data, p.scales, p.wide, q, scale, outliers, bands, groups, halves)
	case useVNNI && two:
		groupedVec2VNNI(y, p.data, p.scales, p.wide, q, scale, outliers, bands, groups, halves)
	case useVNNI:
		groupedVec3VNNI(y, p.data, p.scales, p.wide, q, scale, outliers, bands, groups, halves)
	case two:
		groupedVec2AVX2(y, p.data, p.scales, p.wide, q, scale, outliers, &x.starts[0], bands, groups, halves)
	default:
		groupedVec3AVX2(y, p.data, p.scales, p.wide, q, scale, outliers, bands, groups, halves)
	}
}

// groupedVec512 takes as many bands as it can in four streams, and then the rest.
func groupedVec512(y *float32, p groupedPlace, q *int8, scale, outliers *byte, bands, groups, halves int) {
	n := bands / 4
	if n > 0 {
		groupedVecFourAVX512(y, p.data, p.scales, q, scale, outliers, n, groups, halves)
	}
	if done := 4 * n; done < bands {
		y, data, scales := after(y, done*bandRows), after(p.data, done*p.bandBytes), after(p.scales, done*p.scaleBand)
		groupedVec2AVX512(y, data, scales, 0, q, scale, outliers, bands-done, groups, halves)
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
				tile(&to[0], 4*stride, p.data, p.bandBytes, p.scales, p.scaleBand, p.wide, &x.q[at*groupBytes], bytesOf(&x.scales[at]), x.outlierBytes(), bands, k, halves, n)
			}
		}
	}
}

// groupedTile is the product of a tile of rows with a band that is unpacked.
func groupedTile(planes Planes) groupedTileFunc {
	switch two := planes == Fixed16; {
	case useVNNI && two:
		return groupedTile2VNNI
	case useVNNI:
		return groupedTile3VNNI
	case two:
		return groupedTile2AVX2
	}
	return groupedTile3AVX2
}

func unpackGrouped(dst, src *byte, lines int) { unpackGroupedAVX2(dst, src, lines) }

func peak(n int) int {
	switch {
	case useAVX512:
		peakAVX512(n)
		return n * 16 * 64
	case useVNNI:
		peakVNNI(n)
		return n * 12 * 32
	case useAsm:
		peakAVX2(n)
		return n * 8 * 32
	}
	return 0
}
