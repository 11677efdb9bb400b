package inference

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/compare"
	"tern/model/export"
	"tern/tokenizer"
)

// TestCopyFamilies: a copy of every golden with a scale per group computes the same
// logits bit for bit; a copy of any type has the same values, or is refused because
// its blocks would round them.
func TestCopyFamilies(t *testing.T) {
	// What TQ2_0 would round: neighbouring groups with different scales, or +2 scales.
	written := map[export.Type]int{}
	for _, name := range allFamilies {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(families, name)
			var g golden
			readJSON(t, filepath.Join(dir, "golden.json"), &g)
			m := openModel(t, dir)
			want := newEngine(t, m)
			logits := kvf32Logits(t, want, g.Long.Prompt)
			for _, o := range []export.GGUFOptions{{}, {Portable: true}, {Type: export.TypeQ2}, {Type: export.TypePQ2}, {Type: export.TypeTQ2}, {Type: export.TypeOwn}} {
				file := filepath.Join(t.TempDir(), "copy.gguf")
				var err error
				if o.Vocab, err = tokenizer.ToGGUF(m.Tokenizer); err != nil {
					t.Fatal(err)
				}
				size, err := export.GGUFSize(m, o)
				if errors.Is(err, model.ErrUnsupported) && o.Type == export.TypeTQ2 && (m.Dim%256 != 0 || m.FFNDim%256 != 0) {
					continue // rows are not whole blocks
				} else if err != nil {
					t.Fatal(err)
				}
				if err = writeCopy(context.Background(), m, file, o); o.Type != "" && errors.Is(err, checkpoint.ErrLossy) {
					if _, err := os.Stat(file); err == nil || !lossy(m, o.Type) {
						t.Errorf("%+v is refused, or leaves a file", o)
					}
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				if info, err := os.Stat(file); err != nil || info.Size() != size {
					t.Errorf("%+v: size %d foreseen, %v", o, size, err)
				}
				written[o.Type]++
				c := openModel(t, file)
				if list, same := compare.Configs(&m.Config, &c.Config); len(list) > 0 || !same {
					t.Errorf("%+v: %v", o, list)
				}
				if hashOf(t, c) != hashOf(t, m) {
					list, _, err := compare.Tensors(context.Background(), m, c)
					t.Errorf("%+v: other values: %v, %v", o, list, err)
				}
				if o.Portable || o.Type != "" {
					continue
				}
				if got := kvf32Logits(t, newEngine(t, c), g.Long.Prompt); !slices.Equal(got, logits) {
					t.Errorf("logits differ by %.2g", relative(t, got, logits))
				}
			}
		})
	}
	if written[export.TypeQ2] < 12 || written[export.TypePQ2] < 10 || written[export.TypeTQ2] < 4 || written[export.TypeOwn] < 12 {
		t.Errorf("written: %v", written)
	}
}

// lossy reports whether blocks of a type would round some matrix of m.
func lossy(m *model.Model, kind export.Type) bool {
	cols := map[export.Type]int{export.TypeQ2: 64, export.TypePQ2: 128, export.TypeTQ2: 256}[kind]
	for _, s := range m.Slots(&model.GGUFNames) {
		if s.Norm != nil {
			continue
		}
		d := s.Dense
		if s.Linear != nil {
			d = &model.Dense{Rows: s.Rows, Cols: s.Cols, Type: model.Packed, Grouped: s.Linear.Grouped}
		}
		if d.Grouped == nil {
			continue
		}
		row := make([]float32, d.Cols)
		for r := range d.Rows {
			d.RowTo(row, r)
			for at := 0; at < d.Cols; at += cols {
				var magnitudes []float32
				for _, v := range row[at:min(at+cols, d.Cols)] {
					if v = max(v, -v); v != 0 && !slices.Contains(magnitudes, v) {
						magnitudes = append(magnitudes, v)
					}
				}
				if len(magnitudes) > 1 || d.Grouped.Wide != nil {
					return true
				}
			}
		}
	}
	return false
}

func openModel(t *testing.T, path string) *model.Model {
	t.Helper()
	m, err := checkpoint.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func hashOf(t *testing.T, m *model.Model) string {
	t.Helper()
	h, err := m.Hash(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestCopyMetadata: rope scaling, scales, inputs and the sampler's settings survive
// a copy, whatever their numbers.
func TestCopyMetadata(t *testing.T) {
	m := openModel(t, filepath.Join(families, "minicpm-tq2_0-longrope-long"))
	m.Recommended = map[string]float64{"temperature": 0.7, "top_k": 20, "top_p": 0.8, "min_p": 0.05, "repetition_penalty": 1.1}
	m.RopeScaling.Amplitude, m.EmbedScale, m.ResidualScale, m.LogitDivisor = 1.19023807, 12.3, 0.2474874, 8.5
	_, c := copyOf(t, m, export.GGUFOptions{})
	if got := c.Model(); got.RopeScaling != m.RopeScaling || got.EmbedScale != m.EmbedScale || got.ResidualScale != m.ResidualScale ||
		got.LogitDivisor != m.LogitDivisor || !slices.Equal(got.RopeLong, m.RopeLong) || !slices.Equal(got.RopeShort, m.RopeShort) {
		t.Errorf("%+v, want %+v", got.Config, m.Config)
	}
	for key, want := range m.Recommended {
		if got := c.Model().Recommended[key]; got != want {
			t.Errorf("%s %g, want %g", key, got, want)
		}
	}

	q := openModel(t, filepath.Join(families, "qwen3-pq2_0-yarn"))
	for _, s := range []model.RopeScaling{
		{Kind: model.RopeLinear, Factor: 3.3},
		{Kind: model.RopeYaRN, Factor: 2.7, Original: 100, BetaFast: 30.1, BetaSlow: 1.5, Amplitude: 1.0737},
		{},
	} {
		q.RopeScaling = s
		if _, c := copyOf(t, q, export.GGUFOptions{}); c.Model().RopeScaling != s {
			t.Errorf("%+v, want %+v", c.Model().RopeScaling, s)
		}
	}

	// Nothing but the key says that this Llama takes float activations.
	l := openModel(t, filepath.Join(families, "llama-tq1_0-trilm"))
	l.Name = "nothing"
	if _, c := copyOf(t, l, export.GGUFOptions{Type: export.TypeTQ2}); c.Model().Input != model.InputFloat {
		t.Error("a copy of TriLM takes int8 activations")
	}
	if err := writeCopy(context.Background(), openModel(t, filepath.Join(goldens, allGoldens[0])), filepath.Join(t.TempDir(), "x.gguf"), export.GGUFOptions{Type: export.TypeQ2}); !errors.Is(err, model.ErrUnsupported) || !strings.Contains(err.Error(), "int8") {
		t.Errorf("Q2_0 of a model with int8 activations: %v", err)
	}
}
