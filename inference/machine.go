package inference

import (
	"context"
	"slices"
	"time"

	"tern/model"
)

// Machine is how fast this computer does the parts of a forward pass with a
// number of workers: what Predict needs to say how fast a model will be before
// it is loaded. The rates hold for any model and for as long as the computer has
// nothing else to do.
type Machine struct {
	Threads int `json:"threads"`

	// Decoding, one token after the other: bytes read per second.
	Body float64 `json:"body_bytes_s"` // packed weights, with all steps between the matrices
	Head float64 `json:"head_bytes_s"` // the compact copy of a head
	Full float64 `json:"full_bytes_s"` // a float head, all of it
	// KV is keys and values read once, Query each further time they are used
	// where query heads share them; in bytes of binary16 per second.
	KV    float64 `json:"kv_bytes_s"`
	Query float64 `json:"query_bytes_s"`

	// Prefill, many tokens together.
	MACs      float64 `json:"mac_s"`           // multiply-adds of ternary weights
	Attention float64 `json:"attention_mac_s"` // multiply-adds of attention

	Barrier time.Duration `json:"barrier_ns"` // for the workers to meet once
}

// The model that MeasureMachine runs: wide layers of the usual proportions,
// together larger than the caches of its workers.
var probe = model.Config{Family: model.FamilyBitNet, Layers: 6, Dim: 2048, FFNDim: 5632, Heads: 16, KVHeads: 16, HeadDim: 128,
	VocabSize: 8192, ContextLen: probeDepth + probeTokens, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true}

const (
	probeDepth  = 1024
	probeTokens = 64
	probeFew    = 8 // tokens instead, where one alone takes slow
	slow        = 30 * time.Millisecond
	// Each set of passes is repeated while there is time, so often at most; the
	// median counts.
	probeRounds = 7
	probeTime   = 250 * time.Millisecond
)

// MeasureMachine times the parts of a forward pass on random weights. It takes
// well below a second, and 200 MB of memory while it runs.
func MeasureMachine(ctx context.Context, threads int) (Machine, error) {
	m, err := model.SyntheticConfig("probe", probe, model.F16, 1)
	if err != nil {
		return Machine{}, err
	}
	e, err := New(m, Options{Threads: threads})
	if err != nil {
		return Machine{}, err
	}
	defer e.Close()
	s, err := e.NewSession(SessionOptions{})
	if err != nil {
		return Machine{}, err
	}
	p := &prober{ctx: ctx, s: s, ids: make([]int32, probeTokens)}
	for i := range p.ids {
		p.ids[i] = int32(i)
	}
	s.top = newTopState(m.VocabSize, e.pool.size)
	s.top.request.k = 1
	s.kv.grow(probe.ContextLen)
	s.tokens = make([]int32, probe.ContextLen)

	r := Machine{Threads: e.pool.size, Barrier: e.BarrierCost()}
	pass := func(depth, tokens int, want logitsKind) func() {
		return func() { p.pass(depth, tokens, want) }
	}
	body, top, full := pass(0, 1, logitsNone), pass(0, 1, logitsTop), pass(0, 1, logitsFull)
	deep := pass(probeDepth, 1, logitsNone)
	body() // touches everything
	tokens := int64(probeTokens)
	if p.times(body).median(0) > slow.Seconds() {
		tokens = probeFew
	}
	t := p.times(body, top, full, deep, p.shared)
	batch := p.times(pass(0, int(tokens), logitsNone), pass(probeDepth, int(tokens), logitsNone))
	if p.err != nil {
		return Machine{}, p.err
	}

	w := WorkOf(&probe, m.MemoryParts(), m.Head)
	rate := func(n int64, seconds float64) float64 { return float64(n) / max(seconds, 1e-9) }
	r.Body = rate(w.Packed, t.median(0))
	r.Head = rate(e.scan.bytes(), t.more(1, 0))
	r.Full = rate(int64(len(m.Head.Data)), t.more(2, 0))
	kv := KVBytesPerToken(&probe, KVF16) * probeDepth
	alone := t.more(3, 0)
	r.KV = rate(kv, alone)
	r.Query = rate(kv*(probeSharing-1)/probeSharing, max(t.median(4)-alone/probeSharing, leastShare*alone))
	r.MACs = rate(w.MACs*tokens, batch.median(0))
	r.Attention = rate(w.AttentionMACs*probeDepth*tokens, batch.more(1, 0))
	return r, nil
}

// prober times passes at any depth. What the cache holds there does not matter.
type prober struct {
	ctx context.Context
	s   *Session
	ids []int32
	err error
}

func (p *prober) pass(depth, tokens int, want logitsKind) {
	p.s.tokens = p.s.tokens[:depth]
	rows := 1
	if want == logitsNone {
		rows = 0
	}
	if err := p.s.evaluate(p.ctx, p.ids[:tokens], want, rows); err != nil {
		p.err = err
	}
}

// probeSharing is how many query heads share a key/value head in shared.
const probeSharing = 4

// shared is the attention of one token at probeDepth, if heads shared keys and
// values.
func (p *prober) shared() {
	s, d := p.s, probe.HeadDim
	err := s.engine.pool.run(func(w *worker) {
		for l := range probe.Layers {
			for head, hi := w.share(probe.Heads); head < hi; head++ {
				s.kv.attend(s.att.row(0)[head*d:][:d], s.q.row(0)[head*d:][:d], l, head/probeSharing,
					probeDepth, s.engine.scale, s.scratch[w.id].scores)
			}
			w.sync()
		}
	})
	if err != nil {
		p.err = err
	}
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

// median is the median time of function i.
func (t timings) median(i int) float64 {
	return t.medianOf(func(round []float64) float64 { return round[i] })
}

// leastShare is what a part takes at least of the pass that it is a part of:
// noise must not make it free.
const leastShare = 0.02

// more is the median of what function i takes more than function j.
func (t timings) more(i, j int) float64 {
	d := t.medianOf(func(round []float64) float64 { return round[i] - round[j] })
	return max(d, leastShare*t.median(j))
}

func (t timings) medianOf(value func(round []float64) float64) float64 {
	all := make([]float64, len(t))
	for i, round := range t {
		all[i] = value(round)
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}
