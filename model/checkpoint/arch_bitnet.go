package checkpoint

import "tern/model"

// BitNet is the architecture of BitNet b1.58 as 1bitLLM published it.
const BitNet model.Arch = "bitnet"

// bitnet covers large, xl and 3B: a Llama with sub-norms before o and down.
// Sources: configuration_bitnet.py and modeling_bitnet.py of
// 1bitLLM/bitnet_b1_58-large.
var bitnet = Architecture{
	Base: model.Config{Arch: BitNet, Family: "BitNet b1.58",
		SubNorm: true, Activation: model.SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	Class:     "BitnetForCausalLM",
	ModelType: "llama",
	Names:     withSubNorms("self_attn.inner_attn_ln", "mlp.ffn_layernorm"),
	float:     floatLatent,
	GGUF:      GGUFForm{Keys: []string{"bitnet"}, Activation: true, latent: true, settle: settleBitNet},
	shapes: map[string]model.Config{
		"large": {Layers: 24, Dim: 1536, FFNDim: 4096, Heads: 16, KVHeads: 16, HeadDim: 96,
			VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, TiedEmbedding: true},
		"xl": {Layers: 24, Dim: 2048, FFNDim: 5460, Heads: 32, KVHeads: 32, HeadDim: 64,
			VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, TiedEmbedding: true},
		"3b": {Layers: 26, Dim: 3200, FFNDim: 8640, Heads: 32, KVHeads: 32, HeadDim: 100,
			VocabSize: 32002, ContextLen: 2048, NormEps: 1e-5, TiedEmbedding: true},
	},
}

// settleBitNet tells 2B-4T from the models of 1bitLLM: current llama.cpp
// converts both to "bitnet" and names the activation. Files by older converters
// do not name it; there the vocabulary or the base of the rotation tells.
func settleBitNet(k *metadata, c *model.Config) model.Arch {
	if k.text(k.of(KeyActivation)) == "" && (c.VocabSize == llama3Vocab || c.RopeTheta == 500_000) {
		c.Activation = model.ReLU2
	}
	if c.Activation == model.ReLU2 {
		return BitNet2B4T
	}
	return BitNet
}
