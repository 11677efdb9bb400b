package inference

import (
	"path/filepath"
	"testing"

	"tern/model/checkpoint"
	"tern/model/ternary"
)

// TestFormsInMemory: the goldens whose blocks hold less than two bits a weight stay as small as
// the kernels in use take them, which the other tests then compute with, and the headers
// predict the size.
func TestFormsInMemory(t *testing.T) {
	for name, form := range map[string]ternary.Form{
		"qwen3-ptq1_0": ternary.Trits, "qwen3-tq1_0": ternary.Trits, "llama-tq2_0-float": ternary.Trits,
		"qwen35-ptq1_0-hadamard-tied": ternary.Trits, "qwen3-q1_0": ternary.OneBit,
		"qwen3-pq2_0-yarn": ternary.TwoBits, "qwen3-q2_0-g64-tied": ternary.TwoBits,
	} {
		path := filepath.Join(families, name)
		m := openModel(t, path)
		l := &m.Weights.Layers[0].Gate
		bits := map[ternary.Form]int64{ternary.TwoBits: 16, ternary.Trits: 13, ternary.OneBit: 8}[ternary.Direct(form)] // of 8 weights
		if g := l.Grouped; g == nil || g.Form != ternary.Direct(form) || int64(len(g.Data)) != int64(g.Bands()*ternary.BandRows)*int64(g.PaddedCols())*bits/64 {
			t.Errorf("%s: the gate has another form than %d", name, ternary.Direct(form))
		}
		f, err := checkpoint.Peek(path)
		if err != nil {
			t.Fatal(err)
		}
		var bytes int64
		for _, p := range m.MemoryParts() {
			bytes += p.Bytes
		}
		if f.Bytes() != bytes {
			t.Errorf("%s: %d bytes, its headers say %d", name, bytes, f.Bytes())
		}
	}
}
