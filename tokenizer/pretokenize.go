package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// step is a part of a pre-tokenizer: it cuts a text, which stands at a place,
// into words and hands them on in order.
type step func(text string, at place, yield func(word string))

// finder hands on the bytes [start, end) of each match in a text, in order.
type finder func(text string, yield func(start, end int))

// each is a step that cuts by a splitter.
func each(split splitter) step {
	return func(text string, _ place, yield func(string)) {
		for text != "" {
			n := split(text)
			yield(text[:n])
			text = text[n:]
		}
	}
}

// all makes each part that a splitter cuts a match.
func all(split splitter) finder {
	return func(text string, yield func(start, end int)) {
		for at := 0; at < len(text); {
			n := split(text[at:])
			yield(at, at+n)
			at += n
		}
	}
}

// characters matches each character for which in holds.
func characters(in func(rune) bool) finder {
	return func(text string, yield func(start, end int)) {
		for i := 0; i < len(text); {
			r, n := utf8.DecodeRuneInString(text[i:])
			if in(r) {
				yield(i, i+n)
			}
			i += n
		}
	}
}

// literal matches a string.
func literal(s string) finder {
	return func(text string, yield func(start, end int)) {
		for at := 0; s != ""; {
			i := strings.Index(text[at:], s)
			if i < 0 {
				return
			}
			yield(at+i, at+i+len(s))
			at += i + len(s)
		}
	}
}

// cut is a step that does with the matches what a behavior of Hugging Face's
// tokenizers says; nil for one it does not know. invert exchanges the matches
// and the stretches between them (NormalizedString::split).
func cut(find finder, behavior string, invert bool) step {
	switch behavior {
	case "Isolated", "Removed", "Contiguous", "MergedWithPrevious", "MergedWithNext":
	default:
		return nil
	}
	return func(text string, _ place, yield func(string)) {
		c := cutter{text: text, behavior: behavior, yield: yield}
		end := 0
		find(text, func(from, to int) {
			if from > end {
				c.add(end, from, invert)
			}
			if to > from {
				c.add(from, to, !invert)
			}
			end = to
		})
		if end < len(text) {
			c.add(end, len(text), invert)
		}
		c.flush()
	}
}

// cutter joins stretches of a text to words by a behavior. It holds one word
// back, [start, end), which the next stretch may join.
type cutter struct {
	text, behavior string
	yield          func(string)
	start, end     int
	match          bool // the stretch before was one
}

func (c *cutter) add(from, to int, match bool) {
	before := c.match
	c.match = match
	join := false
	switch c.behavior {
	case "Removed":
		if match {
			c.flush()
			c.start, c.end = to, to
			return
		}
	case "Contiguous":
		join = match == before
	case "MergedWithPrevious":
		join = match && !before
	case "MergedWithNext":
		join = !match && before
	}
	if !join || c.start == c.end {
		c.flush()
		c.start = from
	}
	c.end = to
}

func (c *cutter) flush() {
	if c.end > c.start {
		c.yield(c.text[c.start:c.end])
	}
	c.start = c.end
}

// mapped is a step after a ByteLevel component, which has replaced the text by
// the characters that spell its bytes: there 0xB2 is "²", a number.
func mapped(s step) step {
	return func(text string, at place, yield func(string)) {
		var spelt strings.Builder
		for i := range len(text) {
			spelt.WriteRune(byteRunes[text[i]])
		}
		s(spelt.String(), at, func(word string) {
			yield(string(spellByteLevel(nil, word)))
		})
	}
}

// prefixSpace puts a space in front of a text that has none, unless it
// continues another.
func prefixSpace(text string, at place, yield func(string)) {
	if at != continuing && text != "" && text[0] != ' ' {
		text = " " + text
	}
	yield(text)
}

// isPunctuation is the Punctuation component: P* and all of ASCII's, which
// Unicode in part calls symbols.
func isPunctuation(r rune) bool {
	return unicode.IsPunct(r) || r < utf8.RuneSelf && unicode.IsSymbol(r)
}

// isWord is \w of the reference: letters, marks, digits and what connects them.
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic)
}

// splitWordsAndSigns matches \w+|[^\w\s]+, the Whitespace component.
func splitWordsAndSigns(text string, yield func(start, end int)) {
	kind := func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return 0
		case isWord(r):
			return 1
		}
		return 2
	}
	start, current := 0, 0
	for i, r := range text {
		if k := kind(r); k != current {
			if current != 0 {
				yield(start, i)
			}
			start, current = i, k
		}
	}
	if current != 0 {
		yield(start, len(text))
	}
}
