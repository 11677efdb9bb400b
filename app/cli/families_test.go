package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldens2 are small models with a scale per group, one of each way to store them.
const goldens2 = "../../inference/testdata/goldens2"

// groupModels lists the checkpoints among them.
func groupModels(t *testing.T) (names []string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(goldens2, "*", "golden.json"))
	if err != nil || len(list) < 14 {
		t.Fatalf("%d golden checkpoints, error %v", len(list), err)
	}
	for _, file := range list {
		if name := filepath.Base(filepath.Dir(file)); !strings.Contains(name, "tokenizer") {
			names = append(names, name)
		}
	}
	return names
}

// TestEveryCommandEveryFamily: each command that reads weights works for each way to
// store weights with a scale per group.
func TestEveryCommandEveryFamily(t *testing.T) {
	for _, name := range groupModels(t) {
		t.Run(name, func(t *testing.T) {
			at, dir := filepath.Join(goldens2, name), t.TempDir()
			for _, args := range []string{
				"run FILE --ids 1,2,3 -n 4 --recipe DIR/r.json",
				"run FILE --ids 1,2,3 -n 4 --temp 0 --json --logprobs 3",
				"replay DIR/r.json -m FILE",
				"bench FILE --prefill 8 --decode 4 --repeat 1 --threads 1 --json",
				"inspect FILE --json",
				"check FILE",
				"logits -m FILE --ids 1,2 --out DIR/l.f32",
				"convert FILE DIR/stored.gguf",
				"convert FILE DIR/small.gguf --head q8_0",
				"convert FILE DIR/half.gguf --head f16",
				"verify FILE DIR/stored.gguf --ids 1,2,3",
			} {
				if strings.HasPrefix(args, "bench") && name != "qwen3-q2_0-g64-tied" {
					continue // seconds of memory bandwidth, the same for all
				}
				out, errs, code := tern(t, "", strings.Fields(strings.NewReplacer("FILE", at, "DIR", dir).Replace(args))...)
				if strings.HasSuffix(args, "q8_0") && strings.Contains(errs, "whole blocks of Q8_0") {
					continue // a dense embedding with rows of 72
				}
				if code != 0 {
					t.Errorf("%s: %d %s %s", args, code, out, errs)
				}
			}
			_, errs, code := tern(t, "", "pack", at, filepath.Join(dir, "packed"))
			if code != 1 || !strings.Contains(errs, "one GGUF file") {
				t.Errorf("pack: %d %s", code, errs)
			}
			if left, _ := os.ReadDir(filepath.Join(dir, "packed")); len(left) > 0 {
				t.Errorf("pack left %v", left)
			}
		})
	}
}

// TestExact: --exact changes the logits of a model with a scale per group, not those
// of BitNet, and a recipe keeps it.
func TestExact(t *testing.T) {
	group, dir := filepath.Join(goldens2, "qwen3-pq2_0-yarn"), t.TempDir()
	for model, differ := range map[string]bool{group: true, filepath.Join(goldens, "gguf-llama-i2_s"): false} {
		var sums [2]string
		for i, exact := range []string{"--exact=false", "--exact"} {
			out := filepath.Join(dir, "l.f32")
			mustTern(t, "logits", "-m", model, "--ids", "1,2,3,4", "--kv", "f32", "--out", out, exact)
			raw, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			sums[i] = string(raw)
		}
		if (sums[0] != sums[1]) != differ {
			t.Errorf("%s: --exact changes something: %t", model, !differ)
		}
	}
	path := filepath.Join(dir, "r.json")
	mustTern(t, "run", group, "--ids", "1,2,3", "-n", "12", "--temp", "1.5", "--seed", "3", "--exact", "--recipe", path)
	if r, err := readRecipe(path); err != nil || !r.Computed.Exact {
		t.Errorf("the recipe says %+v, %v", r, err)
	}
	if out := mustTern(t, "replay", path, "-m", group); out != "same\n" {
		t.Errorf("replay: %q", out)
	}
	mustTern(t, "verify", group, group, "--ids", "1,2", "--exact")
}

// TestCorrectionHint: what a correction makes of a file that is not so is told as that.
func TestCorrectionHint(t *testing.T) {
	for _, c := range [][2]string{{"input-int8", "where int8 activations go with one"}, {"q2-64", "rule out blocks of 64 weights of Q2_0"}} {
		_, errs, code := tern(t, "", "inspect", filepath.Join(goldens2, "qwen3-pq2_0-yarn"), "--correct", c[0])
		if code != 1 || !strings.Contains(errs, c[1]) || !strings.Contains(errs, "Hint: It was to be read with "+c[0]+": leave --correct and --input out") {
			t.Errorf("%s: code %d, %s", c[0], code, errs)
		}
	}
}

// TestInput: a Llama is read with the input that the command names.
func TestInput(t *testing.T) {
	at := filepath.Join(goldens, "gguf-llama-tq2_0")
	for _, c := range []struct {
		want string
		args []string
	}{{"int8", nil}, {"float", []string{"--input", "float"}}, {"float", []string{"--correct", "input-float"}}, {"int8", []string{"--input", "int8"}}} {
		out := mustTern(t, append([]string{"inspect", at, "--json"}, c.args...)...)
		if !strings.Contains(strings.ReplaceAll(out, " ", ""), `"input":"`+c.want+`"`) {
			t.Errorf("%v: the input is not %s", c.args, c.want)
		}
	}
	if _, errs, code := tern(t, "", "inspect", filepath.Join(goldens2, "llama-tq1_0-trilm"), "--input", "int8"); code != 1 || !strings.Contains(errs, "scales") {
		t.Errorf("scales that differ with int8: %d %s", code, errs)
	}
	if _, errs, code := tern(t, "", "inspect", at, "--input", "double"); code == 0 || !strings.Contains(errs, "want int8 or float") {
		t.Errorf("%d %s", code, errs)
	}
}
