package checkpoint_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"tern/model"
	"tern/model/modeltest"
)

const goldens = "../../inference/testdata/goldens"

// TestGoldenSums checks every golden file by its SHA-256, and that none is
// missing from the list: references are never rewritten.
func TestGoldenSums(t *testing.T) {
	list, err := os.Open(filepath.Join(goldens, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	want := map[string]string{}
	for s := bufio.NewScanner(list); s.Scan(); {
		sum, name, ok := bytes.Cut(s.Bytes(), []byte("  "))
		if !ok {
			t.Fatalf("line %q", s.Text())
		}
		want[string(name)] = string(sum)
	}
	err = filepath.WalkDir(goldens, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "SHA256SUMS" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(goldens, path)
		if err != nil {
			return err
		}
		name, sum := filepath.ToSlash(rel), sha256.Sum256(raw)
		if got := hex.EncodeToString(sum[:]); got != want[name] {
			t.Errorf("%s: sum %s, want %q", name, got, want[name])
		}
		delete(want, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

// goldenWeight describes one matrix of a golden checkpoint.
type goldenWeight struct {
	Layer      int    `json:"layer"`
	Proj       string `json:"proj"`
	Shape      [2]int `json:"shape"`
	Multiplier string `json:"multiplier_bits"`
	Neg        int    `json:"count_neg"`
	Zero       int    `json:"count_zero"`
	Pos        int    `json:"count_pos"`
	Digest     string `json:"sha256_int8"`
	Row0       []int8 `json:"row0_first32"`
	File       string `json:"file"` // the matrix in full, or empty
}

func TestGoldenWeights(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(goldens, "*-*"))
	if err != nil || len(dirs) != 17 {
		t.Fatalf("%d golden checkpoints (%v), want 17", len(dirs), err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var golden struct {
				Dims struct {
					Hidden, Inter, Layers, Heads, Vocab int

					KVHeads int     `json:"kv_heads"`
					HeadDim int     `json:"head_dim"`
					Theta   float64 `json:"rope_theta"`
					Eps     float32 `json:"rms_eps"`
					Tied    bool
				}
				Weights []goldenWeight
			}
			readJSON(t, filepath.Join(dir, "golden.json"), &golden)
			m := modeltest.Open(t, dir)
			c, d := m.Config, golden.Dims
			if c.Dim != d.Hidden || c.FFNDim != d.Inter || c.Layers != d.Layers || c.Heads != d.Heads || c.VocabSize != d.Vocab ||
				c.KVHeads != d.KVHeads || c.HeadDim != d.HeadDim || c.RopeTheta != d.Theta || c.NormEps != d.Eps || c.TiedEmbedding != d.Tied {
				t.Errorf("config %+v, want %+v", c, d)
			}
			if len(golden.Weights) == 0 {
				t.Fatal("the golden names no weights")
			}
			for _, w := range golden.Weights {
				t.Run(fmt.Sprint(w.Layer, w.Proj), func(t *testing.T) { w.check(t, dir, m) })
			}
		})
	}
}

func (w *goldenWeight) check(t *testing.T, dir string, m *model.Model) {
	l := &m.Weights.Layers[w.Layer]
	linear := map[string]*model.Linear{
		"q": &l.Q, "k": &l.K, "v": &l.V, "o": &l.O, "gate": &l.Gate, "up": &l.Up, "down": &l.Down,
	}[w.Proj]
	if got := [2]int{linear.Rows, linear.Cols}; got != w.Shape {
		t.Fatalf("shape %v, want %v", got, w.Shape)
	}
	bits, err := strconv.ParseUint(w.Multiplier, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Float32frombits(uint32(bits)); ulps(linear.Scale, want) > 2 {
		t.Errorf("multiplier %g, want %g", linear.Scale, want)
	}
	if neg, zero, pos := linear.Counts(); neg != w.Neg || zero != w.Zero || pos != w.Pos {
		t.Errorf("counts %d %d %d, want %d %d %d", neg, zero, pos, w.Neg, w.Zero, w.Pos)
	}
	if got := linear.Digest(); got != w.Digest {
		t.Errorf("digest %s, want %s", got, w.Digest)
	}
	row := make([]int8, linear.Cols)
	if linear.UnpackRow(0, row); !slices.Equal(row[:len(w.Row0)], w.Row0) {
		t.Errorf("row 0 starts %v, want %v", row[:len(w.Row0)], w.Row0)
	}
	if w.File == "" {
		return
	}
	raw, err := os.ReadFile(filepath.Join(dir, w.File))
	if err != nil {
		t.Fatal(err)
	}
	for r := range linear.Rows {
		linear.UnpackRow(r, row)
		for c, v := range row {
			if want := int8(raw[r*linear.Cols+c]); v != want {
				t.Fatalf("weight [%d][%d] is %d, want %d", r, c, v, want)
			}
		}
	}
}

// ulps is how many float32 lie between a and b, both positive.
func ulps(a, b float32) int {
	d := int(math.Float32bits(a)) - int(math.Float32bits(b))
	return max(d, -d)
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func writeJSON(t *testing.T, name string, v any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(name, raw, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
