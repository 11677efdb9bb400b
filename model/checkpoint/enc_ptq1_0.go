package checkpoint

import (
	"tern/model/gguf"
	"tern/model/internal/repack"
	"tern/model/ternary"
)

// ptq1 is PTQ1_0 of PrismML: 128 weights as base-3 digits, five to a byte, and a
// binary16 scale at the end, in 28 bytes. It is expanded to two bits a
// weight, or put in other digits where products can be computed from those.
var ptq1 = Encoding{
	Name: "PTQ1_0", kind: gguf.PTQ1.String(), Ternary: true, Type: gguf.PTQ1,
	groups: &groups{cols: 128, bytes: repack.PTQ1Bytes, scale: 26, form: ternary.Trits, expand: func(dst, src []byte) bool { repack.PTQ1(dst, src); return true }},
}
