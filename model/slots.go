package model

import (
	"fmt"
	"strings"

	"tern/model/ternary"
)

// Slot is the place of one weight of a model: its name in a container, its
// shape, and where it goes. Exactly one of Norm, Dense and Linear is set.
type Slot struct {
	Name       string // of the tensor
	Layer      int    // -1 outside the layers
	Rows, Cols int    // Rows is 1 for a norm

	Norm   *[]float32
	Dense  *Dense
	Linear *Linear

	Rotated bool // q or k, whose rows rotary embedding pairs

	// Dims is the stored shape of a Norm that is not a vector, nil for vectors.
	Dims []int
	// Float says that a linear is a float one in most files.
	Float bool
}

// Grouped is the matrix of a slot with a scale per group, nil where it has none.
func (s *Slot) Grouped() *ternary.Grouped {
	switch {
	case s.Linear != nil:
		return s.Linear.Grouped
	case s.Dense != nil:
		return s.Dense.Grouped
	}
	return nil
}

// Names are the modules of a container, whose weights are called
// MODULE.weight. Those of a layer follow the prefix of the layer.
type Names struct {
	Embed, Norm, Head string
	Layer             string // format of the prefix, given the layer's number

	AttnNorm, Q, K, V, AttnSub, O   string
	QNorm, KNorm                    string
	FFNNorm, Gate, Up, FFNSub, Down string

	// Of linear attention. DtBias and A are names of tensors.
	QKV, Z, Conv, DtBias, A, Alpha, Beta, DeltaNorm, DeltaOut string
}

// GGUFNames are the tensors of GGUF, which are the same for all architectures
// (gguf-py/gguf/constants.py of llama.cpp).
var GGUFNames = Names{
	Embed: "token_embd", Norm: "output_norm", Head: "output", Layer: "blk.%d.",
	AttnNorm: "attn_norm", Q: "attn_q", K: "attn_k", V: "attn_v", AttnSub: "attn_sub_norm", O: "attn_output",
	QNorm: "attn_q_norm", KNorm: "attn_k_norm",
	FFNNorm: "ffn_norm", Gate: "ffn_gate", Up: "ffn_up", FFNSub: "ffn_sub_norm", Down: "ffn_down",

	QKV: "attn_qkv", Z: "attn_gate", Conv: "ssm_conv1d", DtBias: "ssm_dt.bias", A: "ssm_a",
	Alpha: "ssm_alpha", Beta: "ssm_beta", DeltaNorm: "ssm_norm", DeltaOut: "ssm_out",
}

// RopeFactorsName is the tensor of GGUF [HeadDim/2] that divides the frequencies
// of RoPE.
const RopeFactorsName = "rope_freqs.weight"

// RopeLongName and RopeShortName are the factors of longrope, likewise.
const (
	RopeLongName  = "rope_factors_long.weight"
	RopeShortName = "rope_factors_short.weight"
)

// Allocate makes the layers and the head that m.Config implies, still empty.
func (m *Model) Allocate() {
	m.Weights.Layers = make([]Layer, m.Config.Layers)
	for i := range m.Weights.Layers {
		if m.IsRecurrent(i) {
			m.Weights.Layers[i].Delta = new(Delta)
		}
	}
	m.Head = &m.Embed
	if !m.TiedEmbedding {
		m.Head = new(Dense)
	}
}

// Slots lists the weights of m, once allocated, in the order of the forward
// pass. The norms that linears may own are not among them.
func (m *Model) Slots(n *Names) []Slot {
	c := &m.Config
	attn, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	list := []Slot{{Name: n.Embed + ".weight", Layer: -1, Rows: c.VocabSize, Cols: c.Dim, Dense: &m.Embed}}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		prefix := fmt.Sprintf(n.Layer, i)
		norm := func(name string, n int, dst *[]float32) {
			list = append(list, Slot{Name: prefix + name + ".weight", Layer: i, Rows: 1, Cols: n, Norm: dst})
		}
		linear := func(name string, rows, cols int, dst *Linear) {
			list = append(list, Slot{Name: prefix + name + ".weight", Layer: i, Rows: rows, Cols: cols, Linear: dst})
		}
		rotated := func(name string, rows int, dst *Linear) {
			linear(name, rows, c.Dim, dst)
			list[len(list)-1].Rotated = true
		}
		norm(n.AttnNorm, c.Dim, &l.AttnNorm)
		if d := l.Delta; d != nil {
			list = append(list, d.slots(n, prefix, i, c)...)
		} else {
			gated := attn
			if c.AttnGate {
				gated *= 2
			}
			rotated(n.Q, gated, &l.Q)
			rotated(n.K, kv, &l.K)
			linear(n.V, kv, c.Dim, &l.V)
			if c.QKNorm {
				norm(n.QNorm, c.HeadDim, &l.QNorm)
				norm(n.KNorm, c.HeadDim, &l.KNorm)
			}
			if c.SubNorm {
				norm(n.AttnSub, attn, &l.AttnSubNorm)
			}
			linear(n.O, c.Dim, attn, &l.O)
		}
		norm(n.FFNNorm, c.Dim, &l.FFNNorm)
		linear(n.Gate, c.FFNDim, c.Dim, &l.Gate)
		linear(n.Up, c.FFNDim, c.Dim, &l.Up)
		if c.SubNorm {
			norm(n.FFNSub, c.FFNDim, &l.FFNSubNorm)
		}
		linear(n.Down, c.Dim, c.FFNDim, &l.Down)
	}
	list = append(list, Slot{Name: n.Norm + ".weight", Layer: -1, Rows: 1, Cols: c.Dim, Norm: &m.Norm})
	if !c.TiedEmbedding {
		list = append(list, Slot{Name: n.Head + ".weight", Layer: -1, Rows: c.VocabSize, Cols: c.Dim, Dense: m.Head})
	}
	return list
}

// Shape is the logical shape, as an error message shows it.
func (s *Slot) Shape() []int {
	switch {
	case s.Dims != nil:
		return s.Dims
	case s.Norm != nil:
		return []int{s.Cols}
	}
	return []int{s.Rows, s.Cols}
}

// Module is the path of the module that owns the slot's tensor.
func (s *Slot) Module() string { return strings.TrimSuffix(s.Name, ".weight") }

// slots lists the weights of a layer's linear attention.
func (d *Delta) slots(n *Names, prefix string, layer int, c *Config) []Slot {
	shape := &c.DeltaNet
	linear := func(name string, rows, cols int, dst *Linear, float bool) Slot {
		return Slot{Name: prefix + name + ".weight", Layer: layer, Rows: rows, Cols: cols, Linear: dst, Float: float}
	}
	vector := func(name string, n int, dst *[]float32) Slot {
		return Slot{Name: prefix + name, Layer: layer, Rows: 1, Cols: n, Norm: dst}
	}
	conv := vector(n.Conv+".weight", shape.Channels()*shape.Kernel, &d.Conv)
	conv.Dims = []int{shape.Channels(), shape.Kernel}
	return []Slot{
		linear(n.QKV, shape.Channels(), c.Dim, &d.QKV, false),
		linear(n.Z, shape.Values(), c.Dim, &d.Z, false),
		linear(n.Alpha, shape.ValueHeads, c.Dim, &d.Alpha, true),
		linear(n.Beta, shape.ValueHeads, c.Dim, &d.Beta, true),
		conv,
		vector(n.DtBias, shape.ValueHeads, &d.DtBias),
		vector(n.A, shape.ValueHeads, &d.A),
		vector(n.DeltaNorm+".weight", shape.HeadDim, &d.Norm),
		linear(n.DeltaOut, c.Dim, shape.Values(), &d.Out, false),
	}
}
