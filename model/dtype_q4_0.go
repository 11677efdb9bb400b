package model

const q40Bytes = 2 + smallBlock/2 // scale, nibbles

// typeQ40 is Q4_0: 32 numbers are 4-bit multiples of a binary16 scale.
var typeQ40 = dtype{
	name: "Q4_0", elems: smallBlock, bytes: q40Bytes,
	decode: everyBlock(smallBlock, q40Bytes, decodeQ40),
	finite: finiteHalves(q40Bytes, 0, 1),
}

// decodeQ40: y = d·(q-8); the low nibbles are the first half of the block.
func decodeQ40(dst []float32, b []byte) {
	d := HalfAt(b)
	for i, q := range b[2:] {
		dst[i] = d * float32(int(q&15)-8)
		dst[i+smallBlock/2] = d * float32(int(q>>4)-8)
	}
}
