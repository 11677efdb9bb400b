package model

import "testing"

func TestShort(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1.00K", 12_345: "12.3K", 999_999: "999K", 4_333_824: "4.33M",
		728_843_264: "728M", 2_412_820_480: "2.41B", 8_030_261_248: "8.03B", 70_000_000_000: "70.0B", 1_500_000_000_000: "1500B",
	} {
		if got := short(n, "", "K", "M", "B"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	for tied, want := range map[bool]string{
		// 14 matrices of 64 weights in 256 bytes each (two groups of one
		// block), an embedding of 80 numbers in F16, five norms of 8 in F32.
		true:  "20 tensors, 1.01K parameters, 3.90 KB in memory",
		false: "21 tensors, 1.09K parameters, 4.06 KB in memory",
	} {
		m, err := SyntheticConfig("test", Config{
			Arch: ArchLlama, Layers: 2, Dim: 8, FFNDim: 8, Heads: 2, KVHeads: 2, HeadDim: 4, VocabSize: 10, TiedEmbedding: tied,
		}, F16, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Summary(); got != want {
			t.Errorf("summary %q, want %q", got, want)
		}
	}
}
