package tokenizer

import "unicode"

// byteLevelSteps returns how the pre-tokenizer cuts a text into words; ok is
// false if it has no ByteLevel part.
func (f *jsonFile) byteLevelSteps() (steps []splitter, ok bool, err error) {
	mapped := false // behind ByteLevel, where each byte is a character
	parts := f.PreTokenizer.flatten()
	for _, p := range parts {
		ok = ok || p.Type == "ByteLevel"
	}
	if !ok {
		return nil, false, nil
	}
	for _, p := range parts {
		split := splitBy
		if mapped {
			split = splitBytesBy
		}
		switch p.Type {
		case "ByteLevel":
			if mapped {
				return nil, true, unsupported("a second pre-tokenizer %q", p.Type)
			}
			if p.AddPrefixSpace == nil || *p.AddPrefixSpace {
				return nil, true, unsupported("pre-tokenizer %q with add_prefix_space", p.Type)
			}
			if p.UseRegex == nil || *p.UseRegex {
				steps = append(steps, splitGPT2)
			}
			mapped = true
		case "Split":
			step, err := p.splitPattern(mapped)
			if err != nil {
				return nil, true, err
			}
			steps = append(steps, step)
		case "Digits":
			steps = append(steps, split(unicode.IsNumber, p.IndividualDigits))
		case "Punctuation":
			switch p.Behavior {
			case "", "Isolated":
				steps = append(steps, split(isPunctuation, true))
			case "Contiguous":
				steps = append(steps, split(isPunctuation, false))
			default:
				return nil, true, unsupported("pre-tokenizer %q with behavior %q", p.Type, p.Behavior)
			}
		default:
			return nil, true, unsupported("pre-tokenizer %q", p.Type)
		}
	}
	if normalizers := f.Normalizer.flatten(); len(normalizers) > 0 {
		return nil, true, unsupported("normalizer %q", normalizers[0].Type)
	}
	decoders := f.Decoder.flatten()
	if len(decoders) != 1 || decoders[0].Type != "ByteLevel" {
		return nil, true, unsupported("decoder other than ByteLevel with a ByteLevel pre-tokenizer")
	}
	return steps, true, nil
}

// splitPattern returns the splitter of a Split component. Its patterns match
// all of a text, or the order of the parts is kept by Isolated; behind
// ByteLevel only the one for ASCII digits means the same.
func (p *component) splitPattern(mapped bool) (splitter, error) {
	if p.Pattern.Regex == nil || p.Behavior != "Isolated" || p.Invert {
		return nil, unsupported("pre-tokenizer %q with behavior %q", p.Type, p.Behavior)
	}
	step, ok := splitPatterns[*p.Pattern.Regex]
	if !ok || mapped && *p.Pattern.Regex != digitsPattern {
		return nil, unsupported("pre-tokenizer %q with pattern %q", p.Type, *p.Pattern.Regex)
	}
	return step, nil
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
	escapes := false
	for _, p := range f.Normalizer.flatten() {
		switch {
		case p.Type == "Prepend" && p.Prepend == escapedSpace:
			c.spacing.prefix = true
		case p.replaces(" ", escapedSpace):
			escapes = true
		default:
			return c, unsupported("normalizer %q", p.Type)
		}
	}
	for _, p := range f.PreTokenizer.flatten() {
		if p.Type != "Metaspace" || escapes {
			return c, unsupported("pre-tokenizer %q", p.Type)
		}
		if p.Replacement != escapedSpace {
			return c, unsupported("pre-tokenizer %q with replacement %q", p.Type, p.Replacement)
		}
		escapes = true
		c.splitWords = p.Split == nil || *p.Split
		switch scheme := p.prependScheme(); scheme {
		case "always", "first":
			c.spacing = spacing{prefix: true, startOnly: scheme == "first", unlessSpaced: true}
		case "never":
		default:
			return c, unsupported("pre-tokenizer %q with prepend_scheme %q", p.Type, scheme)
		}
	}
	if !escapes {
		return c, unsupported("BPE without a ByteLevel or Metaspace pre-tokenizer")
	}
	return c, f.characterDecoder(&c)
}

// characterDecoder reads the decoder of a SentencePiece vocabulary, which must
// turn U+2581 into spaces.
func (f *jsonFile) characterDecoder(c *characterModel) error {
	spaces := false
	for _, p := range f.Decoder.flatten() {
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

// replaces tells whether the component replaces one string by another.
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
