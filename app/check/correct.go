package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tern/inference"
	"tern/inference/chattemplate"
	"tern/model"
	"tern/model/checkpoint"
	"tern/tokenizer"
)

// Correction is one way to read a checkpoint other than as it says. Its text is
// what --correct takes and what the settings keep.
type Correction string

// The corrections.
const (
	// InvertMultipliers takes 1/m for every multiplier m: the file holds the
	// inverse of what its configuration says.
	InvertMultipliers Correction = "inverted"
	// QuantisedTwice divides every multiplier by the share of its non-zeros: the
	// mean magnitude was taken again of weights that were ternary already.
	QuantisedTwice Correction = "quantised-twice"
	// OtherPairs rotates the other pairs of q and k.
	OtherPairs Correction = "rotary-pairs"
	// I2SARM and I2SRows are the rarer layouts of I2_S.
	I2SARM  Correction = "i2s-arm"
	I2SRows Correction = "i2s-rows"
	// InputInt8 and InputFloat say what ternary matrices multiply with, which no
	// file says. There are Llamas of either kind.
	InputInt8  Correction = "input-int8"
	InputFloat Correction = "input-float"
	// YaRN stretches the rotary embedding as Bonsai does (model.RopeScaling), which
	// some repacks do not say any more; NoYaRN takes it as it is.
	YaRN   Correction = "yarn"
	NoYaRN Correction = "no-yarn"
	// Q2By64 and Q2By128 are the layouts of Q2_0, which have one id.
	Q2By64  Correction = "q2-64"
	Q2By128 Correction = "q2-128"
	// Rotated takes the weights to be stored in a rotated basis (model.Rotation)
	// though the file does not say so, NotRotated to be plain though it does.
	Rotated    Correction = "rotated"
	NotRotated Correction = "not-rotated"
	// StopMarkers ends texts at every end marker of the vocabulary.
	StopMarkers Correction = "stop-markers"
	// The built-in chat templates, in the place of the checkpoint's own or of none.
	TemplateLlama3  Correction = "template-llama-3"
	Template2B4T    Correction = "template-2b-4t"
	TemplateFalcon3 Correction = "template-falcon3"
)

// corrections are all of them.
var corrections = []Correction{
	InvertMultipliers, QuantisedTwice, OtherPairs, I2SARM, I2SRows, InputInt8, InputFloat,
	YaRN, NoYaRN, Q2By64, Q2By128, Rotated, NotRotated, StopMarkers,
	TemplateLlama3, Template2B4T, TemplateFalcon3,
}

// Corrections is a set of them.
type Corrections []Correction

// ParseCorrections reads what String writes: names with commas between them.
func ParseCorrections(text string) (Corrections, error) {
	var list Corrections
	for name := range strings.SplitSeq(text, ",") {
		c := Correction(strings.TrimSpace(name))
		if c == "" {
			continue
		}
		if !slices.Contains(corrections, c) {
			return nil, fmt.Errorf("check: there is no correction %q", c)
		}
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list, nil
}

// Names lists the names of all corrections.
func Names() []string { return strings.Split(Corrections(corrections).String(), ",") }

func (c Corrections) String() string {
	names := make([]string, len(c))
	for i := range c {
		names[i] = string(c[i])
	}
	return strings.Join(names, ",")
}

// Options adds to o what has to be known before a model is read.
func (c Corrections) Options(o inference.Options) inference.Options {
	for _, x := range c {
		switch x {
		case I2SARM:
			o.I2S = checkpoint.I2SARM
		case I2SRows:
			o.I2S = checkpoint.I2SRows
		case InputInt8, InputFloat:
			input := model.InputInt8
			if x == InputFloat {
				input = model.InputFloat
			}
			o.Input = &input
		}
		if name := x.Layout(); name != "" {
			o.Template = name
		}
	}
	return o
}

// Layout is the name of the built-in chat template that a correction takes, ""
// for others.
func (c Correction) Layout() string {
	switch c {
	case TemplateLlama3:
		return chattemplate.Llama3
	case Template2B4T:
		return chattemplate.BitNet2B4T
	case TemplateFalcon3:
		return chattemplate.Falcon3
	}
	return ""
}

// OpenModel is checkpoint.Open with corrections.
func OpenModel(ctx context.Context, path string, c Corrections, progress func(model.Progress)) (*model.Model, error) {
	return c.openModel(ctx, path, checkpoint.Options{Progress: progress})
}

func (c Corrections) openModel(ctx context.Context, path string, read checkpoint.Options) (*model.Model, error) {
	o := c.Options(inference.Options{})
	read.I2S, read.Input = o.I2S, o.Input
	for _, x := range c {
		switch x {
		case Q2By64:
			read.Q2 = checkpoint.Q2By64
		case Q2By128:
			read.Q2 = checkpoint.Q2By128
		}
	}
	m, err := checkpoint.OpenWith(ctx, path, read)
	if err != nil {
		return nil, err
	}
	return m, c.apply(ctx, m)
}

// Open is inference.Open with corrections.
func Open(ctx context.Context, path string, c Corrections, o inference.Options) (*inference.Engine, error) {
	o.Early = new(inference.Early)
	m, err := c.openModel(ctx, path, o.Early.Reading(checkpoint.Options{Progress: o.Progress}))
	if err != nil {
		return nil, err
	}
	return inference.New(m, c.Options(o))
}

// apply changes a model that was just read.
func (c Corrections) apply(ctx context.Context, m *model.Model) error {
	var r Report
	for _, x := range c {
		switch x {
		case QuantisedTwice:
			if err := r.count(ctx, m); err != nil {
				return err
			}
		case StopMarkers:
			e, err := inference.New(m, inference.Options{Threads: 1})
			if err != nil {
				return err
			}
			e.Close()
			if tok := e.Tokenizer(); tok != nil {
				m.StopIDs = append(slices.Clip(m.StopIDs), missingStops(tok, m)...)
			}
		}
		r.change(m, x)
	}
	return nil
}

// corrected is a variant of m with one correction of its numbers.
func (r *Report) corrected(m *model.Model, c Correction) *model.Model {
	v := variant(m)
	r.change(v, c)
	return v
}

// change applies a correction of numbers; r holds the counts of m's weights
// where it needs them.
func (r *Report) change(m *model.Model, c Correction) {
	switch c {
	case OtherPairs:
		m.RopeAdjacent = !m.RopeAdjacent
	case YaRN:
		m.RopeScaling = checkpoint.BonsaiYaRN(&m.Config)
	case NoYaRN:
		m.RopeScaling = model.RopeScaling{}
	case Rotated, NotRotated:
		rotate(m, c == Rotated)
	case InvertMultipliers, QuantisedTwice:
		for i := range m.Weights.Layers {
			for j, l := range m.Weights.Layers[i].Projections() {
				switch {
				case l.Data == nil: // floats, or a scale per group
				case c == InvertMultipliers:
					l.Scale = 1 / l.Scale
				default:
					// The mean magnitude of weights that are already ±m or 0 is m
					// times the share of the non-zeros.
					if n := r.counts[i][j]; n.neg+n.pos > 0 {
						l.Scale *= float32(n.total()) / float32(n.neg+n.pos)
					}
				}
			}
		}
	}
}

// endMarkers end a text or an answer in the known vocabularies.
var endMarkers = []string{"</s>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|im_end|>", "<|end|>"}

// missingStops are the end markers of a vocabulary that do not end the texts of
// a model.
func missingStops(tok tokenizer.Tokenizer, m *model.Model) (ids []int32) {
	for _, marker := range endMarkers {
		if id, ok := tok.Special(marker); ok && id != tok.EOS() && !slices.Contains(m.StopIDs, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
