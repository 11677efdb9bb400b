package export_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
	"tern/model/export"
	"tern/model/modeltest"
)

// TestHybridIsNotWritten: a copy that others or Tern would read wrongly is refused
// with a sentence.
func TestHybridIsNotWritten(t *testing.T) {
	for name, says := range map[string]string{
		"qwen35-pq2_0": "linear attention", filepath.Join("refuse", "hadamard-keys.gguf"): "rotated",
	} {
		m := modeltest.Open(t, filepath.Join("../../inference/testdata/goldens2", name))
		_, err := export.GGUFSize(m, export.GGUFOptions{})
		for _, err := range []error{err, export.Packed(m, t.TempDir(), false)} {
			if !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
