package checkpoint

import "tern/model/gguf"

// q1 is Q1_0: 128 signs and a binary16 scale in front, in 18 bytes. It is expanded
// to two bits a weight.
var q1 = Encoding{
	Name: "Q1_0", kind: gguf.Q1.String(), Ternary: true, Type: gguf.Q1,
	groups: &groups{cols: 128, bytes: 18, unpack: unpackQ1},
}

// unpackQ1: bit j%8 of byte j/8 is set where weight j is +d; others are -d.
func unpackQ1(codes []uint8, block []byte) bool {
	for j := range codes {
		codes[j] = block[2+j/8] >> (j % 8) & 1 << 1
	}
	return true
}
