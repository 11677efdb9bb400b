package export

import (
	"fmt"
	"math"
	"slices"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/tokenizer/vocab"
)

// Values of general.file_type (llama.h of llama.cpp and of bitnet.cpp).
const (
	fileTQ2 = 37
	fileI2S = 40
	fileQ2  = 41
)

// meta lists the metadata, in which numbers have the types that other readers
// insist on. It comes after entries.
func (w *ggufWriter) meta() ([]gguf.Pair, error) {
	c := &w.m.Config
	a := checkpoint.Find(c.Arch)
	if !a.GGUF.Activation && c.Activation != a.Base.Activation {
		return nil, fmt.Errorf("model: %s with the activation %v has no GGUF form: %w", a.Base.Family, c.Activation, model.ErrUnsupported)
	}
	arch := a.GGUF.Keys[0]
	if w.o.Portable && a.GGUF.Portable != "" {
		arch = a.GGUF.Portable
	}
	fileType := uint32(fileI2S)
	switch {
	case c.Input == model.InputFloat:
		fileType = fileQ2
		if w.o.Type == TypeTQ2 {
			fileType = fileTQ2
		}
	case w.o.Portable || w.o.Type == TypeTQ2:
		fileType = fileTQ2
	}
	list := []gguf.Pair{
		{Key: "general.architecture", Value: arch},
		{Key: "general.type", Value: "model"},
		{Key: "general.name", Value: w.m.Name},
		{Key: "general.file_type", Value: fileType},
		{Key: "general.quantization_version", Value: uint32(2)},
		{Key: arch + ".block_count", Value: uint32(c.Layers)},
		{Key: arch + ".context_length", Value: uint32(c.ContextLen)},
		{Key: arch + ".embedding_length", Value: uint32(c.Dim)},
		{Key: arch + ".feed_forward_length", Value: uint32(c.FFNDim)},
		{Key: arch + ".attention.head_count", Value: uint32(c.Heads)},
		{Key: arch + ".attention.head_count_kv", Value: uint32(c.KVHeads)},
		{Key: arch + ".attention.key_length", Value: uint32(c.HeadDim)},
		{Key: arch + ".attention.value_length", Value: uint32(c.HeadDim)},
		{Key: arch + ".attention.layer_norm_rms_epsilon", Value: c.NormEps},
		{Key: arch + ".rope.dimension_count", Value: uint32(c.RotatedDim())},
		{Key: arch + ".rope.freq_base", Value: checkpoint.ExactFloat(c.RopeTheta)},
		{Key: arch + ".vocab_size", Value: uint32(c.VocabSize)},
	}
	if a.GGUF.Activation {
		list = append(list, gguf.Pair{Key: arch + "." + checkpoint.KeyActivation, Value: c.Activation.String()})
	}
	own := checkpoint.RopePairs(&c.RopeScaling)
	if a.GGUF.Pairs != nil {
		own = append(own, a.GGUF.Pairs(c)...)
	}
	for _, p := range own {
		list = append(list, gguf.Pair{Key: arch + "." + p.Key, Value: p.Value})
	}
	rotations, err := checkpoint.HadamardPairs(w.m, a.GGUF.TensorNames())
	if err == nil && rotations != nil && w.o.Portable {
		err = fmt.Errorf("model: other programs than PrismML's would skip that its weights are rotated, and write garbage: %w", model.ErrUnsupported)
	}
	if err != nil {
		return nil, err
	}
	list = append(list, rotations...)
	if checkpoint.SaysInput(c) {
		w.x.Input = c.Input.String()
	}
	for _, id := range c.StopIDs {
		w.x.Stops = append(w.x.Stops, int64(id))
	}
	list = append(list, w.x.Pairs()...)
	for _, s := range checkpoint.GGUFSampling {
		if v, said := w.m.Recommended[s.Own]; said && s.Whole {
			list = append(list, gguf.Pair{Key: s.GGUF, Value: int32(min(max(v, math.MinInt32), math.MaxInt32))})
		} else if said {
			list = append(list, gguf.Pair{Key: s.GGUF, Value: float32(v)})
		}
	}
	if v := w.o.Vocab; v != nil {
		if len(v.Tokens) > c.VocabSize {
			return nil, fmt.Errorf("model: the tokenizer has %d tokens, the model %d: %w", len(v.Tokens), c.VocabSize, model.ErrDamaged)
		}
		list = append(list, vocabPairs(padTo(v, c.VocabSize))...)
	} else if c.BOS >= 0 {
		list = append(list, gguf.Pair{Key: checkpoint.KeyStart, Value: uint32(c.BOS)})
	}
	return list, nil
}

// padTo gives the vocabulary a token for every row of the embedding, as other
// readers want it: unused ones after its own.
func padTo(v *vocab.GGUF, n int) *vocab.GGUF {
	if len(v.Tokens) == n {
		return v
	}
	p := *v
	p.Tokens = slices.Clone(v.Tokens)
	p.Scores, p.Types = slices.Clone(v.Scores), slices.Clone(v.Types)
	if p.Types == nil {
		p.Types = slices.Repeat([]int32{vocab.Normal}, len(v.Tokens))
	}
	for id := len(v.Tokens); id < n; id++ {
		p.Tokens, p.Types = append(p.Tokens, fmt.Sprintf("[PAD%d]", id)), append(p.Types, vocab.Unused)
		if p.Scores != nil {
			p.Scores = append(p.Scores, 0)
		}
	}
	return &p
}

// vocabPairs lists the keys of a vocabulary.
func vocabPairs(v *vocab.GGUF) []gguf.Pair {
	const prefix = "tokenizer.ggml."
	pre := v.Pre
	if pre == "" {
		pre = "default"
	}
	list := []gguf.Pair{
		{Key: prefix + "model", Value: v.Model},
		{Key: prefix + "pre", Value: pre},
		{Key: prefix + "tokens", Value: v.Tokens},
	}
	add := func(yes bool, key string, value any) {
		if yes {
			list = append(list, gguf.Pair{Key: key, Value: value})
		}
	}
	add(v.Scores != nil, prefix+"scores", v.Scores)
	add(v.Types != nil, prefix+"token_type", v.Types)
	add(v.Merges != nil, prefix+"merges", v.Merges)
	for _, t := range []struct {
		name string
		id   int32
	}{{"bos", v.BOS}, {"eos", v.EOS}, {"eot", v.EOT}, {"unknown", v.UNK}, {"padding", v.PAD}} {
		add(t.id >= 0, prefix+t.name+"_token_id", uint32(t.id))
	}
	for _, f := range []struct {
		name string
		flag *bool
	}{{"add_bos_token", v.AddBOS}, {"add_eos_token", v.AddEOS}, {"add_space_prefix", v.AddSpacePrefix}} {
		if f.flag != nil {
			add(true, prefix+f.name, *f.flag)
		}
	}
	add(v.Habits != nil, checkpoint.KeyHabits, v.Habits)
	add(v.ChatTemplate != "", "tokenizer.chat_template", v.ChatTemplate)
	return list
}
