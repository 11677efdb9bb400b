package checkpoint_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
)

func hashOf(t *testing.T, m *model.Model) string {
	t.Helper()
	h, err := m.Hash(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(h) != 64 {
		t.Fatalf("hash %q", h)
	}
	return h
}

// TestHashOfCopies: every golden has a hash of its own, and its copies, which
// compute the same logits, have the same one.
func TestHashOfCopies(t *testing.T) {
	dirs, err := filepath.Glob("../../inference/testdata/goldens/*-*")
	if err != nil || len(dirs) < 17 {
		t.Fatalf("%d goldens, %v", len(dirs), err)
	}
	seen := map[string]string{}
	for _, dir := range dirs {
		m, err := checkpoint.Open(context.Background(), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		h := hashOf(t, m)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have one hash", dir, other)
		}
		seen[h] = dir
		for _, portable := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "copy.gguf")
			err := export.GGUF(context.Background(), m, path, export.GGUFOptions{Portable: portable})
			if errors.Is(err, model.ErrUnsupported) && portable {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if c, err := checkpoint.Open(context.Background(), path, nil); err != nil {
				t.Error(err)
			} else if got := hashOf(t, c); got != h && c.RopeAdjacent == m.RopeAdjacent {
				t.Errorf("%s: the copy (portable %t) has %s, want %s", filepath.Base(dir), portable, got, h)
			} else if c.RopeAdjacent != m.RopeAdjacent && !portable {
				t.Errorf("%s: the copy has another order", dir)
			}
		}
	}
}

// TestHashSeesEverything changes one thing after the other.
func TestHashSeesEverything(t *testing.T) {
	open := func() *model.Model {
		m, err := checkpoint.Open(context.Background(), "../../inference/testdata/goldens/hf-1bitllm-f32", nil)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	seen := map[string]string{hashOf(t, open()): "nothing"}
	for name, change := range map[string]func(m *model.Model){
		"first weight":    func(m *model.Model) { m.Weights.Layers[0].Q.Data[0] ^= 1 },
		"weight of down":  func(m *model.Model) { flip(&m.Weights.Layers[1].Down) },
		"multiplier":      func(m *model.Model) { m.Weights.Layers[1].Up.Scale *= 1.0000002 },
		"norm":            func(m *model.Model) { m.Weights.Layers[0].FFNNorm[3] += 1e-4 },
		"last norm":       func(m *model.Model) { m.Norm[0] = -m.Norm[0] },
		"embedding":       func(m *model.Model) { m.Embed.Data[len(m.Embed.Data)-1] ^= 1 },
		"epsilon":         func(m *model.Model) { m.NormEps *= 2 },
		"theta":           func(m *model.Model) { m.RopeTheta++ },
		"rotation":        func(m *model.Model) { m.RopeAdjacent = !m.RopeAdjacent },
		"activation":      func(m *model.Model) { m.Activation = model.ReLU2 },
		"factors":         func(m *model.Model) { m.RopeFactors = make([]float32, m.HeadDim/2) },
		"norm of its own": func(m *model.Model) { m.Weights.Layers[0].Gate.Norm = make([]float32, m.Dim) },
	} {
		m := open()
		change(m)
		h := hashOf(t, m)
		if other, ok := seen[h]; ok {
			t.Errorf("changing the %s gives the hash of changing %s", name, other)
		}
		seen[h] = name
	}
	// What is not part of the computation leaves it alone.
	m := open()
	m.Name, m.Path, m.ContextLen, m.StopIDs, m.BOS = "other", "", 7, nil, 3
	if seen[hashOf(t, m)] != "nothing" {
		t.Error("the hash depends on name, context length or stop ids")
	}
}

// flip exchanges a weight -1 or 1 for its opposite.
func flip(l *model.Linear) {
	row := make([]int8, l.Cols)
	for i := 0; ; i++ {
		l.UnpackRow(i, row)
		for j, w := range row {
			if w != 0 {
				row[j] = -w
				l.PackRow(i, row)
				return
			}
		}
	}
}

// TestHashIsStable pins the definition: other numbers would orphan every recipe
// that was written. The values do not depend on the type or the number of cores.
func TestHashIsStable(t *testing.T) {
	m, err := checkpoint.Open(context.Background(), "../../assets/model", nil)
	if err != nil {
		t.Fatal(err)
	}
	const want = "7ff9c34d57d61cbbbbf142ab300706e82b0c82a44c14e0b346fed65321ce82fc"
	if got := hashOf(t, m); got != want {
		t.Errorf("the built-in model has the hash %s, want %s", got, want)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := hashOf(t, m); got != want {
		t.Errorf("on one core %s, want %s", got, want)
	}
	// The same numbers in another type.
	row, wide := make([]float32, m.Embed.Cols), make([]byte, 0, 4*m.Embed.Rows*m.Embed.Cols)
	for r := range m.Embed.Rows {
		m.Embed.RowTo(row, r)
		for _, v := range row {
			wide = binary.LittleEndian.AppendUint32(wide, math.Float32bits(v))
		}
	}
	m.Embed.Type, m.Embed.Data = model.F32, wide
	if got := hashOf(t, m); got != want {
		t.Errorf("with its embedding as F32 %s, want %s", got, want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Hash(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func BenchmarkHash(b *testing.B) {
	m, err := checkpoint.Synthetic("large", model.F16, 1)
	if err != nil {
		b.Fatal(err)
	}
	var size int64
	for _, p := range m.MemoryParts() {
		size += p.Bytes
	}
	b.SetBytes(size)
	for b.Loop() {
		if _, err := m.Hash(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
