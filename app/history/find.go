package history

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hit is where a search found its words in a conversation.
type Hit struct {
	Word    bool   // they stand where a word begins
	Snippet string // what stands around them in a message; empty where the name alone has them
}

// around is how much of a message stands on each side of a hit in a snippet, in
// bytes.
const around = 40

// Find looks for text in the name and in the messages, whatever the case. Of
// several places, one where a word begins is taken first, and one in the version
// that is shown before others.
func (c *Conversation) Find(text string) (Hit, bool) {
	pattern := regexp.MustCompile("(?i)" + regexp.QuoteMeta(text))
	var best Hit
	at, found := Within(pattern, c.Name())
	best.Word = at >= 0 && found
	any := at >= 0
	for _, m := range append(c.Path(), c.Messages...) {
		at, word := Within(pattern, m.Text)
		if at < 0 || any && best.Snippet != "" && (best.Word || !word) {
			continue
		}
		any = true
		best.Word = best.Word || word
		best.Snippet = snippet(m.Text, at)
		if word {
			break
		}
	}
	return best, any
}

// Within returns the first place of a pattern in a text where a word begins, or
// if there is none the first place; -1 if there is none at all.
func Within(pattern *regexp.Regexp, text string) (at int, word bool) {
	at = -1
	for _, m := range pattern.FindAllStringIndex(text, -1) {
		if m[0] == m[1] {
			return -1, false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		first, _ := utf8.DecodeRuneInString(text[m[0]:])
		if m[0] == 0 || !joins(before) || !joins(first) || unspaced(before) || unspaced(first) {
			return m[0], true
		}
		if at < 0 {
			at = m[0]
		}
	}
	return at, false
}

// joins reports whether a character makes one word with the next.
func joins(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// unspaced reports whether a character belongs to a script that has no spaces between
// words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// snippet is one line of what stands around a place in a text.
func snippet(text string, at int) string {
	from, to := max(0, at-around), min(len(text), at+2*around)
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	line := strings.Join(strings.Fields(text[from:to]), " ")
	if from > 0 {
		if _, rest, cut := strings.Cut(line, " "); cut && !strings.Contains(text[from:at], "\n") && strings.Contains(text[from:at], " ") {
			line = rest
		}
		line = "…" + line
	}
	return line
}
