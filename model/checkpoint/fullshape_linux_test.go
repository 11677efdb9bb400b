package checkpoint_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
)

// TestFullShape loads a checkpoint of the full shape of bitnet_b1_58-large,
// 2.9 GB of F32 latent weights in one file and in three, and 0.3 GB of I2_S, in
// a process of its own, and checks the memory that this takes. It writes 2.9 GB
// into the temporary folder, so it runs only where TERN_FULL_SHAPE is set.
func TestFullShape(t *testing.T) {
	if dir := os.Getenv("TERN_FULL_SHAPE_DIR"); dir != "" {
		loadFullShape(t, dir) // this is the process of its own
		return
	}
	if os.Getenv("TERN_FULL_SHAPE") == "" {
		t.Skip("writes 2.9 GB; set TERN_FULL_SHAPE=1")
	}
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards, " files"), func(t *testing.T) {
			s := modeltest.Large()
			s.Shards = shards
			loadAlone(t, modeltest.Folder(t, s))
		})
	}
	t.Run("I2_S", func(t *testing.T) {
		s := modeltest.Large()
		s.DType = model.F16
		dir := t.TempDir()
		if err := s.WriteGGUF(filepath.Join(dir, "model.gguf"), modeltest.GGUF{Linear: gguf.I2S}); err != nil {
			t.Fatal(err)
		}
		loadAlone(t, dir)
	})
}

// loadAlone runs this test in a process of its own, on the checkpoint in dir.
func loadAlone(t *testing.T, dir string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestFullShape$", "-test.v")
	child.Env = append(os.Environ(), "TERN_FULL_SHAPE_DIR="+dir)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "GB/s") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

func loadFullShape(t *testing.T, dir string) {
	start := time.Now()
	var total int64
	m, err := checkpoint.Open(context.Background(), dir, func(p model.Progress) { total = p.TotalBytes })
	if err != nil {
		t.Fatal(err)
	}
	seconds := time.Since(start).Seconds()
	size, ignored, limit := 367, 24, int64(1000e6) // the rotary buffers are ignored
	var largest int64
	if m.Tensors[0].Type == "F16" {
		// 1.3 times the weights and one tensor; the embedding is read in place.
		size, ignored = 269, 0
		largest = int64(m.FFNDim * m.Dim / 4)
	}
	if want := fmt.Sprintf("266 tensors, 728M parameters, %d MB in memory", size); m.Summary() != want {
		t.Errorf("summary %q, want %q", m.Summary(), want)
	}
	if len(m.Ignored) != ignored {
		t.Errorf("%d tensors ignored, want %d", len(m.Ignored), ignored)
	}
	var weights int64
	for _, p := range m.MemoryParts() {
		weights += p.Bytes
	}
	peak, end := resident(t, "VmHWM"), resident(t, "VmRSS")
	fmt.Printf("%s; %.2f s, %.2f GB/s; %d MB resident at most, %d MB at the end\n",
		m.Summary(), seconds, float64(total)/seconds/1e9, peak/1e6, end/1e6)
	if largest > 0 {
		limit = weights*13/10 + largest
	}
	if peak >= limit {
		t.Errorf("loading takes %d MB, want less than %d", peak/1e6, limit/1e6)
	}
	if end > weights+60e6 {
		t.Errorf("%d MB are resident, the weights take %d", end/1e6, weights/1e6)
	}
}

// resident reads a figure, in bytes, from /proc/self/status.
func resident(t *testing.T, key string) int64 {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, key+": %d kB", &kb); n == 1 {
			return kb * 1024
		}
	}
	t.Fatalf("no %s in /proc/self/status", key)
	return 0
}
