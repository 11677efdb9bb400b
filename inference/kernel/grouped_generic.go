package kernel

import (
	"encoding/binary"
	"math"

	"tern/model/ternary"
)

// fixGeneric stores q = roundHalfEven(x·inv) in pieces of 16 columns, stride bytes apart,
// and returns Σq. Four bytes of a plane are the columns that one field of the bytes of
// a word holds: column 4j+k of a piece is byte 4k+j.
func fixGeneric(q []int8, stride int, x []float32, inv float32, planes Planes) (sum int32) {
	for {
		for c, v := range x[:wordCols] {
			r := int32(math.RoundToEven(float64(v * inv)))
			sum += r
			at := c%4*4 + c/4
			for p := range int(planes) {
				low := int8(r)
				q[p*wordCols+at] = low
				r = (r - int32(low)) >> 8
			}
		}
		if x = x[wordCols:]; len(x) == 0 {
			return sum
		}
		q = q[stride:]
	}
}

// matMulGroupedGeneric is MatMulGrouped.
func matMulGroupedGeneric(y []float32, stride int, m *ternary.Grouped, b0, b1 int, x *Fixed, scratch *Scratch) {
	words := m.GroupCols / wordCols // of a group
	piece := wordCols * int(x.planes)
	scratch.codes = grow(scratch.codes, m.GroupCols)
	scratch.acc = grow(scratch.acc, m.GroupCols)
	codes, q := scratch.codes, scratch.acc
	for r := b0 * bandRows; r < min(b1*bandRows, m.Rows); r++ {
		data := m.Data[r/bandRows*m.BandBytes()+r%bandRows*4:]
		for g := range m.Groups() {
			for w := range words {
				fields(codes[w*wordCols:], binary.LittleEndian.Uint32(data[(g*words+w)*4*bandRows:]))
			}
			d := m.Scale(r, g)
			for t := range x.tokens {
				first, n := x.tileOf(t)
				from := x.q[first*x.rowBytes()+(g*words*n+t-first)*piece:]
				for w := range words {
					whole(q[w*wordCols:], from[w*n*piece:][:piece])
				}
				scale := x.scales[first*x.groups()+g*n+t-first]
				sum := scale.minus
				for c, a := range q {
					sum += int32(codes[c]) * a
				}
				for _, o := range x.outliersOf(&scale) {
					at := codes[o.field/4*wordCols+o.field%4*4:]
					for j, top := range o.top {
						sum += int32(at[j]) * int32(top) << 16
					}
				}
				if g == 0 {
					y[t*stride+r] = 0
				}
				y[t*stride+r] += float32(float32(float32(sum)*scale.s) * d)
			}
		}
	}
}

// fields stores the 16 codes of a word in dst, ordered as a plane of activations is.
func fields(dst []uint8, x uint32) {
	dst = dst[:wordCols]
	for j := range 4 {
		dst[j], dst[4+j], dst[8+j], dst[12+j] = uint8(x)&3, uint8(x>>2)&3, uint8(x>>4)&3, uint8(x>>6)&3
		x >>= 8
	}
}

// whole stores 16 activations in dst, put together from their planes.
func whole(dst []int32, planes []int8) {
	dst = dst[:wordCols]
	top := len(planes) - wordCols
	for i := range dst {
		v := int32(0)
		for p := top; p >= 0; p -= wordCols {
			v = v<<8 + int32(planes[p+i])
		}
		dst[i] = v
	}
}
