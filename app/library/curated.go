package library

import (
	"tern/model"
	"tern/model/checkpoint"
)

// Public is a checkpoint that anyone may download.
type Public struct {
	ID      string // of the repository
	Family  string // those of one family stand together
	Chat    bool   // false for a base model, which continues texts
	Licence string // what its card said when it was last seen; the site has the last word
	Bytes   int64  // of the download, about
	// Take is the part of the name of the file to take that tells it from the other
	// forms of the same weights; hub.Repo.Pick chooses it. "" where there is one form.
	Take string
	// Languages are ISO 639 codes; Many stands for a hundred or so.
	Languages []string
	Thinking  bool // it thinks before it answers, unless it is told not to
	Tools     bool // its template calls tools

	shape *model.Config
	head  model.DType // of the embedding and the head; model.Packed as the rest
}

// Many is the code of ISO 639-2 for several languages.
const Many = "mul"

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
	apache       = "Apache-2.0"
)

// Names of families.
const (
	Bonsai    = "Ternary Bonsai"
	BonsaiBit = "Bonsai (1 bit)"
	Bonsai2   = "Ternary Bonsai 2"
	BitCPM    = "BitCPM"
	TriLM     = "TriLM"
	BitNet    = "BitNet"
	Falcon    = "Falcon"
)

var (
	english = []string{"en"}
	falcons = []string{"en", "fr", "es", "pt"}
	chinese = []string{"zh", "en"}
	many    = []string{Many}
)

// Publics are the public ternary checkpoints, family by family and the lightest
// first of each. Of the forms of Bonsai's weights Tern takes the smallest that holds
// all of them: PTQ1_0, then PQ2_0 and Q2_0, which are the same bytes, then Q2_0_g64.
var Publics = []Public{
	{ID: "prism-ml/Ternary-Bonsai-1.7B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 457_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-1.7b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-4B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 1_075_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-4b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-8B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 2_180_000_000, Take: "Q2_0", Languages: many, Tools: true, shape: published("bonsai-8b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-2-9B-gguf", Family: Bonsai2, Chat: true, Licence: apache, Bytes: 2_000_000_000, Take: "PTQ1_0", Languages: many, Thinking: true, Tools: true, shape: published("bonsai-2-9b"), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-2-27B-gguf", Family: Bonsai2, Chat: true, Licence: apache, Bytes: 5_900_000_000, Take: "PTQ1_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},
	{ID: "prism-ml/Ternary-Bonsai-27B-gguf", Family: Bonsai, Chat: true, Licence: apache, Bytes: 7_170_000_000, Take: "Q2_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},
	{ID: "prism-ml/Bonsai-1.7B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 242_000_000, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-1.7b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-4B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 570_000_000, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-4b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-8B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 1_160_000_000, Take: "Q1_0", Languages: many, Tools: true, shape: published("bonsai-8b"), head: model.Packed},
	{ID: "prism-ml/Bonsai-27B-gguf", Family: BonsaiBit, Chat: true, Licence: apache, Bytes: 3_900_000_000, Take: "Q1_0", Languages: many, Thinking: true, Tools: true, shape: bonsai27B(), head: model.Packed},

	{ID: "openbmb/BitCPM-CANN-0.5B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 270_000_000, Take: "tq2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-1B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 450_000_000, Take: "tq2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-3B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 1_000_000_000, Take: "tq2_0", Languages: chinese},
	{ID: "openbmb/BitCPM-CANN-8B-gguf", Family: BitCPM, Chat: true, Licence: apache, Bytes: 2_370_000_000, Take: "tq2_0", Languages: chinese, shape: bitcpm8B, head: model.Q4K},

	{ID: "1bitLLM/bitnet_b1_58-large", Family: BitNet, Licence: mit, Bytes: 2_920_000_000, Languages: english, shape: large, head: model.F32},
	{ID: "1bitLLM/bitnet_b1_58-xl", Family: BitNet, Licence: mit, Bytes: 5_100_000_000, Languages: english, shape: xl, head: model.F32},
	{ID: "microsoft/bitnet-b1.58-2B-4T-gguf", Family: BitNet, Chat: true, Licence: mit, Bytes: 1_190_000_000, Languages: english, shape: twoB4T, head: model.F16},
	{ID: "microsoft/bitnet-b1.58-2B-4T", Family: BitNet, Chat: true, Licence: mit, Bytes: 1_180_000_000, Languages: english, shape: twoB4T, head: model.BF16},
	{ID: "1bitLLM/bitnet_b1_58-3B", Family: BitNet, Licence: mit, Bytes: 13_300_000_000, Languages: english, shape: threeB, head: model.F32},
	{ID: "HF1BitLLM/Llama3-8B-1.58-100B-tokens", Family: BitNet, Licence: llamaLicence, Bytes: 3_850_000_000, Languages: english, shape: llama8B, head: model.BF16},

	{ID: "tiiuae/Falcon-E-1B-Instruct", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 640_000_000, Languages: english},
	{ID: "tiiuae/Falcon-E-3B-Instruct", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 960_000_000, Languages: english},
	{ID: "tiiuae/Falcon3-1B-Instruct-1.58bit", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 1_360_000_000, Languages: falcons, shape: falcon1B, head: model.BF16},
	{ID: "tiiuae/Falcon3-3B-Instruct-1.58bit", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 2_220_000_000, Languages: falcons, shape: falcon3B, head: model.BF16},
	{ID: "tiiuae/Falcon3-7B-Instruct-1.58bit", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 3_270_000_000, Languages: falcons, shape: falcon7B, head: model.BF16},
	{ID: "tiiuae/Falcon3-10B-Instruct-1.58bit", Family: Falcon, Chat: true, Licence: tiiLicence, Bytes: 3_990_000_000, Languages: falcons, shape: falcon10B, head: model.BF16},

	{ID: "SpectraSuite/TriLM_3.9B_Unpacked", Family: TriLM, Licence: apache, Bytes: 8_000_000_000, Languages: english},
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
	bitcpm8B  = &model.Config{Arch: checkpoint.MiniCPM, Input: model.InputFloat, Layers: 32, Dim: 4096, FFNDim: 16384, Heads: 32, KVHeads: 2, HeadDim: 128, VocabSize: 73448, ContextLen: 32768}
)

// published is a shape that package checkpoint knows.
func published(name string) *model.Config {
	c, ok := checkpoint.Shape(name)
	if !ok {
		panic("library: no shape " + name)
	}
	return &c
}

// bonsai27B is the shape of the three models of this size.
func bonsai27B() *model.Config {
	c := *published("bonsai-2-9b")
	c.Layers, c.Dim, c.FFNDim, c.Heads = 64, 5120, 17408, 24
	c.Recurrent = append(c.Recurrent, c.Recurrent...) // the same period, twice the layers
	c.DeltaNet.ValueHeads = 48
	return &c
}

func bitnet(layers, dim, ffn, heads, head int) *model.Config {
	return &model.Config{Arch: checkpoint.BitNet, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: heads, HeadDim: head,
		VocabSize: 32002, ContextLen: 2048, SubNorm: true, TiedEmbedding: true}
}

func falcon(layers, dim, ffn, heads, context int) *model.Config {
	return &model.Config{Arch: checkpoint.Llama, Layers: layers, Dim: dim, FFNDim: ffn, Heads: heads, KVHeads: 4, HeadDim: 256,
		VocabSize: 131072, ContextLen: context}
}
