package model

// low nibbles, high bit pairs, int8 scales, scale
const q6kBytes = superBlock/2 + superBlock/4 + superBlock/16 + 2

// typeQ6K is Q6_K: 256 numbers of 6 bits in sixteen sub-blocks, each with a
// scale of 8 bits.
var typeQ6K = dtype{
	name: "Q6_K", elems: superBlock, bytes: q6kBytes,
	decode: everyBlock(superBlock, q6kBytes, decodeQ6K),
	finite: finiteHalves(q6kBytes, q6kBytes-2, 1),
}

// decodeQ6K: y = d·scale·(q-32). Each half of the block is four runs of 32
// values, whose low nibbles share 64 bytes and whose high bit pairs share 32;
// 16 values have a scale in common.
func decodeQ6K(dst []float32, b []byte) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], HalfAt(b[208:])
	for part := range 16 {
		half, run, from := part/8, part/2%4, part%2*16
		l, h := low[half*64+run%2*32+from:][:16], high[half*32+from:][:16]
		scale := d * float32(int8(scales[part]))
		nibble, pair := run/2*4&7, 2*run&7 // the masks spare a check of each shift
		y := dst[part*16:][:16]
		for i := range y {
			q := l[i]>>nibble&15 | h[i]>>pair&3<<4
			y[i] = scale * float32(int(q)-32)
		}
	}
}
