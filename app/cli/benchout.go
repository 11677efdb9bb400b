package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"tern/app/measure"
)

func (o *benchOptions) write(w io.Writer, r *measure.Result) error {
	switch {
	case o.json:
		return writeJSON(w, r)
	case o.csv:
		return r.WriteCSV(w)
	}
	return writeBenchTable(w, r)
}

func writeBenchTable(w io.Writer, r *measure.Result) error {
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
