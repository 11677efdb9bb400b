package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tern/app/library"
	"tern/app/measure"
	"tern/inference"
	"tern/inference/kernel"
	"tern/model"
	"tern/model/checkpoint"
)

// maxStreams bounds --streams: more than eight texts take turns.
const maxStreams = 64

// benchOptions are the arguments of Bench beside MODEL.
type benchOptions struct {
	measure.Options
	synthetic string
	head      model.DType
	json      bool
	csv       string // a file, "-" for standard output
	open      bool   // measure how fast MODEL, a file, is opened
}

func (o *benchOptions) parse(args []string) (*flags, error) {
	f := newFlags("bench", "[MODEL] [flags]", `
Measure how fast a model reads a prompt (prefill) and writes (decode, greedy,
one token at a time) after texts of some lengths, with some numbers of threads,
and beside that what this machine can do: how fast it reads memory (the best of
five reads of 1 GiB) and multiplies (the kernel of prefill on a matrix in the
cache, and registers alone). Between two tokens the workers just read the packed
weights, with their scales and a packed head (read_gb_s): what disturbs the
machine disturbs both. Predicted rates are what tern inspect would say, from the
model's headers and half a second of measurements.

gmac_s counts the multiply-adds of the ternary weights, in 10⁹ per second, beside
registers_gmac_s, what the multiplying instruction does on registers alone: where
activations take two bytes, half of it. Where prompts are multiplied by lookup (Zen
5), more is possible.
bytes_per_token counts what decoding one token reads: packed weights, norms, what
is needed of the head (of a large one, its codes of four bits and the rows that
can win), a row of the embedding, the states of linear attention and the
key/value cache, averaged over the tokens.
barrier_us is how long the workers take to meet, barriers_per_layer how often
they do for one token. load_s includes the codes of the head. With --phases the
workers' clocks are read between the steps of a pass: what each kind of work takes
of a token and how many bytes it reads, and how long the workers then wait for each
other. Where other programs are busy passes have fewer workers than --threads while
that is faster.
--streams has several texts written at once, a token of each in a pass, as the
server does, each of --decode tokens after two, and compares that with one text,
measured in turns with them.
--open measures nothing of that but how fast MODEL, a file, is opened, beside two threads
that just read it into fresh memory: both in turns, the best of --repeat.
With --json the last line is one object with everything, with --csv there is one
line per number of threads and context after a heading.`, `
tern bench --synthetic large --threads 1,2
tern bench --synthetic large --prefill 128 --context 0,512,1900 --csv speed.csv
tern bench --synthetic large --streams 1,2,4,8 --threads 1
tern bench -m ~/models/bitnet_b1_58-large --prefill 128 --decode 64 --json
tern bench --open -m ~/models/bonsai.gguf --repeat 5`)
	o.head, o.Prefill, o.Decode, o.Repeat = model.F16, 512, 128, 1
	f.modelFlag()
	f.StringVar(&o.synthetic, "synthetic", "", "random weights of a published `SHAPE` instead of MODEL: "+strings.Join(checkpoint.Shapes(), ", "))
	f.Func("head", "precision `TYPE` of the synthetic embedding and head: f16, f32 or bf16 (default f16)", func(s string) error {
		t, ok := map[string]model.DType{"f16": model.F16, "f32": model.F32, "bf16": model.BF16}[s]
		if !ok {
			return errors.New("want f16, f32 or bf16")
		}
		o.head = t
		return nil
	})
	f.int(&o.Prefill, "prefill", 1, 1<<20, "prompt of `N` tokens")
	f.int(&o.Decode, "decode", 1, 1<<20, "write `N` tokens")
	f.intList(&o.Contexts, "context", 0, 1<<20, "do both after each of these numbers of tokens, such as `0,512,1900`")
	f.intList(&o.Streams, "streams", 1, maxStreams, "have these numbers of texts written at once, too, such as `1,2,4,8`")
	f.int(&o.Repeat, "repeat", 1, 1000, "measure `N` times and keep the best")
	f.intList(&o.Threads, "threads", 1, maxThreads, "numbers of workers to try, such as `1,2` (default 1 and one per core)")
	f.kvFlag(&o.KV)
	f.exactFlag()
	f.BoolVar(&o.Phases, "phases", false, "show what the time of a token goes to, and that of a pass over --streams")
	f.BoolVar(&o.open, "open", false, "measure how fast MODEL, one file, is opened")
	f.BoolVar(&o.json, "json", false, "write one JSON object")
	f.StringVar(&o.csv, "csv", "", "write comma-separated values to `FILE`, - for standard output")
	if err := f.parseModel(args); err != nil {
		return nil, err
	}
	switch {
	case o.json && o.csv == "-":
		return nil, f.wrong("--json and --csv - exclude each other")
	case o.open && (f.model.path == "" || o.synthetic != "" || o.csv != ""):
		return nil, f.wrong("--open takes MODEL, a file, without --synthetic and --csv")
	case o.synthetic != "" && f.model.path != "":
		return nil, f.wrong("--synthetic and MODEL exclude each other")
	case f.given("head") && o.synthetic == "":
		return nil, f.wrong("--head is for --synthetic; a checkpoint's own head is used as stored")
	case o.synthetic != "" && !slices.Contains(checkpoint.Shapes(), o.synthetic):
		return nil, f.wrong("there is no shape %q", o.synthetic)
	}
	if o.csv != "" && o.csv != "-" { // before minutes of measuring
		if folder, err := os.Stat(filepath.Dir(o.csv)); err != nil || !folder.IsDir() {
			return nil, f.wrong("there is no folder for --csv %s", o.csv)
		}
	}
	slices.Sort(o.Streams)
	o.Streams = slices.Compact(o.Streams)
	slices.Sort(o.Contexts)
	o.Contexts = slices.Compact(o.Contexts)
	if o.Threads == nil {
		o.Threads = slices.Compact([]int{1, inference.DefaultThreads()})
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
	if o.open {
		return o.measureOpening(ctx, s, f.model.path)
	}
	o.Exact = f.model.exact
	start := time.Now()
	var m *model.Model
	if o.synthetic != "" {
		m, err = checkpoint.Synthetic(o.synthetic, o.head, 1)
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
	return o.write(s.Out, r)
}

// measureOpening measures how fast a file is opened.
func (o *benchOptions) measureOpening(ctx context.Context, s Streams, path string) error {
	r, err := measure.Open(ctx, path, slices.Max(o.Threads), o.Repeat)
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(s.Out, r)
	}
	_, err = fmt.Fprintf(s.Out, "%s: just reading %.2f GB/s, opening %.2f GB/s, %.0f%% of that; ready in %.2f s\n",
		formatBytes(r.Bytes), r.ReadGB, r.OpenGB, 100*r.Share(), r.Ready)
	return err
}

// run measures m and shows how far that is.
func (o *benchOptions) run(ctx context.Context, s Streams, m *model.Model, load time.Duration) (*measure.Result, error) {
	fmt.Fprintf(s.Err, "%s: %s, %s kernels\n", m.Name, m.Summary(), kernel.Path())
	meter := newMeter(s.Err)
	defer meter.clear()
	o.Progress = func(p measure.Progress) {
		if p.Total > 0 {
			meter.show("%d threads: %s %d of %d", p.Threads, p.Phase, p.Done, p.Total)
		}
	}
	o.Free = library.FreeMemory
	r, err := measure.Model(ctx, m, o.Options)
	if errors.Is(err, measure.ErrTooLong) {
		return nil, &hinted{err, "Lower --prefill, --context or --decode."}
	} else if err != nil {
		return nil, err
	}
	r.Load += load.Seconds()
	return r, nil
}
