package cli

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/inference"
	"tern/model"
)

func (r *checkResult) finding(name string) finding {
	if i := slices.IndexFunc(r.Findings, func(f finding) bool { return f.Name == name }); i >= 0 {
		return r.Findings[i]
	}
	return finding{}
}

func builtin(t *testing.T) *model.Model {
	t.Helper()
	e, err := inference.OpenBuiltin(t.Context(), inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	return e.Model()
}

func TestCheckBuiltin(t *testing.T) {
	var r checkResult
	decodeStrict(t, mustTern(t, "check", "--json", "--threads", "1"), &r)
	if r.Verdict != good || r.Perplexity == nil || *r.Perplexity > goodPerplexity || len(r.Causes) < 4 || len(r.Layers) == 0 || len(r.Scales) != 7 {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{"tensors", "weights", "multipliers", "numbers", "tokenizer", "stop ids", "sample", "perplexity", "cause"} {
		if f := r.finding(name); f.Verdict != good || f.Detail == "" {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if r.Sample == nil || len(r.Sample.IDs) != sampleTokens || !strings.HasPrefix(r.Sample.Text, ", there was") {
		t.Errorf("sample %+v", r.Sample)
	}
	var b strings.Builder
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"\nmultipliers\n", "as loaded\n", "\nsample\nOnce upon a time, there was"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// TestCheckCauses spoils the built-in model in each way that check knows, and
// expects it to say which.
func TestCheckCauses(t *testing.T) {
	sound := builtin(t)
	for _, c := range []struct {
		cause string
		spoil func(*model.Model, *model.Linear)
	}{
		{"multipliers stored inverted", func(_ *model.Model, l *model.Linear) { l.Scale = 1 / l.Scale }},
		{"weights quantised twice", func(_ *model.Model, l *model.Linear) {
			neg, zero, pos := l.Counts()
			l.Scale *= float32(neg+pos) / float32(neg+zero+pos)
		}},
		{"wrong pairing of the rotary embedding", func(m *model.Model, _ *model.Linear) { m.RopeAdjacent = !sound.RopeAdjacent }},
	} {
		t.Run(c.cause, func(t *testing.T) {
			m := spoilt(sound)
			for i := range m.Weights.Layers {
				for _, l := range linears(&m.Weights.Layers[i]) {
					c.spoil(m, l.Linear)
				}
			}
			e, err := inference.New(m, inference.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			var r checkResult
			if err := r.count(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if err := r.checkPerplexity(t.Context(), e, paragraph[:200], newMeter(io.Discard)); err != nil {
				t.Fatal(err)
			}
			if f := r.finding("cause"); f.Verdict != doubtful || !strings.Contains(f.Detail, c.cause) {
				t.Errorf("%+v of %+v", f, r.Causes)
			}
		})
	}
}

// spoilt is a copy of a model that may be spoilt.
func spoilt(m *model.Model) *model.Model {
	v := variant(m)
	v.Tokenizer = m.Tokenizer
	return v
}

func TestCheckWeights(t *testing.T) {
	sound := builtin(t)
	for _, c := range []struct {
		name    string
		finding string
		verdict verdict
		spoil   func(*model.Model)
	}{
		{"NaN in a norm", "numbers", bad, nanNorm},
		{"infinity in the embedding", "numbers", bad, func(m *model.Model) {
			m.Embed.Type, m.Embed.Data = model.F32, make([]byte, 4*m.Embed.Rows*m.Embed.Cols)
			copy(m.Embed.Data[4000:], []byte{0, 0, 0x80, 0x7f})
			m.Head = &m.Embed
		}},
		{"a multiplier of 50", "multipliers", doubtful, func(m *model.Model) { m.Weights.Layers[1].K.Scale = 50 }},
		{"no weights but zeros", "weights", bad, func(m *model.Model) {
			up := &m.Weights.Layers[0].Up
			up.Data = slices.Repeat([]byte{0x55}, len(up.Data))
		}},
		{"a tensor too many", "tensors", doubtful, func(m *model.Model) { m.Ignored = []string{"model.surplus.weight"} }},
		{"inv_freq buffers", "tensors", good, func(m *model.Model) { m.Ignored = []string{"model.layers.0.self_attn.rotary_emb.inv_freq"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := spoilt(sound)
			c.spoil(m)
			var r checkResult
			if err := r.checkWeights(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				want := good
				if f.Name == c.finding {
					want = c.verdict
				}
				if f.Verdict != want {
					t.Errorf("%+v, want %s", f, want)
				}
			}
		})
	}
}

func nanNorm(m *model.Model) {
	m.Norm = slices.Clone(m.Norm)
	m.Norm[3] = float32(math.NaN())
}

// TestCheckNotFinite: NaN logits are a finding, not a failure, and can be
// written as JSON.
func TestCheckNotFinite(t *testing.T) {
	sound, err := model.Open(t.Context(), withTokenizer(t, "hf-1bitllm-f32", "spm"), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := spoilt(sound)
	nanNorm(m)
	r, err := check(t.Context(), Streams{Err: io.Discard}, m, 1)
	if err != nil {
		t.Fatal(err)
	}
	if r.finding("sample").Verdict != bad || r.finding("perplexity").Verdict != bad || r.Perplexity != nil || r.Verdict != bad {
		t.Errorf("%+v", r)
	}
	if err := writeJSON(io.Discard, r); err != nil {
		t.Error(err)
	}
}

func TestCheckNoTokenizer(t *testing.T) {
	for _, c := range []struct {
		files   model.TokenizerFiles
		verdict verdict
	}{
		{model.TokenizerFiles{}, doubtful},
		{model.TokenizerFiles{SentencePiece: []byte("no")}, bad},
		{model.TokenizerFiles{JSON: []byte(`{"model":{"type":"WordLevel"}}`)}, bad},
	} {
		m := spoilt(builtin(t))
		m.Tokenizer = c.files
		r, err := check(t.Context(), Streams{Err: io.Discard}, m, 1)
		if err != nil || r.finding("tokenizer").Verdict != c.verdict || r.Verdict != c.verdict || r.Sample != nil {
			t.Errorf("%+v: %+v, error %v", c.files, r, err)
		}
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

// TestCheckRandom: a model of random weights is no better than guessing, which
// is reported, not failed.
func TestCheckRandom(t *testing.T) {
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	var r checkResult
	decodeStrict(t, mustTern(t, "check", dir, "--json", "--threads", "1"), &r)
	if f := r.finding("perplexity"); f.Verdict != bad || r.Verdict != bad {
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
