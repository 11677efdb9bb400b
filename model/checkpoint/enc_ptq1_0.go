package checkpoint

import (
	"tern/model/gguf"
	"tern/model/internal/repack"
)

// ptq1 is PTQ1_0 of PrismML: 128 weights as base-3 digits, five to a byte, and a
// binary16 scale at the end, in 28 bytes. It is expanded to two bits a weight.
var ptq1 = Encoding{
	Name: "PTQ1_0", kind: gguf.PTQ1.String(), Ternary: true, Type: gguf.PTQ1,
	groups: &groups{cols: 128, bytes: repack.PTQ1Bytes, scale: 26, expand: func(dst, src []byte) bool { repack.PTQ1(dst, src); return true }},
}
