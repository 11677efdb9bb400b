package cli

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tern/inference"
	"tern/model"
)

// bench runs tern bench on the built-in model with a small memory measurement.
func bench(t *testing.T, args ...string) string {
	t.Helper()
	var o benchOptions
	f, err := o.parse(args)
	if err != nil {
		t.Fatal(err)
	}
	o.memory = 4 << 20
	var out, errs strings.Builder
	s := Streams{nil, &out, &errs}
	m, load, err := openModel(t.Context(), s, f.model)
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.run(t.Context(), s, m, load)
	if err == nil {
		err = r.write(s.Out, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBenchJSON(t *testing.T) {
	out := bench(t, "--prefill", "9", "--decode", "5", "--threads", "1,2", "--json")
	if strings.Count(out, "\n") != 1 {
		t.Errorf("more than one line: %s", out)
	}
	var r benchResult
	decodeStrict(t, out, &r)
	if r.Model == "" || r.Load <= 0 || r.Kernel == "" || len(r.Runs) != 2 {
		t.Fatalf("%+v", r)
	}
	for i, x := range r.Runs {
		if x.Threads != i+1 || x.MemoryReadGB <= 0 || x.MemoryReadGB > r.MemoryReadGB || x.Prefill.Tokens != 9 || x.Prefill.Rate <= 0 ||
			x.Prefill.GMAC <= 0 || x.Decode.Tokens != 5 || x.Decode.Rate <= 0 || x.Decode.BytesPerToken <= 0 || x.Decode.GB <= 0 {
			t.Errorf("%+v", x)
		}
	}
	top := []string{"cpu_features", "kernel", "load_s", "memory_read_gb_s", "model", "peak_rss_bytes", "runs"}
	if got := keys(t, json.RawMessage(out)); !slices.Equal(got, top) {
		t.Errorf("keys %q, want %q", got, top)
	}
	var raw struct {
		Runs []map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &raw); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, raw.Runs[0]["prefill"]); !slices.Equal(got, []string{"gmac_s", "tok_s", "tokens"}) {
		t.Errorf("keys of prefill: %q", got)
	}
	if got := keys(t, raw.Runs[0]["decode"]); !slices.Equal(got, []string{"bytes_per_token", "depth", "gb_s", "tok_s", "tokens"}) {
		t.Errorf("keys of decode: %q", got)
	}
}

func TestBenchTexts(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(bench(t, "--prefill", "4", "--decode", "2", "--threads", "1", "--depth", "3", "--csv"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][0] != "model" || rows[1][slices.Index(rows[0], "decode_depth")] != "3" {
		t.Errorf("%q, error %v", rows, err)
	}
	if out := bench(t, "--prefill", "4", "--decode", "2", "--threads", "1"); !strings.Contains(out, "prefill tok/s") {
		t.Errorf("no heading in\n%s", out)
	}
}

// TestBytesPerToken compares the count with one by hand.
func TestBytesPerToken(t *testing.T) {
	m, _, err := openModel(t.Context(), Streams{Err: new(strings.Builder)}, source{path: goldens + "/hf-2b4t-packed"})
	if err != nil {
		t.Fatal(err)
	}
	weights := 0.0
	for _, p := range m.MemoryParts() { // the head is the embedding here
		weights += float64(p.Bytes)
	}
	row := float64(m.Dim * m.Embed.Type.Size())
	position := float64(2 * m.Config.Layers * m.KVHeads * m.HeadDim)
	for _, c := range []struct {
		o    benchOptions
		want float64
	}{
		{benchOptions{decode: 1}, weights + row + 2*2*position},                                  // itself and the prompt's token
		{benchOptions{decode: 3}, weights + row + 2*3*position},                                  // 2, 3 and 4 positions
		{benchOptions{decode: 3, depth: 10, kv: inference.KVF32}, weights + row + 4*13*position}, // 12, 13 and 14
	} {
		if got := c.o.bytesPerToken(m, int64(len(m.Head.Data))); got != c.want {
			t.Errorf("%+v: %g, want %g", c.o, got, c.want)
		}
	}
	if got, want := ternaryWeights(m), m.Params()-int64(m.Embed.Rows*m.Embed.Cols)-normElements(m); got != want {
		t.Errorf("%d ternary weights, want %d", got, want)
	}
}

func normElements(m *model.Model) (n int64) {
	for _, p := range m.MemoryParts() {
		if p.Name == "norms" {
			n = p.Bytes / 4
		}
	}
	return n
}

func TestPeakRSS(t *testing.T) {
	if peakRSS() < 1<<20 {
		t.Skip("this system does not tell the peak of the memory")
	}
	before := peakRSS()
	const size = 64 << 20
	if _, err := readBandwidth(t.Context(), 2, size); err != nil {
		t.Fatal(err)
	}
	raised := peakRSS()
	if raised < before+size/2 {
		t.Errorf("the peak went from %d to %d while %d bytes were read", before, raised, size)
	}
	if forgetPeakRSS() && peakRSS() > raised-size/2 {
		t.Errorf("the peak was forgotten and is still %d after %d", peakRSS(), raised)
	}
}
