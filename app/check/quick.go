package check

import (
	"context"

	"tern/inference"
)

const (
	// quickTokens is how much of the paragraph the quick check reads.
	quickTokens = 96
	// quickWork is what it may take for a model that seems sound, in products of a
	// weight and an activation: two seconds or so of two cores. A bound of time would
	// let the answer depend on what else the machine does.
	quickWork = 500e9
)

// Quick is the half of Full that costs a moment: multipliers, shares, template,
// stop ids, and how well the model predicts some lines. Where these look wrong, or
// the model is small enough, it tries the causes that a Correction undoes: sub-norms
// keep a model with wrong multipliers from babbling, and none of these looks wrong.
func Quick(ctx context.Context, e *inference.Engine, o Options) (*Report, error) {
	m, tok := e.Model(), e.Tokenizer()
	r := &Report{Model: m.Name, Summary: m.Summary(), Causes: []Cause{}, Corrections: Corrections{}}
	if err := r.count(ctx, m); err != nil {
		return nil, err
	}
	r.judgeShares(m)
	oddScales := !r.judgeScales(m)
	if tok == nil {
		return r, nil
	}
	r.checkStops(e)
	hasTemplate := r.checkTemplate(e)
	ids := tok.Encode(Paragraph)
	ids = ids[:min(len(ids), quickTokens)]
	lostYaRN := r.checkRepack(m)
	p, err := scoreOf(ctx, e, startOf(tok), ids)
	if err != nil {
		return nil, err
	}
	r.Perplexity, r.BitsPerByte = Finite(p.perplexity), Finite(p.bits)
	each := float64(m.Params()) * float64(len(ids)) // of a trial
	var wanted, others []trial
	for _, t := range r.trials(e, &o) {
		switch {
		case t.correction == "":
		case !(p.bits < goodBits), oddScales && t.correction == InvertMultipliers, lostYaRN && t.correction == YaRN:
			wanted = append(wanted, t)
		case t.better == betterNumbers, !hasTemplate:
			others = append(others, t)
		}
	}
	for _, t := range others {
		if float64(len(wanted)+2)*each < quickWork {
			wanted = append(wanted, t)
		}
	}
	return r, r.findCause(ctx, e, wanted, ids, p, &o)
}
