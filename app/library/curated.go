package library

import (
	"tern/model"
	"tern/model/checkpoint"
)

// Public is a checkpoint that anyone may download.
type Public struct {
	ID      string // of the repository
	Chat    bool
	Licence string // what its card said when it was last seen; the site has the last word
	Bytes   int64  // of the download, about
	shape   *model.Config
	head    model.DType
}

// Facts is what the headers will say, as far as memory depends on it; nil where
// the shape is not known.
func (p *Public) Facts() *checkpoint.Facts {
	if p.shape == nil {
		return nil
	}
	return checkpoint.Outline(*p.shape, p.head)
}

const (
	tiiLicence   = "TII Falcon"
	llamaLicence = "Llama 3"
	mit          = "MIT"
)

// Publics are the public BitNet b1.58 checkpoints, the lightest first.
var Publics = []Public{
	{"1bitLLM/bitnet_b1_58-large", false, mit, 2_920_000_000, large, model.F32},
	{"tiiuae/Falcon-E-1B-Instruct", true, tiiLicence, 640_000_000, nil, 0},
	{"1bitLLM/bitnet_b1_58-xl", false, mit, 5_100_000_000, xl, model.F32},
	{"tiiuae/Falcon3-1B-Instruct-1.58bit", true, tiiLicence, 1_360_000_000, falcon1B, model.BF16},
	{"microsoft/bitnet-b1.58-2B-4T-gguf", true, mit, 1_190_000_000, twoB4T, model.F16},
	{"microsoft/bitnet-b1.58-2B-4T", true, mit, 1_180_000_000, twoB4T, model.BF16},
	{"1bitLLM/bitnet_b1_58-3B", false, mit, 13_300_000_000, threeB, model.F32},
	{"tiiuae/Falcon-E-3B-Instruct", true, tiiLicence, 960_000_000, nil, 0},
	{"tiiuae/Falcon3-3B-Instruct-1.58bit", true, tiiLicence, 2_220_000_000, falcon3B, model.BF16},
	{"tiiuae/Falcon3-7B-Instruct-1.58bit", true, tiiLicence, 3_270_000_000, falcon7B, model.BF16},
	{"HF1BitLLM/Llama3-8B-1.58-100B-tokens", false, llamaLicence, 3_850_000_000, llama8B, model.BF16},
	{"tiiuae/Falcon3-10B-Instruct-1.58bit", true, tiiLicence, 3_990_000_000, falcon10B, model.BF16},
}

// The published shapes, as far as memory depends on them.
var (
	large     = bitnet(24, 1536, 4096, 16, 96)
	xl        = bitnet(24, 2048, 5460, 32, 64)
	threeB    = bitnet(26, 3200, 8640, 32, 100)
	twoB4T    = &model.Config{Arch: checkpoint.BitNet2B4T, Layers: 30, Dim: 2560, FFNDim: 6912, Heads: 20, KVHeads: 5, HeadDim: 128, VocabSize: 128256, ContextLen: 4096, SubNorm: true, TiedEmbedding: true}
	llama8B   = &model.Config{Arch: checkpoint.Llama, Layers: 32, Dim: 4096, FFNDim: 14336, Heads: 32, KVHeads: 8, HeadDim: 128, VocabSize: 128256, ContextLen: 8192}
	falcon1B  = falcon(18, 2048, 8192, 8, 8192)
	falcon3B  = falcon(22, 3072, 9216, 12, 32768)
	falcon7B  = falcon(28, 3072, 23040, 12, 32768)
	falcon10B = falcon(40, 3072, 23040, 12, 32768)
)

func bitnet(layers, dim, ffn, heads, head int) *model.Config {
	return &model.Config{Arch: checkpoint.BitNet, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: heads, HeadDim: head,
		VocabSize: 32002, ContextLen: 2048, SubNorm: true, TiedEmbedding: true}
}

func falcon(layers, dim, ffn, heads, context int) *model.Config {
	return &model.Config{Arch: checkpoint.Llama, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: 4, HeadDim: 256,
		VocabSize: 131072, ContextLen: context}
}
