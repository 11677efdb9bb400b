package tokenizer

import (
	"cmp"
	"fmt"
)

// preTokenizer is what the name of a pre-tokenizer in a GGUF file means, as
// llama.cpp reads it (llama-vocab.cpp). Each pattern cuts what the one before
// left: its matches and the stretches between them are words.
type preTokenizer struct {
	patterns     []string
	ignoreMerges bool // a word that is a token is left whole
	bos          bool // BOS comes first, where the file does not say
	nfc          bool // the model's own tokenizer.json normalizes; llama.cpp does not
}

// The patterns beside those of split.go, as the models' own files have them.
const (
	numberPattern  = `\p{N}`
	numbersPattern = `\p{N}+`
	digitsPattern  = `[0-9][0-9][0-9]`
	threePattern   = `\p{N}{1,3}`
	signsPattern   = `[\p{P}$+<=>^~|]+`
	falconPattern  = "[\\p{P}$+<=>^~|`]+"
	kanaPattern    = `[一-龥぀-ゟ゠-ヿ]+`
	linesPattern   = `[^\n]+|[\n]+`

	deepseek3Pattern = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
	spark25Pattern   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+"
	gpt4oPattern     = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	youtuPattern     = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	tekkenPattern    = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	bailingPattern   = `'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`
	seedPattern      = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`
	turkishPattern   = `[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	exaonePattern    = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`
	minicpm5Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	jais2Pattern     = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`
	bloomPattern     = ` ?[^(\s|.,!?…。，、।۔،)]+`
)

// The pre-tokenizers that several names mean.
var (
	preLlama3  = preTokenizer{patterns: []string{llama3Pattern}, ignoreMerges: true, bos: true}
	preTiktok  = preTokenizer{patterns: []string{llama3Pattern}}
	preQwen2   = preTokenizer{patterns: []string{qwen2Pattern}}
	preGPT2    = preTokenizer{patterns: []string{gpt2Pattern}}
	preDigits  = preTokenizer{patterns: []string{numberPattern, gpt2Pattern}}
	preDefault = preTokenizer{patterns: []string{signsPattern, gpt2Pattern, numbersPattern, digitsPattern}}
	preSeek3   = preTokenizer{patterns: []string{threePattern, kanaPattern, deepseek3Pattern}}
	preGPT4o   = preTokenizer{patterns: []string{gpt4oPattern}}
	preBloom   = preTokenizer{patterns: []string{bloomPattern}}
	preBailing = preTokenizer{patterns: []string{bailingPattern}}
	// Their files normalize to NFC, which a GGUF file cannot say.
	preQwen2NFC = preTokenizer{patterns: []string{qwen2Pattern}, nfc: true}
	preQwen35   = preTokenizer{patterns: []string{qwen35Pattern}, nfc: true}
)

// preTokenizers are the names that llama.cpp knows, and falcon_e, which the
// published Falcon-E files have. It cuts by a table of its own for
// deepseek-llm and by code for afmoe, kimi-k2, superbpe and tiny_aya, and does
// not spell bytes for gemma4, sarvam-moe and whitespace; chameleon is for images.
var preTokenizers = map[string]preTokenizer{
	"default": preDefault,

	"llama3": preLlama3, "llama-v3": preLlama3, "llama-bpe": preLlama3, "falcon3": preLlama3, "falcon_e": preLlama3,
	"falcon-h1": preLlama3, "pixtral": preLlama3, "midm-2.0": preLlama3, "lfm2": preLlama3, "jina-v5-nano": preLlama3,

	"dbrx": preTiktok, "smaug-bpe": preTiktok, "glm4": preTiktok, "chatglm-bpe": preTiktok,

	"qwen2": preQwen2NFC, "qwen35": preQwen35,
	"deepseek-r1-qwen": preQwen2, "kormo": preQwen2, "f2llmv2": preQwen2, "megrez": preQwen2, "stablelm2": preQwen2,
	"hunyuan": preQwen2, "solar-open": preQwen2, "grok-2": preQwen2,

	"gpt-2": preGPT2, "phi-2": preGPT2, "jina-es": preGPT2, "jina-de": preGPT2, "jina-v1-en": preGPT2, "jina-v2-es": preGPT2,
	"jina-v2-de": preGPT2, "jina-v2-code": preGPT2, "roberta-bpe": preGPT2, "gigachat": preGPT2, "a.x-4.0": preGPT2,
	"mellum": preGPT2, "modern-bert": preGPT2, "mpt": preGPT2, "olmo": preGPT2, "jais": preGPT2, "trillion": preGPT2,
	"granite-docling": preGPT2, "exaone4": preGPT2,

	"starcoder": preDigits, "refact": preDigits, "command-r": preDigits, "smollm": preDigits, "codeshell": preDigits,
	"exaone": preDigits, "minerva-7b": preDigits, "mellum2": preDigits,

	"falcon":         {patterns: []string{falconPattern, gpt2Pattern, digitsPattern}},
	"deepseek-coder": {patterns: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, numberPattern}},
	"deepseek-v3":    preSeek3, "hunyuan-dense": preSeek3, "joyai-llm": preSeek3, "hy_v4": preSeek3,
	"spark2_5":  {patterns: []string{threePattern, kanaPattern, spark25Pattern, numberPattern}},
	"youtu":     {patterns: []string{`[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+`, youtuPattern}, ignoreMerges: true},
	"jais-2":    {patterns: []string{jais2Pattern}},
	"poro-chat": preBloom, "bloom": preBloom, "gpt3-finnish": preBloom,
	"viking": {patterns: []string{bloomPattern, numberPattern}},
	"tekken": {patterns: []string{tekkenPattern}, ignoreMerges: true, bos: true},
	"gpt-4o": preGPT4o, "llama4": preGPT4o, "kanana2": preGPT4o, "talkie": preGPT4o, "minimax-m2": preGPT4o,
	"granite-embed-multi-97m": {patterns: []string{gpt4oPattern}, ignoreMerges: true},
	"bailingmoe":              preBailing, "bailingmoe2": preBailing, "llada-moe": preBailing,
	"seed-coder": {patterns: []string{seedPattern}},
	"ufakzeka":   {patterns: []string{turkishPattern}},
	"laguna":     {patterns: []string{linesPattern, qwen2Pattern}},
	"exaone-moe": {patterns: []string{exaonePattern}},
	"minicpm5":   {patterns: []string{threePattern, minicpm5Pattern}, ignoreMerges: true},
}

// steps compiles the patterns.
func (p *preTokenizer) steps() ([]step, error) {
	list := make([]step, len(p.patterns))
	for i, expr := range p.patterns {
		if split, ok := splitPatterns[expr]; ok {
			list[i] = each(split)
			continue
		}
		find, err := pattern(expr)
		if err != nil {
			return nil, fmt.Errorf("tokenizer: GGUF: %w: %w", err, ErrUnsupported)
		}
		list[i] = cut(find, "Isolated", false)
	}
	return list, nil
}

// preTokenizer returns what the file names, or what its vocabulary tells where
// the name says nothing.
func (v ggufVocab) preTokenizer(c *config) (preTokenizer, error) {
	pre, known := preTokenizers[cmp.Or(v.Pre, "default")]
	name := v.telling()
	switch {
	case v.unnamedPre() && name != "":
		// The official file of 2B-4T names no pre-tokenizer and llama.cpp falls
		// back to one of its own, with which the model was not trained.
		return preTokenizers[name], nil
	case v.Pre == "":
		c.notes = append(c.notes, "The file names no pre-tokenizer; words are cut by llama.cpp's default, which may not be the model's.")
	case !known && name != "":
		c.notes = append(c.notes, fmt.Sprintf("The pre-tokenizer %q is not known; the vocabulary is that of %q, which is taken.", v.Pre, name))
		return preTokenizers[name], nil
	case !known:
		return pre, fmt.Errorf("tokenizer: GGUF: pre-tokenizer %q: %w", v.Pre, ErrUnsupported)
	}
	return pre, nil
}

func (v ggufVocab) unnamedPre() bool { return v.Pre == "" || v.Pre == "default" }

// telling names the pre-tokenizer of a vocabulary that is known by the ids of
// its markers, "" for any other.
func (v ggufVocab) telling() string {
	for _, known := range []struct {
		id             int32
		literal, after string
		pre            string
	}{
		{128_000, llama3BOS, "", "llama-bpe"},
		{151_643, "<|endoftext|>", "<|im_start|>", "qwen2"},
		{248_044, "<|endoftext|>", "<|im_start|>", "qwen35"},
	} {
		if v.literal(known.id) == known.literal && (known.after == "" || v.literal(known.id+1) == known.after) {
			return known.pre
		}
	}
	if v.Model == "gpt2" && len(v.Tokens) == 128_256 {
		return "llama-bpe"
	}
	return ""
}
