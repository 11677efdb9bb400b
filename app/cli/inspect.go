package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"tern/app/check"
	"tern/app/measure"
	"tern/inference"
	"tern/model"
	"tern/model/checkpoint"
	"tern/model/ternary"
)

// inspectResult is what inspect --json writes.
type inspectResult struct {
	Model   string          `json:"model"`
	Summary string          `json:"summary"`
	Config  inspectConfig   `json:"config"`
	Tensors []inspectTensor `json:"tensors"`
	Ignored []string        `json:"ignored"`
	Notes   []string        `json:"notes"` // what was passed over or assumed
	Memory  []inspectMemory `json:"memory"`
	Speed   []inspectSpeed  `json:"speed"` // expected on this machine
}

// inspectSpeed is what to expect after a text of some length.
type inspectSpeed struct {
	Threads int     `json:"threads"`
	Context int     `json:"context"`
	Prefill float64 `json:"prefill_tok_s"` // of a prompt of 128 tokens
	Decode  float64 `json:"decode_tok_s"`
}

type inspectConfig struct {
	Family        string  `json:"family"`
	Parameters    int64   `json:"parameters"`
	Layers        int     `json:"layers"`
	Dim           int     `json:"hidden_size"`
	FFNDim        int     `json:"intermediate_size"`
	Heads         int     `json:"heads"`
	KVHeads       int     `json:"kv_heads"`
	HeadDim       int     `json:"head_dim"`
	VocabSize     int     `json:"vocab_size"`
	ContextLen    int     `json:"context_length"`
	NormEps       float32 `json:"norm_eps"`
	RopeTheta     float64 `json:"rope_theta"`
	RopePairs     string  `json:"rope_pairs"`   // "half" or "adjacent"
	RopeScaling   string  `json:"rope_scaling"` // "none", or how it is stretched
	Activation    string  `json:"activation"`   // "silu" or "relu2"
	Input         string  `json:"input"`        // of ternary matrices: "int8" or "float"
	QKNorm        bool    `json:"qk_norm"`      // a norm of each head of q and k
	SubNorm       bool    `json:"sub_norm"`
	TiedEmbedding bool    `json:"tied_embedding"`
	BOS           int32   `json:"bos"` // -1 where there is none
	StopIDs       []int32 `json:"stop_ids"`
}

type inspectTensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []int  `json:"shape"` // as stored
	*TernaryFacts
}

// TernaryFacts describe a ternary matrix; its logical shape is [out][in].
type TernaryFacts struct {
	Digest         string `json:"sha256_int8"`     // of the row-major matrix of int8 -1, 0 and 1, and 2 for +2 scales
	MultiplierBits string `json:"multiplier_bits"` // of the float32, in hexadecimal; "" where groups have scales
	Neg            int    `json:"neg"`
	Zero           int    `json:"zero"`
	Pos            int    `json:"pos"`

	*GroupFacts
}

// GroupFacts describe the scales of a matrix that has one for each group of columns.
type GroupFacts struct {
	Cols     int     `json:"group"`     // columns in a group
	MinScale float32 `json:"min_scale"` // the least magnitude that is not 0
	MaxScale float32 `json:"max_scale"`
	Zeros    int     `json:"zero_scales"` // groups with the scale 0
	Two      int     `json:"two"`         // weights of +2 scales, which no training makes
}

type inspectMemory struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Inspect shows what a checkpoint holds.
func Inspect(ctx context.Context, s Streams, args []string) error {
	f := newFlags("inspect", "[MODEL] [flags]", `
Show a checkpoint's configuration, its tensors and the memory it takes, part by
part, and how fast it will be here: that follows from its shape and from half a
second of measurements. For every ternary matrix: its multiplier, how many weights
are -1, 0 and +1 and, with --json, the SHA-256 of its row-major int8 values.`,
		`tern inspect ~/models/bitnet_b1_58-large --json`)
	var asJSON bool
	f.modelFlag()
	f.BoolVar(&asJSON, "json", false, "write one JSON object")
	if err := f.parseModel(args); err != nil {
		return err
	}
	m, _, err := openModel(ctx, s, f.model)
	if err != nil {
		return err
	}
	r, err := inspect(ctx, m)
	if err != nil {
		return err
	}
	machine, err := thisMachine(ctx, measure.WorkOf(&m.Config, m.MemoryParts(), m.Head).Kind)
	if err != nil {
		return err
	}
	r.Speed = speeds(machine, m)
	if asJSON {
		return writeJSON(s.Out, r)
	}
	_, err = s.Out.Write(r.text())
	return err
}

// measured is what thisMachine found, under its lock.
var measured struct {
	sync.Mutex
	machines map[measure.Kind]measure.Machine
}

// thisMachine measures once for each kind of models, with one worker per core, unless
// that was done shortly before.
func thisMachine(ctx context.Context, kind measure.Kind) (measure.Machine, error) {
	measured.Lock()
	defer measured.Unlock()
	if m, known := measured.machines[kind]; known {
		return m, nil
	}
	if m, known := NewLibrary().Machine(kind, 0); known {
		return m, nil
	}
	m, err := measure.ThisMachine(ctx, 0, kind)
	if err != nil {
		return m, err
	}
	if measured.machines == nil {
		measured.machines = map[measure.Kind]measure.Machine{}
	}
	measured.machines[kind] = m
	return m, nil
}

// speeds is what to expect at the beginning of a text and after 2,000 tokens, or
// where the context ends.
func speeds(machine measure.Machine, m *model.Model) (list []inspectSpeed) {
	const prompt, far = 128, 2000
	work := measure.WorkOf(&m.Config, m.MemoryParts(), m.Head)
	for _, depth := range []int{0, min(far, m.ContextLen-1)} {
		list = append(list, inspectSpeed{machine.Threads, depth, machine.PrefillRate(work, depth, prompt), machine.DecodeRate(work, depth)})
	}
	return list
}

// programBytes is about what the program takes without a model and without a window,
// garbage included; wordBytes what the tokenizer takes for each word of a vocabulary.
const (
	programBytes = 24 << 20
	wordBytes    = 90
)

func inspect(ctx context.Context, m *model.Model) (*inspectResult, error) {
	r := &inspectResult{
		Model:   m.Name,
		Summary: m.Summary(),
		Config: inspectConfig{
			Family: m.Family, Parameters: m.Params(), Layers: m.Config.Layers, Dim: m.Dim, FFNDim: m.FFNDim,
			Heads: m.Heads, KVHeads: m.KVHeads, HeadDim: m.HeadDim, VocabSize: m.VocabSize, ContextLen: m.ContextLen,
			NormEps: m.NormEps, RopeTheta: m.RopeTheta, RopePairs: "half", Activation: "silu",
			RopeScaling: m.RopeScaling.Describe(), Input: m.Input.String(), QKNorm: m.QKNorm,
			SubNorm: m.SubNorm, TiedEmbedding: m.TiedEmbedding, BOS: m.BOS, StopIDs: append([]int32{}, m.StopIDs...),
		},
		Tensors: make([]inspectTensor, len(m.Tensors)),
		Ignored: append([]string{}, m.Ignored...),
		Notes:   append([]string{}, inference.Notes(m)...),
	}
	if m.RopeAdjacent {
		r.Config.RopePairs = "adjacent"
	}
	if m.Activation == model.ReLU2 {
		r.Config.Activation = "relu2"
	}
	for _, p := range m.MemoryParts() {
		r.Memory = append(r.Memory, inspectMemory{p.Name, p.Bytes})
	}
	if n := inference.ScanBytes(m.Head); n > 0 {
		r.Memory = append(r.Memory, inspectMemory{"codes of the head, at most", n})
	}
	row := inference.KVBytesPerToken(&m.Config, inference.KVF16)
	r.Memory = append(r.Memory,
		inspectMemory{"buffers and program, about", inference.ScratchBytes(&m.Config) + int64(m.VocabSize)*wordBytes + programBytes},
		inspectMemory{"key/value cache of 256 tokens, f16", 256 * row})
	total := int64(0)
	for _, p := range r.Memory {
		total += p.Bytes
	}
	r.Memory = append(r.Memory, inspectMemory{"all of these", total})
	for _, kv := range []inference.KVType{inference.KVF16, inference.KVQ8} {
		r.Memory = append(r.Memory, inspectMemory{fmt.Sprintf("key/value cache of %d tokens, %v", m.ContextLen, kv), int64(m.ContextLen) * inference.KVBytesPerToken(&m.Config, kv)})
	}
	tables := ternaryTables(m)
	return r, check.Parallel(ctx, len(m.Tensors), func(i int) {
		t := &m.Tensors[i]
		r.Tensors[i] = inspectTensor{Name: t.Name, Type: t.Type, Shape: append([]int{}, t.Shape...)}
		l := cmp.Or(t.Linear, tables[t.Name])
		if l != nil && l.Ternary() {
			r.Tensors[i].TernaryFacts = ternaryFacts(l)
		}
	})
}

// ternaryTables are the embedding and the head, where they are ternary, by the names
// of their tensors in either container.
func ternaryTables(m *model.Model) map[string]*model.Linear {
	tables := map[string]*model.Linear{}
	for _, names := range []*model.Names{&model.GGUFNames, &checkpoint.Find(m.Arch).Names} {
		for _, s := range m.Slots(names) {
			if s.Dense != nil && s.Dense.Grouped != nil {
				tables[s.Name] = &model.Linear{Matrix: ternary.Matrix{Rows: s.Rows, Cols: s.Cols}, Grouped: s.Dense.Grouped}
			}
		}
	}
	return tables
}

func ternaryFacts(l *model.Linear) *TernaryFacts {
	f := &TernaryFacts{Digest: l.Digest()}
	var two int
	f.Neg, f.Zero, f.Pos, two = l.Shares()
	if g := l.Grouped; g != nil {
		f.GroupFacts = &GroupFacts{Cols: g.GroupCols, Two: two}
		f.MinScale, f.MaxScale, f.Zeros = g.ScaleRange()
	} else {
		f.MultiplierBits = fmt.Sprintf("%08x", math.Float32bits(l.Scale))
	}
	return f
}

// scales writes the multiplier, or the range of the scales of the groups.
func (f *TernaryFacts) scales() string {
	if g := f.GroupFacts; g != nil {
		text := fmt.Sprintf("%.4g to %.4g per %d", g.MinScale, g.MaxScale, g.Cols)
		if g.Zeros > 0 {
			text += fmt.Sprintf(", %d of 0", g.Zeros)
		}
		return text
	}
	bits, _ := strconv.ParseUint(f.MultiplierBits, 16, 32)
	return fmt.Sprintf("%.6g", math.Float32frombits(uint32(bits)))
}

// twos says how many weights are +2 scales, "" for none.
func (r *inspectResult) twos() string {
	two, all, misread := 0, 0, ""
	for _, t := range r.Tensors {
		if f := t.TernaryFacts; f != nil && f.GroupFacts != nil {
			n := f.Neg + f.Zero + f.Pos + f.Two
			two, all = two+f.Two, all+n
			if misread == "" && check.Misread(f.Two, n) {
				misread = t.Name
			}
		}
	}
	if two == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d weights are +2 scales", two, all)
	if misread != "" {
		text += "; " + check.LayoutMisread + " (" + misread + ")"
	}
	return text
}

func (r *inspectResult) text() []byte {
	var b bytes.Buffer
	c := &r.Config
	fmt.Fprintf(&b, "%s\n%s\n\n", r.Model, r.Summary)
	tied := "separate head"
	if c.TiedEmbedding {
		tied = "tied head"
	}
	norms := "no sub-norms"
	switch {
	case c.SubNorm:
		norms = "sub-norms"
	case c.QKNorm:
		norms = "norms of q and k"
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "family\t%s\n", c.Family)
	fmt.Fprintf(w, "shape\t%d layers, hidden %d, intermediate %d, %s, %s, %s\n",
		c.Layers, c.Dim, c.FFNDim, c.Activation, norms, tied)
	fmt.Fprintf(w, "attention\t%d heads of %d, %d for keys and values\n", c.Heads, c.HeadDim, c.KVHeads)
	fmt.Fprintf(w, "positions\t%d, rope theta %g, pairs %s, scaling %s\n", c.ContextLen, c.RopeTheta, c.RopePairs, c.RopeScaling)
	fmt.Fprintf(w, "ternary inputs\t%s\n", inputs[c.Input])
	if text := r.twos(); text != "" {
		fmt.Fprintf(w, "codes\t%s\n", text)
	}
	fmt.Fprintf(w, "norm epsilon\t%g\n", c.NormEps)
	fmt.Fprintf(w, "vocabulary\t%d, starts with %d, stops at %v\n", c.VocabSize, c.BOS, c.StopIDs)
	for _, m := range r.Memory {
		fmt.Fprintf(w, "memory, %s\t%s\n", m.Name, formatBytes(m.Bytes))
	}
	if len(r.Speed) == 2 {
		a, b := r.Speed[0], r.Speed[1]
		fmt.Fprintf(w, "speed here\tabout %s tok/s, %s after %d tokens; reads prompts at %s tok/s (%d threads)\n",
			twoDigits(a.Decode), twoDigits(b.Decode), b.Context, twoDigits(a.Prefill), a.Threads)
	}
	fmt.Fprintf(w, "ignored\t%d tensors\n", len(r.Ignored))
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note\t%s\n", note)
	}
	w.Flush()

	fmt.Fprintln(&b)
	w = tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "tensor\ttype\tshape\tscale\t-1 / 0 / +1 %")
	for _, t := range r.Tensors {
		fmt.Fprintf(w, "%s\t%s\t%s", t.Name, t.Type, strings.Join(strings.Fields(strings.Trim(fmt.Sprint(t.Shape), "[]")), " × "))
		if q := t.TernaryFacts; q != nil {
			fmt.Fprintf(w, "\t%s\t%s", q.scales(), shares(q.Neg, q.Zero, q.Pos))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return b.Bytes()
}

// inputs says what the input policy means.
var inputs = map[string]string{
	"int8":  "int8, rounded for each token as in training",
	"float": "float, as in training",
}

// twoDigits writes v with two digits that count: more would promise too much.
func twoDigits(v float64) string {
	if v <= 0 {
		return "0"
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-1)
	return strconv.FormatFloat(math.Round(v/unit)*unit, 'f', max(0, -int(math.Floor(math.Log10(unit)))), 64)
}

// shares writes three counts as percentages of their sum: "31 / 38 / 31".
func shares(neg, zero, pos int) string {
	n := float64(max(neg+zero+pos, 1)) / 100
	return fmt.Sprintf("%.0f / %.0f / %.0f", float64(neg)/n, float64(zero)/n, float64(pos)/n)
}
