package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"tern/model/pyjson"
	"tern/tokenizer/vocab"
)

// New makes the tokenizer that the files describe: the vocabulary of a GGUF
// file, else tokenizer.json, else tokenizer.model; each suffices alone. The error wraps
// ErrNone, ErrUnsupported or ErrDamaged.
func New(f vocab.Files) (Tokenizer, error) {
	c, err := readConfig(f)
	if err != nil {
		return nil, err
	}
	var t *tokenizer
	switch {
	case f.GGUF != nil:
		t, err = ggufVocab{f.GGUF}.tokenizer(&c)
	case f.JSON != nil:
		t, err = readJSON(f.JSON, &c)
	case f.SentencePiece != nil:
		t, err = readSentencePiece(f.SentencePiece, &c)
	default:
		return nil, fmt.Errorf("tokenizer: neither tokenizer.json nor tokenizer.model: %w", ErrNone)
	}
	if err != nil {
		return nil, err
	}
	t.notes = append(t.notes, c.notes...)
	named := make(map[int32]bool)
	for _, a := range c.added {
		if !named[a.id] {
			t.rename(a)
		}
		if err := t.add(a); err != nil {
			return nil, err
		}
		named[a.id] = true
	}
	if err := t.limit(f.Rows, c.unused); err != nil {
		return nil, err
	}
	if err := t.chooseMarks(&c); err != nil {
		return nil, err
	}
	t.seal()
	return t, nil
}

// config gathers what the files say beside the vocabulary, the first to say
// something foremost.
type config struct {
	bos, eos       []string // literals
	addBOS         *bool    // from tokenizer_config.json
	templateBOS    *bool    // whether the post-processor puts a token first
	legacy         bool     // a dummy space follows every added token
	addPrefixSpace bool
	added          []added
	unused         func(id int32) bool // of a GGUF file
	notes          []string
}

// readConfig reads the small files.
func readConfig(f vocab.Files) (config, error) {
	var file struct {
		AddBOS         *bool                `json:"add_bos_token"`
		BOS            tokenName            `json:"bos_token"`
		EOS            tokenName            `json:"eos_token"`
		Legacy         *bool                `json:"legacy"`
		AddPrefixSpace *bool                `json:"add_prefix_space"`
		Added          map[string]addedJSON `json:"added_tokens_decoder"`
	}
	var names struct {
		BOS tokenName `json:"bos_token"`
		EOS tokenName `json:"eos_token"`
	}
	var ids map[string]int32
	var c config
	for _, part := range []struct {
		name string
		data []byte
		into any
	}{
		{"tokenizer_config.json", f.Config, &file},
		{"special_tokens_map.json", f.SpecialTokens, &names},
		{"added_tokens.json", f.AddedTokens, &ids},
	} {
		if part.data == nil {
			continue
		}
		if len(bytes.TrimSpace(part.data)) == 0 {
			c.notes = append(c.notes, fmt.Sprintf("%s is empty and passed over.", part.name))
			continue
		}
		if err := pyjson.Unmarshal(part.data, part.into); err != nil {
			return config{}, fmt.Errorf("tokenizer: %s: %w: %w", part.name, ErrDamaged, err)
		}
	}

	c = config{
		notes:          c.notes,
		bos:            []string{string(file.BOS), string(names.BOS)},
		eos:            []string{string(file.EOS), string(names.EOS)},
		addBOS:         file.AddBOS,
		legacy:         file.Legacy == nil || *file.Legacy,
		addPrefixSpace: file.AddPrefixSpace == nil || *file.AddPrefixSpace,
	}
	for key, a := range file.Added {
		id, err := strconv.ParseInt(key, 10, 32)
		if err != nil {
			return config{}, fmt.Errorf("tokenizer: tokenizer_config.json: id %q: %w", key, ErrDamaged)
		}
		a.ID = int32(id)
		c.added = append(c.added, a.added())
	}
	slices.SortFunc(c.added, func(a, b added) int { return int(a.id) - int(b.id) })
	// added_tokens.json has names and ids alone. Its tokens count as special
	// unless tokenizer_config.json, which comes first, calls them text.
	for _, literal := range slices.Sorted(maps.Keys(ids)) {
		c.added = append(c.added, added{id: ids[literal], literal: literal, special: true})
	}
	return c, nil
}

// tokenName is a token in a configuration: a string, an object with its
// content, or null.
type tokenName string

func (n *tokenName) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		// Of a list the first counts; there is one where nobody looked.
		var list []tokenName
		err := json.Unmarshal(data, &list)
		if len(list) > 0 {
			*n = list[0]
		}
		return err
	}
	if !bytes.HasPrefix(data, []byte("{")) {
		return json.Unmarshal(data, (*string)(n))
	}
	var a addedJSON
	err := json.Unmarshal(data, &a)
	*n = tokenName(a.Content)
	return err
}

// addedJSON is an added token as tokenizer.json and tokenizer_config.json have it.
type addedJSON struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Special    bool   `json:"special"`
	Normalized bool   `json:"normalized"`
}

func (a addedJSON) added() added {
	return added{
		id:         a.ID,
		literal:    a.Content,
		special:    a.Special,
		lstrip:     a.LStrip,
		rstrip:     a.RStrip,
		singleWord: a.SingleWord,
		normalized: a.Normalized,
	}
}

const llama3BOS = "<|begin_of_text|>"

// chooseMarks settles BOS and EOS: the tokens that the files name, else those
// customary in such vocabularies. SentencePiece and Llama-3 vocabularies get
// BOS unless a file says no.
func (t *tokenizer) chooseMarks(c *config) error {
	var err error
	if t.bos, err = t.mark(c.bos, llama3BOS, "<s>"); err != nil {
		return err
	}
	if t.eos, err = t.mark(c.eos, "<|end_of_text|>", "</s>", "<|endoftext|>"); err != nil {
		return err
	}
	_, llama3 := t.special[llama3BOS]
	t.addBOS = t.kind == kindSentencePiece || llama3
	if c.templateBOS != nil {
		t.addBOS = *c.templateBOS
	}
	if c.addBOS != nil {
		t.addBOS = *c.addBOS
	}
	t.addBOS = t.addBOS && t.bos >= 0
	return nil
}

// mark finds the first token that the files name and have, else the first
// customary one that is there, and makes it special; -1 if there is none.
func (t *tokenizer) mark(named []string, customary ...string) (int32, error) {
	id := int32(-1)
	for i := 0; id < 0 && i < len(named); i++ {
		if id = t.id(named[i]); id < 0 && named[i] != "" {
			t.note("The files name the token %q, which is not in the vocabulary.", named[i])
		}
	}
	for i := 0; id < 0 && i < len(customary); i++ {
		// A byte-level vocabulary may have learnt "<s>" as text, from HTML.
		if _, ok := t.special[customary[i]]; ok || t.kind == kindSentencePiece {
			id = t.id(customary[i])
		}
	}
	if id < 0 {
		return -1, nil
	}
	a, ok := t.added[id]
	if !ok {
		a = added{id: id, literal: t.literals[id]}
	}
	a.special = true
	delete(t.added, id)
	return id, t.add(a)
}
