package tokenizer

import (
	"slices"
	"unicode"
)

// byteLevelSteps returns how the pre-tokenizer cuts a text into words; ok is
// false if it has no ByteLevel part.
func (f *jsonFile) byteLevelSteps() (steps []step, ok bool, err error) {
	behind := false // ByteLevel, where each byte is a character
	parts := f.PreTokenizer.flatten()
	for _, p := range parts {
		ok = ok || p.Type == "ByteLevel"
	}
	if !ok {
		return nil, false, nil
	}
	for _, p := range parts {
		if p.Type == "ByteLevel" {
			if behind {
				return nil, true, unsupported("a second pre-tokenizer %q", p.Type)
			}
			behind = true
			if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
				steps = append(steps, prefixSpace)
			}
			if p.UseRegex == nil || *p.UseRegex {
				steps = append(steps, each(splitGPT2))
			}
			continue
		}
		s, err := p.step()
		if err != nil {
			return nil, true, err
		}
		if behind {
			s = mapped(s)
		}
		steps = append(steps, s)
	}
	return steps, true, nil
}

// byteLevel reads the components around a byte-level vocabulary.
func (f *jsonFile) byteLevel(v vocabulary, merges [][2]string, steps []step) (m byteModel, err error) {
	m = byteModel{
		vocabulary:   v,
		merges:       mergeList{len(merges), slices.Values(merges)},
		steps:        steps,
		ignoreMerges: f.Model.IgnoreMerges,
		unknown:      f.Model.Unknown,
		fuseUnknown:  f.Model.FuseUnknown,
	}
	var list []normalizer
	for _, p := range f.Normalizer.flatten() {
		n, err := p.normalizer()
		if err != nil {
			return m, err
		}
		list = append(list, n)
	}
	m.normalize = chain(list)
	// Without a decoder the reference joins the tokens with spaces, which says
	// nothing to people. The others here only matter where ByteLevel is absent.
	for _, p := range f.Decoder.flatten() {
		switch p.Type {
		case "ByteLevel", "ByteFallback", "Fuse":
		default:
			return m, unsupported("decoder %q with a ByteLevel pre-tokenizer", p.Type)
		}
	}
	return m, nil
}

// step returns what a pre-tokenizer does that is neither ByteLevel nor Metaspace.
func (p *component) step() (step, error) {
	behavior, invert := p.Behavior, p.Invert
	if behavior == "" {
		behavior = "Isolated"
	}
	var find finder
	switch p.Type {
	case "Split":
		var err error
		if find, err = p.find(); err != nil {
			return nil, err
		}
	case "Digits":
		find, behavior, invert = characters(unicode.IsNumber), "Contiguous", false
		if p.IndividualDigits {
			behavior = "Isolated"
		}
	case "Punctuation":
		find, invert = characters(isPunctuation), false
	case "Whitespace":
		find, behavior, invert = splitWordsAndSigns, "Removed", true
	case "WhitespaceSplit":
		find, behavior, invert = characters(unicode.IsSpace), "Removed", false
	case "CharDelimiterSplit":
		find, behavior, invert = literal(p.Delimiter), "Removed", false
	case "BertPreTokenizer":
		spaces, signs := cut(characters(unicode.IsSpace), "Removed", false), cut(characters(isPunctuation), "Isolated", false)
		return func(text string, at place, yield func(string)) {
			spaces(text, at, func(word string) { signs(word, at, yield) })
		}, nil
	default:
		return nil, unsupported("pre-tokenizer %q", p.Type)
	}
	s := cut(find, behavior, invert)
	if s == nil {
		return nil, unsupported("pre-tokenizer %q with behavior %q", p.Type, behavior)
	}
	return s, nil
}

// find returns the finder of a Split or Replace component.
func (p *component) find() (finder, error) {
	switch {
	case p.Pattern.String != nil:
		return literal(*p.Pattern.String), nil
	case p.Pattern.Regex == nil:
		return nil, unsupported("%q without a pattern", p.Type)
	}
	find, err := pattern(*p.Pattern.Regex)
	if err != nil {
		return nil, unsupported("%q: %v", p.Type, err)
	}
	return find, nil
}

// characterLevel reads the components around a SentencePiece vocabulary.
func (f *jsonFile) characterLevel(v vocabulary, merges [][2]string) (c characterModel, err error) {
	c = characterModel{
		vocabulary:   v,
		merges:       merges,
		byteFallback: f.Model.ByteFallback,
		unknown:      f.Model.Unknown,
		fuseUnknown:  f.Model.FuseUnknown,
		ignoreMerges: f.Model.IgnoreMerges,
	}
	list := []normalizer{anywhere(validUTF8)}
	escapes := false
	for _, p := range f.Normalizer.flatten() {
		switch {
		case p.Type == "Prepend" && p.Prepend == escapedSpace && !escapes:
			c.spacing.prefix = true
		case p.replaces(" ", escapedSpace) && !escapes:
			escapes = true
		default:
			c.other = p.Type
		}
		n, err := p.normalizer()
		if err != nil {
			return c, err
		}
		list = append(list, n)
	}
	c.normalize = chain(list)
	for _, p := range f.PreTokenizer.flatten() {
		if p.Type != "Metaspace" {
			s, err := p.step()
			if err != nil {
				return c, err
			}
			c.steps, c.other = append(c.steps, s), p.Type
			continue
		}
		if escapes || len(c.steps) > 0 {
			c.other = p.Type // in another order than a GGUF file can say
		}
		escapes = true
		if err := p.metaspace(&c); err != nil {
			return c, err
		}
	}
	if !escapes {
		return c, unsupported("BPE without a ByteLevel or Metaspace pre-tokenizer")
	}
	return c, f.characterDecoder(&c)
}

// metaspace adds what a Metaspace component does: spaces become U+2581, one
// comes first, and words begin at each.
func (p *component) metaspace(c *characterModel) error {
	if p.Replacement != escapedSpace {
		return unsupported("pre-tokenizer %q with replacement %q", p.Type, p.Replacement)
	}
	var s spacing
	switch scheme := p.prependScheme(); scheme {
	case "always", "first":
		s = spacing{prefix: true, startOnly: scheme == "first", unlessSpaced: true}
	case "never":
	default:
		return unsupported("pre-tokenizer %q with prepend_scheme %q", p.Type, scheme)
	}
	c.spacing = s
	c.splitWords = p.Split == nil || *p.Split
	c.steps = append(c.steps, func(text string, at place, yield func(string)) { yield(s.escape(text, at)) })
	if c.splitWords {
		c.steps = append(c.steps, each(splitEscapedSpace))
	}
	return nil
}

// characterDecoder reads the decoder of a SentencePiece vocabulary, which must
// turn U+2581 into spaces.
func (f *jsonFile) characterDecoder(c *characterModel) error {
	spaces := false
	decoders := f.Decoder.flatten()
	if decoders == nil {
		// The reference joins the tokens with spaces, which says nothing to people.
		spaces, c.byteDecode, c.strips = true, c.byteFallback, c.spacing.prefix
	}
	for _, p := range decoders {
		switch {
		case p.replaces(escapedSpace, " "):
			spaces = true
		case p.Type == "Metaspace" && p.Replacement == escapedSpace:
			// The reference drops every U+2581 of the first token here. More
			// than the dummy one is there only if the text began with spaces.
			spaces = true
			c.strips = p.prependScheme() != "never"
		case p.Type == "ByteFallback":
			c.byteDecode = true
		case p.Type == "Fuse":
		case p.Type == "Strip" && p.Content == " " && p.Start <= 1 && p.Stop == 0:
			c.strips = p.Start == 1
		default:
			return unsupported("decoder %q", p.Type)
		}
	}
	if !spaces {
		return unsupported("decoder that keeps U+2581")
	}
	return nil
}

// replaces reports whether the component replaces one string by another.
func (p *component) replaces(old, new string) bool {
	return p.Type == "Replace" && p.Pattern.String != nil && *p.Pattern.String == old && p.Content == new
}

// prependScheme of Metaspace; older files have add_prefix_space instead.
func (p *component) prependScheme() string {
	switch {
	case p.PrependScheme != "":
		return p.PrependScheme
	case p.AddPrefixSpace != nil && !*p.AddPrefixSpace:
		return "never"
	}
	return "always"
}
