package model

// bitnet2B4T is microsoft/bitnet-b1.58-2B-4T: sub-norms and ReLU². Its class
// differs from that of 1bitLLM in one capital. Source: BitNetConfig and
// models/bitnet/modeling_bitnet.py of transformers.
var bitnet2B4T = arch{
	key:       Arch2B4T,
	family:    "BitNet b1.58 2B-4T",
	base:      Config{SubNorm: true, Activation: ReLU2, RopeTheta: 500_000, NormEps: 1e-5},
	class:     "BitNetForCausalLM",
	modelType: "bitnet",
	typeAlone: true,
	names:     withSubNorms("self_attn.attn_sub_norm", "mlp.ffn_sub_norm"),
	float:     floatLatent,
	gguf: ggufArch{
		keys:       []string{"bitnet-b1.58", "bitnet-25"}, // bitnet.cpp, and its first file
		portable:   "bitnet",
		activation: true,
		latent:     true,
	},
	onlyChats: true,
}
