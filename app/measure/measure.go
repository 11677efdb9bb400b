// Package measure finds out how fast this machine runs a model: prefill and
// decode at chosen numbers of threads, and memory reads beside them. tern bench
// prints its results and the window draws them; a key of their JSON is never
// renamed.
package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"tern/inference"
	"tern/inference/kernel"
	"tern/model"
)

// ErrTooLong is returned when the model's context has no room for what is to be
// measured.
var ErrTooLong = errors.New("longer than the model's context")

// Options says what to measure.
type Options struct {
	Prefill  int   // tokens of the prompt,
	Decode   int   // and to write, each
	Contexts []int // tokens of text before both, in rising order; nil for none
	Threads  []int // numbers of workers, one after the other
	Repeat   int   // measurements; the best counts; 0 for one
	Streams  []int // numbers of texts to write at once, besides; nil for none
	KV       inference.KVType
	Exact    bool                             // inference.Options.Exact
	Free     func() (bytes int64, known bool) // that of inference.Options
	Memory   int                              // bytes of the memory measurement; 0 for MemoryBytes
	Phases   bool                             // have decoding timed phase by phase
	// Progress, if set, is called on the calling goroutine.
	Progress func(Progress)

	ready time.Duration // how long the first engine took to start
}

// Progress says what is being measured.
type Progress struct {
	Threads     int
	Phase       string // "context", "prefill", "decode", "streams" or "memory"
	Done, Total int    // tokens; 0 of 0 for memory
}

// Result is what was measured.
type Result struct {
	Model        string   `json:"model"`
	Kernel       string   `json:"kernel"`
	CPU          []string `json:"cpu_features"`
	Load         float64  `json:"load_s"`           // making ready; who opened the model adds the time of that
	MemoryReadGB float64  `json:"memory_read_gb_s"` // the best of the runs
	PeakRSS      int64    `json:"peak_rss_bytes"`   // without the buffers of the measurements
	Memory       []Part   `json:"memory"`           // what it consists of
	Runs         []Run    `json:"runs"`
	// Streams is what several texts at once reach, where Options ask for it.
	Streams []StreamRun `json:"streams,omitempty"`
}

// Run is one number of threads and one length of the text before.
type Run struct {
	Threads      int     `json:"threads"`
	Context      int     `json:"context"`
	MemoryReadGB float64 `json:"memory_read_gb_s"`
	PeakGMAC     float64 `json:"peak_gmac_s"` // what the prefill kernel does on a matrix in the cache
	// RegistersGMAC is what the multiplying instruction does on registers alone, once
	// for each byte of an activation; 0 where that is not known.
	RegistersGMAC float64 `json:"registers_gmac_s"`
	// BarrierUS is how long the workers take to meet, in µs, and Barriers how
	// often they do for one token in one layer; both 0 with one thread.
	BarrierUS float64 `json:"barrier_us"`
	Barriers  float64 `json:"barriers_per_layer"`
	Prefill   Prefill `json:"prefill"`
	Decode    Decode  `json:"decode"`
}

// Prefill is how fast a prompt was read.
type Prefill struct {
	Tokens int     `json:"tokens"`
	Rate   float64 `json:"tok_s"`
	GMAC   float64 `json:"gmac_s"` // 10⁹ multiply-adds of ternary weights per second
	// Predicted is the rate that Machine expects.
	Predicted float64 `json:"predicted_tok_s"`
}

// Decode is how fast the model wrote, greedily.
type Decode struct {
	Tokens        int     `json:"tokens"`
	Depth         int     `json:"depth"`
	Rate          float64 `json:"tok_s"`
	BytesPerToken float64 `json:"bytes_per_token"`
	GB            float64 `json:"gb_s"`
	// ReadGB is how fast the packed weights were just read, between the tokens.
	ReadGB    float64 `json:"read_gb_s"`
	Predicted float64 `json:"predicted_tok_s"`
	// Phases is what the time of a token goes to, where Options ask for it.
	Phases []Phase `json:"phases,omitempty"`
}

// Model measures m at every number of threads.
func Model(ctx context.Context, m *model.Model, o Options) (*Result, error) {
	if o.Contexts == nil {
		o.Contexts = []int{0}
	}
	o.Repeat = max(o.Repeat, 1)
	longest := slices.Max(o.Contexts) + max(o.Prefill, o.Decode+1)
	if len(o.Streams) > 0 {
		longest = max(longest, streamPrompt+o.Decode+1)
	}
	if longest > m.ContextLen {
		return nil, fmt.Errorf("measure: this needs a context of %d tokens, %w of %d", longest, ErrTooLong, m.ContextLen)
	}
	if o.Memory == 0 {
		o.Memory = MemoryBytes
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	r := &Result{Model: m.Name, Kernel: kernel.Path(), CPU: append([]string{}, kernel.Features()...)}
	peakKnown := true
	for _, threads := range o.Threads {
		runs, cache, err := o.runs(ctx, m, threads)
		if err != nil {
			return nil, err
		}
		streams, caches, err := o.streams(ctx, m, threads)
		if err != nil {
			return nil, err
		}
		cache = max(cache, caches)
		r.Streams = append(r.Streams, streams...)
		if peakKnown { // not once the measurements below have raised it for good
			r.PeakRSS = max(r.PeakRSS, PeakRSS())
		}
		o.Progress(Progress{Threads: threads, Phase: "memory"})
		if err := o.limits(ctx, m, threads, runs); err != nil {
			return nil, err
		}
		peakKnown = peakKnown && forgetPeak()
		for i := range runs {
			r.MemoryReadGB = max(r.MemoryReadGB, runs[i].MemoryReadGB)
		}
		r.Load = o.ready.Seconds()
		r.Memory = memoryParts(m, cache, r.PeakRSS)
		r.Runs = append(r.Runs, runs...)
	}
	return r, nil
}

// limits fills in what this machine can do at most, and what that lets expect.
func (o *Options) limits(ctx context.Context, m *model.Model, threads int, runs []Run) error {
	bandwidth, err := ReadBandwidth(ctx, threads, o.Memory)
	if err != nil {
		return err
	}
	peak := measurePeaks(m, threads)
	work := WorkOf(&m.Config, m.MemoryParts(), m.Head).As(&m.Config, o.Exact, o.KV)
	machine, err := ThisMachine(ctx, threads, work.Kind)
	if err != nil {
		return err
	}
	for i := range runs {
		run := &runs[i]
		run.MemoryReadGB, run.PeakGMAC, run.RegistersGMAC = bandwidth/1e9, peak.kernel/1e9, peak.registers/1e9
		run.BarrierUS = float64(machine.Barrier) / 1e3
		run.Prefill.Predicted = machine.PrefillRate(work, run.Context, run.Prefill.Tokens)
		run.Decode.Predicted = machine.DecodeRate(work, run.Context+run.Decode.Tokens/2)
	}
	return nil
}

// warmTokens fill a pass.
const warmTokens = 128

// runs measures prefill and decode with the given number of workers, and says
// how much the key/value cache took at most.
func (o *Options) runs(ctx context.Context, m *model.Model, threads int) (runs []Run, cache int64, err error) {
	start := time.Now()
	e, err := inference.New(m, inference.Options{Threads: threads, OnlyIDs: true, Free: o.Free, Exact: o.Exact})
	if err != nil {
		return nil, 0, err
	}
	defer e.Close()
	if o.ready == 0 {
		o.ready = time.Since(start)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	ids := make([]int32, slices.Max(o.Contexts)+max(o.Prefill, 1))
	for i := range ids {
		ids[i] = rng.Int32N(int32(m.VocabSize))
	}
	// The first pass touches weights, scratch and cache; it is not measured. Its tokens are as many
	// as passes over a prompt have: the first pass of so many takes up to a fifth longer than the next.
	session, err := e.NewSession(inference.SessionOptions{KV: o.KV})
	if err != nil {
		return nil, 0, err
	}
	if _, err := session.Sync(ctx, ids[:min(len(ids), warmTokens)], nil); err != nil {
		return nil, 0, err
	}
	session.Rewind(0)
	for _, depth := range o.Contexts {
		if depth > 0 {
			if _, err := session.Sync(ctx, ids[:depth], func(done, total int) {
				o.Progress(Progress{threads, "context", done, total})
			}); err != nil {
				return nil, 0, err
			}
		}
		run := Run{
			Threads: threads,
			Context: depth,
			Prefill: Prefill{Tokens: o.Prefill},
			Decode:  Decode{Tokens: o.Decode, Depth: depth},
		}
		for range o.Repeat {
			if err := o.prefill(ctx, session, ids[:depth+o.Prefill], &run); err != nil {
				return nil, 0, err
			}
			session.Rewind(depth)
			if err := o.decode(ctx, e, session, ids[:depth+1], &run); err != nil {
				return nil, 0, err
			}
			session.Rewind(depth)
		}
		run.Prefill.GMAC = run.Prefill.Rate * float64(ternaryWeights(m)) / 1e9
		run.Decode.GB = run.Decode.Rate * run.Decode.BytesPerToken / 1e9
		runs = append(runs, run)
	}
	return runs, session.KVBytes(), ctx.Err()
}

// prefill times the ids that the session does not hold yet, as an answer to them begins: of
// their logits it computes those that may be the largest after the last one.
func (o *Options) prefill(ctx context.Context, s *inference.Session, ids []int32, run *Run) error {
	options := inference.GenerateOptions{MaxTokens: 1, IgnoreEOS: true, Speculate: inference.SpeculateOff}
	for event, err := range s.Generate(ctx, ids, options) {
		if err != nil {
			return err
		}
		switch event.Kind {
		case inference.EventPrefill:
			o.Progress(Progress{run.Threads, "prefill", event.Done, event.Total})
		case inference.EventDone:
			run.Prefill.Rate = max(run.Prefill.Rate, perSecond(o.Prefill, event.Stats.Prefill))
		}
	}
	return nil
}

// decode times o.Decode tokens after ids. The first one comes from the prompt's
// logits: one more is needed. Between two of them the weights are read, so that
// what disturbs the one disturbs the other.
func (o *Options) decode(ctx context.Context, e *inference.Engine, s *inference.Session, ids []int32, run *Run) error {
	options := inference.GenerateOptions{MaxTokens: o.Decode + 1, IgnoreEOS: true, Speculate: inference.SpeculateOff}
	head, meetings := s.HeadBytesRead(), e.BarrierCount()
	read, bytes := WeightReader(e)
	var writing, reading time.Duration
	reads := 0
	var asked time.Time // for the next token; zero before the first
	defer e.TimePhases(false)
	for event, err := range s.Generate(ctx, ids, options) {
		if err != nil {
			return err
		}
		if event.Kind == inference.EventToken {
			if !asked.IsZero() {
				writing += time.Since(asked)
			} else {
				e.TimePhases(o.Phases) // not of the prompt
			}
			o.Progress(Progress{run.Threads, "decode", event.Stats.Generated, o.Decode})
			took, err := read()
			if err != nil {
				return err
			}
			reads, reading = reads+1, reading+took
			asked = time.Now()
		}
		if event.Kind == inference.EventDone {
			n := int64(event.Stats.Generated)
			if rate := perSecond(int(n-1), writing); rate > run.Decode.Rate {
				run.Decode.Rate, run.Decode.ReadGB = rate, perSecond(int(bytes)*reads, reading)/1e9
				run.Decode.Phases = phasesOf(e, writing/time.Duration(max(n-1, 1)))
			}
			run.Decode.BytesPerToken = bytesPerToken(e.Model(), o.KV, len(ids)-1, o.Decode, (s.HeadBytesRead()-head)/max(n, 1))
			run.Barriers = float64(e.BarrierCount()-meetings) / float64(max(n, 1)) / float64(e.Model().Config.Layers)
		}
	}
	return nil
}

// perSecond is a rate, 0 where the clock stood still: that of Windows does for a
// tick, in which small models write a token or two.
func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
