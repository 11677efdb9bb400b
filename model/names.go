package model

import (
	"fmt"
	"strings"
)

// part is one weight of the model: its place in the checkpoint's names, its
// shape and where it goes. Exactly one of norm, dense and linear is set.
type part struct {
	name       string // of the tensor
	layer      int    // -1 outside the layers
	rows, cols int    // rows is 1 for a norm

	norm   *[]float32
	dense  *Dense
	linear *Linear

	rotated bool // q or k, whose rows rotary embedding pairs
}

// names are the modules of a container, whose weights are called
// MODULE.weight. Those of a layer follow the prefix of the layer.
type names struct {
	embed, norm, head string
	layer             string // format of the prefix, given the layer's number

	attnNorm, q, k, v, attnSub, o   string
	ffnNorm, gate, up, ffnSub, down string
}

const headName = "lm_head.weight"

// allocate makes the layers and the head that m.Config implies, still empty.
func (m *Model) allocate() {
	m.Weights.Layers = make([]Layer, m.Config.Layers)
	m.Head = &m.Embed
	if !m.TiedEmbedding {
		m.Head = new(Dense)
	}
}

// parts lists the weights of m, once allocated, in the order of the forward
// pass, by the names of Hugging Face. The norms that linears may own are not
// among them.
func (m *Model) parts() []part { return m.partsNamed(&m.arch().names) }

func (m *Model) partsNamed(n *names) []part {
	c := &m.Config
	attn, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	list := []part{{name: n.embed + ".weight", layer: -1, rows: c.VocabSize, cols: c.Dim, dense: &m.Embed}}
	for i := range m.Weights.Layers {
		l := &m.Weights.Layers[i]
		prefix := fmt.Sprintf(n.layer, i)
		norm := func(name string, n int, dst *[]float32) {
			list = append(list, part{name: prefix + name + ".weight", layer: i, rows: 1, cols: n, norm: dst})
		}
		linear := func(name string, rows, cols int, dst *Linear) {
			list = append(list, part{name: prefix + name + ".weight", layer: i, rows: rows, cols: cols, linear: dst})
		}
		rotated := func(name string, rows int, dst *Linear) {
			linear(name, rows, c.Dim, dst)
			list[len(list)-1].rotated = true
		}
		norm(n.attnNorm, c.Dim, &l.AttnNorm)
		rotated(n.q, attn, &l.Q)
		rotated(n.k, kv, &l.K)
		linear(n.v, kv, c.Dim, &l.V)
		if c.SubNorm {
			norm(n.attnSub, attn, &l.AttnSubNorm)
		}
		linear(n.o, c.Dim, attn, &l.O)
		norm(n.ffnNorm, c.Dim, &l.FFNNorm)
		linear(n.gate, c.FFNDim, c.Dim, &l.Gate)
		linear(n.up, c.FFNDim, c.Dim, &l.Up)
		if c.SubNorm {
			norm(n.ffnSub, c.FFNDim, &l.FFNSubNorm)
		}
		linear(n.down, c.Dim, c.FFNDim, &l.Down)
	}
	list = append(list, part{name: n.norm + ".weight", layer: -1, rows: 1, cols: c.Dim, norm: &m.Norm})
	if !c.TiedEmbedding {
		list = append(list, part{name: n.head + ".weight", layer: -1, rows: c.VocabSize, cols: c.Dim, dense: m.Head})
	}
	return list
}

// module is the path of the module that owns the part's tensor.
func (p *part) module() string { return strings.TrimSuffix(p.name, ".weight") }

// shape is the logical shape, as an error message shows it.
func (p *part) shape() []int {
	if p.norm != nil {
		return []int{p.cols}
	}
	return []int{p.rows, p.cols}
}

// excluded says whether the module stays float: each entry of
// modules_to_not_convert is a substring of the paths it means.
func (q *quantization) excluded(module string) bool {
	for _, s := range q.exclude {
		if strings.Contains(module, s) {
			return true
		}
	}
	return false
}

// needed says whether a tensor that no part of the model reads must not be
// skipped, because the computation would be another one without it.
func needed(name string) bool {
	if strings.HasSuffix(name, ".rotary_emb.inv_freq") {
		return false // a buffer that old versions of the model class saved
	}
	for _, s := range []string{"bias", "lora", "expert", "norm", "_scale"} {
		if strings.Contains(strings.ToLower(name), s) {
			return true
		}
	}
	return strings.HasPrefix(name, "model.layers.") && strings.HasSuffix(name, ".weight")
}
