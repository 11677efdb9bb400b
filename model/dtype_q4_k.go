package model

const (
	superBlock = 256                       // numbers in a block of Q4_K and Q6_K
	q4kBytes   = 2 + 2 + 12 + superBlock/2 // scale, scale of minima, 6-bit scales and minima, nibbles
)

// typeQ4K is Q4_K: 256 numbers in eight sub-blocks, each with a scale and a
// minimum of 6 bits.
var typeQ4K = dtype{
	name: "Q4_K", elems: superBlock, bytes: q4kBytes,
	decode: everyBlock(superBlock, q4kBytes, decodeQ4K),
	finite: finiteHalves(q4kBytes, 0, 2),
}

// decodeQ4K: y = d·scale·q - dmin·min for eight sub-blocks of 32. Every 32
// bytes of nibbles hold two of them, the low nibbles first. The conversion
// forbids fusing the product into the difference, as some machines would.
func decodeQ4K(dst []float32, b []byte) {
	d, dmin := HalfAt(b), HalfAt(b[2:])
	packed, nibbles := b[4:16], b[16:]
	for j := range 8 {
		scale, least := sixBits(packed, j)
		ds, dm := d*float32(scale), dmin*float32(least)
		sub := nibbles[j/2*32:][:32]
		for i, q := range sub {
			dst[j*32+i] = float32(ds*float32(q>>(j%2*4)&15)) - dm
		}
	}
}

// sixBits unpacks the scale and the minimum of sub-block j: those of the first
// four lie in the low six bits of their bytes, whose top bits hold the upper
// two bits of the others.
func sixBits(s []byte, j int) (scale, least byte) {
	if j < 4 {
		return s[j] & 63, s[j+4] & 63
	}
	return s[j+4]&15 | s[j-4]>>6<<4, s[j+4]>>4 | s[j]>>6<<4
}
