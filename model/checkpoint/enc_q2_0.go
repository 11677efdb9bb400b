package checkpoint

import "tern/model/gguf"

// Q2 is Q2_0 of llama.cpp, blocks of 64 weights in 18 bytes. PQ2 is PQ2_0 of
// PrismML, blocks of 128 in 34 bytes, and q2Legacy the same blocks under the id
// of Q2_0, as the first files of PrismML have them (ggml-common.h of both).
var (
	Q2       = q2("Q2_0", gguf.Q2, 64)
	PQ2      = q2("PQ2_0", gguf.PQ2, 128)
	q2Legacy = q2("Q2_0 (groups of 128)", gguf.Q2Legacy, 128)
)

// The layouts that Options.Q2 chooses from: blocks of 64 and of 128 weights.
const (
	Q2By64  = gguf.Q2
	Q2By128 = gguf.Q2Legacy
)
