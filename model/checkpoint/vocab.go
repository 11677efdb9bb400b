package checkpoint

import (
	"fmt"

	"tern/model/gguf"
	"tern/tokenizer/vocab"
)

// KeyHabits is the key of Vocab.Habits.
const KeyHabits = "tern.tokenizer"

// maxTokens bounds a vocabulary; the largest in use have 262,144 tokens.
const maxTokens = 1 << 20

// readVocab takes the vocabulary from the metadata, nil where there is none.
func readVocab(file string, meta map[string]gguf.Value) (*vocab.GGUF, error) {
	k := &metadata{file: file, pairs: meta, arch: "tokenizer.ggml"}
	v := &vocab.GGUF{Model: k.text(k.of("model")), Pre: k.text(k.of("pre"))}
	if v.Model == "" || v.Model == "none" || v.Model == "no_vocab" { // llama.cpp's words for none
		return nil, k.err
	}
	v.Tokens = k.strings(k.of("tokens"))
	v.Merges = k.strings(k.of("merges"))
	if len(v.Tokens) == 0 || len(v.Tokens) > maxTokens {
		k.fail("metadata %s has %d tokens", k.of("tokens"), len(v.Tokens))
	}
	if stored, ok := meta[k.of("scores")]; ok {
		if v.Scores, ok = stored.Float32s(); !ok && k.unread(stored) {
			return nil, k.err
		} else if !ok || len(v.Scores) < len(v.Tokens) {
			k.fail("metadata %s does not have a number for each token", k.of("scores"))
			return nil, k.err
		}
		v.Scores = v.Scores[:len(v.Tokens):len(v.Tokens)]
	}
	if stored, ok := meta[k.of("token_type")]; ok {
		if v.Types, ok = stored.Int32s(); !ok && k.unread(stored) {
			return nil, k.err
		} else if !ok || len(v.Types) < len(v.Tokens) {
			k.fail("metadata %s does not have an integer for each token", k.of("token_type"))
			return nil, k.err
		}
		v.Types = v.Types[:len(v.Tokens):len(v.Tokens)]
	}
	for name, id := range map[string]*int32{
		"bos": &v.BOS, "eos": &v.EOS, "eot": &v.EOT, "unknown": &v.UNK, "padding": &v.PAD,
	} {
		// Some writers mean "none" by the largest number.
		n := k.int(k.of(name+"_token_id"), -1)
		if *id = -1; n >= 0 && n < len(v.Tokens) {
			*id = int32(n)
		}
	}
	for name, flag := range map[string]**bool{
		"add_bos_token": &v.AddBOS, "add_eos_token": &v.AddEOS, "add_space_prefix": &v.AddSpacePrefix,
	} {
		if stored, ok := meta[k.of(name)]; ok {
			b, ok := stored.Bool()
			if !ok {
				k.fail("metadata %s is neither true nor false", k.of(name))
			}
			*flag = &b
		}
	}
	v.ChatTemplate = k.text("tokenizer.chat_template")
	v.Habits = k.strings(KeyHabits)
	if k.err != nil {
		return nil, k.err
	}
	return v, nil
}

// strings returns the array of strings at key, nil where there is none.
func (k *metadata) strings(key string) []string {
	v, ok := k.pairs[key]
	if !ok {
		return nil
	}
	list, ok := v.Strings()
	if !ok && !k.unread(v) {
		k.fail("metadata %s is not a list of strings", key)
	}
	return list
}

// unread reports whether a value could not be read, and why.
func (k *metadata) unread(v gguf.Value) bool {
	err := v.Err()
	if err != nil && k.err == nil {
		k.err = containerError(fmt.Errorf("%s: %w", k.file, err))
	}
	return err != nil
}

// stopsOf are the ids that end a text: those that the file names, and in a
// vocabulary with Llama-3's markers both of these, of which files often name
// only one. Chat turns end with the second, documents with the first.
func stopsOf(v *vocab.GGUF) []int64 {
	ids := []int64{int64(v.EOS), int64(v.EOT)}
	for id, token := range v.Tokens {
		if (token == "<|end_of_text|>" || token == "<|eot_id|>") && isControl(v, id) {
			ids = append(ids, int64(id))
		}
	}
	return ids
}

// isControl reports whether a token is a marker rather than text.
func isControl(v *vocab.GGUF, id int) bool {
	return v.Types == nil || v.Types[id] == vocab.Control
}
