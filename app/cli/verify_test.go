package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/check"
	"tern/model/checkpoint"
	"tern/model/compare"
	format "tern/model/gguf" // gguf is a constant of these tests
	"tern/model/modeltest"
)

// TestCopies converts every golden checkpoint and the built-in model, and has
// verify compare the copy with its original.
func TestCopies(t *testing.T) {
	models := []string{filepath.Join("..", "..", "assets", "model")}
	found, err := filepath.Glob(filepath.Join(goldens, "*-*"))
	if err != nil || len(found) < 17 {
		t.Fatalf("%d golden checkpoints (%v)", len(found), err)
	}
	for _, dir := range append(models, found...) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy.gguf")
			if out := mustTern(t, "convert", dir, copied); !strings.HasPrefix(out, copied+": ") {
				t.Errorf("convert says %q", out)
			}
			out, errs, code := tern(t, "", "verify", dir, copied)
			for _, line := range []string{", all the same\n", "every layer's output is the same\n", "logits     the same at 128 positions\n"} {
				if !strings.Contains(out, line) {
					t.Errorf("verify does not say %q:\n%s%s", line, out, errs)
				}
			}
			// A GGUF file names the start id also without a tokenizer.
			if code != 0 || !strings.Contains(out, "config     the same\n") {
				t.Errorf("verify: exit code %d\n%s%s", code, out, errs)
			}
		})
	}
}

// TestVerifyGroups: an older file and the official one that is made of it are equal, and the
// other way round; one whose weights differ is not, however little.
func TestVerifyGroups(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"qwen3-q2_0-legacy-g128-untied", "qwen35-pq2_0"} {
		from, official := filepath.Join(goldens2, name), filepath.Join(dir, name+".gguf")
		mustTern(t, "convert", from, official, "--type", "q2_0")
		for _, pair := range [][2]string{{from, official}, {official, from}} {
			r := verifyJSON(t, true, pair[0], pair[1])
			if r.Groups == nil || r.Groups.A+r.Groups.B != 64+128 || !(*r.Logits.Difference > 0) {
				t.Errorf("%+v of %v", r.Groups, pair)
			}
			mustTern(t, "verify", pair[0], pair[1], "--exact")
		}
		back := filepath.Join(dir, name+"-back.gguf")
		mustTern(t, "convert", official, back, "--type", "pq2_0")
		if r := verifyJSON(t, true, from, back); r.Groups != nil || *r.Logits.Difference != 0 {
			t.Errorf("there and back: %+v", r.Groups)
		}
		raw, err := os.ReadFile(official)
		if err != nil {
			t.Fatal(err)
		}
		raw[len(raw)-100] ^= 1 // a code of the last matrix
		if err := os.WriteFile(official, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := verifyJSON(t, false, from, official); len(r.Tensors.Different) != 1 {
			t.Errorf("%+v", r.Tensors)
		}
	}
}

// verifyJSON is verify --json of two checkpoints that are equal or not.
func verifyJSON(t *testing.T, equal bool, args ...string) (r verifyResult) {
	t.Helper()
	out, errs, code := tern(t, "", append([]string{"verify", "--json"}, args...)...)
	if want := map[bool]int{true: 0, false: 1}[equal]; code != want || equal != (errs == "") {
		t.Fatalf("exit code %d, want %d\n%s", code, want, errs)
	}
	decodeStrict(t, out, &r)
	if r.Equal != equal || r.A.Path != args[0] || !strings.Contains(r.B.Summary, "tensors, ") {
		t.Errorf("equal: %v, %q, %q", r.Equal, r.A, r.B)
	}
	return r
}

// TestVerify compares GGUF forms of a model with the original.
func TestVerify(t *testing.T) {
	s, dir := modeltest.TinyGGUF(checkpoint.Llama), t.TempDir()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	file := func(s modeltest.Spec, g modeltest.GGUF) string {
		name := filepath.Join(t.TempDir(), "m.gguf")
		if err := s.WriteGGUF(name, g); err != nil {
			t.Fatal(err)
		}
		return name
	}
	ids := []string{"--ids", "1,2,3,4,5"}
	marks := format.Pair{Key: "tern.stop_ids", Value: []int32{2}}

	// The multipliers of TQ2_0 are rounded, those of I2_S are not.
	exact := file(s, modeltest.GGUF{Linear: format.I2S, Meta: []format.Pair{marks}})
	r := verifyJSON(t, false, append([]string{dir, exact}, ids...)...)
	if len(r.Config) != 1 || r.Config[0].Name != "start id" || len(r.Tensors.Different) != 0 || r.Tensors.Compared != 21 ||
		r.Tokenizer != nil || r.Logits.Positions != 5 || *r.Logits.Difference != 0 || r.Logits.FirstPosition != -1 ||
		r.Logits.SameArgmax != 5 || len(r.Stages) != 4 || *r.Logits.PerplexityA != *r.Logits.PerplexityB {
		t.Errorf("I2_S and its original: %+v", r)
	}
	if keys := []string{r.Stages[0].Name, r.Stages[1].Name, r.Stages[3].Name}; !slices.Equal(keys, []string{"embedding", "layer 0", "final norm"}) {
		t.Errorf("stages %v", keys)
	}
	rounded := file(s, modeltest.GGUF{Linear: format.TQ2, Meta: []format.Pair{marks}})
	r = verifyJSON(t, false, exact, rounded)
	if d := r.Tensors.Different; len(d) != 14 || d[0].Kind != "multiplier" || d[0].Name != "model.layers.0.self_attn.q_proj.weight" ||
		d[0].Largest <= 0 || d[0].Largest > 0x1p-11 || *r.Stages[0].Difference != 0 || *r.Stages[1].Difference <= 0 ||
		*r.Logits.Difference <= 0 || r.Logits.FirstPosition != 0 || len(r.Config) != 0 {
		t.Errorf("I2_S and TQ2_0: %+v", r)
	}
	out, errs, code := tern(t, "", "verify", exact, rounded)
	for _, part := range []string{
		"tensors    21, the first that differs is model.layers.0.self_attn.q_proj.weight\n", "q_proj.weight: multiplier 0.",
		"and 4 more", "the first that differs: layer 0, by ", "from position 0 on", "perplexity ", "\ndifferent\n",
	} {
		if !strings.Contains(out, part) {
			t.Errorf("no %q in\n%s", part, out)
		}
	}
	if code != 1 || !strings.Contains(errs, "the checkpoints differ") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if r := verifyJSON(t, true, rounded, rounded); r.Tensors.Different == nil || r.Config == nil {
		t.Error("lists are null")
	}

	other := s
	other.Layers = 1
	r = verifyJSON(t, false, exact, file(other, modeltest.GGUF{Linear: format.I2S}))
	if r.Tensors != nil || r.Logits != nil || len(r.Stages) != 0 || r.Config[0] != (compare.ConfigDifference{Name: "layers", A: "2", B: "1"}) {
		t.Errorf("other shapes: %+v", r)
	}
}

// TestVerifyTokenizers: texts that the two vocabularies encode otherwise.
func TestVerifyTokenizers(t *testing.T) {
	r := verifyJSON(t, false, filepath.Join(goldens, "gguf-bitnet-i2_s"), filepath.Join(goldens, "gguf-llama-i2_s"))
	if n := len(r.Tokenizer.Different); r.Tokenizer.Texts != len(check.RoundTrips) || n < r.Tokenizer.Texts/2 {
		t.Errorf("%d of %d texts differ", n, r.Tokenizer.Texts)
	}
	r = verifyJSON(t, false, filepath.Join(goldens, "gguf-bitnet-i2_s"), filepath.Join(goldens, "hf-1bitllm-f32"))
	if d := r.Tokenizer.Different; len(d) != 1 || !strings.Contains(d[0], "no tokenizer") {
		t.Errorf("%q", d)
	}
}
