package check

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// Cause is a usual reason for babbling and what the text is like without it.
type Cause struct {
	Name       string   `json:"name"`
	Change     string   `json:"change"`     // what was changed
	Perplexity *float64 `json:"perplexity"` // after the change; null where it is not a number

	BitsPerByte *float64 `json:"bits_per_byte"` // likewise
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
	gross      bool    // nothing of the text is left where this is the cause
}

// errNotRead says that the file cannot be read again.
var errNotRead = errors.New("there is no file")

// findCause scores the paragraph under every trial and names the best one of
// those that help. A reading that the file rules out is left out.
func (r *Report) findCause(ctx context.Context, e *inference.Engine, trials []trial, ids []int32, asLoaded score, o *Options) error {
	var found *trial
	var best score
	for i := range trials {
		t := &trials[i]
		if t.gross && !asLoaded.absurd() {
			continue
		}
		o.show("trying: %s", t.Change)
		m, err := t.model(ctx)
		if errors.Is(err, errNotRead) || errors.Is(err, model.ErrUnsupported) || errors.Is(err, model.ErrDamaged) {
			continue
		} else if err != nil {
			return err
		}
		p, err := scoreOf(ctx, e.Variant(m), t.prefix, ids)
		if err != nil {
			return err
		}
		t.Perplexity, t.BitsPerByte = Finite(p.perplexity), Finite(p.bits)
		r.Causes = append(r.Causes, t.Cause)
		switch {
		case !(p.perplexity < math.Inf(1)), found != nil && p.perplexity >= best.perplexity:
		case p.perplexity >= t.better*asLoaded.perplexity: // not where asLoaded is not a number
		case asLoaded.absurd() && p.absurd(): // a babble that turns into another babble was not mended
		default:
			best, found = p, t
		}
	}
	switch {
	case found != nil:
		r.add("cause", Doubtful, "probably %s: without it the perplexity is %.4g instead of %.4g, and a byte takes %.3g bits instead of %.3g",
			found.Name, best.perplexity, asLoaded.perplexity, best.bits, asLoaded.bits)
		if found.correction != "" {
			r.Corrections = append(r.Corrections, found.correction)
		}
	case asLoaded.bits < goodBits:
		r.add("cause", Good, "no change makes the text better")
	case e.Model().Recurrent != nil && !isRotated(e.Model()) && asLoaded.absurd():
		r.add("cause", Doubtful, "none of the usual causes. Weights of Bonsai 2 are stored in a rotated basis, and this file says nothing of it: if it is one, it lost what it needs; take the file of its makers")
	default:
		r.add("cause", Doubtful, "none of the usual causes: no change makes the text better")
	}
	return nil
}

// trials are the usual causes, undone.
func (r *Report) trials(e *inference.Engine, o *Options) (trials []trial) {
	m, tok := e.Model(), e.Tokenizer()
	start := startOf(tok)
	add := func(name, change string, c Correction, read func(context.Context) (*model.Model, error)) {
		trials = append(trials, trial{Cause{Name: name, Change: change}, c, read, start, betterNumbers, false})
	}
	number := func(name, change string, c Correction) {
		add(name, change, c, func(context.Context) (*model.Model, error) { return r.corrected(m, c), nil })
	}
	again := func(name, change string, c Correction) {
		add(name, change, c, func(ctx context.Context) (*model.Model, error) {
			if o.Reopen == nil {
				return nil, errNotRead
			}
			return o.Reopen(ctx, c)
		})
	}
	gross := func() { trials[len(trials)-1].gross = true }
	if hasMultipliers(m) {
		number("multipliers stored inverted", "multipliers inverted", InvertMultipliers)
		number("weights quantised twice", "multipliers divided by the share of non-zeros", QuantisedTwice)
	}
	number("wrong pairing of the rotary embedding", "rotary embedding of the other pairs", OtherPairs)
	if m.RopeScaling.Kind == model.RopeYaRN {
		number("a rope scaling that does not belong", "rotary embedding without YaRN", NoYaRN)
	} else if m.RopeScaling.Kind == model.RopeNone {
		number("missing keys of the rope scaling", "rotary embedding stretched by YaRN as Bonsai's is", YaRN)
	}
	switch {
	case isRotated(m):
		number("weights that are not rotated as the file says", "weights taken as they are", NotRotated)
		gross()
	case m.Input == model.InputFloat:
		number("weights in a rotated basis that the file does not name", "weights taken as rotated", Rotated)
		gross()
	}
	switch {
	case m.Input == model.InputInt8 && !m.SubNorm:
		again("activations that are not int8", "activations taken as floats", InputFloat)
	case m.Input == model.InputFloat && oneScaleEach(m):
		again("activations that are int8", "activations rounded to int8", InputInt8)
	}
	stored := func(kind string) bool {
		return slices.ContainsFunc(m.Tensors, func(t model.TensorInfo) bool { return t.Type == kind })
	}
	switch {
	case stored(checkpoint.Q2By64.String()):
		again("another layout of Q2_0", "Q2_0 read as blocks of 128", Q2By128)
		gross()
	case stored(checkpoint.Q2By128.String()):
		again("another layout of Q2_0", "Q2_0 read as blocks of 64", Q2By64)
		gross()
	case stored("I2_S"):
		again("another layout of I2_S", "I2_S read as llama-quantize on ARM writes it", I2SARM)
		again("another layout of I2_S", "I2_S read as bytes of four rows", I2SRows)
	}
	same := func(context.Context) (*model.Model, error) { return m, nil }
	if bos, add := tok.BOS(); add {
		trials = append(trials, trial{Cause{Name: "a start token that does not belong", Change: "no start token"}, "", same, nil, betterStart, false})
	} else if bos >= 0 && int(bos) < m.VocabSize {
		trials = append(trials, trial{Cause{Name: "a missing start token", Change: "start token added"}, "", same, []int32{bos}, betterStart, false})
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
			c, same, slices.Concat(start, tok.EncodeSpecial(t.question)), betterStart, false})
	}
	return trials
}

// hasMultipliers reports whether some matrix has one scale for all of it.
func hasMultipliers(m *model.Model) bool {
	return slices.ContainsFunc(m.Weights.Layers, func(l model.Layer) bool {
		return slices.ContainsFunc(l.Projections(), func(p model.Projection) bool { return p.Data != nil })
	})
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
