package checkpoint

import "tern/model"

// BitNet2B4T is the architecture of microsoft/bitnet-b1.58-2B-4T.
const BitNet2B4T model.Arch = "bitnet-2b4t"

// bitnet2B4T has sub-norms and ReLU². Its class differs from that of 1bitLLM in
// one capital. Source: BitNetConfig and models/bitnet/modeling_bitnet.py of
// transformers.
var bitnet2B4T = Architecture{
	Base: model.Config{Arch: BitNet2B4T, Family: "BitNet b1.58 2B-4T", OnlyChats: true,
		SubNorm: true, Activation: model.ReLU2, RopeTheta: 500_000, NormEps: 1e-5},
	Class:     "BitNetForCausalLM",
	ModelType: "bitnet",
	typeAlone: true,
	Names:     withSubNorms("self_attn.attn_sub_norm", "mlp.ffn_sub_norm"),
	float:     floatLatent,
	// linear_class of the official packed file, the only one in use, is autobitlinear.
	scaleMultiplies: true,
	GGUF: GGUFForm{
		Keys:       []string{"bitnet-b1.58", "bitnet-25"}, // bitnet.cpp, and its first file
		Portable:   "bitnet",
		Activation: true,
		latent:     true,
	},
	shapes: map[string]model.Config{
		"2b-4t": {Layers: 30, Dim: 2560, FFNDim: 6912, Heads: 20, KVHeads: 5, HeadDim: 128,
			VocabSize: 128256, ContextLen: 4096, TiedEmbedding: true},
	},
}
