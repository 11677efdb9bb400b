package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"

	"tern/app/check"
	"tern/model"
)

// Check judges whether a checkpoint is sound.
func Check(ctx context.Context, s Streams, args []string) error {
	f := newFlags("check", "[MODEL] [flags]", `
Find out whether a checkpoint is sound: its tensors, the share of -1, 0 and +1
per layer, multipliers, values that are not finite, the tokenizer, a greedy
sample and the perplexity of a built-in paragraph, with the bits that a byte of it
takes, each with a verdict: good, doubtful or bad. Repacks that are known to have
lost something are named. It then tries the usual causes of babbling (multipliers
stored inverted, weights quantised twice, the other pairing of the rotary
embedding, its scaling, activations of the other kind, weights in a rotated basis,
another layout of Q2_0 or I2_S, start token, chat template, stop ids) and says
which one makes the text better, and the --correct that all commands take against
it.
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
	f.limit(&threads, "threads", maxThreads, "`N` workers, 0 for one per core")
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
	progress := newMeter(s.Err)
	o := check.Options{Threads: threads, Progress: func(doing string) { progress.show("%s", doing) }}
	if f.model.path != "" {
		o.Reopen = func(ctx context.Context, c check.Correction) (*model.Model, error) {
			return check.OpenModel(ctx, f.model.path, append(slices.Clip(f.model.corrections), c), nil)
		}
	}
	r, err := check.Full(ctx, m, o)
	progress.clear()
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(s.Out, r)
	}
	return writeReport(s.Out, r)
}

func writeReport(w io.Writer, r *check.Report) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n\n", r.Model, r.Summary)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-9s %-11s %s\n", f.Verdict, f.Name, f.Detail)
	}
	if len(r.Corrections) > 0 {
		fmt.Fprintf(&b, "\nall commands read it the other way with --correct %v\n", r.Corrections)
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
