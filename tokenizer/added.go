package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// added is a token that is cut out of a text before the algorithm sees it.
type added struct {
	id         int32
	literal    string
	special    bool // control: never text, neither typed nor shown
	lstrip     bool // takes the white space in front of it along
	rstrip     bool // and after it
	singleWord bool // matches only where no word goes on at its ends
	normalized bool // found in the normalized text, where normalizers have changed it too
}

// matchers find added tokens: first those that are matched as they are written,
// and between them, in the normalized text, those marked `normalized`.
type matchers struct {
	written, normal matcher
}

// matcher finds added tokens in a text: the leftmost, and of those that start
// there the longest.
type matcher struct {
	tokens  map[string]added
	lengths []int     // distinct lengths of the literals, longest first
	first   [256]bool // bytes that a literal starts with
}

func (m *matcher) add(a added) {
	if m.tokens == nil {
		m.tokens = make(map[string]added)
	}
	m.tokens[a.literal] = a
	m.first[a.literal[0]] = true
	if !slices.Contains(m.lengths, len(a.literal)) {
		m.lengths = append(m.lengths, len(a.literal))
		slices.SortFunc(m.lengths, func(a, b int) int { return b - a })
	}
}

// next returns the first token in text[from:] and the bytes [start, end) of text
// that it takes, or len(text), len(text), -1.
func (m *matcher) next(text string, from int) (start, end int, id int32) {
	if len(m.tokens) == 0 {
		return len(text), len(text), -1
	}
	for i := from; i < len(text); i++ {
		a, ok := m.prefix(text[i:])
		if !ok {
			continue
		}
		start, end = i, i+len(a.literal)
		if a.singleWord {
			before, _ := utf8.DecodeLastRuneInString(text[:start])
			behind, _ := utf8.DecodeRuneInString(text[end:])
			if isWord(before) || isWord(behind) {
				i = end - 1 // nor is one matched inside it
				continue
			}
		}
		if a.lstrip {
			start = max(from, len(strings.TrimRightFunc(text[:start], unicode.IsSpace)))
		}
		if a.rstrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		return start, end, a.id
	}
	return len(text), len(text), -1
}

// prefix returns the longest token that text starts with.
func (m *matcher) prefix(text string) (added, bool) {
	if !m.first[text[0]] {
		return added{}, false
	}
	for _, n := range m.lengths {
		if n <= len(text) {
			if a, ok := m.tokens[text[:n]]; ok {
				return a, true
			}
		}
	}
	return added{}, false
}
