package checkpoint

import (
	"tern/model/gguf"
	"tern/model/internal/repack"
	"tern/model/ternary"
)

// q1 is Q1_0: 128 signs and a binary16 scale in front, in 18 bytes. It keeps one
// bit a weight where products can be computed from that, and takes two elsewhere.
var q1 = Encoding{
	Name: "Q1_0", kind: gguf.Q1.String(), Ternary: true, Type: gguf.Q1,
	groups: &groups{cols: 128, bytes: repack.Q1Bytes, form: ternary.OneBit, expand: func(dst, src []byte) bool { repack.Q1(dst, src); return true }},
}
