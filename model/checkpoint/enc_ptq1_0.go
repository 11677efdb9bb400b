package checkpoint

import "tern/model/gguf"

// ptq1 is PTQ1_0 of PrismML: 128 weights as base-3 digits, five to a byte, and a
// binary16 scale at the end, in 28 bytes. It is expanded to two bits a weight.
var ptq1 = Encoding{
	Name: "PTQ1_0", kind: gguf.PTQ1.String(), Ternary: true, Type: gguf.PTQ1,
	groups: &groups{cols: 128, bytes: 28, scale: 26, unpack: unpackPTQ1},
}

// unpackPTQ1: 16 bytes hold digit n of weight 16n+m, 8 more that of 80+8n+m, and
// 2 bytes that of 120+2n+m.
func unpackPTQ1(codes []uint8, block []byte) bool {
	digits(codes, block[:16], 5)
	digits(codes[80:], block[16:24], 5)
	digits(codes[120:], block[24:26], 4)
	return true
}

// digits takes base-3 digits out of bytes, count of each: byte m holds digit n of
// code n·len(src)+m. A byte b is the fixed-point fraction b/256, whose digits
// appear in front of the point when it is multiplied by 3.
func digits(codes []uint8, src []byte, count int) {
	for m, b := range src {
		for n := range count {
			v := uint16(b) * 3
			codes[n*len(src)+m] = uint8(v >> 8)
			b = byte(v)
		}
	}
}
