package model

// llama is the plain Llama block with ternary projections: Llama3-8B-1.58,
// Falcon3-1.58bit, Falcon-E. Sources: LlamaConfig and
// models/llama/modeling_llama.py of transformers.
var llama = arch{
	key:       ArchLlama,
	family:    "Llama (ternary)",
	base:      Config{Activation: SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	class:     "LlamaForCausalLM",
	modelType: "llama",
	typeAlone: true,
	names:     hfStandard,
	float:     floatPlain,
	gguf:      ggufArch{keys: []string{"llama"}, adjacent: true},
}
