package inference

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const goldens = "testdata/goldens"

// hfGoldens are the safetensors variants of the golden set.
var hfGoldens = []string{
	"hf-1bitllm-f32", "hf-1bitllm-f16-sharded", "hf-2b4t-bf16-online", "hf-2b4t-packed",
	"hf-falcon3-packed", "hf-llama-rmsnorm-packed", "hf-llama3-packed",
}

// ggufGoldens are the GGUF variants: every architecture, every ternary type,
// and embeddings and heads in all dense types.
var ggufGoldens = []string{
	"gguf-bitnet-f16", "gguf-bitnet-f32", "gguf-bitnet-i2_s", "gguf-bitnet-relu2-tq2_0", "gguf-bitnet-tq1_0",
	"gguf-bitnet-tq2_0", "gguf-bitnet158-i2_s", "gguf-llama-bf16", "gguf-llama-i2_s", "gguf-llama-tq2_0",
}

// allGoldens are both.
var allGoldens = slices.Concat(hfGoldens, ggufGoldens)

// open opens a checkpoint and closes it with the test.
func open(t testing.TB, path string, threads int) *Engine {
	t.Helper()
	e, err := Open(context.Background(), path, Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func session(t testing.TB, e *Engine, o SessionOptions) *Session {
	t.Helper()
	s, err := e.NewSession(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shared returns a path in the folder of shared facts, or skips the test.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("TERN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		if strings.Contains(os.Getenv("TERN_REQUIRE"), "shared") {
			t.Fatalf("TERN_REQUIRE=shared: %v", err)
		}
		t.Skipf("needs the shared folder: %v", err)
	}
	return path
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// readFloats reads a raw little-endian float32 array.
func readFloats(t testing.TB, path string) []float32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}

// relative is max|got-want| / max|want|.
func relative(t testing.TB, got, want []float32) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var diff, top float64
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= math.MaxFloat64) {
			t.Fatalf("value %d is %g, want %g", i, got[i], want[i])
		}
		diff, top = max(diff, d), max(top, math.Abs(float64(want[i])))
	}
	return diff / top
}
