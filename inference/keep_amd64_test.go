package inference

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"testing"

	"tern/inference/kernel"
)

// TestArithmetic: what sessions keep has the bits that belong to the number of the
// arithmetic. They were taken with the kernels for AVX-512; floats of others may differ in
// their last bits.
func TestArithmetic(t *testing.T) {
	if kernel.Path() != "avx512" {
		return
	}
	const number, bits = 2, "276c23adfd7554f0"
	h := sha256.New()
	dirs := []string{filepath.Join(goldens, "hf-1bitllm-f32")}
	for _, name := range keptModels {
		dirs = append(dirs, filepath.Join(families, name))
	}
	for _, dir := range dirs {
		for _, kv := range KVTypes() {
			s := session(t, open(t, dir, 2), SessionOptions{KV: kv})
			if _, err := s.Sync(context.Background(), randomIDs(s.engine.model.VocabSize, 300), nil); err != nil {
				t.Fatal(err)
			}
			for _, id := range randomIDs(s.engine.model.VocabSize, 3) {
				if err := s.Eval(context.Background(), id); err != nil {
					t.Fatal(err)
				}
			}
			raw := saved(t, s)
			h.Write(raw[len(keptMagic)+sha256.Size : len(raw)-crc32.Size])
		}
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)[:8]); got != bits || number != arithmetic {
		t.Errorf("the bits of keys, values or states are %s, those of arithmetic %d are %s: where that is meant, raise arithmetic (now %d) and write both here", got, number, bits, arithmetic)
	}
}
