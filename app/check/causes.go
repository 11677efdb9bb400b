package check

import (
	"context"
	"fmt"
	"math"
	"slices"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// Cause is a usual reason for babbling and the perplexity without it.
type Cause struct {
	Name       string   `json:"name"`
	Change     string   `json:"change"`     // what was changed
	Perplexity *float64 `json:"perplexity"` // after the change; null where it is not a number
}

// A change is named as a cause when the perplexity after it is below this share
// of what it was. Sub-norms hide most of a wrong multiplier (undoing a second
// quantisation of the built-in model's first edition lowered 16.75 to 15.88), while a start token
// or a template changes what a sound model expects a little, too.
const (
	betterNumbers = 0.97
	betterStart   = 0.8
)

// trial is a model and a start of the text to try instead.
type trial struct {
	Cause
	correction Correction // what does the same while a model is opened, "" for none
	model      func(context.Context) (*model.Model, error)
	prefix     []int32
	better     float64 // betterNumbers or betterStart
}

// findCause measures the paragraph under every trial and names the best one of
// those that help.
func (r *Report) findCause(ctx context.Context, e *inference.Engine, trials []trial, ids []int32, asLoaded float64, o *Options) error {
	best := math.Inf(1)
	if guess := babbling * float64(e.Model().VocabSize); !(asLoaded < guess) {
		best = guess // a babble that turns into another babble was not mended
	}
	var found *trial
	for i := range trials {
		t := &trials[i]
		o.show("trying: %s", t.Change)
		m, err := t.model(ctx)
		if err != nil {
			return err
		}
		p, err := perplexity(ctx, e.Variant(m), t.prefix, ids)
		if err != nil {
			return err
		}
		t.Perplexity = Finite(p)
		r.Causes = append(r.Causes, t.Cause)
		if p < best && !(p >= t.better*asLoaded) { // also where asLoaded is not a number
			best, found = p, t
		}
	}
	switch {
	case found != nil:
		r.add("cause", Doubtful, "probably %s: without it the perplexity is %.4g instead of %.4g", found.Name, best, asLoaded)
		if found.correction != "" {
			r.Corrections = append(r.Corrections, found.correction)
		}
	case asLoaded < goodPerplexity:
		r.add("cause", Good, "no change makes the text better")
	default:
		r.add("cause", Doubtful, "none of the usual causes: no change makes the text better")
	}
	return nil
}

// trials are the usual causes, undone.
func (r *Report) trials(e *inference.Engine, o *Options) (trials []trial) {
	m, tok := e.Model(), e.Tokenizer()
	start := startOf(tok)
	number := func(name, change string, c Correction) {
		trials = append(trials, trial{Cause{Name: name, Change: change}, c,
			func(context.Context) (*model.Model, error) { return r.corrected(m, c), nil }, start, betterNumbers})
	}
	number("multipliers stored inverted", "multipliers inverted", InvertMultipliers)
	number("weights quantised twice", "multipliers divided by the share of non-zeros", QuantisedTwice)
	number("wrong pairing of the rotary embedding", "rotary embedding of the other pairs", OtherPairs)
	if o.Reopen != nil && slices.ContainsFunc(m.Tensors, func(t model.TensorInfo) bool { return t.Type == "I2_S" }) {
		for _, y := range []struct {
			correction Correction
			layout     checkpoint.I2SLayout
			change     string
		}{{I2SARM, checkpoint.I2SARM, "I2_S read as llama-quantize on ARM writes it"}, {I2SRows, checkpoint.I2SRows, "I2_S read as bytes of four rows"}} {
			trials = append(trials, trial{Cause{Name: "another layout of I2_S", Change: y.change}, y.correction,
				func(ctx context.Context) (*model.Model, error) { return o.Reopen(ctx, y.layout) }, start, betterNumbers})
		}
	}
	same := func(context.Context) (*model.Model, error) { return m, nil }
	if bos, add := tok.BOS(); add {
		trials = append(trials, trial{Cause{Name: "a start token that does not belong", Change: "no start token"}, "", same, nil, betterStart})
	} else if bos >= 0 && int(bos) < m.VocabSize {
		trials = append(trials, trial{Cause{Name: "a missing start token", Change: "start token added"}, "", same, []int32{bos}, betterStart})
	}
	_, chats := e.ChatTemplate()
	for _, t := range templates {
		if !t.fits(tok) {
			continue
		}
		c := t.correction
		if chats { // nothing to add: the text was tried without its template
			c = ""
		}
		trials = append(trials, trial{Cause{Name: "a missing chat template", Change: "text as an answer in the " + t.name + " template"},
			c, same, slices.Concat(start, tok.EncodeSpecial(t.question)), betterStart})
	}
	return trials
}

// variant is a copy of m whose constants and multipliers may be changed; the
// weights are shared.
func variant(m *model.Model) *model.Model {
	v := *m
	v.Weights.Layers = slices.Clone(m.Weights.Layers)
	return &v
}

// template is a chat template, as far as a question goes before its answer.
type template struct {
	name       string
	markers    []string // special tokens that tell it
	question   string
	correction Correction
}

// templates of the families that have one; the first three are those of
// Llama-3, BitNet 2B-4T and Falcon3.
var templates = []template{
	{"Llama-3", []string{"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"},
		fmt.Sprintf("<|start_header_id|>user<|end_header_id|>\n\n%s<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", question), TemplateLlama3},
	{"BitNet 2B-4T", []string{"<|eot_id|>"}, fmt.Sprintf("User: %s<|eot_id|>Assistant: ", question), Template2B4T},
	{"Falcon3", []string{"<|user|>", "<|assistant|>"}, fmt.Sprintf("<|user|>\n%s\n<|assistant|>\n", question), TemplateFalcon3},
	{"ChatML", []string{"<|im_start|>", "<|im_end|>"},
		fmt.Sprintf("<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n", question), ""},
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
