package inference

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/x448/float16"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// This file is the study of what fixed-point activations cost: random models of the
// Qwen3 architecture, some with the outlier channels that trained ones have, compared
// with a forward pass in float64.

// studyCase says what a random model is like.
type studyCase struct {
	name     string
	outliers bool
	sparse   bool // most codes that read an outlier are zero
}

var studyCases = []studyCase{
	{"outliers", true, false},
	{"outliers read by few weights", true, true},
	{"no outliers", false, false},
}

// studyShape is the model of the benchmark, smallStudy that of the test.
var (
	studyShape = model.Config{Arch: checkpoint.Qwen3, Input: model.InputFloat, QKNorm: true, Layers: 8, Dim: 1024, FFNDim: 3072,
		Heads: 16, KVHeads: 8, HeadDim: 128, VocabSize: 4096, ContextLen: 64, NormEps: 1e-6, RopeTheta: 1e6}
	smallStudy = model.Config{Arch: checkpoint.Qwen3, Input: model.InputFloat, QKNorm: true, Layers: 3, Dim: 512, FFNDim: 1024,
		Heads: 4, KVHeads: 2, HeadDim: 128, VocabSize: 512, ContextLen: 64, NormEps: 1e-6, RopeTheta: 1e6}
)

// BenchmarkStudy prints the median over the positions of max|logit - float64's| /
// max|logit|, and the mean of the KL divergence from float64's distribution.
func BenchmarkStudy(b *testing.B) {
	for _, c := range studyCases {
		s := newStudy(studyShape, c, 24)
		for _, o := range []struct {
			name  string
			exact bool
			kv    KVType
		}{
			{"16 bits", false, KVF32}, {"24 bits", true, KVF32},
			{"16 bits, F16 cache", false, KVF16}, {"24 bits, F16 cache", true, KVF16},
		} {
			b.Run(c.name+"/"+o.name, func(b *testing.B) {
				var off, kl float64
				for b.Loop() {
					off, kl = s.errors(b, o.exact, o.kv)
				}
				b.ReportMetric(1e6*off, "error·1e6")
				b.ReportMetric(1e9*kl, "KL·1e9")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// TestStudy holds what the study of smaller models finds: with 16 bits, and 24 for
// outliers, an activation costs less than a binary16 cache does, and as much with outliers
// as without; with 24 nothing that counts. 16 bits for outliers, too, would cost 4.4e-4.
func TestStudy(t *testing.T) {
	for _, c := range studyCases {
		s := newStudy(smallStudy, c, 16)
		for _, o := range []struct {
			exact   bool
			off, kl float64 // at most
		}{{false, 2e-4, 2e-7}, {true, 1e-5, 1e-9}} {
			off, kl := s.errors(t, o.exact, KVF32)
			t.Logf("%s, exact %v: error %.2g, KL %.2g", c.name, o.exact, off, kl)
			if !(off <= o.off && kl <= o.kl) {
				t.Errorf("%s, exact %v: error %.2g, KL %.2g; at most %.2g and %.2g", c.name, o.exact, off, kl, o.off, o.kl)
			}
			if !o.exact && off < 1e-5 {
				t.Errorf("%s: an error of %.2g is not that of 16 bits", c.name, off)
			}
		}
	}
}

// studySeeds is how many models there are of each case: one of them says little, as
// the errors of models differ by a factor of two.
const studySeeds = 3

// study is models of one case, random ids, and the logits of the reference.
type study struct {
	ids    []int32
	models []*model.Model
	want   [][][]float64 // [model][position][VocabSize]
}

func newStudy(c model.Config, kind studyCase, tokens int) (s study) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range tokens {
		s.ids = append(s.ids, rng.Int32N(int32(c.VocabSize)))
	}
	for seed := range uint64(studySeeds) {
		m := studyModel(c, kind, seed+1)
		s.models, s.want = append(s.models, m), append(s.want, referenceLogits(m, s.ids))
	}
	return s
}

// errors evaluates the ids and compares the logits with those of the reference.
func (s *study) errors(t testing.TB, exact bool, kv KVType) (off, kl float64) {
	t.Helper()
	var all []float64
	for i, m := range s.models {
		e, err := New(m, Options{Threads: 2, Exact: exact})
		if err != nil {
			t.Fatal(err)
		}
		err = session(t, e, SessionOptions{KV: kv}).EachLogits(context.Background(), s.ids, func(pos int, l []float32) error {
			want, got := s.want[i][pos], make([]float64, len(l))
			var off, top float64
			for j, w := range want {
				got[j] = float64(l[j])
				off, top = max(off, math.Abs(got[j]-w)), max(top, math.Abs(w))
			}
			all, kl = append(all, off/top), kl+divergence(want, got)
			return nil
		})
		e.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(all)
	return all[len(all)/2], kl / float64(len(all))
}

// divergence is Σ p·(log p - log q) of softmax(a) and softmax(b).
func divergence(a, b []float64) (kl float64) {
	p, q := logSoftmax(a), logSoftmax(b)
	for i := range p {
		kl += math.Exp(p[i]) * (p[i] - q[i])
	}
	return max(kl, 0)
}

func logSoftmax(x []float64) []float64 {
	top, sum := slices.Max(x), 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - top - math.Log(sum)
	}
	return out
}

// studyModel makes a random model: codes with 38% zeros, scales around what keeps the
// size of activations, norms around 1. Outliers are a few inputs of each width, where
// norms and the rows before are many times as large.
func studyModel(c model.Config, kind studyCase, seed uint64) *model.Model {
	m := &model.Model{Name: "study", Config: c}
	m.Allocate()
	rng := rand.New(rand.NewPCG(seed, 2))
	draw := func(n int) map[int]bool {
		set := map[int]bool{}
		for len(set) < n/170 {
			set[rng.IntN(n)] = true
		}
		return set
	}
	attn := c.Heads * c.HeadDim
	dims, ffn, att := draw(c.Dim), draw(c.FFNDim), draw(attn)
	if !kind.outliers {
		dims, ffn, att = nil, nil, nil
	}
	// behind is which rows of v an outlier of the attention's output comes from: its
	// head shares the key/value head of others.
	behind := map[int]bool{}
	for i := range att {
		behind[i/c.HeadDim/(c.Heads/c.KVHeads)*c.HeadDim+i%c.HeadDim] = true
	}
	matrix := func(rows, cols int, gain float64, reads, large map[int]bool, factor float64) *ternary.Grouped {
		g := ternary.NewGrouped(rows, cols, 128, false)
		codes := make([]uint8, cols)
		for r := range rows {
			for i := range codes {
				zeros := 0.38
				if kind.sparse && reads[i] {
					zeros = 0.9
				}
				codes[i] = 1
				if rng.Float64() >= zeros {
					codes[i] = uint8(2 * rng.IntN(2))
				}
			}
			g.PackRow(r, codes)
			for at := range g.Groups() {
				d := gain / math.Sqrt(0.62*float64(cols)) * math.Exp(0.3*rng.NormFloat64())
				if large[r] {
					d *= factor
				}
				g.SetScale(r, at, float16.Fromfloat32(float32(d)).Float32())
			}
		}
		return &g
	}
	norm := func(n int, mean float64, large map[int]bool, factor float64) []float32 {
		w := make([]float32, n)
		for i := range w {
			v := mean + 0.2*rng.NormFloat64()
			if large[i] {
				v *= factor
			}
			w[i] = float32(v)
		}
		return w
	}
	set := func(l *model.Linear, g *ternary.Grouped) { l.Rows, l.Cols, l.Grouped = g.Rows, g.Cols, g }
	packed := func(g *ternary.Grouped) model.Dense {
		return model.Dense{Rows: g.Rows, Cols: g.Cols, Type: model.Packed, Grouped: g}
	}
	m.Embed = packed(matrix(c.VocabSize, c.Dim, 0.7*math.Sqrt(float64(c.Dim)), nil, nil, 1))
	kv := c.KVHeads * c.HeadDim
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		l.AttnNorm, l.FFNNorm = norm(c.Dim, 1, dims, 30), norm(c.Dim, 1, dims, 30)
		l.QNorm, l.KNorm = norm(c.HeadDim, 1.2, nil, 1), norm(c.HeadDim, 1.2, nil, 1)
		set(&l.Q, matrix(attn, c.Dim, 1, dims, nil, 1))
		set(&l.K, matrix(kv, c.Dim, 1, dims, nil, 1))
		set(&l.V, matrix(kv, c.Dim, 1, dims, behind, 8))
		set(&l.O, matrix(c.Dim, attn, 0.6, att, nil, 1))
		set(&l.Gate, matrix(c.FFNDim, c.Dim, 1, dims, nil, 1))
		set(&l.Up, matrix(c.FFNDim, c.Dim, 1, dims, ffn, 30))
		set(&l.Down, matrix(c.Dim, c.FFNDim, 0.6, ffn, nil, 1))
	}
	m.Norm = norm(c.Dim, 1, dims, 5)
	*m.Head = packed(matrix(c.VocabSize, c.Dim, 2.5, dims, nil, 1))
	return m
}

// referenceLogits is the forward pass of Qwen3 in float64 for all of ids.
func referenceLogits(m *model.Model, ids []int32) (logits [][]float64) {
	c := &m.Config
	T, d := len(ids), c.HeadDim
	h := make([][]float64, T)
	for t, id := range ids {
		h[t] = weightRow(m.Embed.Grouped, int(id))
	}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		x := eachRow(h, func(row []float64) []float64 { return referenceNorm(row, l.AttnNorm, c.NormEps) })
		q, k, v := product(l.Q.Grouped, x), product(l.K.Grouped, x), product(l.V.Grouped, x)
		for t := range T {
			for at := 0; at < len(q[t]); at += d {
				turn(q[t][at:at+d], l.QNorm, c, t)
			}
			for at := 0; at < len(k[t]); at += d {
				turn(k[t][at:at+d], l.KNorm, c, t)
			}
		}
		out := make([][]float64, T)
		for t := range T {
			out[t] = make([]float64, c.Heads*d)
			for head := range c.Heads {
				from := head / (c.Heads / c.KVHeads) * d
				scores := make([]float64, t+1)
				for p := range scores {
					for j := range d {
						scores[p] += q[t][head*d+j] * k[p][from+j] / math.Sqrt(float64(d))
					}
				}
				for p, w := range logSoftmax(scores) {
					for j := range d {
						out[t][head*d+j] += math.Exp(w) * v[p][from+j]
					}
				}
			}
		}
		addRows(h, product(l.O.Grouped, out))
		x = eachRow(h, func(row []float64) []float64 { return referenceNorm(row, l.FFNNorm, c.NormEps) })
		gate, up := product(l.Gate.Grouped, x), product(l.Up.Grouped, x)
		for t := range T {
			for j, g := range gate[t] {
				up[t][j] *= g / (1 + math.Exp(-g))
			}
		}
		addRows(h, product(l.Down.Grouped, up))
	}
	return product(m.Head.Grouped, eachRow(h, func(row []float64) []float64 { return referenceNorm(row, m.Norm, c.NormEps) }))
}

func eachRow(rows [][]float64, f func(row []float64) []float64) (out [][]float64) {
	for _, r := range rows {
		out = append(out, f(r))
	}
	return out
}

func addRows(h, y [][]float64) {
	for t := range h {
		for i := range h[t] {
			h[t][i] += y[t][i]
		}
	}
}

func referenceNorm(x []float64, weight []float32, eps float32) []float64 {
	square := 0.0
	for _, v := range x {
		square += v * v
	}
	scale := 1 / math.Sqrt(square/float64(len(x))+float64(eps))
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v * scale * float64(weight[i])
	}
	return out
}

// turn normalises a head of q or k and rotates it for position pos.
func turn(x []float64, weight []float32, c *model.Config, pos int) {
	n := referenceNorm(x, weight, c.NormEps)
	half := len(x) / 2
	for j := range half {
		sin, cos := math.Sincos(float64(pos) * math.Pow(c.RopeTheta, -2*float64(j)/float64(len(x))))
		x[j], x[half+j] = n[j]*cos-n[half+j]*sin, n[half+j]*cos+n[j]*sin
	}
}

func weightRow(g *ternary.Grouped, r int) []float64 {
	w, out := make([]float32, g.Cols), make([]float64, g.Cols)
	g.UnpackRow(r, w)
	for i, v := range w {
		out[i] = float64(v)
	}
	return out
}

// product is W·x for every row of x.
func product(g *ternary.Grouped, x [][]float64) [][]float64 {
	y := make([][]float64, len(x))
	for t := range y {
		y[t] = make([]float64, g.Rows)
	}
	for r := range g.Rows {
		w := weightRow(g, r)
		for t := range x {
			sum := 0.0
			for i, v := range w {
				sum += v * x[t][i]
			}
			y[t][r] = sum
		}
	}
	return y
}
