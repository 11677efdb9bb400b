package inference

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// SentenceRoom is the EndSentence of a story: most sentences end within as many
// tokens, and a text that has none stops soon.
const SentenceRoom = 64

// MaxEndSentence is the largest EndSentence that a user can ask for.
const MaxEndSentence = 1 << 10

// abbreviations end in a full stop that does not end the sentence.
var abbreviations = []string{"mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "e.g", "i.e", "z.b", "d.h"}

// sentence reports whether a text may stop between two tokens. It keeps the end of
// the text and allocates nothing.
type sentence struct {
	tail [96]byte
	n    int
}

// push adds what a token adds to the text.
func (s *sentence) push(text string) {
	if drop := len(text) - len(s.tail); drop > 0 {
		text = text[drop:]
	}
	if over := s.n + len(text) - len(s.tail); over > 0 {
		s.n = copy(s.tail[:], s.tail[over:s.n])
	}
	s.n += copy(s.tail[s.n:], text)
}

// endsBefore reports whether a sentence ends where next would follow: after a
// mark that ends one and the quotes and brackets after it, before white space
// that no lower-case letter follows. `"Look!" he said` goes on after the quote,
// and "Mr. Smith" and 3.14 after the point. Chinese and Japanese marks need no
// white space.
func (s *sentence) endsBefore(next []byte) bool {
	text := strings.TrimRightFunc(string(s.tail[:s.n]), unicode.IsSpace)
	spaced := len(text) < s.n
	text = strings.TrimRightFunc(text, isCloser)
	mark, size := utf8.DecodeLastRuneInString(text)
	wide := strings.ContainsRune("。！？", mark)
	if !wide && !strings.ContainsRune(".!?…", mark) {
		return false
	}
	after := []rune(string(next))
	i := slices.IndexFunc(after, func(r rune) bool { return !unicode.IsSpace(r) })
	switch {
	case i < 0: // white space alone: what follows it decides
		return wide || slices.Contains(after, '\n')
	case isCloser(after[i]) && i == 0 && !spaced:
		return false
	case wide:
		return true
	case i == 0 && !spaced, unicode.IsLower(after[i]):
		return false
	}
	return mark != '.' || !isAbbreviation(text[:len(text)-size])
}

// isAbbreviation reports whether the last word of a text, without its full stop,
// is an abbreviation or an initial.
func isAbbreviation(text string) bool {
	word := text[strings.LastIndexFunc(text, unicode.IsSpace)+1:]
	word = strings.TrimLeft(word, "\"'“‘„«(")
	if first, size := utf8.DecodeRuneInString(word); size == len(word) && size > 0 {
		return unicode.IsUpper(first) && first != 'I'
	}
	return slices.ContainsFunc(abbreviations, func(a string) bool { return strings.EqualFold(a, word) })
}

// isCloser reports whether r closes a quotation or a bracket.
func isCloser(r rune) bool { return strings.ContainsRune("\"'”’»«)]}」』", r) }
