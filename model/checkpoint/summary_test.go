package checkpoint

import (
	"testing"

	"tern/model"
)

func TestSummary(t *testing.T) {
	for tied, want := range map[bool]string{
		// 14 matrices of 64 weights in 256 bytes each (two groups of one
		// block), an embedding of 80 numbers in F16, five norms of 8 in F32.
		true:  "20 tensors, 1.01K parameters, 3.90 KB in memory",
		false: "21 tensors, 1.09K parameters, 4.06 KB in memory",
	} {
		m, err := SyntheticConfig("test", model.Config{
			Arch: Llama, Layers: 2, Dim: 8, FFNDim: 8, Heads: 2, KVHeads: 2, HeadDim: 4, VocabSize: 10, TiedEmbedding: tied,
		}, model.F16, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Summary(); got != want {
			t.Errorf("summary %q, want %q", got, want)
		}
	}
}
