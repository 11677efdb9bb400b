//go:build !purego

package kernel

import "tern/model/ternary"

// fixedTile is how many rows of activations a product takes at a time.
func fixedTile(planes Planes) int {
	if useDot {
		return 6 / int(planes)
	}
	return 4 / int(planes) // sums of 16 bits take two registers
}

func fix(q []int8, stride int, x []float32, inv float32, planes Planes) int32 {
	switch pieces := len(x) / wordCols; {
	case !useAsm:
		return fixGeneric(q, stride, x, inv, planes)
	case planes == Fixed16:
		return fix2NEON(&q[0], stride, &x[0], pieces, inv)
	default:
		return fix3NEON(&q[0], stride, &x[0], pieces, inv)
	}
}

func peaksOf(peaks *[fieldsOf128]float32, x []float32) (amax, sum float32) {
	if !useAsm {
		return peaksGeneric(peaks, x)
	}
	amax = peaksNEON(&peaks[0], &x[0], len(x)/wordCols, &sum)
	return amax, sum
}

func (f *Fixed) setStarts(int, []int8) {}

// groupedBands multiplies whole bands; y starts at the first of their rows.
func groupedBands(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	if x.tokens > 1 {
		groupedTiles(y, stride, m, b0, b1, x, scratch)
		return
	}
	p, q, scale := groupedAt(m, b0, 0), &x.q[0], bytesOf(&x.scales[0])
	vec := groupedVec3NEON
	switch two := x.planes == Fixed16; {
	case useDot && two:
		vec = groupedVec2Dot
	case useDot:
		vec = groupedVec3Dot
	case two:
		vec = groupedVec2NEON
	}
	vec(&y[0], p.data, p.scales, p.wide, q, scale, x.outlierBytes(), b1-b0, m.Groups(), m.GroupCols/64)
}

// groupedTile is the product of a tile of rows with a band that is unpacked.
func groupedTile(planes Planes) groupedTileFunc {
	switch two := planes == Fixed16; {
	case useDot && two:
		return groupedTile2Dot
	case useDot:
		return groupedTile3Dot
	case two:
		return groupedTile2NEON
	}
	return groupedTile3NEON
}

func unpackGrouped(dst, src *byte, lines int) { unpackGroupedNEON(dst, src, lines) }

func peak(int) int { return 0 }
