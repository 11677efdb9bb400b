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
	digitsPattern = `[0-9][0-9][0-9]`
)

var splitPatterns = map[string]splitter{
	llama3Pattern: func(s string) int { return splitLlama3(s, 3) },
	qwen2Pattern:  func(s string) int { return splitLlama3(s, 1) },
	gpt2Pattern:   splitGPT2,
	digitsPattern: splitThreeDigits,
}

// class divides characters as the patterns do: \p{L}, \p{N}, \s and the rest,
// to which bytes that are no UTF-8 belong.
type class uint8

const (
	other class = iota
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
		if have != c {
			break
		}
		i += n
	}
	return i
}

// splitLlama3 is llama3Pattern with up to maxDigits digits together. The cases
// stand in the order of its alternatives.
func splitLlama3(s string, maxDigits int) int {
	r, c, n := firstRune(s)
	if r == '\'' {
		if k := contraction(s[1:], true); k > 0 {
			return 1 + k
		}
	}
	switch {
	case c == letter:
		return span(s, letter, 0)
	case c == number:
		return span(s, number, maxDigits)
	case r != '\r' && r != '\n':
		if k := span(s[n:], letter, 0); k > 0 {
			return n + k
		}
	}
	if k := spacedSpan(s, other); k > 0 {
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
	for _, c := range [...]class{letter, number, other} {
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

// splitThreeDigits is digitsPattern: three ASCII digits, or the text in front
// of the first three.
func splitThreeDigits(s string) int {
	digits := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			digits = 0
			continue
		}
		if digits++; digits == 3 {
			if i == 2 {
				return 3
			}
			return i - 2
		}
	}
	return len(s)
}

// splitBy cuts where in begins and ceases to hold, and with isolate also
// between any two characters for which it does.
func splitBy(in func(rune) bool, isolate bool) splitter {
	return func(s string) int {
		r, n := utf8.DecodeRuneInString(s)
		first := in(r)
		if first && isolate {
			return n
		}
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if in(r) != first {
				break
			}
			n += size
		}
		return n
	}
}

// splitBytesBy is splitBy behind a ByteLevel component, which has replaced the
// text by the characters that spell its bytes: there 0xB2 is "²", a number.
func splitBytesBy(in func(rune) bool, isolate bool) splitter {
	return func(s string) int {
		first := in(byteRunes[s[0]])
		if first && isolate {
			return 1
		}
		n := 1
		for n < len(s) && in(byteRunes[s[n]]) == first {
			n++
		}
		return n
	}
}

// isPunctuation is the Punctuation component: P* and all of ASCII's, which
// Unicode in part calls symbols.
func isPunctuation(r rune) bool {
	return unicode.IsPunct(r) || r < utf8.RuneSelf && unicode.IsSymbol(r)
}
