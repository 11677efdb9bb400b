package check

import (
	"context"
	"time"

	"tern/inference"
)

const (
	// quickTokens is how much of the paragraph the quick check reads.
	quickTokens = 96
	// quickTime is what it may take for a model that seems sound.
	quickTime = 2 * time.Second
)

// Quick is the half of Full that costs a moment: multipliers, shares, template,
// stop ids, and how well the model foretells some lines. Where these look wrong, or
// in the time that is left, it tries the causes that a Correction undoes: sub-norms
// keep a model with wrong multipliers from babbling, and none of these looks wrong.
func Quick(ctx context.Context, e *inference.Engine, o Options) (*Report, error) {
	begin := time.Now()
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
	each := time.Since(begin) // a trial costs about as much
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
		if time.Duration(len(wanted)+2)*each < quickTime {
			wanted = append(wanted, t)
		}
	}
	return r, r.findCause(ctx, e, wanted, ids, p, &o)
}
