package checkpoint

import "tern/model"

// Llama is the architecture of Llama3-8B-1.58, Falcon3-1.58bit and Falcon-E.
const Llama model.Arch = "llama"

// llama is the plain Llama block with ternary projections. Sources: LlamaConfig
// and models/llama/modeling_llama.py of transformers.
var llama = Architecture{
	Base: model.Config{Arch: Llama, Family: "Llama (ternary)",
		Activation: model.SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	Class:     "LlamaForCausalLM",
	ModelType: "llama",
	typeAlone: true,
	Names:     hfStandard,
	float:     floatPlain,
	input:     bySigns,
	GGUF:      GGUFForm{Keys: []string{"llama"}, Adjacent: true},
	shapes: map[string]model.Config{
		"llama3-8b": {Layers: 32, Dim: 4096, FFNDim: 14336, Heads: 32, KVHeads: 8, HeadDim: 128,
			VocabSize: 128256, ContextLen: 8192, NormEps: 1e-5, RopeTheta: 500_000},
	},
}
