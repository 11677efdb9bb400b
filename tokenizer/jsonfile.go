package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tern/model/pyjson"
)

// jsonFile is a tokenizer.json, the format of Hugging Face's tokenizers.
type jsonFile struct {
	Added         []addedJSON `json:"added_tokens"`
	Normalizer    *component  `json:"normalizer"`
	PreTokenizer  *component  `json:"pre_tokenizer"`
	PostProcessor *component  `json:"post_processor"`
	Decoder       *component  `json:"decoder"`
	Model         jsonModel   `json:"model"`
}

// jsonModel is the BPE model.
type jsonModel struct {
	Type         string           `json:"type"`
	Dropout      float64          `json:"dropout"` // of training
	Unknown      string           `json:"unk_token"`
	Prefix       string           `json:"continuing_subword_prefix"`
	Suffix       string           `json:"end_of_word_suffix"`
	FuseUnknown  bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocab        map[string]int32 `json:"vocab"`
	Merges       json.RawMessage  `json:"merges"` // two forms
}

// component is any normalizer, pre-tokenizer, post-processor or decoder: the
// fields of all types that are known here.
type component struct {
	Type string `json:"type"`

	// Sequence, by the place it stands in.
	Normalizers   []component `json:"normalizers"`
	PreTokenizers []component `json:"pretokenizers"`
	Processors    []component `json:"processors"`
	Decoders      []component `json:"decoders"`

	Prepend string `json:"prepend"` // Prepend
	Pattern struct {
		String *string `json:"String"`
		Regex  *string `json:"Regex"`
	} `json:"pattern"` // Replace, Split
	Content          string          `json:"content"`           // Replace, Strip
	StripLeft        bool            `json:"strip_left"`        // Strip, the normalizer
	StripRight       bool            `json:"strip_right"`       // Strip, the normalizer
	Delimiter        string          `json:"delimiter"`         // CharDelimiterSplit
	Start            int             `json:"start"`             // Strip
	Stop             int             `json:"stop"`              // Strip
	Behavior         string          `json:"behavior"`          // Split, Punctuation
	Invert           bool            `json:"invert"`            // Split
	AddPrefixSpace   *bool           `json:"add_prefix_space"`  // ByteLevel, Metaspace
	UseRegex         *bool           `json:"use_regex"`         // ByteLevel
	IndividualDigits bool            `json:"individual_digits"` // Digits
	Replacement      string          `json:"replacement"`       // Metaspace
	PrependScheme    string          `json:"prepend_scheme"`    // Metaspace
	Split            *bool           `json:"split"`             // Metaspace
	Single           []templatePiece `json:"single"`            // TemplateProcessing
	Class            tokenPair       `json:"cls"`               // RobertaProcessing, BertProcessing
}

// tokenPair is a token and its id; the token is taken.
type tokenPair string

func (p *tokenPair) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) == 0 {
		return err
	}
	return json.Unmarshal(pair[0], (*string)(p))
}

// templatePiece is a token or the place of the text.
type templatePiece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
}

// flatten returns the components of a Sequence, in order, or p itself.
func (p *component) flatten() []component {
	if p == nil {
		return nil
	}
	if p.Type != "Sequence" {
		return []component{*p}
	}
	var flat []component
	for _, list := range [][]component{p.Normalizers, p.PreTokenizers, p.Processors, p.Decoders} {
		for i := range list {
			flat = append(flat, list[i].flatten()...)
		}
	}
	return flat
}

// unsupported names a component of tokenizer.json that Tern does not implement.
func unsupported(format string, args ...any) error {
	return fmt.Errorf("tokenizer: tokenizer.json: %s: %w", fmt.Sprintf(format, args...), ErrUnsupported)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("tokenizer: tokenizer.json: %s: %w", fmt.Sprintf(format, args...), ErrDamaged)
}

// readJSON makes a tokenizer of a tokenizer.json.
func readJSON(data []byte, c *config) (*tokenizer, error) {
	var f jsonFile
	err := pyjson.Unmarshal(data, &f)
	if f.Model.Type == "" && f.Model.Merges != nil {
		f.Model.Type = "BPE" // as the reference takes it
	}
	// What has another type is skipped, like the vocabulary of a Unigram model:
	// then the name of the model says more.
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err == nil || ok && f.Model.Type != "" {
		if err := f.Model.check(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: %w: %w", ErrDamaged, err)
	}
	v, err := f.Model.vocabulary()
	if err != nil {
		return nil, err
	}
	merges, err := f.Model.merges()
	if err != nil {
		return nil, err
	}
	if err := f.readTemplate(c); err != nil {
		return nil, err
	}

	var t *tokenizer
	if steps, ok, stepErr := f.byteLevelSteps(); stepErr != nil {
		return nil, stepErr
	} else if ok {
		var model byteModel
		if model, err = f.byteLevel(v, merges, steps); err == nil {
			t, err = newByteLevel(model)
		}
	} else {
		var model characterModel
		if model, err = f.characterLevel(v, merges); err == nil {
			t, err = newCharacterLevel(model)
		}
	}
	if err != nil {
		return nil, err
	}
	if f.Model.Dropout != 0 {
		t.note("The tokenizer's dropout of %g is for training and passed over.", f.Model.Dropout)
	}
	for _, a := range f.Added {
		if err := t.add(a.added()); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (m *jsonModel) check() error {
	switch {
	case m.Type != "BPE":
		return unsupported("model %q", m.Type)
	case m.Prefix != "":
		return unsupported("continuing_subword_prefix %q", m.Prefix)
	case m.Suffix != "":
		return unsupported("end_of_word_suffix %q", m.Suffix)
	}
	return nil
}

// vocabulary checks the ids of the tokens and orders these by them.
func (m *jsonModel) vocabulary() (vocabulary, error) {
	size := 0
	for literal, id := range m.Vocab {
		if literal == "" {
			return vocabulary{}, damaged("the token of id %d is empty", id)
		}
		if id < 0 || id >= maxVocab {
			return vocabulary{}, damaged("token %q has id %d, want 0 to %d", literal, id, maxVocab-1)
		}
		size = max(size, int(id)+1)
	}
	literals := make([]string, size)
	v := newVocabulary(literals)
	for literal, id := range m.Vocab {
		if literals[id] != "" {
			return vocabulary{}, damaged("id %d is both %q and %q", id, literals[id], literal)
		}
		literals[id] = literal
		v.ids.add(id)
	}
	return v, nil
}

// merges returns the pairs, best first. They are ["a","b"] or, in older
// files, "a b".
func (m *jsonModel) merges() ([][2]string, error) {
	first := bytes.TrimSpace(bytes.TrimPrefix(m.Merges, []byte("[")))
	if bytes.HasPrefix(first, []byte("[")) {
		var pairs [][]string
		if err := json.Unmarshal(m.Merges, &pairs); err != nil {
			return nil, fmt.Errorf("tokenizer: tokenizer.json: merges: %w: %w", ErrDamaged, err)
		}
		merges := make([][2]string, len(pairs))
		for i, pair := range pairs {
			if len(pair) != 2 {
				return nil, damaged("merge %d has %d tokens", i, len(pair))
			}
			merges[i] = [2]string(pair)
		}
		return merges, nil
	}
	var lines []string
	if err := json.Unmarshal(m.Merges, &lines); err != nil {
		return nil, fmt.Errorf("tokenizer: tokenizer.json: merges: %w: %w", ErrDamaged, err)
	}
	return cutMerges(lines)
}

// cutMerges reads merges written as "a b"; the first line may be the version
// of the file they come from.
func cutMerges(lines []string) ([][2]string, error) {
	merges := make([][2]string, 0, len(lines))
	for i, line := range lines {
		if strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, fmt.Errorf("tokenizer: merge %d is %q: %w", i, line, ErrDamaged)
		}
		merges = append(merges, [2]string{left, right})
	}
	return merges, nil
}

// readTemplate notes in c which token the post-processor puts first. What it
// puts last is for training, and ByteLevel there only moves offsets.
func (f *jsonFile) readTemplate(c *config) error {
	for _, p := range f.PostProcessor.flatten() {
		switch p.Type {
		case "ByteLevel":
		case "RobertaProcessing", "BertProcessing":
			leads := true
			c.templateBOS = &leads
			c.bos = append([]string{string(p.Class)}, c.bos...)
		case "TemplateProcessing":
			leads := len(p.Single) > 0 && p.Single[0].SpecialToken != nil
			c.templateBOS = &leads
			if !leads {
				continue
			}
			if len(p.Single) > 1 && p.Single[1].SpecialToken != nil {
				return unsupported("post-processor with two tokens before the text")
			}
			c.bos = append([]string{p.Single[0].SpecialToken.ID}, c.bos...)
		default:
			return unsupported("post-processor %q", p.Type)
		}
	}
	return nil
}
