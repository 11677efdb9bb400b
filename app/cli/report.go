package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"tern/inference"
	"tern/tokenizer"
)

// reportPrompts are continued by check --report.
var reportPrompts = []string{
	"Hello, my name is",
	"The meaning of life is",
	"Artificial intelligence will",
	"The golden ratio equals",
	"In the year 2026,",
	"The best programming language is",
	"Machine learning models can",
	"The future of technology",
}

// reportTokens is how many tokens continue each prompt at most.
const reportTokens = 32

// reportResult is what check --report --json writes.
type reportResult struct {
	Model   string       `json:"model"`
	Prompts []reportLine `json:"prompts"`
	Tokens  int          `json:"tokens"`
	Seconds float64      `json:"seconds"`
	Rate    float64      `json:"tok_s"` // all tokens by all seconds
}

type reportLine struct {
	Prompt  string  `json:"prompt"`
	Text    string  `json:"text"`
	Tokens  int     `json:"tokens"`
	Seconds float64 `json:"seconds"` // reading the prompt included
	Rate    float64 `json:"tok_s"`
}

// report continues the prompts greedily and prints how that went.
func report(ctx context.Context, s Streams, e *inference.Engine, asJSON bool) error {
	if e.Tokenizer() == nil {
		return fmt.Errorf("this checkpoint has %w", tokenizer.ErrNone)
	}
	progress := newMeter(s.Err)
	defer progress.clear()
	r := reportResult{Model: e.Model().Name}
	for i, prompt := range reportPrompts {
		progress.show("prompt %d of %d", i+1, len(reportPrompts))
		line, err := reportOne(ctx, e, prompt)
		if err != nil {
			return err
		}
		r.Prompts = append(r.Prompts, line)
		r.Tokens += line.Tokens
		r.Seconds += line.Seconds
	}
	r.Rate = float64(r.Tokens) / max(r.Seconds, 1e-6)
	progress.clear()
	if asJSON {
		return writeJSON(s.Out, r)
	}
	return r.write(s.Out)
}

func reportOne(ctx context.Context, e *inference.Engine, prompt string) (reportLine, error) {
	line := reportLine{Prompt: prompt}
	session, err := e.NewSession(inference.SessionOptions{})
	if err != nil {
		return line, err
	}
	var text strings.Builder
	start := time.Now()
	for event, err := range session.Generate(ctx, e.Prompt(prompt), inference.GenerateOptions{MaxTokens: reportTokens}) {
		if err != nil {
			return line, err
		}
		if event.Kind == inference.EventToken {
			line.Tokens++
			text.WriteString(event.Text)
		}
	}
	line.Seconds = time.Since(start).Seconds()
	line.Rate = float64(line.Tokens) / max(line.Seconds, 1e-6) // a clock may stand still for a tick
	line.Text = text.String()
	return line, ctx.Err()
}

func (r *reportResult) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d tokens at most, greedy\n\n", r.Model, reportTokens)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "prompt\ttokens\ttime (s)\ttokens/s")
	for _, l := range r.Prompts {
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.1f\n", l.Prompt, l.Tokens, l.Seconds, l.Rate)
	}
	n := float64(len(r.Prompts))
	fmt.Fprintf(t, "average\t%.1f\t%.3f\t%.1f\n", float64(r.Tokens)/n, r.Seconds/n, r.Rate)
	t.Flush()
	for _, l := range r.Prompts {
		fmt.Fprintf(&b, "\n%s%s\n", l.Prompt, l.Text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
