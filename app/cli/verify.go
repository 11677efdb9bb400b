package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"tern/app/check"
	"tern/inference"
	"tern/model"
	"tern/model/compare"
	"tern/tokenizer"
)

// verifyResult is what verify --json writes.
type verifyResult struct {
	Equal     bool                       `json:"equal"`
	A         verifyModel                `json:"a"`
	B         verifyModel                `json:"b"`
	Config    []compare.ConfigDifference `json:"config"` // what differs
	Tensors   *verifyTensors             `json:"tensors"`
	Tokenizer *verifyTokenizer           `json:"tokenizer"`
	Stages    []verifyStage              `json:"stages"` // of the forward pass
	Logits    *verifyLogits              `json:"logits"`
	Groups    *verifyGroups              `json:"groups"`
}

// verifyGroups is how many weights share a scale in the first matrix where the two models
// differ in that, null where they do not. Activations are rounded by the same groups: so
// the logits of the same weights differ a little.
type verifyGroups struct {
	A int `json:"a"`
	B int `json:"b"`
}

// groupsMove is far above what other groups make of the logits, as a share of the
// largest: a few ten-thousandths.
const groupsMove = 0.01

type verifyModel struct {
	Path    string `json:"path"`
	Summary string `json:"summary"`
}

// verifyTensors is null where the shapes differ.
type verifyTensors struct {
	Compared  int                        `json:"compared"`
	Different []compare.TensorDifference `json:"different"`
}

// verifyTokenizer is null where neither model has a tokenizer.
type verifyTokenizer struct {
	Texts     int      `json:"texts"`
	Different []string `json:"different"` // texts with other ids, or a sentence
}

type verifyStage struct {
	Name       string   `json:"name"`       // "embedding", "layer 0" … "final norm"
	Difference *float64 `json:"difference"` // largest over largest magnitude; null where not finite
}

// verifyLogits is null where the shapes differ.
type verifyLogits struct {
	Positions     int      `json:"positions"`
	Difference    *float64 `json:"difference"`     // largest over largest magnitude; null where not finite
	FirstPosition int      `json:"first_position"` // that differs; -1 if none does
	SameArgmax    int      `json:"same_argmax"`    // positions with the same most likely token
	PerplexityA   *float64 `json:"perplexity_a"`
	PerplexityB   *float64 `json:"perplexity_b"`
}

// errDifferent ends verify with exit code 1.
var errDifferent = errors.New("the checkpoints differ")

// Verify compares two checkpoints.
func Verify(ctx context.Context, s Streams, args []string) error {
	f := newFlags("verify", "A B [flags]", `
Compare two checkpoints of any containers: configuration, every tensor (ternary
weights, multipliers, values, whatever they are stored as), the ids of some
texts, and what the two compute of a built-in paragraph, or of --ids, layer by
layer. It names the first tensor and the first layer that differ, and by how much. A Llama in GGUF,
whose rows of q and k are in another order, is brought into the order of its
original first.

Differences are the largest over the largest magnitude of A's numbers. The exit
code is 0 where nothing differs, 1 where something does. The same weights are equal
in groups of 64 and of 128, though activations are rounded by these groups, which
moves logits by some 0.03%.`, `
tern verify ~/models/bitnet_b1_58-large ~/models/large.gguf
tern verify bitnet-b1.58-2B-4T ggml-model-i2_s.gguf --json`)
	var asJSON bool
	var threads int
	var ids []int32
	f.BoolVar(&asJSON, "json", false, "write one JSON object")
	f.idsFlag(&ids)
	f.limit(&threads, "threads", maxThreads, "`N` workers, 0 for one per core")
	f.exactFlag()
	bare, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(bare) != 2 || slices.Contains(bare, "") {
		return f.wrong("it takes two checkpoints")
	}
	var m [2]*model.Model
	for i, path := range bare {
		if m[i], _, err = openModel(ctx, s, source{path: path}); err != nil {
			return err
		}
		m[i].RotateHalves()
	}
	r, err := verify(ctx, s, m[0], m[1], ids, inference.Options{Threads: threads, OnlyIDs: true, Exact: f.model.exact})
	if err != nil {
		return err
	}
	r.A.Path, r.B.Path = bare[0], bare[1]
	if asJSON {
		err = writeJSON(s.Out, r)
	} else {
		_, err = s.Out.Write(r.text())
	}
	if err == nil && !r.Equal {
		err = errDifferent
	}
	return err
}

func verify(ctx context.Context, s Streams, a, b *model.Model, ids []int32, o inference.Options) (*verifyResult, error) {
	progress := newMeter(s.Err)
	defer progress.clear()
	r := &verifyResult{A: verifyModel{Summary: a.Summary()}, B: verifyModel{Summary: b.Summary()}, Stages: []verifyStage{}}
	var sameShape bool
	r.Config, sameShape = compare.Configs(&a.Config, &b.Config)
	if r.Config == nil {
		r.Config = []compare.ConfigDifference{}
	}
	r.Equal = len(r.Config) == 0
	if sameShape {
		progress.show("comparing the tensors")
		list, n, err := compare.Tensors(ctx, a, b)
		if err != nil {
			return nil, err
		}
		r.Tensors = &verifyTensors{n, append([]compare.TensorDifference{}, list...)}
		r.Equal = r.Equal && len(list) == 0
	}
	ea, err := inference.New(a, o)
	if err != nil {
		return nil, err
	}
	defer ea.Close()
	eb, err := inference.New(b, o)
	if err != nil {
		return nil, err
	}
	defer eb.Close()
	r.compareTokenizers(ea.Tokenizer(), eb.Tokenizer())
	if sameShape {
		progress.show("computing")
		if ids == nil {
			ids = check.ComparedIDs(ea, eb)
		}
		r.Groups = groupsOf(a, b)
		return r, r.compareLogits(ctx, ea, eb, ids)
	}
	return r, nil
}

// groupsOf finds the first matrix whose groups have other widths in a and b.
func groupsOf(a, b *model.Model) *verifyGroups {
	other := b.Slots(&model.GGUFNames)
	for i, s := range a.Slots(&model.GGUFNames) {
		if i == len(other) {
			break // one head is the embedding
		}
		if x, y := s.Grouped(), other[i].Grouped(); x != nil && y != nil && x.GroupCols != y.GroupCols {
			return &verifyGroups{x.GroupCols, y.GroupCols}
		}
	}
	return nil
}

func (r *verifyResult) compareTokenizers(a, b tokenizer.Tokenizer) {
	if a == nil && b == nil {
		return
	}
	r.Tokenizer = &verifyTokenizer{Texts: len(check.RoundTrips), Different: []string{}}
	if a == nil || b == nil {
		r.Tokenizer.Different = append(r.Tokenizer.Different, "one of the two has no tokenizer")
	} else {
		for _, text := range check.RoundTrips {
			if !slices.Equal(a.Encode(text), b.Encode(text)) || !slices.Equal(a.EncodeSpecial(text), b.EncodeSpecial(text)) {
				r.Tokenizer.Different = append(r.Tokenizer.Different, text)
			}
		}
	}
	r.Equal = r.Equal && len(r.Tokenizer.Different) == 0
}

func (r *verifyResult) compareLogits(ctx context.Context, a, b *inference.Engine, ids []int32) error {
	c, err := check.Compare(ctx, a, b, ids)
	if err != nil {
		return err
	}
	for i, d := range c.Stages {
		name := fmt.Sprintf("layer %d", i-1)
		switch i {
		case 0:
			name = "embedding"
		case len(c.Stages) - 1:
			name = "final norm"
		}
		r.Stages = append(r.Stages, verifyStage{name, check.Finite(d)})
	}
	r.Logits = &verifyLogits{
		Positions: c.Positions, Difference: check.Finite(c.Logits), FirstPosition: c.FirstPosition, SameArgmax: c.SameArgmax,
		PerplexityA: check.Finite(c.Perplexity[0]), PerplexityB: check.Finite(c.Perplexity[1]),
	}
	same := c.FirstStage() < 0 && c.FirstPosition < 0
	r.Equal = r.Equal && (same || r.Groups != nil && c.Logits < groupsMove)
	return nil
}

// text is the result for people.
func (r *verifyResult) text() []byte {
	var b bytes.Buffer
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	line("A", "%s: %s", r.A.Path, r.A.Summary)
	line("B", "%s: %s\n", r.B.Path, r.B.Summary)
	if len(r.Config) == 0 {
		line("config", "the same")
	}
	for _, d := range r.Config {
		line("config", "%s: %s, %s", d.Name, d.A, d.B)
	}
	switch {
	case r.Tensors == nil:
		line("tensors", "of other shapes, not compared")
	case len(r.Tensors.Different) == 0:
		line("tensors", "%d, all the same", r.Tensors.Compared)
	default:
		writeTensors(&b, r.Tensors)
	}
	switch {
	case r.Tokenizer == nil:
		line("tokenizer", "neither has one")
	case len(r.Tokenizer.Different) == 0:
		line("tokenizer", "the same ids of %d texts", r.Tokenizer.Texts)
	default:
		line("tokenizer", "%d of %d texts differ, the first is %.60q", len(r.Tokenizer.Different), r.Tokenizer.Texts, r.Tokenizer.Different[0])
	}
	r.writeComputed(&b)
	if g := r.Groups; g != nil {
		line("groups", "%d weights share a scale, %d: activations are rounded by these groups, which moves logits a little", g.A, g.B)
	}
	verdict := "equal"
	if !r.Equal {
		verdict = "different"
	}
	fmt.Fprintf(&b, "\n%s\n", verdict)
	return b.Bytes()
}

// maxShown is how many differences of tensors verify lists for people.
const maxShown = 10

func writeTensors(w io.Writer, t *verifyTensors) {
	fmt.Fprintf(w, "%-10s %d, the first that differs is %s\n", "tensors", t.Compared, t.Different[0].Name)
	shown := t.Different[:min(len(t.Different), maxShown)]
	for _, d := range shown {
		switch d.Kind {
		case "form":
			fmt.Fprintf(w, "%-10s   %s: %s, %s\n", "", d.Name, d.A, d.B)
		case "ternary":
			fmt.Fprintf(w, "%-10s   %s: %d of %d weights\n", "", d.Name, d.Count, d.Of)
		case "multiplier":
			fmt.Fprintf(w, "%-10s   %s: multiplier %s, %s, by %.2g%%\n", "", d.Name, d.A, d.B, 100*d.Largest)
		default:
			fmt.Fprintf(w, "%-10s   %s: %d of %d values, by up to %.2g%% of the largest\n", "", d.Name, d.Count, d.Of, 100*d.Largest)
		}
	}
	if more := len(t.Different) - len(shown); more > 0 {
		fmt.Fprintf(w, "%-10s   and %d more; --json lists all\n", "", more)
	}
}

func (r *verifyResult) writeComputed(w io.Writer) {
	if r.Logits == nil {
		return
	}
	first := slices.IndexFunc(r.Stages, func(s verifyStage) bool { return s.Difference == nil || *s.Difference > 0 })
	if first < 0 {
		fmt.Fprintf(w, "%-10s every layer's output is the same\n", "layers")
	} else {
		fmt.Fprintf(w, "%-10s the first that differs: %s, by %s of the largest\n", "layers", r.Stages[first].Name, percent(r.Stages[first].Difference))
	}
	if l := r.Logits; l.FirstPosition < 0 {
		fmt.Fprintf(w, "%-10s the same at %d positions\n", "logits", l.Positions)
	} else {
		fmt.Fprintf(w, "%-10s by up to %s of the largest, from position %d on; the most likely token is the same at %d of %d\n",
			"logits", percent(l.Difference), l.FirstPosition, l.SameArgmax, l.Positions)
		fmt.Fprintf(w, "%-10s %s, %s\n", "perplexity", number6(l.PerplexityA), number6(l.PerplexityB))
	}
}

func percent(v *float64) string {
	if v == nil {
		return "an infinite part"
	}
	return fmt.Sprintf("%.2g%%", 100**v)
}

func number6(v *float64) string {
	if v == nil {
		return "no number"
	}
	return fmt.Sprintf("%.6g", *v)
}
