package check

import (
	"context"
	"fmt"
	"math"

	"tern/inference"
	"tern/inference/sampling"
)

// Comparison is how far two models agree on the same ids. Differences are the
// largest over the largest magnitude of A's numbers; a NaN in one of the models
// makes them infinite.
type Comparison struct {
	// Stages are the embedding, the output of each layer, and the final norm:
	// where a difference begins, and how it grows.
	Stages []float64
	// Logits is the difference of the logits, Positions how many of them there
	// are, and FirstPosition the first one that differs, -1 if none does.
	Logits        float64
	Positions     int
	FirstPosition int
	SameArgmax    int // positions at which the most likely token is the same
	// Perplexity is that of the ids under A and B; NaN where only one is given.
	Perplexity [2]float64
}

// FirstStage is the index in Stages of the first that differs, -1 if none does.
func (c *Comparison) FirstStage() int {
	for i, d := range c.Stages {
		if d > 0 {
			return i
		}
	}
	return -1
}

// Compare evaluates ids with two models of the same size, with a key/value cache
// of single precision. It keeps the numbers of every layer for every id: some
// 100 MB for 128 ids of a large model.
func Compare(ctx context.Context, a, b *inference.Engine, ids []int32) (*Comparison, error) {
	ca, cb := &a.Model().Config, &b.Model().Config
	if ca.Layers != cb.Layers || ca.Dim != cb.Dim || ca.VocabSize != cb.VocabSize {
		return nil, fmt.Errorf("check: models of different sizes cannot be compared")
	}
	ra, err := record(ctx, a, ids)
	if err != nil {
		return nil, err
	}
	rb, err := record(ctx, b, ids)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Positions: len(ids), FirstPosition: -1, Stages: make([]float64, len(ra.stages)),
		Perplexity: [2]float64{ra.perplexity(ids), rb.perplexity(ids)},
	}
	for i := range c.Stages {
		c.Stages[i] = difference(ra.stages[i], rb.stages[i])
	}
	c.Logits = difference(ra.logits, rb.logits)
	vocab := ca.VocabSize
	for t := range ids {
		x, y := ra.logits[t*vocab:][:vocab], rb.logits[t*vocab:][:vocab]
		if sampling.Argmax(x) == sampling.Argmax(y) {
			c.SameArgmax++
		}
		if c.FirstPosition < 0 && difference(x, y) > 0 {
			c.FirstPosition = t
		}
	}
	return c, nil
}

// recording is what a model computes of some ids.
type recording struct {
	stages [][]float32 // [1+Layers+1][ids·Dim]
	logits []float32   // [ids·VocabSize]
}

func record(ctx context.Context, e *inference.Engine, ids []int32) (*recording, error) {
	s, err := e.NewSession(inference.SessionOptions{KV: inference.KVF32})
	if err != nil {
		return nil, err
	}
	layers := e.Model().Config.Layers
	r := &recording{stages: make([][]float32, layers+2)}
	s.Trace(func(point string, index int, values []float32) {
		stage := -1
		switch point {
		case "embed":
			stage = 0
		case "resid":
			stage = 1 + index
		case "final_norm":
			stage = 1 + layers
		}
		if stage >= 0 {
			r.stages[stage] = append(r.stages[stage], values...)
		}
	})
	return r, s.EachLogits(ctx, ids, func(_ int, logits []float32) error {
		r.logits = append(r.logits, logits...)
		return nil
	})
}

// perplexity is exp of the mean negative log-likelihood of all ids but the
// first, NaN where there is only one.
func (r *recording) perplexity(ids []int32) float64 {
	vocab, sum := len(r.logits)/len(ids), 0.0
	for t, id := range ids[1:] {
		logits := r.logits[t*vocab:][:vocab]
		top, total := float64(logits[sampling.Argmax(logits)]), 0.0
		for _, v := range logits {
			total += math.Exp(float64(v) - top)
		}
		sum += top + math.Log(total) - float64(logits[id])
	}
	return math.Exp(sum / float64(len(ids)-1))
}

// difference is the largest difference of two vectors over the largest
// magnitude of the first.
func difference(a, b []float32) float64 {
	var diff, top float64
	for i, x := range a {
		if x == b[i] {
			top = max(top, math.Abs(float64(x)))
			continue
		}
		d := math.Abs(float64(x) - float64(b[i]))
		if !(d <= math.MaxFloat64) {
			return math.Inf(1)
		}
		diff, top = max(diff, d), max(top, math.Abs(float64(x)))
	}
	if top == 0 {
		return diff
	}
	return diff / top
}
