package measure

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// Machine is how fast this computer does the parts of a forward pass with a
// number of workers: [Machine.DecodeRate] and [Machine.PrefillRate] predict from
// it how fast a model of one kind will be, before it is loaded. They are at its lower
// edge: a quarter of the passes that were timed took longer.
type Machine struct {
	Threads int  `json:"threads"`
	Kind    Kind `json:"kind"`

	// Decoding, one token after the other: what a layer takes however small it
	// is, in the caches and from memory, and bytes read per second.
	Layer time.Duration `json:"layer_ns"`
	Cold  time.Duration `json:"cold_layer_ns"`
	Body  float64       `json:"body_bytes_s"` // packed weights from memory, beyond that
	Head  float64       `json:"head_bytes_s"` // the codes of a head
	Full  float64       `json:"full_bytes_s"` // a float head, all of it, or a packed one where Kind has those
	// Trits and OneBit are the same for matrices of those forms, 0 where there are none: of other
	// kinds, or because they are expanded as they are loaded.
	Trits  Products `json:"trits"`
	OneBit Products `json:"one_bit"`
	// KV is keys and values read once, Query each further time they are used
	// where query heads share them; in bytes of the cache per second.
	KV    float64 `json:"kv_bytes_s"`
	Query float64 `json:"query_bytes_s"`

	// Prefill, many tokens together.
	MACs      float64         `json:"mac_s"` // multiply-adds of ternary weights
	Attention PromptAttention `json:"attention"`

	Barrier time.Duration `json:"barrier_ns"` // for the workers to meet once
}

// Products is how fast matrices of a form are multiplied: bytes read a second for one token, and
// multiply-adds a second for many.
type Products struct {
	Body float64 `json:"body_bytes_s"`
	MACs float64 `json:"mac_s"`
}

// Kind is what decides which kernels run a model.
type Kind struct {
	Input      model.Input `json:"input"`       // what ternary matrices multiply with
	Exact      bool        `json:"exact"`       // inference.Options.Exact, where they are floats
	Recurrent  bool        `json:"recurrent"`   // most layers are of linear attention
	PackedHead bool        `json:"packed_head"` // the head is ternary
	// Groups64 says that scales are for 64 weights, not 128.
	Groups64 bool             `json:"groups_64"`
	KV       inference.KVType `json:"kv"`
}

// Kinds are the kinds that most models are of.
var Kinds = []Kind{{}, {Input: model.InputFloat, PackedHead: true}, {Input: model.InputFloat, PackedHead: true, Groups64: true},
	{Input: model.InputFloat, Recurrent: true, PackedHead: true}}

// KindOf is the kind of a model with this configuration and this head.
func KindOf(c *model.Config, head *model.Dense, exact bool) Kind {
	float := c.Input == model.InputFloat
	return Kind{Input: c.Input, Exact: exact && float, Recurrent: c.Recurrent != nil, PackedHead: head.Type == model.Packed}
}

// probes are the models that ThisMachine runs: a large one and a small one.
func (k Kind) probes() (large, small model.Config, err error) {
	if k.Input != model.InputFloat {
		return probe, smallProbe, nil
	}
	shape := "bonsai-1.7b"
	if k.Recurrent {
		shape = "bonsai-2-2b"
	}
	large, ok := checkpoint.Shape(shape)
	if !ok {
		return large, small, fmt.Errorf("measure: no shape %s", shape)
	}
	large.Layers, large.KVHeads = 6, large.Heads
	if k.Recurrent {
		large.Layers, large.Recurrent = 8, large.Recurrent[:8]
	}
	large.VocabSize, large.ContextLen, large.TiedEmbedding = probe.VocabSize, probe.ContextLen, true
	small = smallProbe
	small.Arch, small.Input, small.QKNorm, small.SubNorm = checkpoint.Qwen3, model.InputFloat, true, false
	return large, small, nil
}

// The model that stands for those of int8 activations: wide layers of the usual
// proportions, together larger than the caches of its workers.
var probe = model.Config{Arch: checkpoint.BitNet, Layers: 6, Dim: 2048, FFNDim: 5632, Heads: 16, KVHeads: 16, HeadDim: 128,
	VocabSize: 8192, ContextLen: probeDepth + probeTokens, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true}

// narrowed is a large probe with more layers, of a narrow feed-forward block: the two together tell
// what a layer takes from what its bytes take.
func (k Kind) narrowed(large model.Config) model.Config {
	large.FFNDim, large.Layers, large.ContextLen, large.VocabSize = narrowFFN, 2*large.Layers, probeTokens, smallProbe.VocabSize
	if k.Recurrent {
		large.Recurrent = append(slices.Clone(large.Recurrent), large.Recurrent...)
	}
	return large
}

const narrowFFN = 512

// smallProbe is a model of layers that take no time but for what each does.
var smallProbe = model.Config{Arch: checkpoint.BitNet, Layers: 24, Dim: 128, FFNDim: 256, Heads: 4, KVHeads: 4, HeadDim: 32,
	VocabSize: 256, ContextLen: 64, NormEps: 1e-5, RopeTheta: 10_000, Activation: model.SiLU, SubNorm: true, TiedEmbedding: true}

const (
	probeDepth  = 1024
	probeTokens = 64
	probeFew    = 8 // tokens instead, where one alone takes slow
	slow        = 30 * time.Millisecond
	// Each set of passes is repeated while there is time, so often at most. Of fewer than
	// probeLeast the third quartile would be the slowest.
	probeRounds = 12
	probeLeast  = 4
	probeTime   = 400 * time.Millisecond
	// evictBytes are read before each pass, so that it finds none of its weights in a
	// cache: the probe is small beside the models that it stands for.
	evictBytes = 64 << 20
)

// ThisMachine times the parts of a forward pass of a kind of models on random weights.
// It takes one to three seconds, and 370 to 480 MB of memory while it runs.
func ThisMachine(ctx context.Context, threads int, kind Kind) (Machine, error) {
	m, err := thisMachine(ctx, threads, kind)
	debug.FreeOSMemory() // the caller is about to load a model
	return m, err
}

func thisMachine(ctx context.Context, threads int, kind Kind) (Machine, error) {
	probe, small, err := kind.probes()
	if err != nil {
		return Machine{}, err
	}
	layer, err := measureLayer(ctx, small, threads, kind)
	if err != nil {
		return Machine{}, err
	}
	p, err := newProber(ctx, probe, threads, kind)
	if err != nil {
		return Machine{}, err
	}
	defer p.engine.Close()
	e, m := p.engine, p.engine.Model()
	p.evict = evicter(e)
	narrow, err := newProber(ctx, kind.narrowed(probe), threads, kind)
	if err != nil {
		return Machine{}, err
	}
	defer narrow.engine.Close()
	barrier, err := BarrierCost(e)
	if err != nil {
		return Machine{}, err
	}
	r := Machine{Threads: e.Threads(), Kind: kind, Barrier: barrier, Layer: layer}
	pass := func(depth, tokens int, head inference.Head) func() {
		return func() { p.pass(depth, tokens, head) }
	}
	body, top, full := pass(0, 1, inference.HeadNone), pass(0, 1, inference.HeadTop), pass(0, 1, inference.HeadFull)
	deep := pass(probeDepth, 1, inference.HeadNone)
	shared := func() { p.do(p.Attention(probeDepth, 1, probeSharing, probe.Layers)) }
	body() // touches everything
	tokens := int64(probeTokens)
	if p.times(body).of(0) > slow.Seconds() {
		tokens = probeFew
	}
	if kind.PackedHead {
		top = full // a packed head is not scanned
	}
	few := func() { narrow.pass(0, 1, inference.HeadNone) }
	few()
	t := p.times(body, top, full, deep, shared, few)
	attention, err := newAttentionProbes(ctx, threads, int(tokens), kind)
	if err != nil {
		return Machine{}, err
	}
	defer attention.close()
	batch := p.times(pass(0, int(tokens), inference.HeadNone), attention.deep, attention.half, attention.short)
	if err := cmp.Or(p.err, narrow.err, attention.err()); err != nil {
		return Machine{}, err
	}
	r.Attention = attentionOf(batch, int(tokens))

	w := WorkOf(&probe, m.MemoryParts(), m.Head).As(&probe, kind.Exact, kind.KV)
	rate := func(n int64, seconds float64) float64 { return float64(n) / max(seconds, 1e-9) }
	n := narrow.engine.Model()
	r.Cold, r.Body = perLayer(part{probe.Layers, w.Packed, t.of(0)}, part{n.Config.Layers, WorkOf(&n.Config, n.MemoryParts(), n.Head).Packed, t.of(5)}, layer)
	r.Head = rate(inference.ScanRead(m.Head), t.more(1, 0))
	r.Full = rate(w.Head, t.more(2, 0))
	if kind.PackedHead { // it is read as any other matrix, and too small here to be told from noise
		r.Full = r.Body
	}
	kv := w.KV * probeDepth
	alone := t.more(3, 0)
	r.KV = rate(kv, alone)
	r.Query = rate(kv*(probeSharing-1)/probeSharing, max(t.of(4)-alone/probeSharing, leastShare*alone))
	own := r.Attention.seconds(w.AttentionHeads, w.AttentionMACs, float64(tokens+1)/2) * float64(tokens)
	products := func(t timings) float64 { return rate(w.MACs*tokens, max(t.of(0)-own, t.of(0)/2)) }
	r.MACs = products(batch)
	for form, rates := range map[ternary.Form]*Products{ternary.Trits: &r.Trits, ternary.OneBit: &r.OneBit} {
		if kind.Input != model.InputFloat || kind.Groups64 || ternary.Direct(form) != form {
			continue
		}
		reform(m, form)
		body()
		t, batch := p.rounds(probeLeast, body), p.rounds(2, pass(0, int(tokens), inference.HeadNone))
		bytes := WorkOf(&probe, m.MemoryParts(), m.Head).Packed
		rates.Body = rate(bytes, max(t.of(0)-r.Cold.Seconds()*float64(probe.Layers), t.of(0)/2))
		rates.MACs = products(batch)
	}
	return r, p.err
}

// part is what layers of so many bytes take, in seconds.
type part struct {
	layers int
	bytes  int64
	took   float64
}

// perLayer tells from two passes what a layer takes beside the reading of its weights, which is
// least at least, and at which rate they are read. Noise must make neither free.
func perLayer(a, b part, least time.Duration) (layer time.Duration, rate float64) {
	det := float64(b.layers)*float64(a.bytes) - float64(a.layers)*float64(b.bytes)
	each := (b.took*float64(a.bytes) - a.took*float64(b.bytes)) / det
	each = min(max(each, least.Seconds()), a.took/2/float64(a.layers))
	return time.Duration(each * 1e9), float64(a.bytes) / (a.took - each*float64(a.layers))
}

// measureLayer is what a layer takes however small it is.
func measureLayer(ctx context.Context, small model.Config, threads int, kind Kind) (time.Duration, error) {
	p, err := newProber(ctx, small, threads, kind)
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
	return time.Duration(t.of(0) / 20 / float64(small.Layers) * 1e9), p.err
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
