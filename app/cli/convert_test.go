package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tern/model"
)

const builtinFolder = "../../assets/model"

// TestConvertHead: a smaller head is measured before it is written.
func TestConvertHead(t *testing.T) {
	size := map[string]int64{}
	for _, head := range []string{"stored", "f16", "q8_0"} {
		file := filepath.Join(t.TempDir(), "copy.gguf")
		out := mustTern(t, "convert", "--head", head, filepath.Join(goldens, "gguf-bitnet-f32"), file)
		if measured := strings.Contains(out, "logits differ by up to") && strings.Contains(out, "perplexity"); measured != (head != "stored") {
			t.Errorf("--head %s says %q", head, out)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size[head] = info.Size()
	}
	if size["q8_0"] >= size["f16"] || size["f16"] >= size["stored"] {
		t.Errorf("sizes %v", size)
	}
	// What is stored in two bytes already loses nothing as F16.
	out := mustTern(t, "convert", "--head", "f16", builtinFolder, filepath.Join(t.TempDir(), "x.gguf"))
	if !strings.HasPrefix(out, "F16 head, 128 tokens of a built-in paragraph: logits differ by up to 0% of the largest, the most likely token is the same at 128;") {
		t.Errorf("an F16 head as F16: %s", out)
	}
}

// TestConvertPortable: the built-in model in the form for other programs is
// equal to itself, and says nothing that is not true of 2B-4T alone.
func TestConvertPortable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "portable.gguf")
	out, errs, code := tern(t, "", "convert", builtinFolder, file, "--portable")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	mustTern(t, "verify", builtinFolder, file)
	if out := mustTern(t, "inspect", file); !strings.Contains(out, "TQ2_0") || strings.Contains(out, "I2_S") {
		t.Errorf("it holds\n%s", out)
	}
	_, errs, code = tern(t, "", "convert", filepath.Join(goldens, "gguf-bitnet-relu2-tq2_0"), file+"2.gguf", "--portable")
	if code != 0 || !strings.Contains(errs, "wrong activation") {
		t.Errorf("2B-4T: exit code %d\n%s", code, errs)
	}
}

// TestSynthetic gives random weights a vocabulary that all programs open.
func TestSynthetic(t *testing.T) {
	m, err := synthetic("large")
	if err != nil {
		t.Fatal(err)
	}
	v := m.Tokenizer.GGUF
	if len(v.Tokens) != 32002 || len(v.Types) != 32002 || len(v.Scores) != 32002 || m.Embed.Type != model.F16 {
		t.Errorf("%d tokens, %d types, %d scores, %v", len(v.Tokens), len(v.Types), len(v.Scores), m.Embed.Type)
	}
	if v.ChatTemplate == "" || v.Tokens[m.StopIDs[1]] != "<|im_end|>" {
		t.Errorf("template %q, stops at %d", v.ChatTemplate, m.StopIDs)
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.gguf")
	if err := os.WriteFile(there, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{builtinFolder}, 2, "a MODEL and the file to write"},
		{[]string{"a", "b.gguf", "c"}, 2, "a MODEL and the file to write"},
		{[]string{builtinFolder, dir + "/x.bin"}, 2, "does not end in .gguf"},
		{[]string{"--head", "q4_k", "a", "b.gguf"}, 2, "want stored, f16 or q8_0"},
		{[]string{"--synthetic", "huge", "b.gguf"}, 2, `no shape "huge"`},
		{[]string{"--synthetic", "large", "a", "b.gguf"}, 2, "--synthetic and the file"},
		{[]string{builtinFolder, there}, 1, "exists already"},
		{[]string{dir + "/absent", dir + "/x.gguf"}, 1, "no model found"},
		{[]string{builtinFolder, dir + "/absent/x.gguf"}, 1, "no such file"},
		{[]string{filepath.Join(goldens, "hf-falcon3-packed"), dir + "/x.gguf", "--portable"}, 1, "multiples of 256"},
		{[]string{filepath.Join(goldens, "hf-falcon3-packed"), dir + "/x.gguf", "--portable"}, 1, "Hint: Leave --portable out"},
		{[]string{filepath.Join(goldens2, "hf-qwen3-f32"), dir + "/x.gguf", "--type", "tq2_0"}, 1, "Hint: Leave --type out"},
		{[]string{filepath.Join(goldens2, "qwen3-q2_0-g64-tied"), dir + "/x.gguf", "--type", "pq2_0"}, 1, "\"token_embd.weight\": as PQ2_0: row 0 has the scales"},
		{[]string{filepath.Join(goldens2, "qwen3-q2_0-g64-tied"), dir + "/x.gguf", "--type", "pq2_0"}, 1, "Hint: Leave --type out"},
	} {
		out, errs, code := tern(t, "", append([]string{"convert"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.say) || out != "" {
			t.Errorf("convert %q: exit code %d, want %d and %q in\n%s%s", c.args, code, c.code, c.say, errs, out)
		}
	}
	if _, errs, code := tern(t, "", "verify", "a"); code != 2 || !strings.Contains(errs, "two checkpoints") {
		t.Errorf("verify of one: exit code %d\n%s", code, errs)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}
