//go:build (amd64 || arm64) && !purego

package kernel

import (
	"unsafe"

	"tern/model/ternary"
)

// groupedCols is how many columns of a band are unpacked at a time, into 16 KB of L1.
const groupedCols = 512

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

// outlierBytes is where the outliers of x are, nil where it can have none.
func (f *Fixed) outlierBytes() *byte { return bytesOf(unsafe.SliceData(f.outliers)) }

// groupedTileFunc is the assembly of a tile; see groupedTile.
type groupedTileFunc func(y *float32, stride int, codes, scales *byte, wide int, q *int8, scale, outliers *byte, groups, halves, tokens int)

func matMulGrouped(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	if !useAsm {
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

// groupedTiles unpacks a part of a band at a time and multiplies it by tile after tile.
func groupedTiles(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	halves, groups := m.GroupCols/64, m.Groups()
	groupBytes := x.rowBytes() / groups
	scratch.codes = grow(scratch.codes, groupedCols*bandRows)
	codes, chunk := &scratch.codes[0], groupedCols/m.GroupCols
	tile := groupedTile(x.planes)
	for b := b0; b < b1; b++ {
		to := y[(b-b0)*bandRows:]
		clearRows(to, stride, bandRows, x.tokens)
		for g := 0; g < groups; g += chunk {
			p, k := groupedAt(m, b, g), min(chunk, groups-g)
			unpackGrouped(codes, p.data, k*m.GroupCols/wordCols)
			for t := 0; t < x.tokens; t += x.tile {
				_, n := x.tileOf(t)
				at := t*groups + g*n
				tile(&to[t*stride], 4*stride, codes, p.scales, p.wide, &x.q[at*groupBytes], bytesOf(&x.scales[at]), x.outlierBytes(), k, halves, n)
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
