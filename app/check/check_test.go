package check

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/builtin"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer/vocab"
)

func soundModel(t *testing.T) *model.Model {
	t.Helper()
	e, err := builtin.Open(t.Context(), inference.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	return e.Model()
}

// TestCheckCauses spoils the built-in model in each way that check knows, and
// expects it to say which.
func TestCheckCauses(t *testing.T) {
	sound := soundModel(t)
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
				for _, l := range m.Weights.Layers[i].Projections() {
					c.spoil(m, l.Linear)
				}
			}
			e, err := inference.New(m, inference.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			var r Report
			if err := r.count(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if err := r.checkPerplexity(t.Context(), e, Paragraph[:200], &Options{}); err != nil {
				t.Fatal(err)
			}
			if f := r.finding("cause"); f.Verdict != Doubtful || !strings.Contains(f.Detail, c.cause) {
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
	sound := soundModel(t)
	for _, c := range []struct {
		name    string
		finding string
		verdict Verdict
		spoil   func(*model.Model)
	}{
		{"NaN in a norm", "numbers", Bad, nanNorm},
		{"infinity in the embedding", "numbers", Bad, func(m *model.Model) {
			m.Embed.Type, m.Embed.Data = model.F32, make([]byte, 4*m.Embed.Rows*m.Embed.Cols)
			copy(m.Embed.Data[4000:], []byte{0, 0, 0x80, 0x7f})
			m.Head = &m.Embed
		}},
		{"a multiplier of 50", "multipliers", Doubtful, func(m *model.Model) { m.Weights.Layers[1].K.Scale = 50 }},
		{"no weights but zeros", "weights", Bad, func(m *model.Model) {
			up := &m.Weights.Layers[0].Up
			up.Data = slices.Repeat([]byte{0x55}, len(up.Data))
		}},
		{"a tensor too many", "tensors", Doubtful, func(m *model.Model) { m.Ignored = []string{"model.surplus.weight"} }},
		{"inv_freq buffers", "tensors", Good, func(m *model.Model) { m.Ignored = []string{"model.layers.0.self_attn.rotary_emb.inv_freq"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := spoilt(sound)
			c.spoil(m)
			var r Report
			if err := r.checkWeights(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				want := Good
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
	sound, err := checkpoint.Open(t.Context(), withTokenizer(t, "hf-1bitllm-f32", "spm"), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := spoilt(sound)
	nanNorm(m)
	r, err := Full(t.Context(), m, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r.finding("sample").Verdict != Bad || r.finding("perplexity").Verdict != Bad || r.Perplexity != nil || r.Verdict != Bad {
		t.Errorf("%+v", r)
	}
	if err := json.NewEncoder(io.Discard).Encode(r); err != nil {
		t.Error(err)
	}
}

func TestCheckNoTokenizer(t *testing.T) {
	for _, c := range []struct {
		files   vocab.Files
		verdict Verdict
	}{
		{vocab.Files{}, Doubtful},
		{vocab.Files{SentencePiece: []byte("no")}, Bad},
		{vocab.Files{JSON: []byte(`{"model":{"type":"WordLevel"}}`)}, Bad},
	} {
		m := spoilt(soundModel(t))
		m.Tokenizer = c.files
		r, err := Full(t.Context(), m, Options{Threads: 1})
		if err != nil || r.finding("tokenizer").Verdict != c.verdict || r.Verdict != c.verdict || r.Sample != nil {
			t.Errorf("%+v: %+v, error %v", c.files, r, err)
		}
	}
}

func (r *Report) finding(name string) Finding {
	if i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Name == name }); i >= 0 {
		return r.Findings[i]
	}
	return Finding{}
}

// withTokenizer is a golden checkpoint together with a golden tokenizer.
func withTokenizer(t *testing.T, checkpoint, tokenizer string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"../../inference/testdata/goldens/" + checkpoint, "../../tokenizer/testdata/" + tokenizer} {
		files, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(filepath.Join(from, f.Name()))
			if err == nil {
				err = os.WriteFile(filepath.Join(dir, f.Name()), raw, 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}
