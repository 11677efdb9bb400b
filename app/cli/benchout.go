package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

func (r *benchResult) write(w io.Writer, o *benchOptions) error {
	switch {
	case o.json:
		return writeJSON(w, r)
	case o.csv:
		return r.writeCSV(w)
	}
	return r.writeTable(w)
}

func (r *benchResult) writeTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s kernels (CPU: %s), loaded in %.2f s, peak %s\n\n", r.Model, r.Kernel,
		strings.Join(r.CPU, " "), r.Load, formatBytes(r.PeakRSS))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "threads\tprefill tok/s\tGMAC/s\tdecode tok/s\tMB/token\tGB/s\tmemory GB/s\tof it\t")
	for _, x := range r.Runs {
		fmt.Fprintf(t, "%d\t%.1f\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.0f%%\t\n", x.Threads, x.Prefill.Rate, x.Prefill.GMAC,
			x.Decode.Rate, x.Decode.BytesPerToken/1e6, x.Decode.GB, x.MemoryReadGB, 100*x.Decode.GB/x.MemoryReadGB)
	}
	t.Flush()
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *benchResult) writeCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write([]string{"model", "kernel", "load_s", "peak_rss_bytes", "threads", "memory_read_gb_s",
		"prefill_tokens", "prefill_tok_s", "prefill_gmac_s",
		"decode_depth", "decode_tokens", "decode_tok_s", "decode_bytes_per_token", "decode_gb_s"})
	for _, x := range r.Runs {
		record := []string{r.Model, r.Kernel}
		for _, v := range []any{r.Load, r.PeakRSS, x.Threads, x.MemoryReadGB,
			x.Prefill.Tokens, x.Prefill.Rate, x.Prefill.GMAC,
			x.Decode.Depth, x.Decode.Tokens, x.Decode.Rate, x.Decode.BytesPerToken, x.Decode.GB} {
			record = append(record, fmt.Sprint(v))
		}
		c.Write(record)
	}
	c.Flush()
	return c.Error()
}
