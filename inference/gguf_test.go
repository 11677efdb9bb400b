package inference

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
	"tern/tokenizer"
	"tern/tokenizer/vocab"
)

// TestGGUFGoldenTokenizers checks the vocabulary inside each GGUF golden
// against the cases of the tokenizer that it was made from.
func TestGGUFGoldenTokenizers(t *testing.T) {
	for _, name := range ggufGoldens {
		dir := filepath.Join(goldens, name)
		var g struct{ Tokenizer string }
		readJSON(t, filepath.Join(dir, "golden.json"), &g)
		var cases struct {
			Cases []struct {
				Text string
				IDs  []int32
			}
		}
		kind := strings.TrimPrefix(filepath.Base(g.Tokenizer), "tokenizer-")
		readJSON(t, filepath.Join("../tokenizer/testdata", kind, "golden.json"), &cases)
		e := open(t, dir, 1)
		if len(cases.Cases) == 0 || e.Tokenizer() == nil {
			t.Fatalf("%s: %d cases, tokenizer %v", name, len(cases.Cases), e.Tokenizer())
		}
		for _, c := range cases.Cases {
			if strings.Contains(c.Text, "<|") {
				continue // the ids are those of EncodeSpecial
			}
			want := c.IDs
			if bos, add := e.Tokenizer().BOS(); add {
				want = append([]int32{bos}, want...)
			} else {
				t.Errorf("%s: no BOS", name)
			}
			if got := e.Prompt(c.Text); !slices.Equal(got, want) {
				t.Errorf("%s: Prompt(%q) = %v, want %v", name, c.Text, got, want)
			}
		}
	}
}

// TestLlamaVocabularyFile checks the vocabulary that llama.cpp keeps for its
// own tests, a GGUF file without tensors, against its cases.
func TestLlamaVocabularyFile(t *testing.T) {
	base := shared(t, "tokenizers", "ggml-vocab-llama-spm.gguf")
	v, err := checkpoint.OpenVocab(base)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.New(vocab.Files{GGUF: v})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := os.ReadFile(base + ".inp")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(base + ".out")
	if err != nil {
		t.Fatal(err)
	}
	inputs, outputs := strings.Split(string(texts), "\n__ggml_vocab_test__\n"), strings.Split(string(lines), "\n")
	if len(inputs) != 47 || len(outputs) != 47 {
		t.Fatalf("%d texts, %d lines of ids", len(inputs), len(outputs))
	}
	for i, text := range inputs {
		got := tok.Encode(text)
		if line := strings.Trim(fmt.Sprint(got), "[]"); line != strings.TrimSpace(outputs[i]) {
			t.Errorf("case %d, Encode(%q) = %s, want %s", i, text, line, outputs[i])
		}
		if back := tokenizer.Decode(tok, got); back != text {
			t.Errorf("case %d: %q decodes to %q", i, text, back)
		}
	}
}

// TestPermuted: a Llama whose rows of q and k are permuted and that rotates
// neighbours computes what its original does. Each score sums the same products
// in another order, so that now and then an activation rounds the other way
// (formats.md §6), but not in most prompts.
func TestPermuted(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	original := open(t, dir, 2)
	for name, g := range map[string]modeltest.GGUF{
		"I2_S": {Linear: gguf.I2S}, "TQ1_0 with scales": {Linear: gguf.TQ1, Scales: true}, "F32": {Linear: gguf.F32},
	} {
		file := filepath.Join(t.TempDir(), "m.gguf")
		if err := s.WriteGGUF(file, g); err != nil {
			t.Fatal(err)
		}
		e := open(t, file, 2)
		const prompts = 8
		close := 0
		for first := range int32(prompts) {
			r := relative(t, logitsOf(t, e, first), logitsOf(t, original, first))
			if r < 1e-5 {
				close++
			}
			if r > 5e-2 {
				t.Errorf("%s: logits differ by %.2g", name, r)
			}
		}
		if close < prompts/2 {
			t.Errorf("%s: only %d of %d prompts give the same logits", name, close, prompts)
		}
	}
}

// TestSameLogits: where nothing is permuted, a GGUF file with exact multipliers
// gives the logits of the original bit for bit.
func TestSameLogits(t *testing.T) {
	for _, family := range []model.Arch{checkpoint.BitNet, checkpoint.BitNet2B4T} {
		s := modeltest.TinyGGUF(family)
		dir := t.TempDir()
		if err := s.Write(dir); err != nil {
			t.Fatal(err)
		}
		want := logitsOf(t, open(t, dir, 2), 1)
		for name, g := range map[string]modeltest.GGUF{
			"I2_S": {Linear: gguf.I2S}, "TQ2_0 with scales": {Linear: gguf.TQ2, Scales: true}, "F32": {Linear: gguf.F32},
		} {
			file := filepath.Join(t.TempDir(), "m.gguf")
			if err := s.WriteGGUF(file, g); err != nil {
				t.Fatal(err)
			}
			if got := logitsOf(t, open(t, file, 2), 1); !slices.Equal(got, want) {
				t.Errorf("%s, %s: logits differ by %.2g", family, name, relative(t, got, want))
			}
		}
	}
}

// TestRopeFactors: the frequencies of one base of the rotation, divided by the
// right factors, are those of another.
func TestRopeFactors(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.Llama)
	at := func(theta float64, factors []float32) *Engine {
		s.RopeTheta = theta
		g := modeltest.GGUF{Linear: gguf.I2S}
		if factors != nil {
			g.Edit = func(list []gguf.Entry) []gguf.Entry {
				return append(list, gguf.Entry{Name: "rope_freqs.weight", Type: gguf.F32, Shape: []int{len(factors)}, Data: func(w io.Writer) error {
					return binary.Write(w, binary.LittleEndian, factors)
				}})
			}
		}
		file := filepath.Join(t.TempDir(), "m.gguf")
		if err := s.WriteGGUF(file, g); err != nil {
			t.Fatal(err)
		}
		return open(t, file, 1)
	}
	ones := slices.Repeat([]float32{1}, s.HeadDim/2)
	ratio := make([]float32, s.HeadDim/2) // from base 10000 to base 500000
	for j := range ratio {
		ratio[j] = float32(math.Pow(50, float64(2*j)/float64(s.HeadDim)))
	}
	plain := at(10_000, nil)
	if !slices.Equal(logitsOf(t, at(10_000, ones), 1), logitsOf(t, plain, 1)) {
		t.Error("factors of 1 change the logits")
	}
	divided, want := at(10_000, ratio), at(500_000, nil)
	frequencies := func(e *Engine) []float32 { return newRotation(e.model, 1).invFreq }
	for j, f := range frequencies(divided) {
		if w := frequencies(want)[j]; math.Abs(float64(f/w)-1) > 1e-6 {
			t.Errorf("frequency %d is %g, want %g", j, f, w)
		}
	}
	if r := relative(t, logitsOf(t, divided, 1), logitsOf(t, plain, 1)); r < 1e-2 {
		t.Errorf("the factors change the logits by %.2g only", r)
	}
}

// logitsOf are the logits after a few tokens; first is the first of them.
func logitsOf(t *testing.T, e *Engine, first int32) []float32 {
	t.Helper()
	s := session(t, e, SessionOptions{KV: KVF32})
	if _, err := s.Sync(context.Background(), []int32{first, 17, 300, 42, 5, 99, 256, 7}, nil); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(s.Logits())
}

// TestI2SLayoutOption: the layout that a caller names is the one that is read.
func TestI2SLayoutOption(t *testing.T) {
	s := modeltest.TinyGGUF(checkpoint.BitNet)
	file := filepath.Join(t.TempDir(), "arm.gguf")
	if err := s.WriteGGUF(file, modeltest.GGUF{Linear: gguf.I2S, Layout: checkpoint.I2SARM}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	want := logitsOf(t, open(t, dir, 1), 1)
	for layout, same := range map[checkpoint.I2SLayout]bool{checkpoint.I2SARM: true, checkpoint.I2SX86: false} {
		e, err := Open(context.Background(), file, Options{Threads: 1, I2S: layout})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Equal(logitsOf(t, e, 1), want); got != same {
			t.Errorf("layout %d: the logits are the same: %v", layout, got)
		}
		e.Close()
	}
}
