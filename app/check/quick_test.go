package check

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/compact"
	"tern/inference"
	"tern/model"
)

// spoil lists what goes wrong with checkpoints, and the correction of each.
var spoil = []struct {
	name  string
	do    func(*model.Model, *model.Linear)
	fixed Correction
}{
	{"inverted multipliers", func(_ *model.Model, l *model.Linear) { l.Scale = 1 / l.Scale }, InvertMultipliers},
	{"weights quantised twice", func(_ *model.Model, l *model.Linear) {
		neg, zero, pos := l.Counts()
		l.Scale *= float32(neg+pos) / float32(neg+zero+pos)
	}, QuantisedTwice},
}

func spoiltBy(m *model.Model, do func(*model.Model, *model.Linear)) *model.Model {
	v := spoilt(m)
	for i := range v.Weights.Layers {
		for _, l := range v.Weights.Layers[i].Projections() {
			do(v, l.Linear)
		}
	}
	return v
}

func engine(t *testing.T, m *model.Model) *inference.Engine {
	t.Helper()
	e, err := inference.New(m, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func quick(t *testing.T, e *inference.Engine, o Options) *Report {
	t.Helper()
	r, err := Quick(t.Context(), e, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestQuickSound: nothing is offered for a sound model.
func TestQuickSound(t *testing.T) {
	if r := quick(t, engine(t, soundModel(t)), Options{}); len(r.Corrections) > 0 {
		t.Errorf("%v from %+v", r.Corrections, r)
	}
}

// TestQuickCorrects writes the built-in model as a GGUF file with each fault in
// it, and expects the quick check to offer the correction, and the file opened
// with that to give the sound model's numbers.
func TestQuickCorrects(t *testing.T) {
	sound := soundModel(t)
	want := quick(t, engine(t, sound), Options{}).Perplexity
	for _, c := range spoil {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "spoilt.gguf")
			if err := compact.Write(t.Context(), spoiltBy(sound, c.do), path, compact.Options{}); err != nil {
				t.Fatal(err)
			}
			e, err := Open(t.Context(), path, nil, inference.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			r := quick(t, e, Options{})
			if !slices.Equal(r.Corrections, Corrections{c.fixed}) {
				t.Fatalf("corrections %v, want %v: %+v", r.Corrections, c.fixed, r)
			}
			list, err := ParseCorrections(r.Corrections.String())
			if err != nil {
				t.Fatal(err)
			}
			mended, err := Open(t.Context(), path, list, inference.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer mended.Close()
			// Multipliers come back to within a rounding, which turns an activation to
			// the next integer now and then.
			if r := quick(t, mended, Options{}); len(r.Corrections) > 0 || *r.Perplexity > *want*1.001 || *r.Perplexity < *want*0.999 {
				t.Errorf("corrected: perplexity %v, want %v; corrections %v", *r.Perplexity, *want, r.Corrections)
			}
		})
	}
}

// TestQuickLayout has a file in the x86 layout read as if it were another one.
func TestQuickLayout(t *testing.T) {
	sound := soundModel(t)
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := compact.Write(t.Context(), sound, path, compact.Options{}); err != nil {
		t.Fatal(err)
	}
	e, err := Open(t.Context(), path, Corrections{I2SARM}, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	asked := Corrections{}
	r := quick(t, e, Options{Reopen: func(ctx context.Context, c Correction) (*model.Model, error) {
		asked = append(asked, c)
		// The file is in the default layout: that is found where a file of ARM
		// machines would have its own.
		if c == I2SARM {
			return OpenModel(ctx, path, nil, nil)
		}
		return OpenModel(ctx, path, Corrections{c}, nil)
	}})
	if !slices.Equal(r.Corrections, Corrections{I2SARM}) || len(asked) != 2 {
		t.Errorf("corrections %v after %v: %+v", r.Corrections, asked, r)
	}
}

// TestQuickStops: a marker that would not end the text is offered, and ends it
// once corrected.
func TestQuickStops(t *testing.T) {
	sound := soundModel(t)
	m := spoilt(sound)
	eos := m.StopIDs
	if len(eos) == 0 {
		t.Fatal("the built-in model has no stop ids")
	}
	m.StopIDs = nil
	e := engine(t, m)
	if ids := missingStops(e.Tokenizer(), m); len(ids) > 0 { // EOS of the tokenizer ends it anyhow
		t.Errorf("%v are missing", ids)
	}
	dir := withTokenizer(t, "hf-2b4t-packed", "bpe")
	e, err := Open(t.Context(), dir, nil, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	missing := missingStops(e.Tokenizer(), e.Model())
	mended, err := Open(t.Context(), dir, Corrections{StopMarkers}, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	if len(missing) == 0 || !slices.Equal(mended.Model().StopIDs, append(slices.Clip(e.Model().StopIDs), missing...)) {
		t.Errorf("missing %v, corrected %v", missing, mended.Model().StopIDs)
	}
}

// TestTemplateCorrection gives a model another template than it would have.
func TestTemplateCorrection(t *testing.T) {
	dir := withTokenizer(t, "hf-llama3-packed", "bpe")
	for _, c := range []struct {
		corrections Corrections
		want        string
	}{
		{nil, ""},
		{Corrections{TemplateLlama3}, "Llama 3"},
		{Corrections{Template2B4T}, "2B-4T"},
		{Corrections{TemplateFalcon3}, "Falcon3"},
	} {
		e, err := Open(t.Context(), dir, c.corrections, inference.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := e.ChatTemplate(); name != c.want {
			t.Errorf("%v: template %q, want %q", c.corrections, name, c.want)
		}
		e.Close()
	}
}

// TestBrokenTemplate: a template that cannot be used is named with its words and
// line, and another layout is only advised.
func TestBrokenTemplate(t *testing.T) {
	dir := withTokenizer(t, "hf-llama3-packed", "bpe")
	if err := os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte("{# 1 #}\n{% frob %}"), 0o666); err != nil {
		t.Fatal(err)
	}
	e, err := Open(t.Context(), dir, nil, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	r, err := Quick(t.Context(), e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Name == "template" })
	if i < 0 || r.Findings[i].Verdict != Doubtful || !strings.Contains(r.Findings[i].Detail, "chat_template.jinja, line 2: unknown tag 'frob'") {
		t.Errorf("%+v", r.Findings)
	}
	if !slices.Contains(r.Corrections, TemplateLlama3) {
		t.Errorf("advised: %v", r.Corrections)
	}
	mended, err := Open(t.Context(), dir, r.Corrections, inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	if name, ok := mended.ChatTemplate(); name != "Llama 3" || !ok {
		t.Errorf("corrected: %q", name)
	}
}

func TestParseCorrections(t *testing.T) {
	for text, want := range map[string]string{"": "", "inverted": "inverted", " inverted , i2s-arm,inverted": "inverted,i2s-arm"} {
		if c, err := ParseCorrections(text); err != nil || c.String() != want {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	if c, err := ParseCorrections("inverted,upside-down"); err == nil || !strings.Contains(err.Error(), `"upside-down"`) {
		t.Errorf("%v, %v", c, err)
	}
	for _, name := range Names() {
		if c, err := ParseCorrections(name); err != nil || len(c) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
