package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// splitter returns how many bytes of a non-empty text its first part takes,
// at least 1. The text ends where the part before it was cut, so a splitter
// looks ahead but never back.
type splitter func(s string) int

// Split patterns of tokenizer.json that are written out below, because Go's
// regexp has no lookahead.
const (
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	qwen35Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// splitPatterns match all of a text, one match after another.
var splitPatterns = map[string]splitter{
	llama3Pattern: func(s string) int { return splitLlama3(s, 3, letter, other|mark) },
	qwen2Pattern:  func(s string) int { return splitLlama3(s, 1, letter, other|mark) },
	qwen35Pattern: func(s string) int { return splitLlama3(s, 1, letter|mark, other) },
	gpt2Pattern:   splitGPT2,
}

// class divides characters as the patterns do: \p{L}, \p{M}, \p{N}, \s and the
// rest, to which bytes outside UTF-8 belong. A union of classes is a class.
type class uint8

const (
	other class = 1 << iota
	mark
	letter
	number
	space
)

var asciiClass = func() (classes [utf8.RuneSelf]class) {
	for r := range rune(utf8.RuneSelf) {
		classes[r] = unicodeClass(r)
	}
	return classes
}()

func unicodeClass(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.IsSpace(r):
		return space
	case unicode.IsMark(r):
		return mark
	}
	return other
}

// firstRune returns the first character of s, its class and its length.
func firstRune(s string) (r rune, c class, n int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), asciiClass[s[0]], 1
	}
	r, n = utf8.DecodeRuneInString(s)
	return r, unicodeClass(r), n
}

// span returns the length of the characters of class c that s starts with, at
// most max of them where max is not 0.
func span(s string, c class, max int) int {
	i := 0
	for count := 0; i < len(s) && (max == 0 || count < max); count++ {
		_, have, n := firstRune(s[i:])
		if have&c == 0 {
			break
		}
		i += n
	}
	return i
}

// splitLlama3 is llama3Pattern with up to maxDigits digits together, and with
// the classes that its second alternative calls letters and its fourth others.
// The cases stand in the order of the alternatives.
func splitLlama3(s string, maxDigits int, letters, others class) int {
	r, c, n := firstRune(s)
	if r == '\'' {
		if k := contraction(s[1:], true); k > 0 {
			return 1 + k
		}
	}
	switch {
	case c&letters != 0:
		return span(s, letters, 0)
	case c == number:
		return span(s, number, maxDigits)
	case r != '\r' && r != '\n':
		if k := span(s[n:], letters, 0); k > 0 {
			return n + k
		}
	}
	if k := spacedSpan(s, others); k > 0 {
		for k < len(s) && (s[k] == '\r' || s[k] == '\n') {
			k++
		}
		return k
	}
	return splitSpaces(s, true)
}

// splitGPT2 is gpt2Pattern.
func splitGPT2(s string) int {
	if s[0] == '\'' {
		if k := contraction(s[1:], false); k > 0 {
			return 1 + k
		}
	}
	for _, c := range [...]class{letter, number, other | mark} {
		if k := spacedSpan(s, c); k > 0 {
			return k
		}
	}
	return splitSpaces(s, false)
}

// spacedSpan is span with an optional space in front of at least one character.
func spacedSpan(s string, c class) int {
	i := 0
	if s[0] == ' ' {
		i = 1
	}
	if k := span(s[i:], c, 0); k > 0 {
		return i + k
	}
	return 0
}

// contraction returns the length of the English ending that s starts with:
// s, t, re, ve, m, ll or d. Folding case makes an s of U+017F too.
func contraction(s string, fold bool) int {
	lower := func(i int) byte {
		switch {
		case i >= len(s):
			return 0
		case fold && 'A' <= s[i] && s[i] <= 'Z':
			return s[i] + 'a' - 'A'
		}
		return s[i]
	}
	switch first, second := lower(0), lower(1); {
	case first == 's', first == 't', first == 'm', first == 'd':
		return 1
	case first == 'r' && second == 'e', first == 'v' && second == 'e', first == 'l' && second == 'l':
		return 2
	case fold && first == "ſ"[0] && second == "ſ"[1]:
		return len("ſ")
	}
	return 0
}

// splitSpaces is \s*[\r\n]+|\s+(?!\S)|\s+ for a text that starts with white
// space, without lines only its last two alternatives: up to the last line
// break of the run, else all of it but the character in front of a word.
func splitSpaces(s string, lines bool) int {
	end, last, lineEnd := 0, 0, 0
	for end < len(s) {
		r, c, n := firstRune(s[end:])
		if c != space {
			break
		}
		last, end = end, end+n
		if r == '\r' || r == '\n' {
			lineEnd = end
		}
	}
	switch {
	case lines && lineEnd > 0:
		return lineEnd
	case end == len(s) || last == 0:
		return end
	}
	return last
}
