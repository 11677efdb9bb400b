package tokenizer

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tern/tokenizer/vocab"
)

// llamaVocabulary reads the test cases that llama.cpp keeps beside its
// vocabularies: texts in .inp, a line of ids for each in .out. The
// last text is empty, and so is the last line.
func llamaVocabulary(t *testing.T, dir, name string) (texts []string, ids [][]int32) {
	t.Helper()
	base := filepath.Join(dir, "tokenizers", "ggml-vocab-"+name+".gguf")
	texts = strings.Split(string(readFile(t, base+".inp")), "\n__ggml_vocab_test__\n")
	for line := range strings.SplitSeq(string(readFile(t, base+".out")), "\n") {
		row := []int32{}
		for field := range strings.FieldsSeq(line) {
			var id int32
			if _, err := fmt.Sscan(field, &id); err != nil {
				t.Fatal(err)
			}
			row = append(row, id)
		}
		ids = append(ids, row)
	}
	if len(texts) != 47 || len(ids) != 47 {
		t.Fatalf("%d texts and %d rows of ids, want 47", len(texts), len(ids))
	}
	return texts, ids
}

func TestLlamaVocabularies(t *testing.T) {
	dir := sharedFolder(t)
	for _, c := range []struct {
		cases    string
		file     string
		config   string
		bos, eos int32
		size     int
	}{
		{"llama-spm", "llama-32000.tokenizer.model", "", 1, 2, 32000},
		{"llama-spm", "llama-32000.tokenizer.json", "", 1, 2, 32000},
		{"llama-bpe", "llama3-128256.tokenizer.json", "llama3-128256.tokenizer_config.json", 128000, 128001, 128256},
	} {
		t.Run(c.file, func(t *testing.T) {
			data := readFile(t, dir, "tokenizers", c.file)
			files := vocab.Files{JSON: data}
			if strings.HasSuffix(c.file, ".model") {
				files = vocab.Files{SentencePiece: data}
			}
			if c.config != "" {
				files.Config = readFile(t, dir, "tokenizers", c.config)
			}
			tok := mustNew(t, files)
			if bos, add := tok.BOS(); bos != c.bos || !add || tok.EOS() != c.eos || tok.VocabSize() != c.size {
				t.Errorf("BOS %d, %v, EOS %d, %d tokens, want %d, true, %d, %d", bos, add, tok.EOS(), tok.VocabSize(), c.bos, c.eos, c.size)
			}
			texts, ids := llamaVocabulary(t, dir, c.cases)
			for i, text := range texts {
				if got := tok.Encode(text); !slices.Equal(got, ids[i]) {
					t.Errorf("case %d, Encode(%q) = %v, want %v", i, text, got, ids[i])
				}
				if got := Decode(tok, ids[i]); got != text {
					t.Errorf("case %d, Decode = %q, want %q", i, got, text)
				}
			}
		})
	}
}

// Ids that others dumped from the published BitNet-b1.58-2B-4T, whose GGUF
// file does not name its pre-tokenizer: llama.cpp then cuts texts by four
// default patterns, which in two of the seven texts are not Llama-3's.
func Test2B4TVectors(t *testing.T) {
	dir := sharedFolder(t)
	var vectors struct {
		Cases []struct {
			Name   string  `json:"name"`
			Text   string  `json:"text"`
			AddBOS bool    `json:"add_bos"`
			IDs    []int32 `json:"token_ids"`
		} `json:"test_cases"`
	}
	if err := json.Unmarshal(readFile(t, dir, "vectors-2b4t", "standard_tokens.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	data := readFile(t, dir, "tokenizers", "llama3-128256.tokenizer.json")
	llama3 := mustNew(t, vocab.Files{JSON: data})

	var f jsonFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	v, err := f.Model.vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	merges, err := f.Model.merges()
	if err != nil {
		t.Fatal(err)
	}
	byName := preTokenizers["default"]
	steps, err := byName.steps()
	if err != nil {
		t.Fatal(err)
	}
	byDefault, err := newByteLevel(byteModel{vocabulary: v, merges: mergeList{len(merges), slices.Values(merges)}, steps: steps, ignoreMerges: true})
	if err != nil {
		t.Fatal(err)
	}

	if len(vectors.Cases) != 7 {
		t.Fatalf("%d texts, want 7", len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		want := c.IDs
		if bos, add := llama3.BOS(); c.AddBOS {
			if !add || want[0] != bos {
				t.Fatalf("%s: BOS %d, %v", c.Name, bos, add)
			}
			want = want[1:]
		}
		differs := c.Name == "en_numbers_symbols" || c.Name == "zh_multiline"
		if got := llama3.Encode(c.Text); slices.Equal(got, want) == differs {
			t.Errorf("%s: %v, dumped %v, want a difference: %v", c.Name, got, want, differs)
		}
		if got := byDefault.Encode(c.Text); !slices.Equal(got, want) {
			t.Errorf("%s by the default patterns: %v, want %v", c.Name, got, want)
		}
		if got := Decode(llama3, c.IDs); got != c.Text {
			t.Errorf("%s decodes to %q, want %q", c.Name, got, c.Text)
		}
	}
}

// The prompts and greedy texts beside the two small trained models, whose
// tokenizer.model files differ in remove_extra_whitespaces.
func TestTrainedModels(t *testing.T) {
	dir := sharedFolder(t)
	type run struct {
		Prompt    string  `json:"prompt"`
		PromptIDs []int32 `json:"prompt_ids"`
		IDs       []int32 `json:"ids"`
		Text      string  `json:"text"`
	}
	for _, model := range []string{filepath.Join("models", "bitllama2-3m"), "demo-model"} {
		var golden struct {
			run
			GreedyIDs  []int32 `json:"greedy_ids"`
			GreedyText string  `json:"greedy_text"`
			Greedy     []run   `json:"greedy"`
		}
		if err := json.Unmarshal(readFile(t, dir, model, "golden.json"), &golden); err != nil {
			t.Fatal(err)
		}
		runs := golden.Greedy
		if len(runs) == 0 {
			golden.IDs, golden.Text = golden.GreedyIDs, golden.Prompt+golden.GreedyText
			runs = []run{golden.run}
		}
		tok := mustNew(t, vocab.Files{SentencePiece: readFile(t, dir, model, "tokenizer.model")})
		bos, add := tok.BOS()
		for _, r := range runs {
			if got := append([]int32{bos}, tok.Encode(r.Prompt)...); !add || r.Prompt == "" || !slices.Equal(got, r.PromptIDs) {
				t.Errorf("%s: %q is %v, want %v", model, r.Prompt, got, r.PromptIDs)
			}
			if got := Decode(tok, append(r.PromptIDs, r.IDs...)); got != r.Text {
				t.Errorf("%s: ids are %q, want %q", model, got, r.Text)
			}
			if got := checkStream(t, tok, r.IDs, false); r.Prompt+got != r.Text || got == "" {
				t.Errorf("%s: %q continues as %q, want %q", model, r.Prompt, got, r.Text)
			}
		}
	}
}
