package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"tern/app/chat/worker"
	"tern/app/measure"
	"tern/inference"
	"tern/model"
)

// Speed is how fast this machine runs the open model.
type Speed struct {
	Model    string
	Kernel   string
	Threads  int
	MemoryGB float64 // that this machine reads per second, in 10⁹ bytes
	Points   []SpeedPoint
	CSV      string // all that was measured
}

// SpeedPoint is one length of the text before.
type SpeedPoint struct {
	Context       int
	Read, Write   float64 // tokens per second
	Limit         float64 // of Write, if all that a token needs came from memory at full speed
	BytesPerToken float64
}

// SpeedProgress says how far a measurement is.
type SpeedProgress struct {
	Phase       string // "context", "prefill", "decode" or "memory"
	Done, Total int
}

// speedMemory is what the measurement of memory reads: beyond the caches, and
// little enough to be there beside a model.
const speedMemory = 256 << 20

// smallModel is the number of weights below which a token takes a few
// milliseconds at most.
const smallModel = 100 << 20

// Measure finds out how fast the open model is at rising lengths of text; it
// takes about a minute for a large one. Whatever else is asked for ends it. done
// gets nil where it was ended or failed, and while an answer is written. Both functions are called from
// another goroutine.
func (j *Jobs) Measure(progress func(SpeedProgress), done func(*Speed)) {
	j.host.Exclusive(func(ctx context.Context, free bool) {
		m := j.weights()
		if m == nil || !free {
			done(nil)
			return
		}
		var s *Speed
		err := worker.Guard(func() (err error) {
			s, err = speed(ctx, m, j.host.Threads(), j.host.Free, progress)
			return err
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			j.host.Failed(err)
		}
		done(s)
	})
}

// speed measures m, in the memory that is free.
func speed(ctx context.Context, m *model.Model, threads int, free func() (int64, bool), progress func(SpeedProgress)) (*Speed, error) {
	if !spares(free, speedMemory) {
		return nil, fmt.Errorf("jobs: measure: %w", inference.ErrMemory)
	}
	if threads == 0 {
		threads = inference.DefaultThreads()
	}
	o := measure.Options{
		Prefill: 64, Decode: 16, Threads: []int{threads}, Memory: speedMemory, KV: inference.KVF16, Free: free,
		Progress: func(p measure.Progress) { progress(SpeedProgress{p.Phase, p.Done, p.Total}) },
	}
	if m.Params() < smallModel { // so quick that a few tokens say little
		o.Prefill, o.Decode, o.Repeat = 128, 100, 2
	}
	room := min(m.ContextLen, 2048) - o.Prefill
	if room < o.Prefill {
		o.Prefill, o.Decode, room = 1, 1, max(0, m.ContextLen-2)
	}
	for i := range 4 {
		o.Contexts = append(o.Contexts, room*i/3)
	}
	r, err := measure.Model(ctx, m, o)
	if err != nil {
		return nil, err
	}
	s := &Speed{Model: m.Name, Kernel: r.Kernel, Threads: threads, MemoryGB: r.MemoryReadGB}
	for _, run := range r.Runs {
		p := SpeedPoint{Context: run.Context, Read: run.Prefill.Rate, Write: run.Decode.Rate, BytesPerToken: run.Decode.BytesPerToken}
		if p.BytesPerToken > 0 {
			p.Limit = run.MemoryReadGB * 1e9 / p.BytesPerToken
		}
		s.Points = append(s.Points, p)
	}
	var b bytes.Buffer
	if err := r.WriteCSV(&b); err != nil {
		return nil, err
	}
	s.CSV = b.String()
	return s, nil
}

// spares reports whether bytes bytes are free, or free does not know.
func spares(free func() (bytes int64, known bool), bytes int64) bool {
	if free == nil {
		return true
	}
	left, known := free()
	return !known || left >= bytes
}
