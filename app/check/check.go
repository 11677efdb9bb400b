// Package check judges whether a checkpoint is sound and, where it babbles,
// looks for the cause: Full is what tern check prints, Quick its cheap half,
// which the window runs on every model that it opens. What a cause calls for is
// a Correction: a way to read the checkpoint other than as it says.
package check

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

// Verdict judges one part of a check.
type Verdict string

// The verdicts.
const (
	Good     Verdict = "good"
	Doubtful Verdict = "doubtful" // unusual, but it may be meant so
	Bad      Verdict = "bad"
)

// Finding is one part of a check with its verdict.
type Finding struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}

// Report is what a check found.
type Report struct {
	Model      string        `json:"model"`
	Summary    string        `json:"summary"`
	Verdict    Verdict       `json:"verdict"` // the worst of the findings
	Findings   []Finding     `json:"findings"`
	Layers     []LayerShares `json:"layers"`
	Scales     []ScaleRange  `json:"scales"`
	Sample     *Sample       `json:"sample"`     // null without a tokenizer
	Perplexity *float64      `json:"perplexity"` // null where it is not a number
	// BitsPerByte is the same whatever the vocabulary: what the paragraph takes.
	BitsPerByte *float64 `json:"bits_per_byte"`
	Causes      []Cause  `json:"causes"` // what was tried against babbling

	// Corrections are those that the findings call for.
	Corrections Corrections `json:"corrections"`

	counts [][]ternaryCount // [layer][projection], for the causes
}

// Options says how to check.
type Options struct {
	Threads int // workers, 0 for one per core
	// Progress, if it is not nil, is called with what is being done.
	Progress func(doing string)
	// Reopen, if it is not nil, reads the same checkpoint with one more correction,
	// for those that a model in memory cannot be given.
	Reopen func(context.Context, Correction) (*model.Model, error)
}

func (o *Options) show(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

func (r *Report) add(name string, v Verdict, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{name, v, fmt.Sprintf(format, args...)})
}

// Full checks everything: some seconds for a large model.
func Full(ctx context.Context, m *model.Model, o Options) (*Report, error) {
	r := &Report{Model: m.Name, Summary: m.Summary(), Causes: []Cause{}, Corrections: Corrections{}}
	o.show("checking the weights")
	if err := r.checkWeights(ctx, m); err != nil {
		return nil, err
	}
	e, err := inference.New(m, inference.Options{Threads: o.Threads})
	switch {
	case errors.Is(err, tokenizer.ErrDamaged), errors.Is(err, tokenizer.ErrUnsupported), errors.Is(err, tokenizer.ErrOther):
		r.add("tokenizer", Bad, "%v", err)
	case err != nil:
		return nil, err
	default:
		defer e.Close()
		if e.Tokenizer() == nil {
			r.add("tokenizer", Doubtful, "the checkpoint has none, so that no text could be checked")
			break
		}
		r.checkTokenizer(e)
		o.show("writing a sample")
		if err := r.checkSample(ctx, e); err != nil {
			return nil, err
		}
		r.checkRepack(m)
		if err := r.checkPerplexity(ctx, e, Paragraph, &o); err != nil {
			return nil, err
		}
	}
	r.Verdict = Good
	for _, f := range r.Findings {
		if f.Verdict == Bad || f.Verdict == Doubtful && r.Verdict == Good {
			r.Verdict = f.Verdict
		}
	}
	return r, nil
}

// Parallel calls f for every i below n, one goroutine per processor, until ctx
// ends; it returns the error of ctx.
func Parallel(ctx context.Context, n int, f func(i int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// some lists names, the first three of many.
func some(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return strings.Join(names, ", ")
}
