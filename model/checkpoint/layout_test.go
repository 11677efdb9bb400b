package checkpoint

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"tern/model"
	"tern/model/gguf"
)

// TestAmbiguousLayout: where the sizes of a file allow both layouts of Q2_0, the one is
// taken whose scales are numbers, whatever the codes are: a quarter of these are 3, and
// half of the scales negative.
func TestAmbiguousLayout(t *testing.T) {
	const align, rows, cols = 65536, 32, 256
	for _, want := range []gguf.Type{Q2By64, Q2By128} {
		for seed := range uint64(8) {
			r := rand.New(rand.NewPCG(seed, 1))
			group := projectionNamed(want.String()).groups
			var entries []gguf.Entry
			for _, name := range []string{"a", "b", "c"} {
				var raw []byte
				for range rows * cols / group.cols {
					block := make([]byte, group.bytes)
					for i := range block {
						block[i] = byte(r.Uint32())
					}
					d := 0.01 + 0.02*r.Float32()
					if r.IntN(2) == 0 {
						d = -d
					}
					model.EncodeHalves(block[:2], []float32{d})
					raw = append(raw, block...)
				}
				entries = append(entries, gguf.Entry{Name: name, Type: want, Shape: []int{rows, cols}, Data: func(w io.Writer) error {
					_, err := w.Write(raw)
					return err
				}})
			}
			path := filepath.Join(t.TempDir(), "x.gguf")
			w, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := gguf.Write(w, []gguf.Pair{{Key: "general.alignment", Value: uint32(align)}}, entries); err != nil {
				t.Fatal(err)
			}
			w.Close()
			f, err := gguf.Open(os.DirFS(filepath.Dir(path)), "x.gguf")
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Q2Layouts) != 2 {
				t.Fatalf("the sizes allow %v", f.Q2Layouts)
			}
			if err := takeQ2(f, "x.gguf", 0); err != nil || f.Tensors[0].Type != want {
				t.Errorf("seed %d: %v taken for %v, %v", seed, want, f.Tensors[0].Type, err)
			}
			f.Close()
		}
	}
}
