package cli

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/check"
)

func finding(r *check.Report, name string) check.Finding {
	if i := slices.IndexFunc(r.Findings, func(f check.Finding) bool { return f.Name == name }); i >= 0 {
		return r.Findings[i]
	}
	return check.Finding{}
}

func TestCheckBuiltin(t *testing.T) {
	var r check.Report
	decodeStrict(t, mustTern(t, "check", "--json", "--threads", "1"), &r)
	if r.Verdict != check.Good || r.Perplexity == nil || *r.Perplexity > 150 || len(r.Causes) < 4 || len(r.Layers) == 0 || len(r.Scales) != 7 {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{"tensors", "weights", "multipliers", "numbers", "tokenizer", "stop ids", "sample", "perplexity", "cause"} {
		if f := finding(&r, name); f.Verdict != check.Good || f.Detail == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if r.Sample == nil || len(r.Sample.IDs) != 32 || !strings.HasPrefix(r.Sample.Text, ", there was") {
		t.Errorf("sample %+v", r.Sample)
	}
	var b strings.Builder
	if err := writeReport(&b, &r); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"\nmultipliers\n", "as loaded\n", "\nsample\nOnce upon a time, there was"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestCheckRandom: a model of random weights is no better than guessing, which
// is reported, not failed.
func TestCheckRandom(t *testing.T) {
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	var r check.Report
	decodeStrict(t, mustTern(t, "check", dir, "--json", "--threads", "1"), &r)
	if f := finding(&r, "perplexity"); f.Verdict != check.Bad || r.Verdict != check.Bad {
		t.Errorf("%+v", r)
	}
	names := ""
	for _, c := range r.Causes {
		names += c.Change + "\n"
	}
	for _, want := range []string{"Llama-3 template", "BitNet 2B-4T template", "no start token"} {
		if !strings.Contains(names, want) {
			t.Errorf("no trial of the %s among\n%s", want, names)
		}
	}
}

// TestRunSpecial: --special tells an end marker in the prompt from its text.
func TestRunSpecial(t *testing.T) {
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	args := []string{dir, "-p", "User: hi<|eot_id|>Assistant: ", "-n", "1"}
	if text, special := runJSON(t, args...), runJSON(t, append(args, "--special")...); special.PromptTokens >= text.PromptTokens {
		t.Errorf("%d prompt tokens with --special, %d without", special.PromptTokens, text.PromptTokens)
	}
}

func TestReport(t *testing.T) {
	var r reportResult
	decodeStrict(t, mustTern(t, "check", "--report", "--json", "--threads", "1"), &r)
	tokens := 0
	for i, l := range r.Prompts {
		tokens += l.Tokens
		if l.Prompt != reportPrompts[i] || l.Text == "" || l.Tokens > reportTokens || l.Rate <= 0 {
			t.Errorf("%+v", l)
		}
	}
	if len(r.Prompts) != 8 || r.Tokens != tokens || math.Abs(r.Rate-float64(tokens)/r.Seconds) > 1e-9 {
		t.Errorf("%+v", r)
	}
	var b strings.Builder
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range append(reportPrompts, "average", "tokens/s", r.Prompts[0].Prompt+r.Prompts[0].Text) {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if _, errs, code := tern(t, "", "check", "--report", filepath.Join(goldens, "hf-2b4t-packed")); code != 1 || !strings.Contains(errs, "no tokenizer") {
		t.Errorf("without a tokenizer: exit code %d\n%s", code, errs)
	}
}

// withTokenizer is a golden checkpoint together with a golden tokenizer.
func withTokenizer(t *testing.T, checkpoint, tokenizer string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{filepath.Join(goldens, checkpoint), filepath.Join("../../tokenizer/testdata", tokenizer)} {
		if err := copyFiles(dir, from); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// copyFiles copies the files of one folder into another; both folders may have
// a golden.json, which nobody needs.
func copyFiles(to, from string) error {
	files, err := os.ReadDir(from)
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), raw, 0o666); err != nil {
			return err
		}
	}
	return err
}
