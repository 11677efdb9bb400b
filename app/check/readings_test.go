package check

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/compact"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/ternary"
)

// eachLinear calls f for the projections of a copy of m.
func eachLinear(m *model.Model, f func(l *model.Linear)) *model.Model {
	v := spoilt(m)
	for i := range v.Weights.Layers {
		for _, l := range v.Weights.Layers[i].Projections() {
			f(l.Linear)
		}
	}
	return v
}

// inGroups is a matrix with its multiplier as the scale of every group.
func inGroups(l *model.Linear, cols int, wide bool) *ternary.Grouped {
	g := ternary.NewGrouped(l.Rows, l.Cols, cols, wide)
	row, codes := make([]int8, l.Cols), make([]uint8, l.Cols)
	for r := range l.Rows {
		l.UnpackRow(r, row)
		for i, v := range row {
			codes[i] = uint8(v + 1)
		}
		g.PackRow(r, codes)
		for at := range g.Groups() {
			d := l.Scale
			if !wide {
				d = float32(math.Float32frombits(math.Float32bits(d) &^ 0x1fff)) // what binary16 holds
			}
			g.SetScale(r, at, d)
		}
	}
	return &g
}

// groupScaled is the built-in model as one with a scale per group and float
// activations.
func groupScaled(t *testing.T) *model.Model {
	m := eachLinear(soundModel(t), func(l *model.Linear) {
		*l = model.Linear{Matrix: ternary.Matrix{Rows: l.Rows, Cols: l.Cols}, Grouped: inGroups(l, 128, true)}
	})
	m.Input = model.InputFloat
	return m
}

// asFloats is the built-in model with dense weights, W·R of them where rotated.
func asFloats(t *testing.T, block int) *model.Model {
	m := eachLinear(soundModel(t), func(l *model.Linear) {
		d := &model.Dense{Rows: l.Rows, Cols: l.Cols, Type: model.F32}
		row, x := make([]int8, l.Cols), make([]float32, l.Cols)
		for r := range l.Rows {
			l.UnpackRow(r, row)
			for i, v := range row {
				x[i] = float32(v) * l.Scale
			}
			for at := 0; block > 0 && at < len(x); at += block {
				hadamard(x[at:][:block])
			}
			for _, v := range x {
				d.Data = binary.LittleEndian.AppendUint32(d.Data, math.Float32bits(v))
			}
		}
		*l = model.Linear{Matrix: ternary.Matrix{Rows: l.Rows, Cols: l.Cols}, Dense: d}
	})
	m.Input = model.InputFloat
	if block > 0 {
		d := &model.Dense{Rows: m.Embed.Rows, Cols: m.Embed.Cols, Type: model.F32}
		x := make([]float32, d.Cols)
		for r := range d.Rows {
			m.Embed.RowTo(x, r)
			hadamard(x)
			for _, v := range x {
				d.Data = binary.LittleEndian.AppendUint32(d.Data, math.Float32bits(v))
			}
		}
		m.Embed, m.Head = *d, &m.Embed
	}
	return m
}

// hadamard multiplies x with the normalised Walsh-Hadamard matrix, H of twice the
// size being H H over H -H.
func hadamard(x []float32) {
	if len(x) == 1 {
		return
	}
	a, b := x[:len(x)/2], x[len(x)/2:]
	hadamard(a)
	hadamard(b)
	for i := range a {
		a[i], b[i] = (a[i]+b[i])*math.Sqrt2/2, (a[i]-b[i])*math.Sqrt2/2
	}
}

// yarnTrained is a model that computes what m does with YaRN, and something else
// without: constants of the rotation undo it.
func yarnTrained(m *model.Model) *model.Model {
	v := eachLinear(m, func(*model.Linear) {})
	v.RopeScaling = checkpoint.BonsaiYaRN(&v.Config)
	s, d := v.RopeScaling, float64(v.HeadDim)
	pair := func(turns float64) float64 {
		return d * math.Log(float64(s.Original)/(2*math.Pi*turns)) / (2 * math.Log(v.RopeTheta))
	}
	low, high := max(0, math.Floor(pair(s.BetaFast))), min(d-1, math.Ceil(pair(s.BetaSlow)))
	for j := range v.HeadDim / 2 {
		ramp := min(max((float64(j)-low)/max(0.001, high-low), 0), 1)
		v.RopeFactors = append(v.RopeFactors, float32(ramp/s.Factor+1-ramp))
	}
	for i := range v.Weights.Layers {
		q := &v.Weights.Layers[i].Q
		q.Scale /= float32(s.Amplitude * s.Amplitude)
	}
	return v
}

// TestReadings opens the built-in model as models with a scale per group, each
// mislabelled in one way, and expects the net to find the reading that is sane.
func TestReadings(t *testing.T) {
	sound := soundModel(t)
	groups := groupScaled(t)
	for _, c := range []struct {
		name   string
		model  func() *model.Model
		reopen map[Correction]*model.Model
		want   Correction
		cause  string
	}{
		{"sound, in groups", func() *model.Model { return groups }, nil, "", ""},
		{"sound, of floats", func() *model.Model { return asFloats(t, 0) }, nil, "", ""},
		{"YaRN that does not belong", func() *model.Model {
			m := eachLinear(groups, func(*model.Linear) {})
			m.RopeScaling = checkpoint.BonsaiYaRN(&m.Config)
			m.RopeScaling.Original = 16
			return m
		}, nil, NoYaRN, "rope scaling that does not belong"},
		{"rotated weights, not said", func() *model.Model { return asFloats(t, 256) }, nil, Rotated, "rotated basis"},
		{"said to be rotated, are not", func() *model.Model {
			m := eachLinear(groups, func(*model.Linear) {})
			rotate(m, true)
			m.EmbedRotation, m.HeadRotation = nil, nil
			return m
		}, nil, NotRotated, "not rotated"},
		{"the other pairs", func() *model.Model {
			m := eachLinear(groups, func(*model.Linear) {})
			m.RopeAdjacent = true
			return m
		}, nil, OtherPairs, "pairing"},
		{"another layout of Q2_0", func() *model.Model {
			// Rows that are cut at the wrong places are other rows.
			m := eachLinear(groups, func(l *model.Linear) {
				g := *l.Grouped
				g.Data = slices.Clone(g.Data)
				slices.Reverse(g.Data)
				l.Grouped = &g
			})
			m.Tensors = slices.Clone(m.Tensors)
			for i := range m.Tensors {
				m.Tensors[i].Type = "Q2_0"
			}
			return m
		}, map[Correction]*model.Model{Q2By128: groups}, Q2By128, "another layout of Q2_0"},
		{"int8 read as float, far from sane", func() *model.Model { return noise(groups) }, map[Correction]*model.Model{InputInt8: sound}, InputInt8, "activations that are int8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.model()
			e := engine(t, m)
			r := quick(t, e, Options{Reopen: func(_ context.Context, x Correction) (*model.Model, error) {
				if m := c.reopen[x]; m != nil {
					return m, nil
				}
				return nil, fmt.Errorf("not this one: %w", model.ErrUnsupported)
			}})
			if c.want == "" {
				if len(r.Corrections) > 0 || !(*r.BitsPerByte < goodBits) {
					t.Errorf("%v: %+v", r.Corrections, r)
				}
				return
			}
			if !slices.Equal(r.Corrections, Corrections{c.want}) || !strings.Contains(r.finding("cause").Detail, c.cause) {
				t.Errorf("corrections %v, %s; bits %v of %+v", r.Corrections, r.finding("cause").Detail, *r.BitsPerByte, r.Causes)
			}
		})
	}
}

// noise is m with weights that mean nothing.
func noise(m *model.Model) *model.Model {
	return eachLinear(m, func(l *model.Linear) {
		g := ternary.NewGrouped(l.Rows, l.Cols, 128, true)
		g.FillRandom(7, 0, g.Bands())
		for r := range g.Rows {
			for at := range g.Groups() {
				g.SetScale(r, at, 0.1)
			}
		}
		l.Grouped = &g
	})
}

// TestYaRNLost: a model that was trained with YaRN and whose file does not say so.
func TestYaRNLost(t *testing.T) {
	m := yarnTrained(soundModel(t))
	with := quick(t, engine(t, m), Options{})
	lost := eachLinear(m, func(*model.Linear) {})
	lost.RopeScaling = model.RopeScaling{}
	e := engine(t, lost)
	without := quick(t, e, Options{})
	t.Logf("%g bits with YaRN, %g without", *with.BitsPerByte, *without.BitsPerByte)
	if len(with.Corrections) > 0 || !slices.Equal(without.Corrections, Corrections{YaRN}) {
		t.Errorf("corrections %v with YaRN, %v without: %+v", with.Corrections, without.Corrections, without)
	}
}

// TestRepacks: what is known of repacks is said of the files that are such, and of
// no others.
func TestRepacks(t *testing.T) {
	const goldens2 = "../../inference/testdata/goldens2"
	for name, want := range map[string][]string{
		"qwen3-tq2_0-q4_0emb":         {"TQ2_0 has one scale for 256", "YaRN", "--correct yarn"},
		"qwen3-tq1_0":                 {"TQ1_0 has one scale for 256", "YaRN", "--correct yarn"},
		"qwen3-pq2_0-yarn":            nil,
		"qwen3-q2_0-g64-tied":         nil,
		"llama-tq2_0-float":           nil,
		"llama-tq1_0-trilm":           nil,
		"qwen35-ptq1_0":               nil,
		"hf-qwen3-f32":                nil,
		"minicpm-tq2_0-longrope-long": nil,
	} {
		m, err := checkpoint.Open(t.Context(), filepath.Join(goldens2, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := &Report{}
		lost := r.checkRepack(m)
		f := r.finding("repack")
		if (f.Detail != "") != (want != nil) || lost != (want != nil) {
			t.Errorf("%s: %+v", name, f)
		}
		for _, w := range want {
			if !strings.Contains(f.Detail, w) {
				t.Errorf("%s: %q lacks %q", name, f.Detail, w)
			}
		}
	}
	m := spoilt(soundModel(t))
	m.Arch, m.Name = checkpoint.Qwen3, "Ternary-Bonsai-8B-Q2_0"
	r := &Report{}
	if !r.checkRepack(m) || !strings.Contains(r.finding("repack").Detail, "lacks the keys") {
		t.Errorf("a Bonsai without its keys: %+v", r.Findings)
	}
	m.Name, m.Config.Layers, m.Dim, m.FFNDim = "model", 36, 4096, 12288
	r = &Report{}
	if !r.checkRepack(m) || !strings.Contains(r.finding("repack").Detail, "lacks the keys") {
		t.Errorf("one of another name: %+v", r.Findings)
	}
	m.Config.Layers = 35
	if r = (&Report{}); r.checkRepack(m) || len(r.Findings) > 0 {
		t.Errorf("a model of another shape and name: %+v", r.Findings)
	}
	m.Name = "Bonsai"
	if m.RopeScaling = checkpoint.BonsaiYaRN(&m.Config); r.checkRepack(m) {
		t.Error("a Bonsai with its keys")
	}
}

// TestQ2Layouts writes the built-in model in either layout of Q2_0 with an alignment
// that hides their sizes: the weights tell which it is.
func TestQ2Layouts(t *testing.T) {
	sound := soundModel(t)
	whole := filepath.Join(t.TempDir(), "whole.gguf")
	if err := compact.Write(t.Context(), sound, whole, compact.Options{}); err != nil {
		t.Fatal(err)
	}
	for cols, enc := range map[int]*checkpoint.Encoding{64: &checkpoint.Q2, 128: &checkpoint.PQ2} {
		path := filepath.Join(t.TempDir(), "q2.gguf")
		kind := checkpoint.Q2By64
		if cols == 128 {
			kind = checkpoint.Q2By128
		}
		rewrite(t, whole, path, sound, enc, kind, cols)
		right, wrong := Q2By64, Q2By128
		if cols == 128 {
			right, wrong = wrong, right
		}
		for _, c := range []Corrections{nil, {right}} {
			e, err := Open(t.Context(), path, c, inference.Options{Threads: 1})
			if err != nil {
				t.Fatalf("blocks of %d, %v: %v", cols, c, err)
			}
			if r := quick(t, e, Options{}); !(*r.BitsPerByte < goodBits) {
				t.Errorf("blocks of %d, %v: %g bits", cols, c, *r.BitsPerByte)
			}
			e.Close()
		}
		if e, err := Open(t.Context(), path, Corrections{wrong}, inference.Options{Threads: 1}); err == nil {
			if r := quick(t, e, Options{}); *r.BitsPerByte < absurdBits {
				t.Errorf("blocks of %d read as the other: %g bits", cols, *r.BitsPerByte)
			}
			e.Close()
		}
	}
	if _, err := OpenModel(t.Context(), whole, Corrections{Q2By64}, nil); err == nil || !strings.Contains(err.Error(), "rule out") {
		t.Errorf("a file without Q2_0 read by 64: %v", err)
	}
}

// rewrite writes the GGUF file at from again with its projections in blocks of cols
// weights, all of it aligned to 64 KiB.
func rewrite(t *testing.T, from, to string, m *model.Model, enc *checkpoint.Encoding, kind gguf.Type, cols int) {
	t.Helper()
	f, err := gguf.Open(os.DirFS(filepath.Dir(from)), filepath.Base(from))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pairs := []gguf.Pair{{Key: "general.alignment", Value: uint32(65536)}}
	for _, k := range f.Keys {
		if k != "general.alignment" {
			pairs = append(pairs, gguf.Pair{Key: k, Value: f.Meta[k]})
		}
	}
	linears := map[string]*model.Linear{}
	for _, s := range m.Slots(&model.GGUFNames) {
		linears[s.Name] = s.Linear
	}
	var entries []gguf.Entry
	for _, tensor := range f.Tensors {
		e := gguf.Entry{Name: tensor.Name, Type: tensor.Type, Shape: tensor.Shape, Data: func(w io.Writer) error {
			_, err := io.Copy(w, io.NewSectionReader(tensor, 0, tensor.Size()))
			return err
		}}
		if l := linears[tensor.Name]; l != nil {
			g := inGroups(l, cols, false)
			e.Type, e.Data = kind, func(w io.Writer) error { return enc.WriteGroups(w, g, checkpoint.InOrder) }
		}
		entries = append(entries, e)
	}
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := gguf.Write(out, pairs, entries); err != nil {
		t.Fatal(err)
	}
}
