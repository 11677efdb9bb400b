package checkpoint_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tern/model"
	"tern/model/checkpoint"
	"tern/model/gguf"
	"tern/model/modeltest"
	"tern/tokenizer/vocab"
)

// vocabMeta is a vocabulary with every key, in types that files use.
var vocabMeta = []gguf.Pair{
	{Key: "tokenizer.ggml.model", Value: "gpt2"},
	{Key: "tokenizer.ggml.pre", Value: "llama-bpe"},
	{Key: "tokenizer.ggml.tokens", Value: []string{"a", "b", "\xff", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|eot_id|>"}},
	{Key: "tokenizer.ggml.token_type", Value: []int32{1, 1, 1, 3, 3, 3, 1}},
	{Key: "tokenizer.ggml.scores", Value: []float32{0, -1, 1e9, 0, 0, 0, 0}},
	{Key: "tokenizer.ggml.merges", Value: []string{"a b", "b a"}},
	{Key: "tokenizer.ggml.bos_token_id", Value: uint32(3)},
	{Key: "tokenizer.ggml.eos_token_id", Value: uint64(4)},
	{Key: "tokenizer.ggml.padding_token_id", Value: uint32(0xffffffff)}, // some writers mean none
	{Key: "tokenizer.ggml.unknown_token_id", Value: int32(-1)},
	{Key: "tokenizer.ggml.add_bos_token", Value: true},
	{Key: "tokenizer.ggml.add_eos_token", Value: false},
	{Key: "tokenizer.chat_template", Value: "{{ messages }}"},
}

func TestVocab(t *testing.T) {
	yes, no := true, false
	s := little(checkpoint.BitNet)
	file := filepath.Join(t.TempDir(), "v.gguf")
	if err := s.WriteGGUF(file, modeltest.GGUF{Linear: gguf.I2S, Meta: vocabMeta}); err != nil {
		t.Fatal(err)
	}
	want := &vocab.GGUF{
		Model: "gpt2", Pre: "llama-bpe",
		Tokens: vocabMeta[2].Value.([]string), Types: vocabMeta[3].Value.([]int32), Scores: vocabMeta[4].Value.([]float32), Merges: []string{"a b", "b a"},
		BOS: 3, EOS: 4, EOT: -1, UNK: -1, PAD: -1, AddBOS: &yes, AddEOS: &no, ChatTemplate: "{{ messages }}",
	}
	m := modeltest.Open(t, file)
	if got := m.Tokenizer.GGUF; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	// The markers of Llama-3 both end a text, the text that looks like one not.
	if m.BOS != 3 || !slices.Equal(m.StopIDs, []int32{4, 5}) {
		t.Errorf("BOS %d, stop ids %v", m.BOS, m.StopIDs)
	}
	if got, err := checkpoint.OpenVocab(file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("alone: %+v, %v", got, err)
	}
	if got, err := checkpoint.OpenVocab(modeltest.Folder(t, s)); got != nil || err != nil {
		t.Errorf("of safetensors: %+v, %v", got, err)
	}
	if _, err := checkpoint.OpenVocab(file + "x"); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S}))
	if err != nil || m.Tokenizer.GGUF != nil || m.BOS != -1 || m.StopIDs != nil {
		t.Errorf("without a vocabulary: %+v, BOS %d, stop ids %v, %v", m.Tokenizer.GGUF, m.BOS, m.StopIDs, err)
	}
}

// TestStops2B4T: the published file names one of its two stop ids, and its
// vocabulary is known by its size alone where tokens carry no types.
func TestStops2B4T(t *testing.T) {
	tokens := make([]string, 128256)
	for i := range tokens {
		tokens[i] = string(rune(i + 0x4e00))
	}
	tokens[128001], tokens[128009] = "<|end_of_text|>", "<|eot_id|>"
	s := little(checkpoint.BitNet2B4T)
	s.VocabSize = len(tokens)
	m, err := modeltest.OpenBytes(modeltest.Bytes(t, s, modeltest.GGUF{Linear: gguf.I2S, Meta: []gguf.Pair{
		{Key: "tokenizer.ggml.model", Value: "gpt2"}, {Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(128000)}, {Key: "tokenizer.ggml.eos_token_id", Value: uint32(128001)},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	if m.BOS != 128000 || !slices.Equal(m.StopIDs, []int32{128001, 128009}) {
		t.Errorf("BOS %d, stop ids %v", m.BOS, m.StopIDs)
	}
}

func TestVocabDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		pair gguf.Pair
		says string
	}{
		"model":      {gguf.Pair{Key: "tokenizer.ggml.model", Value: uint32(1)}, "not a string"},
		"tokens":     {gguf.Pair{Key: "tokenizer.ggml.tokens", Value: []int32{1}}, "not a list of strings"},
		"no tokens":  {gguf.Pair{Key: "tokenizer.ggml.tokens", Value: []string{}}, "0 tokens"},
		"merges":     {gguf.Pair{Key: "tokenizer.ggml.merges", Value: "a b"}, "not a list of strings"},
		"few scores": {gguf.Pair{Key: "tokenizer.ggml.scores", Value: []float32{1}}, "a number for each token"},
		"scores":     {gguf.Pair{Key: "tokenizer.ggml.scores", Value: []string{"1", "1", "1", "1", "1", "1", "1"}}, "a number for each token"},
		"few types":  {gguf.Pair{Key: "tokenizer.ggml.token_type", Value: []int32{1}}, "an integer for each token"},
		"bos":        {gguf.Pair{Key: "tokenizer.ggml.bos_token_id", Value: "1"}, "not an integer"},
		"add_bos":    {gguf.Pair{Key: "tokenizer.ggml.add_bos_token", Value: uint32(1)}, "neither true nor false"},
		"template":   {gguf.Pair{Key: "tokenizer.chat_template", Value: true}, "not a string"},
	} {
		meta := append(slices.Clone(vocabMeta[:6:6]), c.pair)
		for i := range meta[:6] {
			if meta[i].Key == c.pair.Key {
				meta = slices.Delete(meta, i, i+1)
				break
			}
		}
		_, err := modeltest.OpenBytes(modeltest.Bytes(t, little(checkpoint.BitNet), modeltest.GGUF{Linear: gguf.I2S, Meta: meta}))
		if !errors.Is(err, model.ErrDamaged) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.pair.Key) {
			t.Errorf("%s: %v, want one that says %q", name, err, c.says)
		}
	}
}
