// Package vocab has what describes a tokenizer before one is made of it: the files
// beside the weights, or the metadata of a GGUF file. Package model keeps it with a
// model and package tokenizer reads it; neither knows the other.
package vocab

import (
	"encoding/json"
	"errors"
	"fmt"

	"tern/model/pyjson"
)

// Files holds what describes a checkpoint's tokenizer: the raw bytes of the files
// beside the weights, nil where one is absent, or the vocabulary of a GGUF file.
type Files struct {
	JSON          []byte // tokenizer.json
	SentencePiece []byte // tokenizer.model
	Config        []byte // tokenizer_config.json
	AddedTokens   []byte // added_tokens.json
	SpecialTokens []byte // special_tokens_map.json
	ChatTemplate  []byte // chat_template.jinja

	// GGUF is the vocabulary of a GGUF file, which needs no other files.
	GGUF *GGUF

	// Rows is how many tokens the model has an embedding for, 0 where that is
	// not known. Added tokens with higher ids are ignored.
	Rows int
}

// File is a file of a tokenizer and where its bytes are kept.
type File struct {
	Name string
	Data *[]byte
}

// All lists the files that a tokenizer may have beside safetensors.
func (f *Files) All() []File {
	return []File{
		{"tokenizer.json", &f.JSON},
		{"tokenizer.model", &f.SentencePiece},
		{configName, &f.Config},
		{"added_tokens.json", &f.AddedTokens},
		{"special_tokens_map.json", &f.SpecialTokens},
		{"chat_template.jinja", &f.ChatTemplate},
	}
}

const configName = "tokenizer_config.json"

// Template returns the chat template that the files bring, in Jinja, and the name of
// the file that holds it; "" where there is none.
func (f *Files) Template() (source, name string, err error) {
	switch {
	case f.GGUF != nil:
		return f.GGUF.ChatTemplate, "GGUF", nil
	case f.ChatTemplate != nil: // in newer checkpoints; it comes before the older key
		return string(f.ChatTemplate), "chat_template.jinja", nil
	case f.Config == nil:
		return "", "", nil
	}
	var file struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := pyjson.Unmarshal(f.Config, &file); err != nil {
		return "", configName, fmt.Errorf("%s: %w", configName, err)
	}
	if len(file.Template) == 0 || json.Unmarshal(file.Template, &source) == nil { // null leaves it empty
		return source, configName, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(file.Template, &named); err != nil {
		return "", configName, errors.New(configName + ": chat_template is neither a text nor a list")
	}
	for _, n := range named {
		if n.Name == "default" || len(named) == 1 {
			return n.Template, configName, nil
		}
	}
	return "", "", nil
}

// GGUF is the tokenizer that a GGUF file holds in its metadata (tokenizer.ggml.* and
// tokenizer.chat_template). Strings need not be valid UTF-8. Scores, Types and Merges
// are nil where the file has none, ids are -1, flags are nil.
type GGUF struct {
	Model  string    // "llama" for SentencePiece, "gpt2" for byte-level BPE
	Pre    string    // how a byte-level text is cut into words; may be ""
	Tokens []string  // by id
	Scores []float32 // by id, of SentencePiece
	Types  []int32   // by id: Normal …
	Merges []string  // "left right", best first, of byte-level BPE

	BOS, EOS, EOT, UNK, PAD        int32
	AddBOS, AddEOS, AddSpacePrefix *bool
	ChatTemplate                   string // Jinja; "" where there is none

	// Habits are how a SentencePiece tokenizer departs from what is usual in such a
	// file and what the format has no keys for; package tokenizer knows them.
	Habits []string
}

// The values of GGUF.Types, which are those of SentencePiece.
const (
	Normal = iota + 1
	Unknown
	Control
	UserDefined
	Unused
	Byte
)
