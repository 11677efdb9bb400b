package cli

import (
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	ggml "tern/model/gguf"
	"tern/model/modeltest"
)

// denseTypes are the types that the embedding and the head may have: the values in
// a block, its bytes, and where its scales of binary16 are.
var denseTypes = map[ggml.Type]struct {
	elems, size int
	scales      []int
}{
	ggml.F32: {}, ggml.F16: {}, ggml.BF16: {},
	ggml.Q8_0: {32, 34, []int{0}}, ggml.Q4_0: {32, 18, []int{0}},
	ggml.Q4K: {256, 144, []int{0, 2}}, ggml.Q6K: {256, 210, []int{208}},
}

// writeDense writes a small GGUF file whose embedding and head have a type; a model
// that ties them has the embedding alone.
func writeDense(t *testing.T, dense ggml.Type, tied bool) string {
	t.Helper()
	s := modeltest.TinyGGUF(checkpoint.BitNet2B4T)
	s.TiedEmbedding = tied
	g := modeltest.GGUF{Linear: ggml.TQ2}
	switch b := denseTypes[dense]; {
	case b.elems == 0:
		s.DType = map[ggml.Type]model.DType{ggml.F32: model.F32, ggml.F16: model.F16, ggml.BF16: model.BF16}[dense]
	default:
		g.Edit = func(list []ggml.Entry) []ggml.Entry {
			for i, e := range list {
				if e.Name != "token_embd.weight" && e.Name != "output.weight" {
					continue
				}
				list[i].Type = dense
				list[i].Data = func(w io.Writer) error {
					random := rand.New(rand.NewPCG(1, uint64(dense)))
					block := make([]byte, b.size)
					for range e.Shape[0] * e.Shape[1] / b.elems {
						for j := range block {
							block[j] = byte(random.Uint32())
						}
						for _, at := range b.scales {
							block[at], block[at+1] = byte(random.Uint32()), 0x20 // near 0.01
						}
						if _, err := w.Write(block); err != nil {
							return err
						}
					}
					return nil
				}
			}
			return list
		}
	}
	file := filepath.Join(t.TempDir(), "dense.gguf")
	if err := s.WriteGGUF(file, g); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestEveryCommandEveryType: each command that reads weights works for each type that
// the embedding and the head may have.
func TestEveryCommandEveryType(t *testing.T) {
	for dense, form := range denseTypes {
		t.Run(dense.String(), func(t *testing.T) {
			// Untied where both are in blocks: the head is then a matrix of its own.
			file, dir := writeDense(t, dense, form.elems == 0), t.TempDir()
			for _, args := range []string{
				"run FILE --ids 1,2,3 -n 4 --recipe DIR/r.json",
				"run FILE --ids 1,2,3 -n 4 --temp 0 --json --logprobs 3",
				"replay DIR/r.json -m FILE",
				"bench FILE --prefill 8 --decode 4 --repeat 1 --threads 1 --json",
				"inspect FILE --json",
				"check FILE",
				"logits -m FILE --ids 1,2 --out DIR/l.f32",
				"pack FILE DIR/packed",
				"run DIR/packed --ids 1,2,3 -n 2",
				"convert FILE DIR/stored.gguf --head stored",
				"convert FILE DIR/small.gguf --head q8_0",
				"convert FILE DIR/half.gguf --head f16",
				"verify FILE DIR/stored.gguf --ids 1,2,3",
			} {
				mustTern(t, strings.Fields(strings.NewReplacer("FILE", file, "DIR", dir).Replace(args))...)
			}
			_, errs, code := tern(t, "", "pack", file, filepath.Join(dir, "stored"), "--as-stored")
			if refused := strings.Contains(errs, "has no safetensors form"); refused != (form.elems > 0) || refused != (code == 1) {
				t.Errorf("pack --as-stored: %d %s", code, errs)
			}
		})
	}
}
