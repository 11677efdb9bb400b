package measure

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
)

// Machine is how fast this computer does the parts of a forward pass with a
// number of workers: [Machine.DecodeRate] and [Machine.PrefillRate] predict from
// it how fast a model will be, before it is loaded. The rates hold for any model and for as long as the computer has
// nothing else to do.
type Machine struct {
	Threads int `json:"threads"`

	// Decoding, one token after the other: what a layer takes however small it
	// is, and bytes read per second.
	Layer time.Duration `json:"layer_ns"`
	Body  float64       `json:"body_bytes_s"` // packed weights, with all steps between the matrices
	Head  float64       `json:"head_bytes_s"` // the codes of a head
	Full  float64       `json:"full_bytes_s"` // a float head, all of it
	// KV is keys and values read once, Query each further time they are used
	// where query heads share them; in bytes of binary16 per second.
	KV    float64 `json:"kv_bytes_s"`
	Query float64 `json:"query_bytes_s"`

	// Prefill, many tokens together.
	MACs      float64 `json:"mac_s"`           // multiply-adds of ternary weights
	Attention float64 `json:"attention_mac_s"` // multiply-adds of attention

	Barrier time.Duration `json:"barrier_ns"` // for the workers to meet once
}

// The model that ThisMachine runs: wide layers of the usual proportions,
// together larger than the caches of its workers.
var probe = model.Config{Arch: checkpoint.BitNet, Layers: 6, Dim: 2048, FFNDim: 5632, Heads: 16, KVHeads: 16, HeadDim: 128,
	VocabSize: 8192, ContextLen: probeDepth + probeTokens, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true}

// smallProbe is a model of layers that take no time but for what each does.
var smallProbe = model.Config{Arch: checkpoint.BitNet, Layers: 24, Dim: 128, FFNDim: 256, Heads: 4, KVHeads: 4, HeadDim: 32,
	VocabSize: 256, ContextLen: 64, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true}

const (
	probeDepth  = 1024
	probeTokens = 64
	probeFew    = 8 // tokens instead, where one alone takes slow
	slow        = 30 * time.Millisecond
	// Each set of passes is repeated while there is time, so often at most. The
	// median counts: one pass that another program held up says little.
	probeRounds = 12
	probeTime   = 250 * time.Millisecond
)

// ThisMachine times the parts of a forward pass on random weights. It takes
// well below a second, and 200 MB of memory while it runs.
func ThisMachine(ctx context.Context, threads int) (Machine, error) {
	m, err := thisMachine(ctx, threads)
	debug.FreeOSMemory() // the caller is about to load a model
	return m, err
}

func thisMachine(ctx context.Context, threads int) (Machine, error) {
	layer, err := measureLayer(ctx, threads)
	if err != nil {
		return Machine{}, err
	}
	p, err := newProber(ctx, probe, threads)
	if err != nil {
		return Machine{}, err
	}
	defer p.engine.Close()
	e, m := p.engine, p.engine.Model()
	barrier, err := BarrierCost(e)
	if err != nil {
		return Machine{}, err
	}
	r := Machine{Threads: e.Threads(), Barrier: barrier, Layer: layer}
	pass := func(depth, tokens int, head inference.Head) func() {
		return func() { p.pass(depth, tokens, head) }
	}
	body, top, full := pass(0, 1, inference.HeadNone), pass(0, 1, inference.HeadTop), pass(0, 1, inference.HeadFull)
	deep := pass(probeDepth, 1, inference.HeadNone)
	shared := func() { p.do(p.Attention(probeDepth, probeSharing)) }
	body() // touches everything
	tokens := int64(probeTokens)
	if p.times(body).of(0) > slow.Seconds() {
		tokens = probeFew
	}
	t := p.times(body, top, full, deep, shared)
	batch := p.times(pass(0, int(tokens), inference.HeadNone), pass(probeDepth, int(tokens), inference.HeadNone))
	if p.err != nil {
		return Machine{}, p.err
	}

	w := WorkOf(&probe, m.MemoryParts(), m.Head)
	rate := func(n int64, seconds float64) float64 { return float64(n) / max(seconds, 1e-9) }
	layers := (layer * time.Duration(probe.Layers)).Seconds()
	r.Body = rate(w.Packed, max(t.of(0)-layers, t.of(0)/2))
	r.Head = rate(inference.ScanRead(m.Head), t.more(1, 0))
	r.Full = rate(w.Head, t.more(2, 0))
	kv := inference.KVBytesPerToken(&probe, inference.KVF16) * probeDepth
	alone := t.more(3, 0)
	r.KV = rate(kv, alone)
	r.Query = rate(kv*(probeSharing-1)/probeSharing, max(t.of(4)-alone/probeSharing, leastShare*alone))
	r.MACs = rate(w.MACs*tokens, batch.of(0))
	r.Attention = rate(w.AttentionMACs*probeDepth*tokens, batch.more(1, 0))
	return r, nil
}

// prober times passes and keeps their first error.
type prober struct {
	*inference.Probe
	engine *inference.Engine
	ctx    context.Context
	ids    []int32
	err    error
}

func newProber(ctx context.Context, c model.Config, threads int) (*prober, error) {
	m, err := checkpoint.SyntheticConfig("probe", c, model.F16, 1)
	if err != nil {
		return nil, err
	}
	e, err := inference.New(m, inference.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	probe, err := e.NewProbe()
	if err != nil {
		e.Close()
		return nil, err
	}
	p := &prober{Probe: probe, engine: e, ctx: ctx, ids: make([]int32, min(probeTokens, c.ContextLen))}
	for i := range p.ids {
		p.ids[i] = int32(i)
	}
	return p, nil
}

// measureLayer is what a layer takes however small it is.
func measureLayer(ctx context.Context, threads int) (time.Duration, error) {
	p, err := newProber(ctx, smallProbe, threads)
	if err != nil {
		return 0, err
	}
	defer p.engine.Close()
	pass := func() {
		for range 20 {
			p.pass(0, 1, inference.HeadNone)
		}
	}
	pass()
	t := p.times(pass)
	return time.Duration(t.of(0) / 20 / float64(smallProbe.Layers) * 1e9), p.err
}

func (p *prober) pass(depth, tokens int, head inference.Head) {
	p.do(p.Pass(p.ctx, depth, p.ids[:tokens], head))
}

func (p *prober) do(err error) {
	if p.err == nil {
		p.err = err
	}
}

// probeSharing is how many query heads share a key/value head in the last of the
// measurements of attention.
const probeSharing = 4

// BarrierCost is the mean time of a barrier that all workers of e reach at once, 0
// with one worker.
func BarrierCost(e *inference.Engine) (time.Duration, error) {
	const rounds = 2000
	if e.Threads() == 1 {
		return 0, nil
	}
	var took time.Duration
	err := e.OnWorkers(func(w inference.Worker) {
		w.Wait()
		start := time.Now()
		for range rounds {
			w.Wait()
		}
		if w.ID() == 0 {
			took = time.Since(start)
		}
	})()
	return took / rounds, err
}

// timings are the times of functions in seconds, [round][function].
type timings [][]float64

// times measures functions, which take turns, so that what disturbs one
// disturbs all.
func (p *prober) times(functions ...func()) (t timings) {
	begin := time.Now()
	for round := 0; round == 0 || round < probeRounds && time.Since(begin) < probeTime; round++ {
		row := make([]float64, len(functions))
		for i, f := range functions {
			start := time.Now()
			if p.err == nil {
				f()
			}
			row[i] = time.Since(start).Seconds()
		}
		t = append(t, row)
	}
	return t
}

// of is the median time of function i.
func (t timings) of(i int) float64 {
	return t.median(func(round []float64) float64 { return round[i] })
}

// leastShare is what a part takes at least of the pass that it is a part of:
// noise must not make it free.
const leastShare = 0.02

// more is the median of what function i takes more than function j.
func (t timings) more(i, j int) float64 {
	d := t.median(func(round []float64) float64 { return round[i] - round[j] })
	return max(d, leastShare*t.of(j))
}

func (t timings) median(value func(round []float64) float64) float64 {
	v := make([]float64, len(t))
	for i, round := range t {
		v[i] = value(round)
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
