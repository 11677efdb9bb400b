package document

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Join returns words as they are added after text: one space goes between
// where neither brings white space and the words do not lean on what stands
// before them. Blanks at the end of the words are dropped: models write the
// space together with the word after it, and after a lone space they stumble.
func Join(text, words string) string {
	words = strings.TrimRight(words, " \t")
	if text == "" || words == "" {
		return words
	}
	before, _ := utf8.DecodeLastRuneInString(text)
	after, _ := utf8.DecodeRuneInString(words)
	switch {
	case unicode.IsSpace(before), unicode.IsSpace(after):
	case leans(after, text):
	case unspaced(before) && unspaced(after):
	default:
		return " " + words
	}
	return words
}

// leans reports whether words that begin with r stand close to the text: closing
// brackets and quotes, dashes, commas and the like do, opening ones do not. The
// straight quote closes where its paragraph has an open one.
func leans(r rune, text string) bool {
	if r == '"' {
		paragraph := text[strings.LastIndexByte(text, '\n')+1:]
		return strings.Count(paragraph, `"`)%2 == 1
	}
	return unicode.IsPunct(r) && !unicode.In(r, unicode.Ps, unicode.Pi) && !strings.ContainsRune("&*#@", r)
}

// unspaced reports whether r belongs to a script that is written without spaces.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// ends are the places where a text may be cut, the best first: after a
// paragraph, a sentence, a word.
var ends = []*regexp.Regexp{
	regexp.MustCompile(`\n\s*`),
	regexp.MustCompile(`[.!?…]["”’')]*\s+`),
	regexp.MustCompile(`\s+`),
}

// middle returns where to cut text in two: at the best kind of end that its
// middle half has, and of those at the one nearest to the middle.
func middle(text string) int {
	distance := func(at int) int { return max(at-len(text)/2, len(text)/2-at) }
	for _, end := range ends {
		best := -1
		for _, match := range end.FindAllStringIndex(text, -1) {
			if at := match[1]; distance(at) <= len(text)/4 && (best < 0 || distance(at) < distance(best)) {
				best = at
			}
		}
		if best >= 0 {
			return best
		}
	}
	at := len(text) / 2
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}
