package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"tern/app/measure"
)

func (o *benchOptions) write(w io.Writer, r *measure.Result) error {
	if o.csv == "-" {
		return r.WriteCSV(w)
	}
	show := writeBenchTable
	if o.json {
		show = func(w io.Writer, r *measure.Result) error { return writeJSON(w, r) }
	}
	if err := show(w, r); err != nil || o.csv == "" {
		return err
	}
	var b bytes.Buffer
	r.WriteCSV(&b) // into memory: no error
	return os.WriteFile(o.csv, b.Bytes(), 0o666)
}

func writeBenchTable(w io.Writer, r *measure.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s kernels (CPU: %s), loaded in %.2f s\n", r.Model, r.Kernel, strings.Join(r.CPU, " "), r.Load)
	var parts []string
	for _, p := range r.Memory {
		parts = append(parts, p.Name+" "+formatBytes(p.Bytes))
	}
	fmt.Fprintf(&b, "memory: peak %s (%s)\n\n", formatBytes(r.PeakRSS), strings.Join(parts, ", "))

	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "threads\tcontext\tprefill tok/s\tpredicted\tGMAC/s\tof peak\tof registers\tdecode tok/s\tpredicted\tMB/token\tGB/s\tjust reading\tof that\t")
	for _, x := range r.Runs {
		fmt.Fprintf(t, "%d\t%d\t%.1f\t%.1f\t%.1f\t%.0f%%\t%s\t%.1f\t%.1f\t%.1f\t%.2f\t%.2f\t%.0f%%\t\n", x.Threads, x.Context,
			x.Prefill.Rate, x.Prefill.Predicted, x.Prefill.GMAC, 100*x.Prefill.GMAC/x.PeakGMAC, shareOf(x.Prefill.GMAC, x.RegistersGMAC),
			x.Decode.Rate, x.Decode.Predicted, x.Decode.BytesPerToken/1e6, x.Decode.GB, x.Decode.ReadGB, 100*x.Decode.GB/x.Decode.ReadGB)
	}
	t.Flush()
	fmt.Fprintln(&b)
	for i, x := range r.Runs {
		if i > 0 && r.Runs[i-1].Threads == x.Threads {
			continue
		}
		fmt.Fprintf(&b, "%d threads: memory reads %.1f GB/s, multiply-adds at most %.0f G/s", x.Threads, x.MemoryReadGB, x.PeakGMAC)
		if x.RegistersGMAC > 0 {
			fmt.Fprintf(&b, " (registers alone %.0f)", x.RegistersGMAC)
		}
		if x.Threads > 1 {
			fmt.Fprintf(&b, ", workers meet in %.2f µs, %.1f times a layer: %.1f µs", x.BarrierUS, x.Barriers, x.BarrierUS*x.Barriers)
		}
		fmt.Fprintln(&b)
	}
	for _, x := range r.Runs {
		writePhases(&b, fmt.Sprintf("%d threads, context %d: a token", x.Threads, x.Context), x.Decode.Phases)
	}
	writeStreams(&b, r.Streams)
	for _, x := range r.Streams {
		writePhases(&b, fmt.Sprintf("%d threads, %d texts: a pass", x.Threads, x.Streams), x.Phases)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writePhases shows what the time of a pass goes to, the mean of the workers.
func writePhases(b *strings.Builder, title string, phases []measure.Phase) {
	if len(phases) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s, and the fastest one\n", title)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "phase\tkB\tµs\tthen waiting\tfastest µs\tthen waiting\tGB/s\t")
	mean := func(us []float64) (sum float64) {
		for _, v := range us {
			sum += v / float64(len(us))
		}
		return sum
	}
	row := func(name string, bytes int64, us [4]float64) {
		rate := "-"
		if bytes > 0 {
			rate = fmt.Sprintf("%.1f", float64(bytes)/1e3/(us[2]+us[3]))
		}
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t\n", name, bytes/1000, us[0], us[1], us[2], us[3], rate)
	}
	var bytes int64
	var sum [4]float64
	for _, p := range phases {
		us := [4]float64{mean(p.US), mean(p.WaitUS), mean(p.LeastUS), mean(p.LeastWaitUS)}
		row(p.Name, p.Bytes, us)
		for i := range sum {
			sum[i] += us[i]
		}
		bytes += p.Bytes
	}
	row("together", bytes, sum)
	t.Flush()
}

// writeStreams shows how fast several texts are written at once.
func writeStreams(b *strings.Builder, streams []measure.StreamRun) {
	if len(streams) == 0 {
		return
	}
	fmt.Fprintln(b, "\ntexts at once")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "threads\ttexts\ttok/s\teach\ttimes one\t")
	for _, x := range streams {
		fmt.Fprintf(t, "%d\t%d\t%.1f\t%.1f\t%.2f\t\n", x.Threads, x.Streams, x.Rate, x.Each, x.Times)
	}
	t.Flush()
}

// shareOf says how much of a limit was reached, - where the limit is not known.
func shareOf(v, limit float64) string {
	if limit <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*v/limit)
}
