package measure

import (
	"context"
	"slices"
	"time"

	"tern/inference"
	"tern/model"
)

// StreamRun is how fast some texts are written at once, a token of each in one pass.
type StreamRun struct {
	Threads int     `json:"threads"`
	Streams int     `json:"streams"`
	Rate    float64 `json:"tok_s"`            // of all texts together,
	Each    float64 `json:"tok_s_each"`       // of one of them,
	Times   float64 `json:"times_one"`        // and together compared with one text alone
	Phases  []Phase `json:"phases,omitempty"` // what a pass over them takes, where Options ask for it
}

// streams measures every number of texts that o asks for with the given number of
// workers, and says how much their key/value caches took. What is compared with one text
// alone was measured in turns with it.
func (o *Options) streams(ctx context.Context, m *model.Model, threads int) (runs []StreamRun, cache int64, err error) {
	if len(o.Streams) == 0 {
		return nil, 0, nil
	}
	e, err := inference.New(m, inference.Options{Threads: threads, OnlyIDs: true, Free: o.Free, Exact: o.Exact})
	if err != nil {
		return nil, 0, err
	}
	defer e.Close()
	batch := e.NewBatch()
	var sessions []*inference.Session // keep their memory
	for range slices.Max(o.Streams) {
		s, err := batch.NewSession(inference.SessionOptions{KV: o.KV})
		if err != nil {
			return nil, 0, err
		}
		sessions = append(sessions, s)
	}
	for i, n := range o.Streams {
		o.Progress(Progress{threads, "streams", i, len(o.Streams)})
		run := StreamRun{Threads: threads, Streams: n}
		var one float64
		for range o.Repeat {
			rate, phases, err := o.writeTogether(ctx, e, batch, sessions[:n])
			if err != nil {
				return nil, 0, err
			}
			if rate > run.Rate {
				run.Rate, run.Phases = rate, phases
			}
			if n > 1 {
				if rate, _, err = o.writeTogether(ctx, e, batch, sessions[:1]); err != nil {
					return nil, 0, err
				}
			}
			one = max(one, rate)
		}
		run.Each = run.Rate / float64(n)
		if one > 0 {
			run.Times = run.Rate / one
		}
		runs = append(runs, run)
	}
	for _, s := range sessions {
		cache += s.KVBytes()
	}
	return runs, cache, nil
}

// streamPrompt is how many tokens each text begins with.
const streamPrompt = 2

// writeTogether has a text of o.Decode tokens written by each session in one batch, and
// returns how many tokens a second they are together, and what their passes spend that on.
func (o *Options) writeTogether(ctx context.Context, e *inference.Engine, batch *inference.Batch, sessions []*inference.Session) (rate float64, phases []Phase, err error) {
	tokens := 0
	options := inference.GenerateOptions{MaxTokens: o.Decode + 1, IgnoreEOS: true, Speculate: inference.SpeculateOff}
	for i, s := range sessions {
		s.Rewind(0)
		batch.Add(s, slices.Repeat([]int32{int32(i)}, streamPrompt), options, func(event inference.Event, failed error) bool {
			if failed != nil {
				err = failed
			} else if event.Kind == inference.EventToken {
				tokens++
			}
			return failed == nil
		})
	}
	batch.Step(ctx) // the prompts
	e.TimePhases(o.Phases)
	defer e.TimePhases(false)
	first, passes, start := tokens, 0, time.Now()
	for ; batch.Len() > 0 && err == nil; passes++ {
		batch.Step(ctx)
	}
	took := time.Since(start)
	if err == nil {
		err = ctx.Err()
	}
	return perSecond(tokens-first, took), phasesOf(e, took/time.Duration(max(passes, 1))), err
}
