package checkpoint_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/modeltest"
)

const families = "../../inference/testdata/goldens2"

// TestFamilyWeights compares every matrix of the golden set of groups with what
// its writer meant: the values, dequantised, bit for bit.
func TestFamilyWeights(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(families, "*", "golden.json"))
	dirs = slices.DeleteFunc(dirs, func(file string) bool { return strings.Contains(filepath.Base(filepath.Dir(file)), "tokenizer") })
	if err != nil || len(dirs) < 22 {
		t.Fatalf("%d goldens, %v", len(dirs), err)
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			var g struct {
				Weights []struct {
					Name   string // of the module, or
					Tensor string
					Shape  []int
					Sum    string `json:"sha256_f32"`
				}
			}
			readJSON(t, file, &g)
			m := modeltest.Open(t, dir)
			slots := map[string]model.Slot{}
			for _, names := range []*model.Names{checkpoint.Find(m.Arch).GGUF.TensorNames(), &checkpoint.Find(m.Arch).Names} {
				for _, s := range m.Slots(names) {
					slots[s.Module()] = s
				}
			}
			seen := 0
			for _, w := range g.Weights {
				s, ok := slots[w.Name+strings.TrimSuffix(w.Tensor, ".weight")]
				if !ok {
					t.Errorf("%s: no such weight", w.Name)
					continue
				}
				seen++
				if got := valuesSum(&s); got != w.Sum {
					t.Errorf("%s: other values", w.Name)
				}
			}
			if seen < 4 {
				t.Errorf("%d weights are compared", seen)
			}
		})
	}
}

// valuesSum is the SHA-256 of a matrix as float32, row by row, -0 as 0.
func valuesSum(s *model.Slot) string {
	d := s.Dense
	if s.Linear != nil {
		if d = s.Linear.Dense; s.Linear.Grouped != nil {
			d = &model.Dense{Rows: s.Rows, Cols: s.Cols, Type: model.Packed, Grouped: s.Linear.Grouped}
		}
	}
	h := sha256.New()
	row, raw := make([]float32, s.Cols), make([]byte, 0, 4*s.Cols)
	for r := range s.Rows {
		d.RowTo(row, r)
		raw = raw[:0]
		for _, v := range row {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v+0))
		}
		h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestFamilyRefusals opens files that must be refused, each with a sentence that
// names the reason.
func TestFamilyRefusals(t *testing.T) {
	says := map[string]string{
		"type42-stq1_0.gguf":            "is STQ1_0",
		"type42-tl2-size.gguf":          "TL2",
		"type42-two-layouts.gguf":       "contradict",
		"no-q-norm.gguf":                "attn_q_norm",
		"q-bias.gguf":                   "attn_q.bias",
		"scale-nan.gguf":                "infinite or undefined",
		"scale-inf.gguf":                "infinite or undefined",
		"rope-type-unknown.gguf":        "rope scaling",
		"longrope-without-factors.gguf": "rope_factors_long",
		"width-not-multiple.gguf":       "whole blocks",
		"truncated.gguf":                "bytes",
		"arch-maple.gguf":               `"maple", that of Maple, a mixture`,
		"arch-hunyuan-dense.gguf":       `"hunyuan-dense", that of Tencent's Hy models of 1.25 bits (STQ1_0) and of 2 bits (SEQ)`,
	}
	raw, err := os.ReadFile(filepath.Join(families, "refuse", "refuse.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Files []struct{ File, Why string } }
	if err := json.Unmarshal(raw, &list); err != nil || len(list.Files) != len(says)+1 {
		t.Fatalf("%d files, %v", len(list.Files), err)
	}
	for _, f := range list.Files {
		if f.File == "hadamard-keys.gguf" {
			continue // opens since rotated weights are understood: TestHadamardKeys
		}
		_, err := checkpoint.Open(context.Background(), filepath.Join(families, "refuse", f.File), nil)
		if want := says[f.File]; want == "" || err == nil || !strings.Contains(err.Error(), want) || !sentence(err, "gguf") {
			t.Errorf("%s (%s): %v, want %q", f.File, f.Why, err, want)
		}
	}
}

// TestHadamardKeys opens a file of another architecture whose weights are rotated.
func TestHadamardKeys(t *testing.T) {
	m := modeltest.Open(t, filepath.Join(families, "refuse", "hadamard-keys.gguf"))
	rotated := 0
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Rotation != nil {
				rotated++
			}
		}
	}
	if m.Arch != checkpoint.Qwen3 || rotated == 0 {
		t.Errorf("%s, %d matrices are rotated", m.Arch, rotated)
	}
}

// TestHadamardRefusals opens files whose rotation is not understood.
func TestHadamardRefusals(t *testing.T) {
	says := map[string]string{
		"version-3.gguf": "version 3", "no-version.gguf": "version 0", "transform.gguf": "hartley", "sign-mode.gguf": "seeded",
		"signs-short.gguf": "signs", "sign-value.gguf": "a sign of 2", "block-96.gguf": "blocks of 96", "block-256.gguf": "blocks of 256",
		"unknown-name.gguf": "blk.7.ffn_up", "alpha-folded.gguf": "ssm_alpha", "inverse-other.gguf": "the inverse of", "v1-tied.gguf": "version 1",
	}
	var reasons map[string]string
	readJSON(t, filepath.Join(families, "qwen35-refuse", "reasons.json"), &reasons)
	if len(reasons) != len(says) {
		t.Fatalf("%d files", len(reasons))
	}
	for file, why := range reasons {
		_, err := checkpoint.Open(context.Background(), filepath.Join(families, "qwen35-refuse", file), nil)
		if want := says[file]; want == "" || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "rotated") || !sentence(err, "gguf") {
			t.Errorf("%s (%s): %v, want %q", file, why, err, want)
		}
	}
}
