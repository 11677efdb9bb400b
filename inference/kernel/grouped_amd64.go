//go:build !purego

package kernel

import (
	"unsafe"

	"tern/model/ternary"
)

// fixedTile is how many rows of activations a product takes at a time.
func fixedTile(planes Planes) int {
	if useAVX512 {
		return 12 / int(planes) // 24 sums of a band in registers
	}
	return 4
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
	// The activations of a tile take up to 24 KB of L1 at a time.
	groupedTileBytes = 24 << 10
	// The codes of a block of bands stay in L2 while all tiles pass.
	groupedBlockBytes = 256 << 10
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
	if !useAVX512 {
		matMulGroupedGeneric(y, stride, m, b0, b1, x, scratch)
		return
	}
	full := m.Rows / bandRows
	if b0 < full {
		groupedBands(y[b0*bandRows:], stride, m, b0, min(b1, full), x)
	}
	if b0 <= full && full < b1 { // the last band, of fewer rows
		scratch.y = grow(scratch.y, x.tokens*bandRows)
		groupedBands(scratch.y, bandRows, m, full, b1, x)
		for t := range x.tokens {
			copy(y[t*stride+full*bandRows:t*stride+m.Rows], scratch.y[t*bandRows:])
		}
	}
}

// groupedBands multiplies whole bands; y starts at the first of their rows.
func groupedBands(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed) {
	halves, groups := m.GroupCols/64, m.Groups()
	if x.tokens == 1 {
		p := groupedAt(m, b0, 0)
		if x.planes == Fixed16 {
			groupedVec2AVX512(&y[0], p.data, p.scales, p.wide, &x.q[0], bytesOf(&x.scales[0]), b1-b0, groups, halves)
		} else {
			groupedVec3AVX512(&y[0], p.data, p.scales, p.wide, &x.q[0], bytesOf(&x.scales[0]), b1-b0, groups, halves)
		}
		return
	}
	rowBytes := x.rowBytes() / groups // of a group
	block := max(1, groupedBlockBytes/m.BandBytes())
	chunk := max(1, groupedTileBytes/(x.tile*rowBytes))
	for b := b0; b < b1; b += block {
		bands := min(block, b1-b)
		for t := 0; t < x.tokens; t += x.tile {
			_, n := x.tileOf(t)
			to := y[t*stride+(b-b0)*bandRows:]
			for i := range n {
				clear(to[i*stride:][:bands*bandRows])
			}
			for g := 0; g < groups; g += chunk {
				p, at, k := groupedAt(m, b, g), t*groups+g*n, min(chunk, groups-g)
				if q := &x.q[at*rowBytes]; x.planes == Fixed16 {
					groupedTile2AVX512(&to[0], 4*stride, p.data, p.bandBytes, p.scales, p.scaleBand, p.wide, q, bytesOf(&x.scales[at]), bands, k, halves, n)
				} else {
					groupedTile3AVX512(&to[0], 4*stride, p.data, p.bandBytes, p.scales, p.scaleBand, p.wide, q, bytesOf(&x.scales[at]), bands, k, halves, n)
				}
			}
		}
	}
}

func peak(n int) int {
	switch {
	case useAVX512:
		peakAVX512(n)
		return n * 16 * 64
	case useAVX2:
		peakAVX2(n)
		return n * 8 * 32
	}
	return 0
}
