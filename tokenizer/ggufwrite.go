package tokenizer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tern/model/pyjson"
	"tern/tokenizer/vocab"
)

// ToGGUF returns the tokenizer and the chat template that the files describe as a
// GGUF file holds them, nil where there is no tokenizer. New makes the same tokenizer
// of it; other programs, which do not know Habits, one that agrees on ordinary text.
//
// Errors are those of New; ErrUnsupported also marks a tokenizer that a GGUF
// file cannot describe.
func ToGGUF(f vocab.Files) (*vocab.GGUF, error) {
	if f.GGUF != nil {
		written := *f.GGUF
		v := ggufVocab{&written}
		if _, known := preTokenizers[v.Pre]; v.Model == "gpt2" && (v.unnamedPre() || !known) && v.telling() != "" {
			v.Pre = v.telling()
		}
		return v.GGUF, nil
	}
	made, err := New(f)
	if errors.Is(err, ErrNone) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	t := made.(*tokenizer)
	v := ggufVocab{&vocab.GGUF{
		Tokens: slices.Clone(t.literals), Types: make([]int32, len(t.literals)),
		BOS: t.bos, EOS: t.eos, EOT: -1, UNK: -1, PAD: -1, AddBOS: &t.addBOS,
	}}
	if id, ok := t.special["<|eot_id|>"]; ok {
		v.EOT = id
	}
	if f.JSON != nil {
		err = v.fromJSON(f.JSON, t.kind)
	} else {
		err = v.fromPieces(f)
	}
	if err != nil {
		return nil, err
	}
	if err := v.markAdded(t); err != nil {
		return nil, err
	}
	// What the keys cannot say shows when they are read.
	again, err := New(vocab.Files{GGUF: v.GGUF})
	if err != nil {
		return nil, noKeys("%v", err)
	}
	if what := t.difference(again.(*tokenizer)); what != "" {
		return nil, noKeys("%s would differ", what)
	}
	if v.ChatTemplate, _, err = f.Template(); err != nil {
		return nil, fmt.Errorf("tokenizer: %w: %w", ErrDamaged, err)
	}
	return v.GGUF, nil
}

// noKeys is an error about a tokenizer that a GGUF file cannot describe.
func noKeys(format string, args ...any) error {
	return fmt.Errorf("tokenizer: no GGUF form: %s: %w", fmt.Sprintf(format, args...), ErrUnsupported)
}

// fromPieces takes over a tokenizer.model.
func (v ggufVocab) fromPieces(files vocab.Files) error {
	f, err := parseSPM(files.SentencePiece)
	if err != nil {
		return err
	}
	c, err := readConfig(files)
	if err != nil {
		return err
	}
	v.Model, v.Pre = "llama", "default"
	v.Scores = make([]float32, len(v.Tokens))
	copy(v.Scores, f.scores)
	for id, t := range f.types {
		v.Types[id] = int32(t)
		if t == pieceUnknown {
			v.UNK = int32(id)
		}
	}
	prefix := f.prefix && c.addPrefixSpace
	v.AddSpacePrefix = &prefix
	v.habit(prefix && !c.legacy, habitOnce)
	v.habit(f.squeeze, habitSqueeze)
	return nil
}

func (v ggufVocab) habit(has bool, habit string) {
	if has {
		v.Habits = append(v.Habits, habit)
	}
}

// fromJSON takes over a tokenizer.json.
func (v ggufVocab) fromJSON(data []byte, kind string) error {
	var f jsonFile
	if err := pyjson.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("tokenizer: tokenizer.json: %w: %w", ErrDamaged, err)
	}
	text, err := f.Model.vocabulary()
	if err != nil {
		return err
	}
	merges, err := f.Model.merges()
	if err != nil {
		return err
	}
	v.Merges = make([]string, len(merges))
	for i, m := range merges {
		if strings.Contains(m[0], " ") {
			return noKeys("a space in merge %d of %q and %q", i, m[0], m[1])
		}
		v.Merges[i] = m[0] + " " + m[1]
	}
	for id := range text.ids.all() {
		v.Types[id] = int32(pieceNormal)
	}
	if kind == kindByteLevel {
		v.Model = "gpt2"
		if v.Pre = f.preName(); v.Pre == "" {
			return noKeys("a pre-tokenizer, normalizer or ignore_merges that no name stands for")
		}
		return nil
	}
	c, err := f.characterLevel(text, merges)
	if err != nil {
		return err
	}
	return v.fromCharacters(&c)
}

// preName is the name of a pre-tokenizer that cuts and merges words as the file
// does, "" where there is none: of several the one that most programs know.
func (f *jsonFile) preName() string {
	patterns, ok := f.patterns()
	if !ok {
		return ""
	}
	normalizers := f.Normalizer.flatten()
	nfc := len(normalizers) == 1 && normalizers[0].Type == "NFC"
	if len(normalizers) > 0 && !nfc {
		return ""
	}
	same := func(p preTokenizer) bool {
		return p.ignoreMerges == f.Model.IgnoreMerges && p.nfc == nfc && slices.Equal(p.patterns, patterns)
	}
	for _, name := range []string{"llama-bpe", "qwen2", "qwen35", "gpt-2", "smollm"} {
		if same(preTokenizers[name]) {
			return name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(preTokenizers)) {
		if same(preTokenizers[name]) {
			return name
		}
	}
	return ""
}

// patterns are the regular expressions by which the pre-tokenizer cuts; ok is
// false where it does something else.
func (f *jsonFile) patterns() (list []string, ok bool) {
	for _, p := range f.PreTokenizer.flatten() {
		covers := p.Pattern.Regex != nil && splitPatterns[*p.Pattern.Regex] != nil
		switch {
		case p.Type == "Split" && p.Pattern.Regex != nil && p.Behavior == "Isolated" && !p.Invert,
			p.Type == "Split" && covers && p.Behavior == "Removed" && p.Invert:
			list = append(list, *p.Pattern.Regex)
		case p.Type == "Digits" && p.IndividualDigits:
			list = append(list, numberPattern)
		case p.Type == "ByteLevel" && p.AddPrefixSpace != nil && !*p.AddPrefixSpace:
			if p.UseRegex == nil || *p.UseRegex {
				list = append(list, gpt2Pattern)
			}
		default:
			return nil, false
		}
	}
	return list, true
}

// fromCharacters takes over a SentencePiece vocabulary in a tokenizer.json.
// Other programs merge by the scores, which order tokens by the best pair that
// makes them.
func (v ggufVocab) fromCharacters(c *characterModel) error {
	if c.other != "" {
		return noKeys("a SentencePiece vocabulary with %q", c.other)
	}
	if !c.byteFallback || !c.byteDecode || c.ignoreMerges {
		return noKeys("a SentencePiece vocabulary without byte fallback, or that ignores merges")
	}
	v.Model, v.Pre = "llama", "default"
	v.Scores = make([]float32, len(v.Tokens))
	for i := len(c.merges) - 1; i >= 0; i-- {
		if id, ok := c.ids.find(c.merges[i][0] + c.merges[i][1]); ok {
			v.Scores[id] = -float32(i)
		}
	}
	for id := range c.ids.all() {
		if _, ok := parseByteToken(c.literals[id]); ok {
			v.Types[id] = int32(pieceByte)
		}
	}
	if id, ok := c.ids.find(c.unknown); ok {
		v.UNK, v.Types[id] = id, int32(pieceUnknown)
	}
	v.AddSpacePrefix = &c.spacing.prefix
	v.habit(true, habitRanks)
	v.habit(c.splitWords, habitWords)
	v.habit(c.spacing.startOnly, habitOnce)
	v.habit(c.spacing.unlessSpaced, habitSpaced)
	return nil
}

// markAdded notes the added tokens, and that what is left is unused.
func (v ggufVocab) markAdded(t *tokenizer) error {
	frozen := slices.Contains(v.Types, int32(pieceUserDefined))
	for id, a := range t.added {
		have := pieceType(v.Types[id])
		switch {
		case a.lstrip || a.rstrip:
			return noKeys("the token %q, which takes white space along", a.literal)
		case a.singleWord:
			return noKeys("the token %q, which matches single words", a.literal)
		case a.normalized && v.Scores != nil && t.normalize != nil:
			return noKeys("the token %q, which is matched in the normalized text", a.literal)
		case have == pieceUnknown || have == pieceControl && a.special:
		case have != 0 && v.Scores != nil && !v.has(habitRanks):
			return noKeys("the token %q, which is text and a token of its own at once", a.literal)
		case a.special:
			v.Types[id] = int32(pieceControl)
		case frozen:
			return noKeys("the token %q, which is added to user-defined pieces", a.literal)
		default:
			v.Types[id] = int32(pieceUserDefined)
		}
	}
	v.habit(!frozen && v.Scores != nil && slices.Contains(v.Types, int32(pieceUserDefined)), habitApart)
	for id, kind := range v.Types {
		if kind == 0 {
			v.Types[id], v.Tokens[id] = int32(pieceUnused), fmt.Sprintf("[PAD%d]", id)
		}
	}
	return nil
}

// difference names what t and u do not have in common, "" if nothing. It
// compares the tables, and the ids of a text that every token is part of.
func (t *tokenizer) difference(u *tokenizer) string {
	switch {
	case t.kind != u.kind:
		return "the kind"
	case t.bos != u.bos || t.addBOS != u.addBOS || t.eos != u.eos:
		return "the marks of begin and end"
	case t.stripsSpace != u.stripsSpace:
		return "the dummy space"
	case len(t.literals) != len(u.literals):
		return "the number of tokens"
	}
	var text strings.Builder
	for id, literal := range t.literals {
		if literal == "" {
			continue // a hole
		}
		mark, special := t.added[int32(id)]
		if same, ok := u.added[int32(id)]; literal != u.literals[id] || special != ok || mark.special != same.special {
			return fmt.Sprintf("token %d", id)
		}
		if string(t.texts.of(int32(id))) != string(u.texts.of(int32(id))) {
			return fmt.Sprintf("the text of token %d", id)
		}
		text.Write(t.texts.of(int32(id)))
		text.WriteString(mark.literal)
	}
	for _, encode := range []func(*tokenizer, string) []int32{
		(*tokenizer).Encode, (*tokenizer).EncodeSpecial, (*tokenizer).EncodeContinuation,
	} {
		if !slices.Equal(encode(t, text.String()), encode(u, text.String())) {
			return "the ids of a text"
		}
	}
	return ""
}
