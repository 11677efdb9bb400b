package cli

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/recipe"
	"tern/inference"
)

// makeRecipe runs tern run --recipe and returns the file, the recipe and what
// was written.
func makeRecipe(t *testing.T, args ...string) (path string, r *recipe.Recipe, done doneLine) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "recipe.json")
	done = runJSON(t, append(args, "--recipe", path)...)
	r, err := readRecipe(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, r, done
}

// rewrite changes a recipe and returns the new file.
func rewrite(t *testing.T, r *recipe.Recipe, change func(r *recipe.Recipe)) string {
	t.Helper()
	c, err := recipe.Read(bytes.NewReader(r.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	change(c)
	path := filepath.Join(t.TempDir(), "changed.json")
	if err := os.WriteFile(path, c.JSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReplaySame(t *testing.T) {
	for name, args := range map[string][]string{
		"sampled":      {"-p", "Once upon a time", "-n", "40", "--temp", "1.1", "--seed", "9"},
		"greedy, ends": {"-p", "The bear did not want to sleep", "--temp", "0", "-n", "0"},
		"stop text":    {"-p", "Once upon a time", "--temp", "0", "--stop", "named Li"},
		"context":      {"-p", "Once upon a time", "--temp", "0", "-n", "0", "--context", "20"},
		"f32, penalty": {"-p", "One day", "-n", "30", "--kv", "f32", "--repeat-penalty", "1.4", "--ignore-eos"},
		"end":          {"-p", "Once upon a time", "-n", "9", "--end-sentence", "60", "--temp", "0"},
		"no settings":  {"--ids", "1", "-n", "1", "--top-k", "0", "--top-p", "1", "--min-p", "0"},
	} {
		path, r, done := makeRecipe(t, args...)
		if !slices.Equal(r.Output.IDs, done.IDs) || r.Output.Stop != done.Stop || r.Settings.Seed != done.Seed || len(r.Prompt) != done.PromptTokens {
			t.Errorf("%s: recipe %+v of %+v", name, r, done)
		}
		for _, threads := range []string{"1", "3"} {
			if out := mustTern(t, "replay", path, "--threads", threads); out != "same\n" {
				t.Errorf("%s: %q", name, out)
			}
		}
	}
}

// TestReplayDifferent changes a recipe and looks at what replay says.
func TestReplayDifferent(t *testing.T) {
	_, r, _ := makeRecipe(t, "-p", "Once upon a time", "-n", "40", "--temp", "1.1", "--seed", "9")
	_, ended, _ := makeRecipe(t, "-p", "Once upon a time", "--temp", "0", "-n", "0")
	for name, c := range map[string]struct {
		r      *recipe.Recipe
		change func(r *recipe.Recipe)
		say    string
	}{
		"a token":       {r, func(r *recipe.Recipe) { r.Output.IDs[16] ^= 1 }, "different from token 17 of 40 on"},
		"the seed":      {r, func(r *recipe.Recipe) { r.Settings.Seed++ }, "different from token "},
		"shorter":       {r, func(r *recipe.Recipe) { r.Output.IDs = r.Output.IDs[:7] }, "different from token 8 of 7 on: the recipe has the end"},
		"longer":        {r, func(r *recipe.Recipe) { r.Output.IDs = append(r.Output.IDs, 5) }, "different from token 41 of 41 on: the recipe has 5"},
		"the end":       {r, func(r *recipe.Recipe) { r.Output.Stop = inference.StopContext }, `ended by "context", here it is "length"`},
		"the text":      {r, func(r *recipe.Recipe) { r.Output.SHA256 = r.Model.Hash }, "they spell another text"},
		"no end":        {ended, func(r *recipe.Recipe) { r.Settings.IgnoreEOS, r.Settings.MaxTokens = true, 300 }, "different from token "},
		"the end token": {ended, func(r *recipe.Recipe) { r.Output.IDs[len(r.Output.IDs)-1] = 7 }, `here it is 2 "`},
	} {
		out, errs, code := tern(t, "", "replay", rewrite(t, c.r, c.change))
		if code != 1 || !strings.Contains(out, c.say) || !strings.Contains(errs, "the answer is another one") {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, errs)
		}
	}
	// A text that the user stopped is the same as far as it came.
	stopped := rewrite(t, r, func(r *recipe.Recipe) { r.Output.IDs, r.Output.Stop = r.Output.IDs[:11], inference.StopCancelled })
	if out := mustTern(t, "replay", stopped); out != "same\n" {
		t.Errorf("stopped: %q", out)
	}
	var result replayResult
	out, _, code := tern(t, "", "replay", "--json", rewrite(t, r, func(r *recipe.Recipe) { r.Output.IDs[3] = 1 }))
	decodeStrict(t, out, &result)
	if code != 1 || result.Same || result.At != 3 || result.Want != 1 || result.Got != r.Output.IDs[3] || result.Tokens != 40 {
		t.Errorf("exit code %d, %+v", code, result)
	}
	decodeStrict(t, mustTern(t, "replay", "--json", stopped), &result)
	if !result.Same || result.At != -1 {
		t.Errorf("%+v", result)
	}
}

func TestReplayRefuses(t *testing.T) {
	path, r, _ := makeRecipe(t, "--ids", "1,5", "-n", "3", "--temp", "0", "--context", "50")
	other := goldens + "/gguf-llama-i2_s"
	if out, errs, code := tern(t, "", "replay", path, "-m", other); code != 1 || !strings.Contains(errs, "another model") || !strings.Contains(errs, "--any-model") || out != "" {
		t.Errorf("another model: exit code %d, %q, %q", code, out, errs)
	}
	if out, _, code := tern(t, "", "replay", path, "-m", other, "--any-model"); code != 1 || !strings.Contains(out, "different from token 1 of 3") {
		t.Errorf("--any-model: exit code %d, %q", code, out)
	}
	named := rewrite(t, r, func(r *recipe.Recipe) { r.Computed.Kernel = "abacus" })
	if out, errs, code := tern(t, "", "replay", named); code != 0 || out != "same\n" || !strings.Contains(errs, "abacus kernels") {
		t.Errorf("another kernel: exit code %d, %q, %q", code, out, errs)
	}
	for name, change := range map[string]func(r *recipe.Recipe){
		"a context that the model has not": func(r *recipe.Recipe) { r.Settings.Context = 1 << 24 },
		"a prompt longer than the context": func(r *recipe.Recipe) { r.Settings.Context = 1 },
		"an id beyond the vocabulary":      func(r *recipe.Recipe) { r.Prompt[0] = math.MaxInt32 },
	} {
		if out, errs, code := tern(t, "", "replay", rewrite(t, r, change)); code != 1 || out != "" || strings.Count(errs, "tern: ") != 1 {
			t.Errorf("%s: exit code %d, %q, %q", name, code, out, errs)
		}
	}
	if _, errs, code := tern(t, "", "replay", filepath.Join(t.TempDir(), "none.json")); code != 1 || !strings.Contains(errs, "none.json") {
		t.Errorf("no file: exit code %d, %q", code, errs)
	}
	if _, errs, code := tern(t, "", "replay", other+"/golden.json"); code != 1 || !strings.Contains(errs, "not a recipe") || !strings.Contains(errs, "Hint: tern run --recipe") {
		t.Errorf("another file: exit code %d, %q", code, errs)
	}
	if _, errs, code := tern(t, "", "run", "-p", "x", "-n", "1", "--recipe", filepath.Join(t.TempDir(), "no", "such")); code != 1 || !strings.Contains(errs, "cannot write the recipe") {
		t.Errorf("no folder: exit code %d, %q", code, errs)
	}
}

// TestLogProbs compares --logprobs with the logits that tern logits writes.
func TestLogProbs(t *testing.T) {
	args := []string{"run", "-p", "Once upon a time", "--temp", "0", "-n", "6", "--json"}
	plain, with := mustTern(t, args...), mustTern(t, append(args, "--logprobs", "3")...)
	a, b := strings.Split(strings.TrimSpace(plain), "\n"), strings.Split(strings.TrimSpace(with), "\n")
	if len(a) != 7 || len(b) != 7 {
		t.Fatalf("%d and %d lines", len(a), len(b))
	}
	for i := range a[:6] {
		var p, w tokenLine
		decodeStrict(t, a[i], &p)
		decodeStrict(t, b[i], &w)
		if got, want := keys(t, json.RawMessage(a[i])), []string{"id", "text", "type"}; !slices.Equal(got, want) {
			t.Errorf("keys %q without --logprobs", got)
		}
		if got, want := keys(t, json.RawMessage(b[i])), []string{"id", "logprob", "text", "top", "type"}; !slices.Equal(got, want) {
			t.Errorf("keys %q with --logprobs", got)
		}
		if p.ID != w.ID || p.Text != w.Text || len(w.Top) != 3 || w.Top[0].ID != w.ID || w.Top[0].LogProb != w.LogProb || w.Top[0].Text == "" ||
			!(w.LogProb <= 0) || w.Top[1].LogProb > w.LogProb || w.Top[2].LogProb > w.Top[1].LogProb {
			t.Errorf("%s", b[i])
		}
	}
	// The id that ends a text has figures too.
	end := mustTern(t, "run", "-p", "Once upon a time", "--temp", "0", "-n", "0", "--json", "--logprobs", "1")
	lines := strings.Split(strings.TrimSpace(end), "\n")
	var last tokenLine
	decodeStrict(t, lines[len(lines)-2], &last)
	if last.ID != 2 || last.ChoiceFields == nil || len(last.Top) != 1 || last.Top[0].ID != 2 {
		t.Errorf("%s", lines[len(lines)-2])
	}
	if _, errs, code := tern(t, "", "run", "-p", "x", "--logprobs", "3"); code != 2 || !strings.Contains(errs, "--logprobs needs --json") {
		t.Errorf("without --json: exit code %d, %q", code, errs)
	}
}
