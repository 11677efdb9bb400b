package measure

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"tern/inference"
	"tern/inference/kernel"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// prober times passes and keeps their first error.
type prober struct {
	*inference.Probe
	engine *inference.Engine
	ctx    context.Context
	ids    []int32
	evict  func() // what the caches hold, nil for models that may stay there
	err    error
}

func newProber(ctx context.Context, c model.Config, threads int, kind Kind) (*prober, error) {
	m, err := checkpoint.SyntheticConfig("probe", c, model.F16, 1)
	if err != nil {
		return nil, err
	}
	if kind.Input == model.InputFloat && !kind.PackedHead {
		dense := probe
		dense.Layers, dense.Dim, dense.VocabSize = 1, c.Dim, c.VocabSize
		d, err := checkpoint.SyntheticConfig("head", dense, model.F16, 1)
		if err != nil {
			return nil, err
		}
		m.Embed, m.Head = d.Embed, d.Head
	}
	if kind.Groups64 {
		regroup(m, 64)
	}
	e, err := inference.New(m, inference.Options{Threads: threads, Exact: kind.Exact})
	if err != nil {
		return nil, err
	}
	probe, err := e.NewProbe(kind.KV)
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

// regroup gives the matrices of m groups of another width, and random weights.
func regroup(m *model.Model, cols int) { remake(m, cols, ternary.TwoBits) }

// reform gives the matrices of m another form, and random weights.
func reform(m *model.Model, form ternary.Form) { remake(m, 128, form) }

// remake makes matrices of one shape alike, which takes a tenth of the time.
func remake(m *model.Model, cols int, form ternary.Form) {
	made := map[[2]int]*ternary.Grouped{}
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Grouped == nil {
				continue
			}
			g := ternary.NewArena(ternary.GroupedSize(l.Rows, l.Cols, cols, false, form)).UnsetGrouped(l.Rows, l.Cols, cols, false, form)
			if like := made[[2]int{l.Rows, l.Cols}]; like != nil {
				copy(g.Data, like.Data)
				copy(g.Scales, like.Scales)
			} else {
				g.FillRandom(uint64(i), 0, g.Bands())
				made[[2]int{l.Rows, l.Cols}] = &g
			}
			l.Grouped = &g
		}
	}
	debug.FreeOSMemory() // of the others, 82 MB
}

// evicter returns a function that has all workers read other memory.
func evicter(e *inference.Engine) func() {
	data := ternary.NewArena(evictBytes).Bytes(evictBytes)
	for i := 0; i < len(data); i += 4096 {
		data[i] = 1 // a page of its own
	}
	pieces := slices.Collect(slices.Chunk(data, readPiece))
	one := func(i int) { kernel.ReadBandwidth(pieces[i]) }
	run := e.OnWorkers(func(w inference.Worker) { w.Share(len(pieces), one) })
	return func() { _ = run() }
}

func (p *prober) pass(depth, tokens int, head inference.Head) {
	p.do(p.Pass(p.ctx, depth, p.ids[:tokens], head))
}

func (p *prober) do(err error) {
	if p.err == nil {
		p.err = err
	}
}

// timings are the times of functions in seconds, [round][function].
type timings [][]float64

// times measures functions, which take turns, so that what disturbs one
// disturbs all.
func (p *prober) times(functions ...func()) (t timings) {
	begin := time.Now()
	for len(t) < probeLeast || len(t) < probeRounds && time.Since(begin) < probeTime {
		t = append(t, p.rounds(1, functions...)...)
	}
	return t
}

// rounds measures functions n times.
func (p *prober) rounds(n int, functions ...func()) (t timings) {
	for range n {
		row := make([]float64, len(functions))
		for i, f := range functions {
			if p.evict != nil {
				p.evict()
			}
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

// of is the time of function i, the third quartile: what is promised should hold in most
// minutes, and one pass that another program held up says little.
func (t timings) of(i int) float64 {
	return t.quantile(3, 4, func(round []float64) float64 { return round[i] })
}

// leastShare is what a part takes at least of the pass that it is a part of:
// noise must not make it free.
const leastShare = 0.02

// more is what function i takes more than function j, the median: a part is small beside
// the noise of the two, whose upper edge would be several times as much.
func (t timings) more(i, j int) float64 {
	d := t.quantile(1, 2, func(round []float64) float64 { return round[i] - round[j] })
	return max(d, leastShare*t.of(j))
}

// quantile is that of which part in of all rounds are no larger.
func (t timings) quantile(part, of int, value func(round []float64) float64) float64 {
	v := make([]float64, len(t))
	for i, round := range t {
		v[i] = value(round)
	}
	slices.Sort(v)
	return v[max(0, part*len(v)-1)/of]
}
