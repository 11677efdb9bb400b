package model

import "math"

const (
	smallBlock = 32             // numbers in a block of Q8_0 and Q4_0
	q80Bytes   = 2 + smallBlock // scale, int8 values
)

// typeQ80 is Q8_0: 32 numbers are int8 multiples of a binary16 scale.
var typeQ80 = dtype{
	name: "Q8_0", elems: smallBlock, bytes: q80Bytes,
	decode: everyBlock(smallBlock, q80Bytes, decodeQ80),
	finite: finiteHalves(q80Bytes, 0, 1),
	encode: encodeQ80,
}

// decodeQ80: y = d·q.
func decodeQ80(dst []float32, b []byte) {
	d := HalfAt(b)
	for i, q := range b[2:] {
		dst[i] = d * float32(int8(q))
	}
}

// encodeQ80 stores blocks of 32 numbers as a common scale, the largest
// magnitude over 127, and int8 multiples of the scale as it is rounded. It
// returns the first number that is too large.
func encodeQ80(dst []byte, v []float32) (bad float32, ok bool) {
	for ; len(v) > 0; dst, v = dst[q80Bytes:], v[smallBlock:] {
		var top float32
		for _, x := range v[:smallBlock] {
			top = max(top, x, -x)
		}
		if _, ok := EncodeHalves(dst, []float32{top / 127}); !ok {
			return top, false
		}
		clear(dst[2:q80Bytes])
		d := HalfAt(dst)
		if d == 0 {
			continue // the block is 0, or as good as 0
		}
		for i, x := range v[:smallBlock] {
			q := math.RoundToEven(float64(x) / float64(d))
			dst[2+i] = byte(int8(min(max(q, -127), 127)))
		}
	}
	return 0, true
}
