package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// TestVision: a folder with a model and its vision part opens the model; the part alone
// is named for what it is.
func TestVision(t *testing.T) {
	tiny := modeltest.TinyGGUF(checkpoint.BitNet)
	text := modeltest.Bytes(t, tiny, modeltest.GGUF{Linear: gguf.F32})
	part := modeltest.Bytes(t, tiny, modeltest.GGUF{Linear: gguf.F32, Meta: []gguf.Pair{{Key: "general.type", Value: "mmproj"}}})
	dir := t.TempDir()
	for name, raw := range map[string][]byte{"m-Q2_0.gguf": text, "mmproj-m-F16.gguf": part} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := checkpoint.Open(t.Context(), dir, nil); err != nil || m.Config.Layers != tiny.Layers {
		t.Errorf("the folder: %v", err)
	}
	if _, err := checkpoint.Open(t.Context(), filepath.Join(dir, "mmproj-m-F16.gguf"), nil); !errors.Is(err, checkpoint.ErrVision) {
		t.Errorf("the part: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "m-Q2_0.gguf")); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Open(t.Context(), dir, nil); !errors.Is(err, checkpoint.ErrVision) {
		t.Errorf("a folder with the part alone: %v", err)
	}
}
