package cli

import (
	"math"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// TestMemory: a model that does not fit is said not to before it is opened, with
// the figures, and a context that does not is a sentence at the end.
func TestMemory(t *testing.T) {
	old := debug.SetMemoryLimit(1) // byte
	t.Cleanup(func() { debug.SetMemoryLimit(old) })
	model := filepath.Join(goldens, "hf-1bitllm-f32")
	for _, args := range [][]string{
		{"run", model, "--ids", "1,2,3"},
		{"bench", model, "--prefill", "8", "--decode", "2"},
	} {
		_, errs, code := tern(t, "", args...)
		if code != 1 || !strings.Contains(errs, " needs 200 MB, and ") || !strings.Contains(errs, "not enough memory.\nHint: Close other programs") {
			t.Errorf("tern %s: exit code %d, %s", strings.Join(args, " "), code, errs)
		}
	}
	debug.SetMemoryLimit(math.MaxInt64)
	if _, errs, code := tern(t, "", "run", model, "--ids", "1,2,3", "-n", "2"); code != 0 || strings.Contains(errs, "free") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if _, errs, code := tern(t, "", "run", "-p", "a", "--context", "16777216"); code != 1 || !strings.Contains(errs, "context of 16777216 tokens, the model has 512") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}
