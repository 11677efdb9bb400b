package measure

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// TestWork compares what a header tells with the model itself.
func TestWork(t *testing.T) {
	var all []string
	for _, list := range []string{"goldens/*", "goldens2/*"} {
		files, err := filepath.Glob("../../inference/testdata/" + list + "/logits.f32")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	if len(all) < 36 {
		t.Fatalf("%d goldens", len(all))
	}
	packed := 0
	for _, file := range all {
		name := filepath.Dir(file)
		m, err := checkpoint.Open(context.Background(), name, nil)
		if err != nil {
			t.Fatal(err)
		}
		var layers, macs int64
		for i := range m.Weights.Layers {
			for _, l := range m.Weights.Layers[i].Projections() {
				layers += int64(len(l.Data)) + inMemory(l.Grouped)
				if l.Dense != nil {
					layers += int64(len(l.Dense.Data))
				}
				macs += int64(l.Rows) * int64(l.Cols)
			}
		}
		head := int64(len(m.Head.Data)) + inMemory(m.Head.Grouped)
		if m.Head.Grouped != nil {
			packed++
		}
		f, err := checkpoint.Peek(name)
		if err != nil {
			t.Fatal(err)
		}
		w := WorkOf(&f.Config, f.Memory, &f.Head)
		if w.Packed != layers || w.MACs != macs || w.Head != head || w.KV != inference.KVBytesPerToken(&m.Config, inference.KVF16) {
			t.Errorf("%s: %+v, the model has %d bytes, %d multiply-adds, a head of %d", name, w, layers, macs, head)
		}
		if opened := WorkOf(&m.Config, m.MemoryParts(), m.Head); opened.Head != head || opened.Packed != layers || opened.MACs != macs {
			t.Errorf("%s: opened %+v, before %+v", name, opened, w)
		}
	}
	if packed < 8 {
		t.Errorf("only %d of the heads are packed", packed)
	}
}

// inMemory is the size of the slices of a matrix.
func inMemory(g *ternary.Grouped) int64 {
	if g == nil {
		return 0
	}
	return int64(len(g.Data) + 2*len(g.Scales) + 4*len(g.Wide))
}

// TestTimings: what a part of a pass takes is told from noise that is larger than it, and
// what a whole pass takes is that of most rounds, not of the slowest.
func TestTimings(t *testing.T) {
	const part = 0.1
	var all timings
	for _, noise := range [][2]float64{{0, 0}, {0.3, 0}, {0, 0.4}, {0.1, 0.1}, {0, 0}, {5, 5.2}, {0.2, 0.2}, {0.3, 0.1}} {
		all = append(all, []float64{4 + noise[0], 4 + part + noise[1]})
	}
	if got := all.more(1, 0); math.Abs(got-part) > 1e-9 {
		t.Errorf("a part of %v takes %v", part, got)
	}
	if got := all.of(0); got != 4.3 && got != 4.2 {
		t.Errorf("a pass of about 4.2 takes %v", got)
	}
	if got := (timings{{4, 4}}).more(1, 0); got != 4*leastShare {
		t.Errorf("a part takes %v at least", got)
	}
}

func TestPredict(t *testing.T) {
	m := Machine{Threads: 2, Layer: 10 * time.Microsecond, Cold: 100 * time.Microsecond, Body: 20e9, Head: 10e9, Full: 15e9, KV: 5e9, Query: 50e9, MACs: 100e9,
		Attention: PromptAttention{Query: 1e-6, Score: 10e-9, MACs: 10e9}}
	w := Work{Layers: 20, Packed: 200e6, Scan: 50e6, Head: 300e6, KV: 100e3, Sharing: 4, MACs: 500e6, AttentionHeads: 100, AttentionMACs: 1e6}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		// 2 ms of layers, 10 of weights, 5 of the copy of the head, 1000 positions of 20 + 6 µs
		{"decode", m.DecodeRate(w, 999), 1 / 0.043},
		// 5 ms of weights, 100 heads of 1 µs, and for a position 10 ns of each and 100 µs of products
		{"prefill", m.PrefillRate(w, 0, 99), 1 / (0.0051 + 50*101e-6)},
		{"prefill after a text", m.PrefillRate(w, 1000, 99), 1 / (0.0051 + 1050*101e-6)},
	} {
		if math.Abs(c.got/c.want-1) > 1e-9 {
			t.Errorf("%s: %g tokens a second, want %g", c.name, c.got, c.want)
		}
	}
	small := w
	if small.Packed = cached - 1; m.DecodeRate(small, 999) < 1/(0.0332+(cached-1)/20e9)*(1-1e-9) {
		t.Errorf("a model in the caches: %g tokens a second", m.DecodeRate(small, 999))
	}
	w.Scan = 0
	if got, want := m.DecodeRate(w, 999), 1/0.058; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("a head without a copy: %g tokens a second, want %g", got, want)
	}
}

// TestAttentionOf: the parts of attention are told apart, and none is free or negative in noise.
func TestAttentionOf(t *testing.T) {
	want := PromptAttention{Query: 300e-9, Score: 0.8e-9, MACs: 75e9}
	const tokens = 64
	pass := func(dim int, depth float64) float64 {
		heads := tokens * attentionLayers * attentionHeads
		return want.seconds(heads, int64(2*heads*dim), depth+float64(tokens+1)/2)
	}
	clean := []float64{0, pass(2*attentionDim, probeDepth), pass(attentionDim, probeDepth), pass(2*attentionDim, 0)}
	got := attentionOf(timings{clean, clean, clean, clean}, tokens)
	if math.Abs(got.Query/want.Query-1) > 1e-6 || math.Abs(got.Score/want.Score-1) > 1e-6 || math.Abs(got.MACs/want.MACs-1) > 1e-6 {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, noise := range [][3]float64{{1, 3, 1}, {3, 1, 1}, {1, 1, 20}, {1, 0.1, 1}, {0.1, 1, 1}} {
		got := attentionOf(timings{{0, clean[1] * noise[0], clean[2] * noise[1], clean[3] * noise[2]}}, tokens)
		if !(got.Query >= 0 && got.Score >= 0 && got.MACs > 0 && got.MACs < 1e18) {
			t.Errorf("noise %v: %+v", noise, got)
		}
	}
}

// TestPerLayer: what a layer takes and the rate of reading are told apart, and neither is free
// however much noise there is.
func TestPerLayer(t *testing.T) {
	const each, rate, least = 20e-6, 40e9, 5 * time.Microsecond
	pass := func(layers int, bytes int64, noise float64) part {
		return part{layers, bytes, (each*float64(layers) + float64(bytes)/rate) * noise}
	}
	if layer, r := perLayer(pass(6, 77e6, 1), pass(12, 60e6, 1), least); math.Abs(layer.Seconds()/each-1) > 1e-3 || math.Abs(r/rate-1) > 1e-3 {
		t.Errorf("%v and %g", layer, r)
	}
	for _, noise := range [][2]float64{{2, 1}, {1, 2}, {1, 10}, {10, 1}} {
		a, b := pass(6, 77e6, noise[0]), pass(12, 60e6, noise[1])
		layer, r := perLayer(a, b, least)
		if sum := 6*layer.Seconds() + 77e6/r; layer < least || !(r > 0) || math.Abs(sum/a.took-1) > 1e-3 {
			t.Errorf("noise %v: %v and %g", noise, layer, r)
		}
	}
}

// TestPredictForms: a model that keeps fewer than two bits a weight is predicted the rate of its
// form, and that of two bits, not of its bytes, where the form was not measured.
func TestPredictForms(t *testing.T) {
	c, ok := checkpoint.Shape("bonsai-4b")
	if !ok {
		t.Fatal("no shape")
	}
	work := func(form string) Work {
		f := checkpoint.Outline(c, model.Packed, form)
		return WorkOf(&f.Config, f.Memory, &f.Head)
	}
	two, trits, one := work("PQ2_0"), work("PTQ1_0"), work("Q1_0")
	m := Machine{Threads: 1, Body: 20e9, Full: 20e9, MACs: 100e9}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got/want-1) > 0.01 {
			t.Errorf("%s: %g tokens a second, want %g", what, got, want)
		}
	}
	want := m.DecodeRate(two, 0)
	near("one bit, not measured", m.DecodeRate(one, 0), want)
	near("digits, not measured", m.DecodeRate(trits, 0), want)
	near("prompt of one bit, not measured", m.PrefillRate(one, 0, 9), m.PrefillRate(two, 0, 9))
	m.OneBit, m.Trits = Products{15e9, 90e9}, Products{19e9, 80e9}
	near("two bits", m.DecodeRate(two, 0), want)
	form, rate := ternary.Direct(ternary.OneBit), 15./20*17/9
	if form != ternary.OneBit { // no kernel computes with it here
		rate = 1
	}
	near("one bit", m.DecodeRate(one, 0), want*rate)
	if form == ternary.OneBit {
		near("prompt of one bit", m.PrefillRate(one, 0, 9), 0.9*m.PrefillRate(two, 0, 9))
	}
	if form, rate = ternary.Direct(ternary.Trits), 19./20*17/14; form != ternary.Trits {
		rate = 1
	}
	near("digits", m.DecodeRate(trits, 0), want*rate)
}

// TestThisMachine looks at what must hold on any machine, for every kind of models.
func TestThisMachine(t *testing.T) {
	for _, kind := range append(slices.Clone(Kinds), Kind{Input: model.InputFloat, Exact: true}, Kind{KV: inference.KVQ8}) {
		m, err := ThisMachine(context.Background(), 2, kind)
		if err != nil {
			t.Fatalf("%+v: %v", kind, err)
		}
		rates := []float64{m.Body, m.Full, m.KV, m.Query, m.MACs, m.Attention.MACs}
		if float := kind.Input == model.InputFloat && !kind.Groups64; float && ternary.Direct(ternary.OneBit) == ternary.OneBit {
			rates = append(rates, m.OneBit.Body, m.OneBit.MACs)
		} else if !float && (m.OneBit != Products{} || m.Trits != Products{}) {
			t.Errorf("%+v", m)
		}
		if !kind.PackedHead {
			rates = append(rates, m.Head)
		}
		for _, v := range rates {
			if !(v > 1e6 && v < 1e18) {
				t.Errorf("%+v", m)
				break
			}
		}
		if m.Threads != 2 || m.Kind != kind || m.Barrier <= 0 || m.Layer <= 0 || m.Cold < m.Layer {
			t.Errorf("%+v", m)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ThisMachine(ctx, 1, Kind{}); err == nil {
		t.Error("cancelled and no error")
	}
}

// TestAs: the cache of a prediction is the one that was asked for.
func TestAs(t *testing.T) {
	c, ok := checkpoint.Shape("bonsai-1.7b")
	if !ok {
		t.Fatal("no shape")
	}
	f := checkpoint.Outline(c, model.Packed, "")
	w := WorkOf(&f.Config, f.Memory, &f.Head)
	q8 := w.As(&c, true, inference.KVQ8)
	if q8.KV >= w.KV*3/4 || q8.Kind.KV != inference.KVQ8 || !q8.Exact || w.Groups64 {
		t.Errorf("%+v of %+v", q8, w)
	}
	m := Machine{Body: 20e9, Head: 20e9, Full: 20e9, KV: 20e9, Query: 20e9}
	if m.DecodeRate(q8, 8000) <= m.DecodeRate(w, 8000) {
		t.Error("half of the bytes are not faster")
	}
	if int8 := (Work{}).As(&c, true, inference.KVF16); int8.Exact {
		t.Error("int8 activations have a precision to choose")
	}
}

// TestKindOf: which kernels run a model is told by its headers.
func TestKindOf(t *testing.T) {
	for name, want := range map[string]Kind{
		"goldens/hf-2b4t-packed":       {},
		"goldens2/qwen3-q2_0-g64-tied": {Input: model.InputFloat, PackedHead: true, Groups64: true},
		"goldens2/qwen3-tq2_0-q4_0emb": {Input: model.InputFloat},
		"goldens2/qwen35-pq2_0":        {Input: model.InputFloat, Recurrent: true, PackedHead: true},
	} {
		f, err := checkpoint.Peek("../../inference/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := checkpoint.Open(t.Context(), "../../inference/testdata/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := WorkOf(&f.Config, f.Memory, &f.Head).Kind; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		if got := WorkOf(&m.Config, m.MemoryParts(), m.Head).Kind; got != want {
			t.Errorf("%s, opened: %+v, want %+v", name, got, want)
		}
		exact := KindOf(&m.Config, m.Head, true)
		if exact.Exact != (want.Input == model.InputFloat) {
			t.Errorf("%s with --exact: %+v", name, exact)
		}
	}
}
