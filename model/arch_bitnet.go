package model

// bitnet is BitNet b1.58 as 1bitLLM published it (large, xl, 3B): a Llama with
// sub-norms before o and down. Sources: configuration_bitnet.py and
// modeling_bitnet.py of 1bitLLM/bitnet_b1_58-large.
var bitnet = arch{
	key:       ArchBitNet,
	family:    "BitNet b1.58",
	base:      Config{SubNorm: true, Activation: SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	class:     "BitnetForCausalLM",
	modelType: "llama",
	names:     withSubNorms("self_attn.inner_attn_ln", "mlp.ffn_layernorm"),
	float:     floatLatent,
	gguf:      ggufArch{keys: []string{"bitnet"}, activation: true, latent: true, settle: settleBitNet},
}

// settleBitNet tells 2B-4T from the models of 1bitLLM: current llama.cpp
// converts both to "bitnet" and names the activation. Files by older converters
// do not name it; there the vocabulary or the base of the rotation tells.
func settleBitNet(k *metadata, c *Config) Arch {
	if k.text(k.of(keyActivation)) == "" && (c.VocabSize == llama3Vocab || c.RopeTheta == 500_000) {
		c.Activation = ReLU2
	}
	if c.Activation == ReLU2 {
		return Arch2B4T
	}
	return ArchBitNet
}
