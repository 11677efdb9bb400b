package checkpoint

import "tern/model"

// Qwen3 is the architecture of Ternary Bonsai 1.7B, 4B and 8B and of the 1-bit
// Bonsai.
const Qwen3 model.Arch = "qwen3"

// qwen3 normalises each head of q and k before the rotation, has a head size of
// its own, and takes float activations. Sources: Qwen3Config and
// models/qwen3/modeling_qwen3.py of transformers, src/models/qwen3.cpp of
// llama.cpp.
var qwen3 = Architecture{
	Base: model.Config{Arch: Qwen3, Family: "Qwen3 (ternary)",
		QKNorm: true, HeadDim: 128, Activation: model.SiLU, RopeTheta: 10_000, NormEps: 1e-6},
	Class:     "Qwen3ForCausalLM",
	ModelType: "qwen3",
	typeAlone: true,
	Names:     withHeadNorms("self_attn.q_norm", "self_attn.k_norm"),
	float:     floatPlain,
	input:     alwaysFloat,
	GGUF:      GGUFForm{Keys: []string{"qwen3"}},
	shapes: map[string]model.Config{
		"bonsai-1.7b": {Layers: 28, Dim: 2048, FFNDim: 6144, Heads: 16, KVHeads: 8, HeadDim: 128,
			VocabSize: 151669, ContextLen: 32768, RopeTheta: 1e6, RopeScaling: bonsaiYaRN(8192), TiedEmbedding: true},
		"bonsai-4b": {Layers: 36, Dim: 2560, FFNDim: 9728, Heads: 32, KVHeads: 8, HeadDim: 128,
			VocabSize: 151669, ContextLen: 32768, RopeTheta: 1e6, RopeScaling: bonsaiYaRN(8192), TiedEmbedding: true},
		"bonsai-8b": {Layers: 36, Dim: 4096, FFNDim: 12288, Heads: 32, KVHeads: 8, HeadDim: 128,
			VocabSize: 151669, ContextLen: 65536, RopeTheta: 1e6, RopeScaling: bonsaiYaRN(16384)},
	},
}

// bonsaiYaRN stretches an original context four times.
func bonsaiYaRN(original int) model.RopeScaling {
	return model.RopeScaling{Kind: model.RopeYaRN, Factor: 4, Original: original,
		BetaFast: betaFast, BetaSlow: betaSlow, Amplitude: yarnAmplitude(4, 1)}
}

// BonsaiYaRN is how the published models of a shape stretch the rotation, or what
// all of them have in common: by 4, to the context that the file names.
func BonsaiYaRN(c *model.Config) model.RopeScaling {
	if s, ok := bonsaiOf(c); ok {
		return s.RopeScaling
	}
	return bonsaiYaRN(max(1, c.ContextLen/4))
}

// HasBonsaiShape reports whether a configuration has the shape of one of them.
func HasBonsaiShape(c *model.Config) bool {
	_, ok := bonsaiOf(c)
	return ok
}

// bonsaiOf finds the published model with the shape of c.
func bonsaiOf(c *model.Config) (s model.Config, ok bool) {
	for _, s := range qwen3.shapes {
		if c.Arch == Qwen3 && s.Layers == c.Layers && s.Dim == c.Dim && s.FFNDim == c.FFNDim {
			return s, true
		}
	}
	return s, false
}

// withHeadNorms is hfStandard with the names of the norms of q and k.
func withHeadNorms(q, k string) model.Names {
	n := hfStandard
	n.QNorm, n.KNorm = q, k
	return n
}
