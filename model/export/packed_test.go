package export_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/modeltest"
	"tern/tokenizer/vocab"
)

const goldens = "../../inference/testdata/goldens"

// TestPacked writes models of every kind in the packed form and reads
// them back: nothing may change but how they are stored.
func TestPacked(t *testing.T) {
	owned := modeltest.Tiny(checkpoint.Llama, modeltest.Packed)
	owned.LinearNorm, owned.Exclude, owned.Divide = true, []string{"v_proj", "layers.1.mlp"}, true
	for name, dir := range map[string]string{
		"latent":   modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Latent)),
		"2B-4T":    modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet2B4T, modeltest.Packed)),
		"llama":    modeltest.Folder(t, owned),
		"golden":   filepath.Join(goldens, "hf-1bitllm-f32"),
		"falcon":   filepath.Join(goldens, "hf-falcon3-packed"),
		"rms norm": filepath.Join(goldens, "hf-llama-rmsnorm-packed"),
	} {
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprint(name, half), func(t *testing.T) {
				want, out := modeltest.Open(t, dir), t.TempDir()
				want.Tokenizer = vocab.Files{SentencePiece: []byte{1, 2}, Config: []byte("{}")}
				if err := export.Packed(want, out, half); err != nil {
					t.Fatal(err)
				}
				got := modeltest.Open(t, out)
				if got.Embed.Type != model.F16 && (half || want.Embed.Type == model.F16) {
					t.Errorf("embedding is %v", got.Embed.Type)
				}
				if half {
					sameWithin(t, &got.Embed, &want.Embed)
					sameWithin(t, got.Head, want.Head)
					got.Embed, want.Embed = model.Dense{}, model.Dense{}
					got.Head, want.Head = nil, nil
				}
				if !reflect.DeepEqual(got.Config, want.Config) {
					t.Errorf("config %+v, want %+v", got.Config, want.Config)
				}
				if !reflect.DeepEqual(got.Weights, want.Weights) {
					t.Error("the weights differ")
				}
				if !reflect.DeepEqual(got.Tokenizer, want.Tokenizer) {
					t.Error("the tokenizer differs")
				}
			})
		}
	}
}

// sameWithin compares two matrices to the precision of F16: 11 bits, or half
// of the least subnormal number.
func sameWithin(t *testing.T, got, want *model.Dense) {
	t.Helper()
	a, b := make([]float32, got.Cols), make([]float32, want.Cols)
	for r := range want.Rows {
		got.RowTo(a, r)
		want.RowTo(b, r)
		for i := range b {
			if d := math.Abs(float64(a[i]) - float64(b[i])); d > math.Max(math.Abs(float64(b[i]))*0x1p-11, 0x1p-25) {
				t.Fatalf("[%d][%d] is %g, was %g", r, i, a[i], b[i])
			}
		}
	}
}

func TestPackedFails(t *testing.T) {
	dir := modeltest.Folder(t, modeltest.Tiny(checkpoint.BitNet, modeltest.Latent))
	m := modeltest.Open(t, dir)
	binary.LittleEndian.PutUint32(m.Embed.Data[60*4:], math.Float32bits(70000))
	if err := export.Packed(m, t.TempDir(), true); err == nil || !strings.Contains(err.Error(), "row 1 holds 70000") {
		t.Errorf("a number beyond F16: %v", err)
	}
	if err := export.Packed(m, t.TempDir(), false); err != nil {
		t.Error(err)
	}
	if err := export.Packed(m, filepath.Join(dir, "none"), false); err == nil {
		t.Error("a folder that does not exist is written")
	}
	m.RopeAdjacent = true
	if err := export.Packed(m, t.TempDir(), false); err == nil {
		t.Error("adjacent pairs are written")
	}
}

// TestDemoModel checks that the model meant for the binary fits in it, packed.
func TestDemoModel(t *testing.T) {
	m := modeltest.Open(t, shared(t, "demo-model"))
	out := t.TempDir()
	if err := export.Packed(m, out, true); err != nil {
		t.Fatal(err)
	}
	var size int64
	files, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	t.Logf("%s; %d bytes packed", m.Summary(), size)
	if size > 4_000_000 {
		t.Errorf("%d bytes are more than 4 MB", size)
	}
	if got := modeltest.Open(t, out); !reflect.DeepEqual(got.Weights.Layers, m.Weights.Layers) {
		t.Error("the layers differ")
	}
}

// shared finds a folder of reference data beside the project.
func shared(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("TERN_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		if slices.Contains(strings.Split(os.Getenv("TERN_REQUIRE"), ","), "shared") {
			t.Fatalf("TERN_REQUIRE demands the shared data: %v", err)
		}
		t.Skipf("no shared data: %v", err)
	}
	return dir
}
