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
	Prefill int   // tokens of the prompt
	Decode  int   // tokens to write…
	Depth   int   // …after so many tokens of text
	Threads []int // numbers of workers, one after the other
	KV      inference.KVType
	Memory  int // bytes of the memory measurement; 0 for MemoryBytes
	// Progress, if set, is called on the calling goroutine.
	Progress func(Progress)
}

// Progress says what is being measured.
type Progress struct {
	Threads     int
	Phase       string // "prefill", "decode" or "memory"
	Done, Total int    // tokens; 0 of 0 for memory
}

// Result is what was measured.
type Result struct {
	Model        string   `json:"model"`
	Kernel       string   `json:"kernel"`
	CPU          []string `json:"cpu_features"`
	Load         float64  `json:"load_s"`           // filled in by whoever opened the model
	MemoryReadGB float64  `json:"memory_read_gb_s"` // the best of the runs
	PeakRSS      int64    `json:"peak_rss_bytes"`   // without the buffer of the memory measurement
	Runs         []Run    `json:"runs"`
}

// Run is one number of threads.
type Run struct {
	Threads      int     `json:"threads"`
	MemoryReadGB float64 `json:"memory_read_gb_s"`
	Prefill      Prefill `json:"prefill"`
	Decode       Decode  `json:"decode"`
}

// Prefill is how fast a prompt was read.
type Prefill struct {
	Tokens int     `json:"tokens"`
	Rate   float64 `json:"tok_s"`
	GMAC   float64 `json:"gmac_s"` // 10⁹ multiply-adds of ternary weights per second
}

// Decode is how fast the model wrote, greedily.
type Decode struct {
	Tokens        int     `json:"tokens"`
	Depth         int     `json:"depth"`
	Rate          float64 `json:"tok_s"`
	BytesPerToken float64 `json:"bytes_per_token"`
	GB            float64 `json:"gb_s"`
}

// Model measures m at every number of threads.
func Model(ctx context.Context, m *model.Model, o Options) (*Result, error) {
	if longest := max(o.Prefill, o.Depth+1+o.Decode); longest > m.ContextLen {
		return nil, fmt.Errorf("measure: this needs a context of %d tokens and the model has %d: %w", longest, m.ContextLen, ErrTooLong)
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
		run, err := o.run(ctx, m, threads)
		if err != nil {
			return nil, err
		}
		if peakKnown { // not once the memory measurement has raised it for good
			r.PeakRSS = max(r.PeakRSS, PeakRSS())
		}
		o.Progress(Progress{Threads: threads, Phase: "memory"})
		bandwidth, err := ReadBandwidth(ctx, threads, o.Memory)
		if err != nil {
			return nil, err
		}
		peakKnown = peakKnown && forgetPeak()
		run.MemoryReadGB = bandwidth / 1e9
		r.MemoryReadGB = max(r.MemoryReadGB, run.MemoryReadGB)
		r.Runs = append(r.Runs, run)
	}
	return r, nil
}

// run measures prefill and decode once with the given number of workers.
func (o *Options) run(ctx context.Context, m *model.Model, threads int) (run Run, err error) {
	e, err := inference.New(m, inference.Options{Threads: threads})
	if err != nil {
		return run, err
	}
	defer e.Close()
	run = Run{
		Threads: threads,
		Prefill: Prefill{Tokens: o.Prefill},
		Decode:  Decode{Tokens: o.Decode, Depth: o.Depth},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	ids := make([]int32, max(o.Prefill, o.Depth+1))
	for i := range ids {
		ids[i] = rng.Int32N(int32(m.VocabSize))
	}
	// The first pass touches weights, scratch and cache; it is not measured.
	session, err := e.NewSession(inference.SessionOptions{KV: o.KV})
	if err != nil {
		return run, err
	}
	if _, err := session.Sync(ctx, ids[:min(len(ids), 32)], nil); err != nil {
		return run, err
	}
	session.Rewind(0)

	start := time.Now()
	if _, err := session.Sync(ctx, ids[:o.Prefill], func(done, total int) {
		o.Progress(Progress{threads, "prefill", done, total})
	}); err != nil {
		return run, err
	}
	run.Prefill.Rate = float64(o.Prefill) / time.Since(start).Seconds()
	run.Prefill.GMAC = run.Prefill.Rate * float64(ternaryWeights(m)) / 1e9

	// The first token comes from the prompt's logits: one more is needed to
	// time o.Decode of them.
	session.Rewind(0)
	options := inference.GenerateOptions{MaxTokens: o.Decode + 1, IgnoreEOS: true, Speculate: inference.SpeculateOff}
	head := session.HeadBytesRead()
	for event, err := range session.Generate(ctx, ids[:o.Depth+1], options) {
		if err != nil {
			return run, err
		}
		o.Progress(Progress{threads, "decode", event.Stats.Generated, o.Decode})
		if event.Kind == inference.EventDone {
			run.Decode.Rate = event.Stats.DecodeRate()
			head = (session.HeadBytesRead() - head) / int64(event.Stats.Generated)
			run.Decode.BytesPerToken = o.bytesPerToken(m, head)
		}
	}
	run.Decode.GB = run.Decode.Rate * run.Decode.BytesPerToken / 1e9
	return run, ctx.Err()
}
