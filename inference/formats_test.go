package inference

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/export"
)

var update = flag.Bool("update", false, "rewrite testdata/formats.md from what was measured")

// TestFormats measures what testdata/formats.md says: for every family,
// container and tensor type of the golden set, how far the logits are from the
// reference's, whether the greedy tokens are the same, and whether a compact copy
// computes the same bits. go test -run TestFormats -update ./inference writes it.
func TestFormats(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# What opens, and how exactly

Written by ` + "`go test -run TestFormats -update ./inference`" + `, which fails where it is not true any more.
Logits are compared with the reference's float32 run at every position of the prompt, relative to the largest; tokens are greedy ones.
Models with a scale per group are computed with 24 bits per activation, as ` + "`--exact`" + ` does, and then as by default: with 16 bits, and 24 for the few activations that are much larger than the others of their group. Others have one way.
A copy is what ` + "`tern convert`" + ` writes by default. What is refused, and in which words, is in ` + "`model/checkpoint/testdata/refusals.md`" + `.

| golden | family | container | projections | embedding · head | logits within | by default | greedy tokens equal | copy |
|---|---|---|---|---|---|---|---|---|
`)
	for _, name := range slices.Concat(allGoldens, allFamilies, allHybrids) {
		dir, exact := filepath.Join(goldens, name), !slices.Contains(allGoldens, name)
		if exact {
			dir = filepath.Join(families, name)
		}
		var g golden
		readJSON(t, filepath.Join(dir, "golden.json"), &g)
		e, original := open(t, dir, 2), (*model.Model)(nil)
		if original = e.Model(); exact {
			e = openExact(t, dir)
		} else {
			original = withTokenizer(t, dir)
		}
		reference := readFloats(t, filepath.Join(dir, g.Logits.File))
		usual := promptLogits(t, open(t, dir, 2), g.Prompt)
		within, byDefault := withinText(relative(t, promptLogits(t, e, g.Prompt), reference)), "the same"
		if exact {
			byDefault = withinText(relative(t, usual, reference))
		}
		got, _ := collect(t, session(t, e, SessionOptions{KV: KVF32}), g.Prompt, GenerateOptions{MaxTokens: len(g.Greedy), IgnoreEOS: true})
		bits := "same bits"
		if _, c := copyOf(t, original, export.GGUFOptions{}); !slices.Equal(promptLogits(t, c, g.Prompt), usual) {
			bits = "**differs**"
		}
		m := e.Model()
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %d of %d | %s |\n", name, m.Family, container(t, dir),
			typesOf(m, true), typesOf(m, false), within, byDefault, commonPrefix(got, g.Greedy), len(g.Greedy), bits)
	}
	path := filepath.Join("testdata", "formats.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s says otherwise; measured:\n%s", path, b.String())
	}
}

// withinText is the bound that an error keeps, or the error itself, so that it shows. The
// bounds are far apart, so that another processor's last bits do not change the text.
func withinText(r float64) string {
	for _, bound := range []float64{1e-5, 5e-4} {
		if r <= bound {
			return fmt.Sprintf("%.0e", bound)
		}
	}
	return "**" + fmt.Sprintf("%.1g", r) + "**"
}

func promptLogits(t *testing.T, e *Engine, ids []int32) (logits []float32) {
	t.Helper()
	err := session(t, e, SessionOptions{KV: KVF32}).EachLogits(context.Background(), ids, func(_ int, l []float32) error {
		logits = append(logits, l...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return logits
}

// container says what kind of files a checkpoint is.
func container(t *testing.T, dir string) string {
	t.Helper()
	for _, kind := range []string{"gguf", "safetensors"} {
		switch files, err := filepath.Glob(filepath.Join(dir, "*."+kind)); {
		case err != nil:
			t.Fatal(err)
		case len(files) > 1:
			return fmt.Sprintf("%s, %d files", kind, len(files))
		case len(files) == 1:
			return kind
		}
	}
	t.Fatalf("%s holds no checkpoint", dir)
	return ""
}

// typesOf lists the types of the projections, or of the embedding and the head.
func typesOf(m *model.Model, projections bool) string {
	var types []string
	for _, x := range m.Tensors {
		dense := x.Layer < 0 && len(x.Shape) == 2
		if projections && x.Linear != nil && !slices.Contains(types, x.Type) || !projections && dense {
			types = append(types, x.Type)
		}
	}
	if !projections && len(types) == 1 {
		types = append(types, "tied")
	}
	return strings.Join(types, " · ")
}
