package recipe

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"tern/app/builtin"
	"tern/inference"
	"tern/inference/sampling"
	"tern/model/fuzztest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// story writes a short text with the built-in model.
func story(t testing.TB) *Recipe {
	t.Helper()
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := e.Model().Hash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := Answer{
		Model: e.Model().Name, Hash: hash, Session: inference.SessionOptions{Context: s.Context()}, Prompt: e.Prompt("Once <b>&"),
		Options: inference.GenerateOptions{MaxTokens: 5, Sampling: inference.Sampling{Temperature: 0.7, Seed: 1<<63 + 1}},
	}
	for ev, err := range s.Generate(t.Context(), a.Prompt, a.Options) {
		if err != nil {
			t.Fatal(err)
		}
		switch ev.Kind {
		case inference.EventToken:
			a.IDs, a.Text = append(a.IDs, ev.ID), a.Text+ev.Text
		case inference.EventDone:
			a.Stop = ev.Stop
		}
	}
	return New(a)
}

func TestRoundTrip(t *testing.T) {
	r := story(t)
	again, err := Read(bytes.NewReader(r.JSON()))
	if err != nil {
		t.Fatalf("%v in %s", err, r.JSON())
	}
	if !bytes.Equal(again.JSON(), r.JSON()) || bytes.Contains(r.JSON(), []byte("null")) || !json.Valid(r.JSON()) {
		t.Errorf("%s becomes %s", r.JSON(), again.JSON())
	}
	if again.Settings.Seed != 1<<63+1 {
		t.Errorf("seed %d", again.Settings.Seed)
	}
}

// TestReadRefuses: a hostile recipe is refused with one sentence.
func TestReadRefuses(t *testing.T) {
	good := string(story(t).JSON())
	if _, err := Read(strings.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %q in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"empty":               "",
		"no JSON":             "Once upon a time",
		"a list":              "[1]",
		"null":                "null",
		"another object":      `{"model":"x"}`,
		"a later form":        replace(`"recipe": 1`, `"recipe": 2`),
		"a text for a number": replace(`"seed":`, `"seed":"x","s":`),
		"a negative seed":     replace(`"seed":9223372036854775809`, `"seed":-1`),
		"no prompt":           replace(`"prompt_ids": [`, `"prompt_ids": [],"x":[`),
		"a negative id":       replace(`"prompt_ids": [`, `"prompt_ids": [-1,`),
		"an id of 33 bits":    replace(`"prompt_ids": [`, `"prompt_ids": [4294967297,`),
		"too many ids":        replace(`"prompt_ids": [`, `"prompt_ids": [`+strings.Repeat("1,", maxIDs)),
		"temperature":         replace(`"temperature":0.7`, `"temperature":1e9`),
		"end of a sentence":   replace(`"max_tokens":5`, `"max_tokens":5,"end_sentence":9999`),
		"temperature, inf":    replace(`"temperature":0.7`, `"temperature":1e999`),
		"no context":          replace(`"context":`, `"context":0,"x":`),
		"context":             replace(`"context":`, `"context":99999999999,"x":`),
		"stops":               replace(`"stop":[]`, `"stop":[`+strings.Repeat(`"x",`, maxStops)+`"x"]`),
		"a long stop":         replace(`"stop":[]`, `"stop":["`+strings.Repeat("x", maxStop+1)+`"]`),
		"hash":                replace(`"hash":"`, `"hash":"zz`),
		"text hash":           replace(`"text_sha256":"`, `"text_sha256":"00`),
		"kv":                  replace(`"kv":"f16"`, `"kv":"f8"`),
		"stop reason":         replace(`"stop":"length"`, `"stop":"bored"`),
		"name":                replace(`"name":"`, `"name":"`+strings.Repeat("x", maxName)),
		"deep":                strings.Repeat(`{"recipe":`, 20000),
		"two":                 good + good,
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrInvalid) || len(err.Error()) > 300 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for n := range len(strings.TrimSpace(good)) {
		if _, err := Read(strings.NewReader(good[:n])); !errors.Is(err, ErrInvalid) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(good), err)
		}
	}
	if _, err := Read(&endless{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("endless: %v", err)
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, err := Read(dir); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("a folder: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func FuzzRead(f *testing.F) {
	f.Add(story(f).JSON())
	f.Add([]byte(`{"recipe":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r *Recipe
		var err error
		fuzztest.Bounded(t, len(raw), func() { r, err = Read(bytes.NewReader(raw)) })
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(r.JSON()))
		if err != nil || !bytes.Equal(again.JSON(), r.JSON()) {
			t.Errorf("%s becomes %v", r.JSON(), err)
		}
	})
}

// TestFirstForm: a recipe from before settings were a table reads, writes itself
// byte for byte, and gives the same answer.
func TestFirstForm(t *testing.T) {
	raw, err := os.ReadFile("testdata/first.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.JSON(), raw) {
		t.Errorf("%s becomes %s", raw, r.JSON())
	}
	if p := r.Settings.Params; p != (sampling.Params{Temperature: 0.9, TopK: 30, TopP: 0.8, MinP: 0.02, RepeatPenalty: 1.2}) || r.Settings.Seed != 7 {
		t.Errorf("settings %+v", r.Settings)
	}
	e, err := builtin.Open(t.Context(), inference.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if d, err := r.Replay(t.Context(), e, func(int, int) {}); err != nil || !d.Same() {
		t.Errorf("replayed: %+v, %v", d, err)
	}
	for _, widest := range []string{`"temperature":100`, `"top_k":16777216`, `"min_p":1`, `"repeat_penalty":10`, `"repeat_penalty":0`} {
		key, _, _ := strings.Cut(widest, ":")
		wide := regexp.MustCompile(key+`:[0-9.]+`).ReplaceAllString(string(raw), widest)
		if r, err := Read(strings.NewReader(wide)); err != nil || !strings.Contains(string(r.JSON()), widest) {
			t.Errorf("%s: %v", widest, err)
		}
	}
}
