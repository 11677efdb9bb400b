package measure

import (
	"encoding/csv"
	"fmt"
	"io"
)

// WriteCSV writes a heading and a line for each run.
func (r *Result) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write([]string{"model", "kernel", "load_s", "peak_rss_bytes", "threads", "memory_read_gb_s",
		"prefill_tokens", "prefill_tok_s", "prefill_gmac_s",
		"decode_depth", "decode_tokens", "decode_tok_s", "decode_bytes_per_token", "decode_gb_s",
		"peak_gmac_s", "barrier_us", "barriers_per_layer", "prefill_predicted_tok_s", "decode_predicted_tok_s", "decode_read_gb_s", "registers_gmac_s"})
	for _, x := range r.Runs {
		record := []string{r.Model, r.Kernel}
		for _, v := range []any{r.Load, r.PeakRSS, x.Threads, x.MemoryReadGB,
			x.Prefill.Tokens, x.Prefill.Rate, x.Prefill.GMAC,
			x.Decode.Depth, x.Decode.Tokens, x.Decode.Rate, x.Decode.BytesPerToken, x.Decode.GB,
			x.PeakGMAC, x.BarrierUS, x.Barriers, x.Prefill.Predicted, x.Decode.Predicted, x.Decode.ReadGB, x.RegistersGMAC} {
			record = append(record, fmt.Sprint(v))
		}
		c.Write(record)
	}
	c.Flush()
	return c.Error()
}
