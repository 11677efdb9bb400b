package cli

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func readFloats(t *testing.T, raw []byte) []float32 {
	t.Helper()
	if len(raw)%4 != 0 {
		t.Fatalf("%d bytes are not float32", len(raw))
	}
	v := make([]float32, len(raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return v
}

func TestLogitsGolden(t *testing.T) {
	eachGolden(t, func(t *testing.T, g *golden) {
		out := filepath.Join(t.TempDir(), "logits.f32")
		mustTern(t, "logits", "-m", g.dir, "--ids", list(g.Prompt), "--kv", "f32", "--out", out)
		raw, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if stdout := mustTern(t, "logits", g.dir, "--ids", list(g.Prompt), "--kv", "f32", "--out", "-"); stdout != string(raw) {
			t.Error("--out - writes something else than --out FILE")
		}
		got := readFloats(t, raw)
		if raw, err = os.ReadFile(filepath.Join(g.dir, g.Logits.File)); err != nil {
			t.Fatal(err)
		}
		want := readFloats(t, raw)
		if len(got) != len(want) || len(got) != g.Logits.Shape[0]*g.Logits.Shape[1] {
			t.Fatalf("%d logits, want %v", len(got), g.Logits.Shape)
		}
		var worst, largest float64
		for i, w := range want {
			worst = max(worst, math.Abs(float64(got[i])-float64(w)))
			largest = max(largest, math.Abs(float64(w)))
		}
		t.Logf("largest difference %.2g of the largest logit", worst/largest)
		if !(worst <= 1e-4*largest) {
			t.Errorf("differs by %g of the largest logit", worst/largest)
		}
	}, safetensors, gguf)
}
