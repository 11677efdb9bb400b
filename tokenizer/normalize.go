package tokenizer

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizer changes a text, which stands at a place, before tokens are looked
// for in it.
type normalizer func(text string, at place) string

// anywhere is a normalizer that does not look at the place.
func anywhere(f func(string) string) normalizer {
	return func(text string, _ place) string { return f(text) }
}

// forms are the normal forms of Unicode by their names.
var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// chain applies normalizers in order; nil where there are none.
func chain(list []normalizer) normalizer {
	if len(list) == 0 {
		return nil
	}
	return func(text string, at place) string {
		for _, n := range list {
			text = n(text, at)
		}
		return text
	}
}

// normalizer returns what a component of tokenizer.json does.
func (p *component) normalizer() (normalizer, error) {
	if form, ok := forms[p.Type]; ok {
		return anywhere(form.String), nil
	}
	switch p.Type {
	case "Lowercase":
		return anywhere(lowercase), nil
	case "StripAccents":
		return anywhere(stripAccents), nil
	case "Strip":
		return anywhere(func(s string) string {
			if p.StripLeft {
				s = strings.TrimLeftFunc(s, unicode.IsSpace)
			}
			if p.StripRight {
				s = strings.TrimRightFunc(s, unicode.IsSpace)
			}
			return s
		}), nil
	case "Prepend":
		return func(text string, at place) string {
			if text == "" || at == continuing {
				return text
			}
			return p.Prepend + text
		}, nil
	case "Replace":
		if p.Pattern.String != nil && *p.Pattern.String == " " {
			return anywhere(func(s string) string { return strings.ReplaceAll(s, " ", p.Content) }), nil
		}
		find, err := p.find()
		if err != nil {
			return nil, err
		}
		return anywhere(func(s string) string {
			var b strings.Builder
			end := 0
			find(s, func(from, to int) {
				b.WriteString(s[end:from] + p.Content)
				end = to
			})
			if end == 0 {
				return s
			}
			return b.String() + s[end:]
		}), nil
	}
	return nil, unsupported("normalizer %q", p.Type)
}

// lowercase is Rust's char::to_lowercase of each character, which makes two of İ.
func lowercase(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(unicode.ToLower(r))
		if r == 'İ' {
			b.WriteRune('\u0307')
		}
	}
	return b.String()
}

// stripAccents drops the marks, which are characters of their own in NFD.
func stripAccents(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, s)
}
