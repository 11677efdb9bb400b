package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"tern/inference"
	"tern/model"
	"tern/tokenizer"
)

// verdict judges one part of a check.
type verdict string

const (
	good     verdict = "good"
	doubtful verdict = "doubtful" // unusual, but it may be meant so
	bad      verdict = "bad"
)

// finding is one part of a check with its verdict.
type finding struct {
	Name    string  `json:"name"`
	Verdict verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}

// checkResult is what check --json writes.
type checkResult struct {
	Model      string        `json:"model"`
	Summary    string        `json:"summary"`
	Verdict    verdict       `json:"verdict"` // the worst of the findings
	Findings   []finding     `json:"findings"`
	Layers     []layerShares `json:"layers"`
	Scales     []scaleRange  `json:"scales"`
	Sample     *sample       `json:"sample"`     // null without a tokenizer
	Perplexity *float64      `json:"perplexity"` // null where it is not a number
	Causes     []cause       `json:"causes"`     // what was tried against babbling

	counts [][]ternaryCount // [layer][projection], for the causes
}

func (r *checkResult) add(name string, v verdict, format string, args ...any) {
	r.Findings = append(r.Findings, finding{name, v, fmt.Sprintf(format, args...)})
}

// Check judges whether a checkpoint is sound.
func Check(ctx context.Context, s Streams, args []string) error {
	f := newFlags("check", "[MODEL] [flags]", `
Find out whether a checkpoint is sound: its tensors, the share of -1, 0 and +1
per layer, multipliers, values that are not finite, the tokenizer, a greedy
sample and the perplexity of a built-in paragraph, each with a verdict: good,
doubtful or bad. It then tries the usual causes of babbling (multipliers stored
inverted, weights quantised twice, the other pairing of the rotary embedding,
start token, chat template, stop ids) and says which one makes the text better.
The exit code is 0 whenever the check itself could be done.

With --report it instead continues eight prompts by 32 tokens each, greedily,
and prints a table of speed and the texts.`, `
tern check ~/models/bitnet_b1_58-large
tern check --report`)
	var asJSON, asReport bool
	var threads int
	f.modelFlag()
	f.BoolVar(&asJSON, "json", false, "write one JSON object")
	f.BoolVar(&asReport, "report", false, "continue eight prompts instead")
	f.int(&threads, "threads", 0, maxThreads, "`N` workers, 0 for one per processor")
	if err := f.parseModel(args); err != nil {
		return err
	}
	if asReport {
		e, _, err := openEngine(ctx, s, f.model, threads)
		if err != nil {
			return err
		}
		defer e.Close()
		return report(ctx, s, e, asJSON)
	}
	m, _, err := openModel(ctx, s, f.model)
	if err != nil {
		return err
	}
	r, err := check(ctx, s, m, threads)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(s.Out, r)
	}
	return r.write(s.Out)
}

func check(ctx context.Context, s Streams, m *model.Model, threads int) (*checkResult, error) {
	r := &checkResult{Model: m.Name, Summary: m.Summary(), Causes: []cause{}}
	progress := newMeter(s.Err)
	defer progress.clear()
	progress.show("checking the weights")
	if err := r.checkWeights(ctx, m); err != nil {
		return nil, err
	}
	e, err := inference.New(m, inference.Options{Threads: threads})
	switch {
	case errors.Is(err, tokenizer.ErrDamaged), errors.Is(err, tokenizer.ErrUnsupported):
		r.add("tokenizer", bad, "%v", err)
	case err != nil:
		return nil, err
	default:
		defer e.Close()
		if e.Tokenizer() == nil {
			r.add("tokenizer", doubtful, "the checkpoint has none, so that no text could be checked")
			break
		}
		r.checkTokenizer(e)
		progress.show("writing a sample")
		if err := r.checkSample(ctx, e); err != nil {
			return nil, err
		}
		if err := r.checkPerplexity(ctx, e, paragraph, progress); err != nil {
			return nil, err
		}
	}
	r.Verdict = good
	for _, f := range r.Findings {
		if f.Verdict == bad || f.Verdict == doubtful && r.Verdict == good {
			r.Verdict = f.Verdict
		}
	}
	return r, nil
}

func (r *checkResult) write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n\n", r.Model, r.Summary)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-9s %-11s %s\n", f.Verdict, f.Name, f.Detail)
	}
	fmt.Fprintf(&b, "\nlayer  -1 / 0 / +1 %%\n")
	for _, l := range r.Layers {
		fmt.Fprintf(&b, "%5d  %.1f / %.1f / %.1f\n", l.Layer, 100*l.Neg, 100*l.Zero, 100*l.Pos)
	}
	fmt.Fprintf(&b, "\nmultipliers\n")
	for _, s := range r.Scales {
		fmt.Fprintf(&b, "%5s  %.4g to %.4g\n", s.Name, s.Min, s.Max)
	}
	if len(r.Causes) > 0 {
		fmt.Fprintf(&b, "\nperplexity of the paragraph\n%10s  as loaded\n", formatPerplexity(r.Perplexity))
		for _, c := range r.Causes {
			fmt.Fprintf(&b, "%10s  %s\n", formatPerplexity(c.Perplexity), c.Change)
		}
	}
	if r.Sample != nil {
		fmt.Fprintf(&b, "\nsample\n%s%s\n", r.Sample.Prompt, r.Sample.Text)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func formatPerplexity(p *float64) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprintf("%.4g", *p)
}
