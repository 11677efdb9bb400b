package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tern/app/check"
	"tern/app/compact"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/export"
	"tern/tokenizer/vocab"
)

// heads are the values of --head.
var heads = map[string]model.DType{"stored": 0, "f16": model.F16, "q8_0": model.Q8_0}

// Convert writes a checkpoint as one GGUF file.
func Convert(ctx context.Context, s Streams, args []string) error {
	f := newFlags("convert", "MODEL OUT.gguf [flags]", `
Write a checkpoint as one GGUF file with its tokenizer and chat template inside:
a compact copy, which loads in a moment. The weights are I2_S, two bits each,
with multipliers, embedding and head as they are stored, so that the copy
computes the same logits bit for bit. Matrices with a scale per group keep their
groups: they are PQ2_0 for 128 weights, Q2_0 for 64, and floats where F16 would
round a scale. The file appears when it is complete; a
file of that name that exists already is refused.

--head makes the embedding and the head smaller, at a price that is measured on
a built-in paragraph and printed before the file is written.

--type asks for one type of such matrices: Q2_0, which current llama.cpp reads,
PQ2_0 of PrismML, which it does not, or TQ2_0, whose blocks of 256 share a scale.
Weights that the type would round are refused, not rounded. "tern" stores matrices as
Tern keeps them in memory, those with one multiplier, too: such a copy opens fastest, and
no other program reads it.

--portable writes Q2_0 for them, and of other models TQ2_0 instead, which current llama.cpp runs. Tern computes the
same of it, bit for bit: the multipliers are kept as float32 in tensors named
blk.N.NAME.scale. Other programs quantise activations in blocks of 256, not whole
rows, which moves logits by some percent of the largest. Rows must be multiples
of 256. llama.cpp v0.5.0 does not read which activation the file names: it runs
copies of 2B-4T with SiLU, which gives nonsense.

--synthetic needs no MODEL: it writes random weights of a published shape with a
vocabulary that means nothing, to time other programs on the same work.`, `
tern convert ~/models/bitnet_b1_58-large ~/models/large.gguf
tern convert ~/models/bitnet_b1_58-large ~/models/small.gguf --head q8_0
tern convert Ternary-Bonsai-8B-Q2_0.gguf bonsai.gguf --type q2_0
tern convert --synthetic large /tmp/synthetic.gguf`)
	var portable bool
	var kind export.Type
	var shape string
	var threads int
	f.correctFlag()
	head := heads["stored"]
	f.Func("head", "precision `TYPE` of the embedding and the head: stored, f16 or q8_0 (default stored)", func(v string) (err error) {
		var ok bool
		if head, ok = heads[v]; !ok {
			err = errors.New("want stored, f16 or q8_0")
		}
		return err
	})
	f.BoolVar(&portable, "portable", false, "write TQ2_0, or Q2_0 for a scale per group, for current llama.cpp")
	f.Func("type", "`TYPE` of matrices with a scale per group: q2_0, pq2_0, tq2_0 or tern (default: pq2_0 for groups of 128, q2_0 for 64)", func(v string) error {
		kind = export.Type(strings.ToLower(v))
		if !slices.Contains(export.Types, kind) {
			return errors.New("want q2_0, pq2_0, tq2_0 or tern")
		}
		return nil
	})
	f.StringVar(&shape, "synthetic", "", "random weights of the published `SHAPE`: "+strings.Join(checkpoint.Shapes(), ", ")+"; implies --portable, and an F16 head unless --head says q8_0")
	f.limit(&threads, "threads", maxThreads, "`N` workers to measure with, 0 for one per core")
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	want := 2
	if shape != "" {
		want = 1
		if !slices.Contains(checkpoint.Shapes(), shape) {
			return f.wrong("there is no shape %q", shape)
		}
	}
	if len(bare) != want || slices.Contains(bare, "") {
		return f.wrong("it takes a MODEL and the file to write, or --synthetic and the file")
	}
	out := bare[want-1]
	if !strings.EqualFold(filepath.Ext(out), ".gguf") {
		return f.wrong("the file to write, %q, does not end in .gguf", out)
	}
	if _, err := os.Lstat(out); !errors.Is(err, fs.ErrNotExist) {
		return &hinted{fmt.Errorf("%s exists already", out), "Choose another name, or remove the file first."}
	}
	var m *model.Model
	if shape != "" {
		m, err = synthetic(shape)
		portable = true
	} else {
		m, _, err = openModel(ctx, s, source{path: bare[0], corrections: f.model.corrections})
	}
	if err != nil {
		return err
	}
	if head != 0 {
		small, err := export.WithHead(m, head)
		if err != nil {
			return err
		}
		if shape == "" {
			if err := priceOfHead(ctx, s, m, small, threads); err != nil {
				return err
			}
		}
		m = small
	}
	if portable && m.SubNorm && m.Activation == model.ReLU2 {
		fmt.Fprintln(s.Err, "Note: programs that do not read bitnet.hidden_activation will run this copy with the wrong activation, llama.cpp v0.5.0 among them.")
	}
	return writeCopy(ctx, s, m, out, compact.Options{Portable: portable, Type: kind})
}

func writeCopy(ctx context.Context, s Streams, m *model.Model, out string, o compact.Options) error {
	progress := newMeter(s.Err)
	o.Progress = func(written, total int64) {
		progress.show("writing: %s of %s", formatBytes(written), formatBytes(total))
	}
	err := compact.Write(ctx, m, out, o)
	progress.clear()
	switch cannot := errors.Is(err, checkpoint.ErrLossy) || errors.Is(err, model.ErrUnsupported); {
	case cannot && o.Type != "":
		return &hinted{err, "Leave --type out: the copy then keeps every weight."}
	case cannot && o.Portable:
		return &hinted{err, "Leave --portable out: Tern itself runs that copy."}
	case err != nil:
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%s: %s\n", out, formatBytes(info.Size()))
	return err
}

// priceOfHead measures what a smaller head costs and prints it.
func priceOfHead(ctx context.Context, s Streams, m, small *model.Model, threads int) error {
	progress := newMeter(s.Err)
	progress.show("measuring the smaller head")
	defer progress.clear()
	a, err := inference.New(m, inference.Options{Threads: threads, OnlyIDs: true})
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := inference.New(small, inference.Options{Threads: threads, OnlyIDs: true})
	if err != nil {
		return err
	}
	defer b.Close()
	c, err := check.Compare(ctx, a, b, check.ComparedIDs(a, b))
	if err != nil {
		return err
	}
	progress.clear()
	of := "a built-in paragraph"
	if a.Tokenizer() == nil {
		of = "arbitrary ids"
	}
	_, err = fmt.Fprintf(s.Out, "%v head, %d tokens of %s: logits differ by up to %.2g%% of the largest, the most likely token is the same at %d; perplexity %.6g before, %.6g after\n",
		small.Head.Type, c.Positions, of, 100*c.Logits, c.SameArgmax, c.Perplexity[0], c.Perplexity[1])
	return err
}

// synthetic is a model of a published shape, with a SentencePiece vocabulary of
// bytes and invented words, because other programs open no model without one, and
// with ChatML, so that servers and windows can be timed with chats.
func synthetic(shape string) (*model.Model, error) {
	m, err := checkpoint.Synthetic(shape, model.F16, 1)
	if err != nil {
		return nil, err
	}
	v := &vocab.GGUF{
		Model: "llama", Tokens: []string{"<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"}, Types: []int32{2, 3, 3, 3, 3},
		Scores: make([]float32, m.VocabSize), UNK: 0, BOS: 1, EOS: 2, EOT: 4, PAD: -1,
		ChatTemplate: "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
			"{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
	}
	for b := range 256 {
		v.Tokens, v.Types = append(v.Tokens, fmt.Sprintf("<0x%02X>", b)), append(v.Types, 6)
	}
	for id := len(v.Tokens); id < m.VocabSize; id++ {
		v.Tokens, v.Types = append(v.Tokens, fmt.Sprintf("▁w%d", id)), append(v.Types, 1)
		v.Scores[id] = -float32(id)
	}
	m.Tokenizer.GGUF = v
	m.BOS, m.StopIDs = v.BOS, []int32{v.EOS, v.EOT}
	return m, nil
}
