package checkpoint

import (
	"slices"

	"tern/model"
	"tern/model/gguf"
)

// Qwen35 is the architecture of Bonsai 2 and of Ternary Bonsai 27B.
const Qwen35 model.Arch = "qwen35"

// qwen35 is a hybrid: every fourth layer is full attention whose output has a
// gate, the others are linear attention (Gated DeltaNet). Sources:
// models/qwen3_5/modeling_qwen3_5.py of transformers, src/models/qwen35.cpp of
// llama.cpp. Safetensors store norms and heads in another form (model.FromClass).
var qwen35 = Architecture{
	Base: model.Config{Arch: Qwen35, Family: "Qwen3.5 (ternary, hybrid)",
		QKNorm: true, AttnGate: true, Activation: model.SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	Class:     "Qwen3_5ForCausalLM",
	ModelType: "qwen3_5_text",
	typeAlone: true,
	Names:     qwen35Modules(),
	float:     floatPlain,
	input:     alwaysFloat,

	readConfig: readQwen35Config,
	fromClass:  (*model.Model).FromClass,

	GGUF: GGUFForm{Keys: []string{"qwen35"}, Names: qwen35Names(), partialRope: true, read: readQwen35, Pairs: pairsQwen35},
	shapes: map[string]model.Config{
		"bonsai-2-2b": bonsai2(24, 2048, 6144, 8, 2, 16, 16, true),
		"bonsai-2-4b": bonsai2(32, 2560, 9216, 16, 4, 16, 32, true),
		"bonsai-2-9b": bonsai2(32, 4096, 12288, 16, 4, 16, 32, false),
	},
}

// qwen35Modules are the modules of the model class.
func qwen35Modules() model.Names {
	n := withHeadNorms("self_attn.q_norm", "self_attn.k_norm")
	n.QKV, n.Z, n.Alpha, n.Beta = "linear_attn.in_proj_qkv", "linear_attn.in_proj_z", "linear_attn.in_proj_a", "linear_attn.in_proj_b"
	n.Conv, n.DtBias, n.A = "linear_attn.conv1d", "linear_attn.dt_bias", "linear_attn.A_log"
	n.DeltaNorm, n.DeltaOut = "linear_attn.norm", "linear_attn.out_proj"
	return n
}

// qwen35Names differs from other architectures in one name.
func qwen35Names() *model.Names {
	n := model.GGUFNames
	n.FFNNorm = "post_attention_norm"
	return &n
}

// bonsai2 is a published shape.
func bonsai2(layers, dim, ffn, heads, kvHeads, keyHeads, valueHeads int, tied bool) model.Config {
	return model.Config{Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: kvHeads, HeadDim: 256, RopeDim: 64,
		VocabSize: 248320, ContextLen: 262144, RopeTheta: 1e7, TiedEmbedding: tied, Recurrent: everyFourth(layers, 4),
		DeltaNet: model.DeltaNet{KeyHeads: keyHeads, ValueHeads: valueHeads, HeadDim: 128, Kernel: 4}}
}

// everyFourth marks the layers that are not full attention, which comes last of
// every interval.
func everyFourth(layers, interval int) []bool {
	r := make([]bool, layers)
	for i := range r {
		r[i] = interval <= 0 || (i+1)%interval != 0
	}
	return r
}

// readQwen35 reads the kinds of the layers and the shape of linear attention. The
// last nextn_predict_layers blocks predict further tokens and are not run.
func readQwen35(k *metadata, c *model.Config) {
	blocks := c.Layers
	c.Layers -= k.int(k.of("nextn_predict_layers"), 0)
	c.DeltaNet = model.DeltaNet{
		KeyHeads: k.int(k.of("ssm.group_count")), ValueHeads: k.int(k.of("ssm.time_step_rank")),
		HeadDim: k.int(k.of("ssm.state_size")), Kernel: k.int(k.of("ssm.conv_kernel")),
	}
	if inner := k.int(k.of("ssm.inner_size"), c.DeltaNet.Values()); inner != c.DeltaNet.Values() {
		k.fail("metadata %s is %d, the heads have %d", k.of("ssm.inner_size"), inner, c.DeltaNet.Values())
	}
	interval := k.int(k.of("full_attention_interval"), 4)
	if c.Layers <= 0 || c.Layers > blocks || blocks > 1000 {
		k.fail("%d of %d blocks are layers", c.Layers, blocks)
		return
	}
	c.Recurrent = everyFourth(c.Layers, interval)
	if v, ok := k.get(k.of("attention.recurrent_layers")); ok {
		list := v.Elems()
		if len(list) < c.Layers {
			k.fail("metadata %s has %d entries for %d layers", k.of("attention.recurrent_layers"), len(list), c.Layers)
			return
		}
		for i := range c.Recurrent {
			if c.Recurrent[i], ok = list[i].Bool(); !ok {
				k.fail("metadata %s is not a list of booleans", k.of("attention.recurrent_layers"))
			}
		}
	}
	if !slices.Contains(c.Recurrent, true) {
		c.Recurrent = nil
	}
	k.sections(c)
}

// sections checks that every rotated pair belongs to one of the parts of a
// position, which are equal in a text: others would stay as they are.
func (k *metadata) sections(c *model.Config) {
	v, ok := k.get(k.of("rope.dimension_sections"))
	if !ok {
		return
	}
	list, ok := v.Ints()
	if !ok {
		k.fail("metadata %s is not a list of integers", k.of("rope.dimension_sections"))
		return
	}
	var sum int64
	for _, n := range list {
		sum += n
	}
	rotated := k.int(k.of("rope.dimension_count"), 0)
	if rotated > 0 && sum < int64(rotated/2) && k.err == nil {
		k.err = k.problem(model.ErrUnsupported, "metadata %s covers %d of %d pairs, which is not supported", k.of("rope.dimension_sections"), sum, rotated/2)
	}
}

// pairsQwen35 lists what readQwen35 reads, and the parts of a position, which other
// programs want to be told.
func pairsQwen35(c *model.Config) []gguf.Pair {
	d := &c.DeltaNet
	kinds, pairs := c.Recurrent, int32(c.RotatedDim()/2)
	if kinds == nil {
		kinds = make([]bool, c.Layers)
	}
	list := []gguf.Pair{
		{Key: "attention.recurrent_layers", Value: kinds},
		{Key: "ssm.group_count", Value: uint32(d.KeyHeads)},
		{Key: "ssm.time_step_rank", Value: uint32(d.ValueHeads)},
		{Key: "ssm.state_size", Value: uint32(d.HeadDim)},
		{Key: "ssm.conv_kernel", Value: uint32(d.Kernel)},
		{Key: "ssm.inner_size", Value: uint32(d.Values())},
		{Key: "rope.dimension_sections", Value: []int32{(pairs + 2) / 3, (pairs + 1) / 3, pairs / 3, 0}},
	}
	if first := slices.Index(kinds, false); first >= 0 && slices.Equal(kinds, everyFourth(c.Layers, first+1)) {
		list = append(list, gguf.Pair{Key: "full_attention_interval", Value: uint32(first + 1)})
	}
	return list
}

// readQwen35Config reads the kinds of the layers and the shape of linear attention of
// a config.json.
func readQwen35Config(h *hfConfig, c *model.Config) {
	c.DeltaNet = model.DeltaNet{KeyHeads: h.LinearKeyHeads, ValueHeads: h.LinearValueHeads, HeadDim: h.LinearKeyDim, Kernel: h.LinearKernel}
	if h.LinearValueDim != h.LinearKeyDim {
		c.DeltaNet.HeadDim = 0 // refused: there is no such model
	}
	c.Recurrent = everyFourth(min(max(c.Layers, 0), 1000), or(h.FullInterval, 4))
	if len(h.LayerTypes) > 0 {
		c.Recurrent = nil
		for _, kind := range h.LayerTypes {
			c.Recurrent = append(c.Recurrent, kind == "linear_attention")
		}
	}
	if !slices.Contains(c.Recurrent, true) {
		c.Recurrent = nil
	}
	part := or(h.PartialRotary, 0.25)
	if r := h.RopeParameters; r != nil {
		part = or(r.Partial, part)
	}
	if c.RopeDim = int(float64(c.HeadDim) * part); c.RopeDim == c.HeadDim {
		c.RopeDim = 0
	}
}
