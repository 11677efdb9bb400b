package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tern/app/check"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/model/ternary"
)

// withTwos is a golden model with a share of the weights of one matrix, or of the
// embedding, of +2 scales, written as a file.
func withTwos(t *testing.T, share float64, embed bool) string {
	t.Helper()
	m, err := checkpoint.Open(t.Context(), filepath.Join(goldens2, "qwen3-ptq1_0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	g := m.Weights.Layers[0].Up.Grouped
	if embed {
		g = m.Embed.Grouped
	}
	*g = g.As(ternary.TwoBits) // the only form with a code for +2
	codes, done := make([]byte, g.PaddedCols()/4), 0
	for r := range g.Rows {
		g.Codes(codes, r)
		for c := range g.Cols {
			if float64(done) < share*float64(r*g.Cols+c) {
				codes[c/4] |= 3 << (2 * (c % 4))
				done++
			}
		}
		g.PackCodes(r, codes)
	}
	path := filepath.Join(t.TempDir(), "twos.gguf")
	vocab := m.Tokenizer.GGUF
	if err := export.GGUF(t.Context(), m, path, export.GGUFOptions{Vocab: vocab}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInspectTwos: weights of +2 scales are counted by inspect and check, and more
// than one in a hundred of a matrix makes the layout doubtful.
func TestInspectTwos(t *testing.T) {
	for _, c := range []struct {
		name    string
		share   float64
		embed   bool
		misread bool
	}{{"few", 0.005, false, false}, {"many", 0.02, false, true}, {"few in the embedding", 0.005, true, false}, {"many in the embedding", 0.02, true, true}} {
		path := withTwos(t, c.share, c.embed)
		for _, command := range []string{"inspect", "check"} {
			out := mustTern(t, command, path)
			if !strings.Contains(out, "+2 scales") || strings.Contains(out, check.LayoutMisread) != c.misread {
				line := ""
				for l := range strings.Lines(out) {
					if strings.Contains(l, "weights") || strings.Contains(l, "codes") {
						line += l
					}
				}
				t.Errorf("%s of %s: %s", command, c.name, line)
			}
		}
	}
	for _, name := range []string{"qwen3-ptq1_0", "qwen3-q1_0"} {
		if out := mustTern(t, "inspect", filepath.Join(goldens2, name)); strings.Contains(out, "+2 scales") {
			t.Errorf("%s has no codes 3: %s", name, out)
		}
	}
}

// TestInspectGroups: inspect says what ternary matrices multiply with, the range of
// their scales and how many are 0, of the embedding and the head too, as the weights
// have them.
func TestInspectGroups(t *testing.T) {
	for _, name := range groupModels(t) {
		at := filepath.Join(goldens2, name)
		m, err := checkpoint.Open(t.Context(), at, nil)
		if err != nil {
			t.Fatal(err)
		}
		raw := mustTern(t, "inspect", at, "--json")
		var r inspectResult
		if err := json.NewDecoder(bytes.NewReader([]byte(raw))).Decode(&r); err != nil {
			t.Fatal(err)
		}
		text := mustTern(t, "inspect", at)
		if r.Config.Input != "float" || !strings.Contains(text, "float, as in training") {
			t.Errorf("%s: input %q", name, r.Config.Input)
		}
		byName := map[string]*inspectTensor{}
		for i := range r.Tensors {
			byName[r.Tensors[i].Name] = &r.Tensors[i]
		}
		checked := 0
		for _, names := range []*model.Names{checkpoint.Find(m.Arch).GGUF.TensorNames(), &checkpoint.Find(m.Arch).Names} {
			for _, s := range m.Slots(names) {
				d := s.Dense
				if s.Linear != nil {
					d = &model.Dense{Grouped: s.Linear.Grouped}
				}
				f := byName[s.Name]
				if f == nil || d == nil || d.Grouped == nil {
					continue
				}
				checked++
				lo, hi, zeros := d.Grouped.ScaleRange()
				n := d.Grouped.Counts()
				if f.TernaryFacts == nil || f.GroupFacts == nil || f.MinScale != lo || f.MaxScale != hi || f.Zeros != zeros || f.Cols != d.Grouped.GroupCols ||
					f.Neg != n[0] || f.Zero != n[1] || f.Pos != n[2] || f.Two != n[3] {
					t.Errorf("%s: %s: %+v", name, s.Name, f.TernaryFacts)
				}
				if zeros > 0 && !strings.Contains(text, " of 0") {
					t.Errorf("%s: %d scales of 0 are not shown", name, zeros)
				}
			}
		}
		if checked < 7 && !strings.Contains(name, "tq") && name != "qwen35-f32" { // whose matrices are floats
			t.Errorf("%s: %d matrices", name, checked)
		}
	}
}

// TestNoteOfCopies: a model with a matrix that is not ternary says that it is
// computed in float, and so does a copy of it.
func TestNoteOfCopies(t *testing.T) {
	m, err := checkpoint.Open(t.Context(), filepath.Join(goldens2, "qwen3-pq2_0-yarn"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// One matrix with three magnitudes in a group.
	l := &m.Weights.Layers[1].Down
	d := &model.Dense{Rows: l.Rows, Cols: l.Cols, Type: model.F32, Data: make([]byte, 4*l.Rows*l.Cols)}
	for i := range d.Data {
		d.Data[i] = []byte{0, byte(i / 4 % 3 << 4), 0x80, 0x3c}[i%4]
	}
	l.Grouped, l.Dense = nil, d
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.gguf"), filepath.Join(dir, "second.gguf")
	if err := export.GGUF(t.Context(), m, first, export.GGUFOptions{Vocab: m.Tokenizer.GGUF}); err != nil {
		t.Fatal(err)
	}
	mustTern(t, "convert", first, second)
	const note = "Some of its matrices are not ternary and are computed in float."
	for _, path := range []string{first, second} {
		if out := mustTern(t, "inspect", path); !strings.Contains(out, note) {
			t.Errorf("%s lacks the note: %s", path, out)
		}
	}
	mustTern(t, "verify", first, second, "--ids", "1,2,3")
	if _, err := os.Stat(second); err != nil {
		t.Error(err)
	}
}
