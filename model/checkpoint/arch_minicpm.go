package checkpoint

import (
	"cmp"
	"math"

	"tern/model"
	"tern/model/gguf"
)

// MiniCPM is the architecture of BitCPM 0.5B and 8B.
const MiniCPM model.Arch = "minicpm"

// minicpm is a Llama block with scaled embedding, residual stream and logits, and
// long and short factors of the rotation. Sources: modeling_minicpm.py of
// openbmb/MiniCPM4, conversion/minicpm.py and src/models/minicpm.cpp of llama.cpp.
var minicpm = Architecture{
	Base: model.Config{Arch: MiniCPM, Family: "MiniCPM (ternary)",
		Activation: model.SiLU, RopeTheta: 10_000, NormEps: 1e-5},
	Class:      "MiniCPMForCausalLM",
	ModelType:  "minicpm",
	typeAlone:  true,
	Names:      hfStandard,
	float:      floatPlain,
	input:      alwaysFloat,
	readConfig: readMiniCPM,
	GGUF:       GGUFForm{Keys: []string{"minicpm"}, Adjacent: true, read: readMiniCPMGGUF, Pairs: pairsMiniCPM},
}

// What files without these keys mean.
const (
	defaultEmbedScale   = 12
	defaultScaleDepth   = 1.4
	defaultDimModelBase = 256
)

// readMiniCPM reads the scales of config.json.
func readMiniCPM(h *hfConfig, c *model.Config) {
	c.EmbedScale = float32(or(h.ScaleEmb, 1))
	c.ResidualScale = float32(or(h.ScaleDepth, 1) / math.Sqrt(float64(max(c.Layers, 1))))
	c.LogitDivisor = float32(float64(c.Dim) / or(h.DimModelBase, 1))
}

// pairsMiniCPM lists the scales; 0 stands for 1.
func pairsMiniCPM(c *model.Config) []gguf.Pair {
	return []gguf.Pair{
		{Key: "embedding_scale", Value: cmp.Or(c.EmbedScale, 1)},
		{Key: "residual_scale", Value: cmp.Or(c.ResidualScale, 1)},
		{Key: "logit_scale", Value: cmp.Or(c.LogitDivisor, 1)},
	}
}

// readMiniCPMGGUF reads the scales of a GGUF file; the logits are divided by
// logit_scale.
func readMiniCPMGGUF(k *metadata, c *model.Config) {
	c.EmbedScale = float32(k.float(k.of("embedding_scale"), defaultEmbedScale))
	c.ResidualScale = float32(k.float(k.of("residual_scale"), defaultScaleDepth/math.Sqrt(float64(max(c.Layers, 1)))))
	c.LogitDivisor = float32(k.float(k.of("logit_scale"), float64(c.Dim)/defaultDimModelBase))
}
