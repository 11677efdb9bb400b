package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/app/measure"
)

// bench runs tern bench on the built-in model with a small memory measurement.
func bench(t *testing.T, args ...string) string {
	t.Helper()
	var o benchOptions
	f, err := o.parse(args)
	if err != nil {
		t.Fatal(err)
	}
	o.Memory = 4 << 20
	var out, errs strings.Builder
	s := Streams{nil, &out, &errs}
	m, load, err := openModel(t.Context(), s, f.model)
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.run(t.Context(), s, m, load)
	if err == nil {
		err = o.write(s.Out, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBenchJSON(t *testing.T) {
	// As many tokens as take several ticks of the clock of Windows, some 16 ms each.
	out := bench(t, "--prefill", "100", "--decode", "40", "--threads", "1,2", "--json")
	if strings.Count(out, "\n") != 1 {
		t.Errorf("more than one line: %s", out)
	}
	var r measure.Result
	decodeStrict(t, out, &r)
	if r.Model == "" || r.Load <= 0 || r.Kernel == "" || len(r.Runs) != 2 {
		t.Fatalf("%+v", r)
	}
	for i, x := range r.Runs {
		if x.Threads != i+1 || x.MemoryReadGB <= 0 || x.MemoryReadGB > r.MemoryReadGB || x.Prefill.Tokens != 100 || x.Prefill.Rate <= 0 ||
			x.Prefill.GMAC <= 0 || x.Decode.Tokens != 40 || x.Decode.Rate <= 0 || x.Decode.BytesPerToken <= 0 || x.Decode.GB <= 0 || x.Decode.ReadGB <= 0 {
			t.Errorf("%+v", x)
		}
	}
	top := []string{"cpu_features", "kernel", "load_s", "memory", "memory_read_gb_s", "model", "peak_rss_bytes", "runs"}
	if got := keys(t, json.RawMessage(out)); !slices.Equal(got, top) {
		t.Errorf("keys %q, want %q", got, top)
	}
	var raw struct {
		Runs []map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(out), &raw); err != nil {
		t.Fatal(err)
	}
	if got := keys(t, raw.Runs[0]["prefill"]); !slices.Equal(got, []string{"gmac_s", "predicted_tok_s", "tok_s", "tokens"}) {
		t.Errorf("keys of prefill: %q", got)
	}
	if got := keys(t, raw.Runs[0]["decode"]); !slices.Equal(got, []string{"bytes_per_token", "depth", "gb_s", "predicted_tok_s", "read_gb_s", "tok_s", "tokens"}) {
		t.Errorf("keys of decode: %q", got)
	}
}

// TestBenchPhases: the phases of a token add up to its time, whichever way they are shown.
func TestBenchPhases(t *testing.T) {
	var r measure.Result
	decodeStrict(t, bench(t, "--prefill", "4", "--decode", "60", "--threads", "1,2", "--phases", "--json"), &r)
	for i, run := range r.Runs {
		var us, bytes float64
		for _, p := range run.Decode.Phases {
			us, bytes = us+p.US[0]+p.WaitUS[0], bytes+float64(p.Bytes)
			if len(p.US) != i+1 || len(p.LeastWaitUS) != i+1 {
				t.Errorf("%d threads: %+v", run.Threads, p)
			}
		}
		if token := 1e6 / run.Decode.Rate; us < 0.9*token || us > 1.1*token {
			t.Errorf("%d threads: phases of %.0f µs, a token of %.0f", run.Threads, us, token)
		}
		if all := run.Decode.BytesPerToken; bytes < 0.8*all || bytes > 1.1*all {
			t.Errorf("%d threads: phases of %.0f bytes, a token of %.0f", run.Threads, bytes, all)
		}
	}
	text := bench(t, "--prefill", "4", "--decode", "2", "--threads", "2", "--phases")
	for _, want := range []string{"2 threads, context 0: a token, and the fastest one", "gate, up", "rows of the head", "together"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

// TestBenchStreams: several texts at once stand beside one, in the table and in JSON.
func TestBenchStreams(t *testing.T) {
	var r measure.Result
	decodeStrict(t, bench(t, "--prefill", "4", "--decode", "9", "--threads", "1,2", "--streams", "9,2,1,2", "--phases", "--json"), &r)
	var got [][2]int
	for _, x := range r.Streams {
		got = append(got, [2]int{x.Threads, x.Streams})
		if one := x.Streams == 1; x.Rate <= 0 || x.Times <= 0 || one && x.Times != 1 || x.Each*float64(x.Streams) < 0.99*x.Rate {
			t.Errorf("%+v", x)
		}
		if len(x.Phases) < 3 || x.Phases[2].Bytes <= 0 {
			t.Errorf("phases of %d texts are %+v", x.Streams, x.Phases)
		}
	}
	if want := [][2]int{{1, 1}, {1, 2}, {1, 9}, {2, 1}, {2, 2}, {2, 9}}; !slices.Equal(got, want) {
		t.Errorf("measured %v, want %v", got, want)
	}
	text := bench(t, "--prefill", "4", "--decode", "2", "--threads", "1", "--streams", "2", "--phases")
	for _, want := range []string{"texts at once", "times one", "1 threads, 2 texts: a pass, and the fastest one"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestBenchTexts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "speed.csv")
	out := bench(t, "--prefill", "4", "--decode", "2", "--threads", "1,2", "--context", "9,0", "--repeat", "2", "--csv", file)
	for _, want := range []string{"prefill tok/s", "of that", "predicted", "everything else", "2 threads: memory reads", "times a layer"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var depths []string
	for _, text := range []string{string(raw), bench(t, "--prefill", "4", "--decode", "2", "--threads", "1", "--context", "3", "--csv", "-")} {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || rows[0][0] != "model" {
			t.Fatalf("%q, error %v", rows, err)
		}
		for _, row := range rows[1:] {
			depths = append(depths, row[slices.Index(rows[0], "decode_depth")])
		}
	}
	if want := []string{"0", "9", "0", "9", "3"}; !slices.Equal(depths, want) {
		t.Errorf("contexts %q, want %q", depths, want)
	}
}

// TestBenchOpen: how fast a file opens stands beside how fast it is read, and a folder or a
// model that is no file is refused.
func TestBenchOpen(t *testing.T) {
	file := filepath.Join(goldens2, "qwen3-pq2_0-yarn", "model.gguf")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(t.TempDir(), "copy.gguf")
		if _, errs, code := tern(t, "", "convert", filepath.Join(goldens, "hf-1bitllm-f32"), file); code != 0 {
			t.Fatal(errs)
		}
	}
	out, errs, code := tern(t, "", "bench", "--open", "-m", file, "--json")
	var r measure.Opening
	decodeStrict(t, out, &r)
	if code != 0 || r.Bytes <= 0 || r.ReadGB <= 0 || r.OpenGB <= 0 || r.Ready <= 0 {
		t.Errorf("exit code %d, %s, %+v", code, errs, r)
	}
	if out, _, _ := tern(t, "", "bench", "--open", "-m", file); !strings.Contains(out, "% of that; ready in ") {
		t.Errorf("%q", out)
	}
	for _, args := range [][]string{{"--open"}, {"--open", "--synthetic", "large"}, {"--open", "-m", filepath.Dir(file)}} {
		if _, _, code := tern(t, "", append([]string{"bench"}, args...)...); code == 0 {
			t.Errorf("%q is not refused", args)
		}
	}
}

// TestBenchRefuses checks what is known to fail before minutes of measuring.
func TestBenchRefuses(t *testing.T) {
	var o benchOptions
	if _, err := o.parse([]string{"--csv", filepath.Join(t.TempDir(), "missing", "speed.csv")}); err == nil || !strings.Contains(err.Error(), "no folder") {
		t.Errorf("a folder that is missing: %v", err)
	}
	s := Streams{nil, new(strings.Builder), new(strings.Builder)}
	if err := Bench(t.Context(), s, []string{"--prefill", "100000"}); !errors.Is(err, measure.ErrTooLong) {
		t.Errorf("a prompt beyond the context: %v", err)
	}
}
