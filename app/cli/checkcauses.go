package cli

import (
	"context"
	"fmt"
	"math"
	"slices"

	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

// cause is a usual reason for babbling and the perplexity without it.
type cause struct {
	Name       string   `json:"name"`
	Change     string   `json:"change"`     // what was changed
	Perplexity *float64 `json:"perplexity"` // after the change; null where it is not a number
}

// A change is named as a cause when the perplexity after it is below this share
// of what it was. Sub-norms hide most of a wrong multiplier (undoing a second
// quantisation of the built-in model lowers 16.75 to 15.88), while a start token
// or a template changes what a sound model expects a little, too.
const (
	betterNumbers = 0.97
	betterStart   = 0.8
)

// trial is a model and a start of the text to try instead.
type trial struct {
	cause
	model  *model.Model
	prefix []int32
	better float64 // betterNumbers or betterStart
}

// findCause measures the paragraph under every trial and names the best one of
// those that help.
func (r *checkResult) findCause(ctx context.Context, e *inference.Engine, ids []int32, asLoaded float64, progress *meter) error {
	best := math.Inf(1)
	name := ""
	for _, t := range r.trials(e) {
		progress.show("trying: %s", t.Change)
		p, err := t.perplexity(ctx, e.Threads(), ids)
		if err != nil {
			return err
		}
		t.Perplexity = finite(p)
		r.Causes = append(r.Causes, t.cause)
		if p < best && !(p >= t.better*asLoaded) { // also where asLoaded is no number
			best, name = p, t.Name
		}
	}
	switch {
	case name != "":
		r.add("cause", doubtful, "probably %s: without it the perplexity is %.4g instead of %.4g", name, best, asLoaded)
	case asLoaded < goodPerplexity:
		r.add("cause", good, "no change makes the text better")
	default:
		r.add("cause", doubtful, "none of the usual causes: no change makes the text better")
	}
	return nil
}

func (t *trial) perplexity(ctx context.Context, threads int, ids []int32) (float64, error) {
	e, err := inference.New(t.model, inference.Options{Threads: threads})
	if err != nil {
		return 0, err
	}
	defer e.Close()
	return perplexity(ctx, e, t.prefix, ids)
}

func (r *checkResult) trials(e *inference.Engine) []trial {
	m, tok := e.Model(), e.Tokenizer()
	start := startOf(tok)
	rope := variant(m)
	rope.RopeAdjacent = !m.RopeAdjacent
	inverted := variant(m)
	twice := variant(m)
	for i := range m.Weights.Layers {
		a, b := linears(&inverted.Weights.Layers[i]), linears(&twice.Weights.Layers[i])
		for j := range a {
			a[j].Scale = 1 / a[j].Scale
			// The mean magnitude of weights that are already ±m or 0 is m times
			// the share of the non-zeros.
			if c := r.counts[i][j]; c.neg+c.pos > 0 {
				b[j].Scale *= float32(c.total()) / float32(c.neg+c.pos)
			}
		}
	}
	trials := []trial{
		{cause{Name: "multipliers stored inverted", Change: "multipliers inverted"}, inverted, start, betterNumbers},
		{cause{Name: "weights quantised twice", Change: "multipliers divided by the share of non-zeros"}, twice, start, betterNumbers},
		{cause{Name: "wrong pairing of the rotary embedding", Change: "rotary embedding of the other pairs"}, rope, start, betterNumbers},
	}
	if bos, add := tok.BOS(); add {
		trials = append(trials, trial{cause{Name: "a start token that does not belong", Change: "no start token"}, variant(m), nil, betterStart})
	} else if bos >= 0 && int(bos) < m.VocabSize {
		trials = append(trials, trial{cause{Name: "a missing start token", Change: "start token added"}, variant(m), []int32{bos}, betterStart})
	}
	for _, t := range templates {
		if t.fits(tok) {
			trials = append(trials, trial{cause{Name: "a missing chat template", Change: "text as an answer in the " + t.name + " template"},
				variant(m), slices.Concat(start, tok.EncodeSpecial(t.question)), betterStart})
		}
	}
	return trials
}

// variant is a copy of m whose constants and multipliers may be changed; the
// weights are shared. It has no tokenizer, which the trials do not need.
func variant(m *model.Model) *model.Model {
	v := *m
	v.Tokenizer = model.TokenizerFiles{}
	v.Weights.Layers = slices.Clone(m.Weights.Layers)
	return &v
}

// template is a chat template, as far as a question goes before its answer.
type template struct {
	name     string
	markers  []string // special tokens that tell it
	question string
}

// templates of the families that have one; the first three are those of
// Llama-3, BitNet 2B-4T and Falcon3.
var templates = []template{
	{"Llama-3", []string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
		fmt.Sprintf("<|start_header_id|>user<|end_header_id|>\n\n%s<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", question)},
	{"BitNet 2B-4T", []string{"<|eot_id|>"}, fmt.Sprintf("User: %s<|eot_id|>Assistant: ", question)},
	{"Falcon3", []string{"<|user|>", "<|assistant|>"}, fmt.Sprintf("<|user|>\n%s\n<|assistant|>\n", question)},
	{"ChatML", []string{"<|im_start|>", "<|im_end|>"},
		fmt.Sprintf("<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n", question)},
}

const question = "Write a short text."

func (t *template) fits(tok tokenizer.Tokenizer) bool {
	for _, m := range t.markers {
		if _, ok := tok.Special(m); !ok {
			return false
		}
	}
	return true
}
