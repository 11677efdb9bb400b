package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"tern/inference"
	"tern/inference/kernel"
	"tern/model"
)

// benchOptions are the arguments of Bench beside MODEL.
type benchOptions struct {
	synthetic string
	head      model.DType
	prefill   int
	decode    int
	depth     int
	threads   []int
	kv        inference.KVType
	json, csv bool
	memory    int // bytes of the memory measurement
}

// benchResult is what bench --json writes.
type benchResult struct {
	Model        string     `json:"model"`
	Kernel       string     `json:"kernel"`
	CPU          []string   `json:"cpu_features"`
	Load         float64    `json:"load_s"`
	MemoryReadGB float64    `json:"memory_read_gb_s"` // the best of the runs
	PeakRSS      int64      `json:"peak_rss_bytes"`   // without the buffer of the memory measurement
	Runs         []benchRun `json:"runs"`
}

type benchRun struct {
	Threads      int          `json:"threads"`
	MemoryReadGB float64      `json:"memory_read_gb_s"`
	Prefill      benchPrefill `json:"prefill"`
	Decode       benchDecode  `json:"decode"`
}

type benchPrefill struct {
	Tokens int     `json:"tokens"`
	Rate   float64 `json:"tok_s"`
	GMAC   float64 `json:"gmac_s"`
}

type benchDecode struct {
	Tokens        int     `json:"tokens"`
	Depth         int     `json:"depth"`
	Rate          float64 `json:"tok_s"`
	BytesPerToken float64 `json:"bytes_per_token"`
	GB            float64 `json:"gb_s"`
}

func (o *benchOptions) parse(args []string) (*flags, error) {
	f := newFlags("bench", "[MODEL] [flags]", `
Measure how fast a model reads a prompt (prefill) and writes (decode, greedy)
at each number of threads, and how fast this machine reads memory at that number
of threads: the best of five reads of 1 GiB.

gmac_s counts the multiply-adds of the ternary weights, in 10⁹ per second.
bytes_per_token counts what decoding one token reads: packed weights, norms, what
is needed of the head (of a large one, its compact copy and the rows that can
win), a row of the embedding and the key/value cache, averaged over the tokens.
With --json the last line is one object with everything, with --csv one line per
number of threads after a heading.`, `
tern bench --synthetic large --threads 1,2
tern bench -m ~/models/bitnet_b1_58-large --prefill 128 --decode 64 --json`)
	o.head, o.prefill, o.decode, o.memory = model.F16, 512, 128, bandwidthBytes
	f.modelFlag()
	f.StringVar(&o.synthetic, "synthetic", "", "random weights of a published `SHAPE` instead of MODEL: large, xl, 3b, 2b-4t or llama3-8b")
	f.Func("head", "precision `TYPE` of the synthetic embedding and head: f16, f32 or bf16 (default f16)", func(s string) error {
		t, ok := map[string]model.DType{"f16": model.F16, "f32": model.F32, "bf16": model.BF16}[s]
		if !ok {
			return errors.New("want f16, f32 or bf16")
		}
		o.head = t
		return nil
	})
	f.int(&o.prefill, "prefill", 1, 1<<20, "prompt of `N` tokens")
	f.int(&o.decode, "decode", 1, 1<<20, "write `N` tokens")
	f.int(&o.depth, "depth", 0, 1<<20, "write them after `N` tokens of text")
	f.threadList(&o.threads, "numbers of workers to try, such as `1,2` (default 1 and one per processor)")
	f.kvFlag(&o.kv)
	f.BoolVar(&o.json, "json", false, "write one JSON object")
	f.BoolVar(&o.csv, "csv", false, "write comma-separated values")
	if err := f.parseModel(args); err != nil {
		return nil, err
	}
	switch {
	case o.json && o.csv:
		return nil, f.wrong("--json and --csv exclude each other")
	case o.synthetic != "" && f.model.path != "":
		return nil, f.wrong("--synthetic and MODEL exclude each other")
	case f.given("head") && o.synthetic == "":
		return nil, f.wrong("--head is for --synthetic; a checkpoint's own head is used as stored")
	case o.synthetic != "" && !slices.Contains(model.Shapes(), o.synthetic):
		return nil, f.wrong("there is no shape %q", o.synthetic)
	}
	if o.threads == nil {
		o.threads = slices.Compact([]int{1, runtime.GOMAXPROCS(0)})
	}
	return f, nil
}

// Bench measures speed.
func Bench(ctx context.Context, s Streams, args []string) error {
	var o benchOptions
	f, err := o.parse(args)
	if err != nil {
		return err
	}
	start := time.Now()
	var m *model.Model
	if o.synthetic != "" {
		m, err = model.Synthetic(o.synthetic, o.head, 1)
	} else {
		m, _, err = openModel(ctx, s, f.model)
	}
	if err != nil {
		return err
	}
	r, err := o.run(ctx, s, m, time.Since(start))
	if err != nil {
		return err
	}
	return r.write(s.Out, &o)
}

func (o *benchOptions) run(ctx context.Context, s Streams, m *model.Model, load time.Duration) (*benchResult, error) {
	r := &benchResult{Model: m.Name, Kernel: kernel.Path(), CPU: append([]string{}, kernel.Features()...), Load: load.Seconds()}
	fmt.Fprintf(s.Err, "%s: %s, %s kernels\n", m.Name, m.Summary(), r.Kernel)
	if longest := max(o.prefill, o.depth+1+o.decode); longest > m.ContextLen {
		return nil, &hinted{fmt.Errorf("this needs a context of %d tokens and the model has %d", longest, m.ContextLen),
			"Lower --prefill, --depth or --decode."}
	}
	peakKnown := true
	for _, threads := range o.threads {
		run, err := o.measure(ctx, s, m, threads)
		if err != nil {
			return nil, err
		}
		if peakKnown { // not once the memory measurement has raised it for good
			r.PeakRSS = max(r.PeakRSS, peakRSS())
		}
		bandwidth, err := readBandwidth(ctx, threads, o.memory)
		if err != nil {
			return nil, err
		}
		peakKnown = peakKnown && forgetPeakRSS()
		run.MemoryReadGB = bandwidth / 1e9
		r.MemoryReadGB = max(r.MemoryReadGB, run.MemoryReadGB)
		r.Runs = append(r.Runs, run)
	}
	return r, nil
}

// measure runs prefill and decode once with the given number of workers.
func (o *benchOptions) measure(ctx context.Context, s Streams, m *model.Model, threads int) (run benchRun, err error) {
	e, err := inference.New(m, inference.Options{Threads: threads})
	if err != nil {
		return run, err
	}
	defer e.Close()
	run = benchRun{
		Threads: threads,
		Prefill: benchPrefill{Tokens: o.prefill},
		Decode:  benchDecode{Tokens: o.decode, Depth: o.depth},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	ids := make([]int32, max(o.prefill, o.depth+1))
	for i := range ids {
		ids[i] = rng.Int32N(int32(m.VocabSize))
	}
	// The first pass touches weights, scratch and cache; it is not measured.
	session, err := e.NewSession(inference.SessionOptions{KV: o.kv})
	if err != nil {
		return run, err
	}
	if _, err := session.Sync(ctx, ids[:min(len(ids), 32)], nil); err != nil {
		return run, err
	}
	session.Rewind(0)

	progress := newMeter(s.Err)
	defer progress.clear()
	start := time.Now()
	if _, err := session.Sync(ctx, ids[:o.prefill], func(done, total int) {
		progress.show("%d threads: prefill %d of %d", threads, done, total)
	}); err != nil {
		return run, err
	}
	run.Prefill.Rate = float64(o.prefill) / time.Since(start).Seconds()
	run.Prefill.GMAC = run.Prefill.Rate * float64(ternaryWeights(m)) / 1e9

	// The first token comes from the prompt's logits: one more is needed to
	// time o.decode of them.
	session.Rewind(0)
	options := inference.GenerateOptions{MaxTokens: o.decode + 1, IgnoreEOS: true}
	head := session.HeadBytesRead()
	for event, err := range session.Generate(ctx, ids[:o.depth+1], options) {
		if err != nil {
			return run, err
		}
		progress.show("%d threads: decode %d of %d", threads, event.Stats.Generated, o.decode)
		if event.Kind == inference.EventDone {
			run.Decode.Rate = event.Stats.DecodeRate()
			head = (session.HeadBytesRead() - head) / int64(event.Stats.Generated)
			run.Decode.BytesPerToken = o.bytesPerToken(m, head)
		}
	}
	run.Decode.GB = run.Decode.Rate * run.Decode.BytesPerToken / 1e9
	return run, ctx.Err()
}

// ternaryWeights is the number of multiply-adds per token of the ternary
// matrices, padding not counted.
func ternaryWeights(m *model.Model) (n int64) {
	for i := range m.Weights.Layers {
		for _, l := range m.Weights.Layers[i].Projections() {
			if l.Data != nil {
				n += int64(l.Rows) * int64(l.Cols)
			}
		}
	}
	return n
}

// bytesPerToken is what decoding one token reads from memory, on average over
// the positions that are measured; head is what it reads of the head or of its
// compact copy.
func (o *benchOptions) bytesPerToken(m *model.Model, head int64) float64 {
	n := int(head) + m.Dim*m.Embed.Type.Size() + 4*len(m.Norm)
	for i := range m.Weights.Layers {
		layer := &m.Weights.Layers[i]
		n += 4 * (len(layer.AttnNorm) + len(layer.AttnSubNorm) + len(layer.FFNNorm) + len(layer.FFNSubNorm))
		for _, l := range layer.Projections() {
			n += len(l.Data) + 4*len(l.Norm)
			if l.Dense != nil {
				n += len(l.Dense.Data)
			}
		}
	}
	elem := 2
	if o.kv == inference.KVF32 {
		elem = 4
	}
	row := 2 * m.Config.Layers * m.KVHeads * m.HeadDim * elem // one position of the cache
	// The i-th measured token attends to depth+1+i positions and itself.
	positions := float64(o.depth+1) + float64(o.decode+1)/2
	return float64(n) + float64(row)*positions
}
