package main

// faults are spread over the loader, RoPE, quantisation, the tokenizers, the sampler
// and the cache.
var faults = []fault{
	{
		"a multiplier inverted", "model/checkpoint/load.go",
		"if l.q.divide {", "if !l.q.divide {",
		"./model/checkpoint", "Golden|Micro",
	},
	{
		"the wrong pairs rotated", "inference/rope.go",
		"if p.engine.model.RopeAdjacent {", "if !p.engine.model.RopeAdjacent {",
		"./inference", "^TestGolden$",
	},
	{
		"wrong frequencies of RoPE", "inference/rope.go",
		"float32(2*j) / float32(c.RotatedDim())", "float32(2*j+1) / float32(c.RotatedDim())",
		"./inference", "^TestGolden$",
	},
	{
		"the multiplier of another token", "inference/ops.go",
		"lin.Scale / a.scale[t0+i]", "lin.Scale / a.scale[t0]",
		"./inference", "^TestGolden$",
	},
	{
		"the other activation", "inference/ops.go",
		"Activation == model.ReLU2 {", "Activation != model.ReLU2 {",
		"./inference", "^TestGolden$",
	},
	{
		"codes packed in another order", "model/ternary/pack.go",
		"dst[p] = c0 | c1<<2 | c2<<4 | c3<<6", "dst[p] = c1 | c0<<2 | c2<<4 | c3<<6",
		"./model/ternary", ".",
	},
	{
		"Q4_0 off by one", "model/dtype_q4_0.go",
		"d * float32(int(q&15)-8)", "d * float32(int(q&15)-7)",
		"./model", ".",
	},
	{
		"Q6_K without its scales", "model/dtype_q6_k.go",
		"d * float32(int8(scales[part]))", "d * float32(int8(scales[0]))",
		"./model", ".",
	},
	{
		"a dropped leading space", "tokenizer/sentencepiece.go",
		"return escapedSpace + text", "return text",
		"./tokenizer", "Golden|Encode",
	},
	{
		"merges from left to right", "tokenizer/merge.go",
		"uint64(rank)<<32 | uint64(uint32(i))", "uint64(uint32(i))",
		"./tokenizer", "Golden|Encode",
	},
	{
		"the shortest added token", "tokenizer/added.go",
		"return b - a", "return a - b",
		"./tokenizer", "^TestAddedTokens$",
	},
	{
		"the least likely of top-k", "inference/sampling/sampler.go",
		"case l > s.kept[0].Logit:", "case l < s.kept[0].Logit:",
		"./inference/sampling", "Sampl|Top",
	},
	{
		"a penalty that rewards", "inference/sampling/sampler.go",
		"return logit / float32(s.o.RepeatPenalty)", "return logit * float32(s.o.RepeatPenalty)",
		"./inference/sampling", "Sampl|Penal",
	},
	{
		"min-p not applied", "inference/sampling/sampler.go",
		", (*Sampler).cutMinP}", "}",
		"./inference/sampling", "Sampl|MinP",
	},
	{
		"keys one position on", "inference/kvcache.go",
		"k, v = k+pos%kvChunk*kv.headDim,", "k, v = k+(pos+1)%kvChunk*kv.headDim,",
		"./inference", "^TestGolden$",
	},
	{
		"values of another head", "inference/kvcache.go",
		"return keys, keys + size", "return keys, keys + 2*size",
		"./inference", "^TestGolden$",
	},
	{
		"latent weights scaled twice", "model/checkpoint/enc_latent.go",
		"return s, 1 / s", "return s, s",
		"./model/checkpoint", "Golden|Micro",
	},
}
