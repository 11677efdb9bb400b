package tokenizer

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

const (
	// maxPattern bounds a pattern of a tokenizer.json, in bytes. The longest in
	// use has about 500.
	maxPattern = 4096
	// matchTimeout ends the search for one match of a pattern that backtracks
	// without end.
	matchTimeout = time.Second
)

// pattern returns the finder of a regular expression as Hugging Face's
// tokenizers read it (Oniguruma's Ruby syntax): one that is written out in Go
// for the patterns that most models use.
func pattern(expr string) (finder, error) {
	if split, ok := splitPatterns[expr]; ok {
		return all(split), nil
	}
	if len(expr) > maxPattern {
		return nil, fmt.Errorf("pattern of %d bytes", len(expr))
	}
	translated, err := translate(expr)
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(translated, regexp2.Multiline)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", expr, err)
	}
	re.MatchTimeout = matchTimeout
	return func(text string, yield func(start, end int)) {
		// The library counts characters.
		runes, at := 0, 0
		advance := func(to int) int {
			for ; runes < to && at < len(text); runes++ {
				_, n := utf8.DecodeRuneInString(text[at:])
				at += n
			}
			return at
		}
		m, err := re.FindStringMatch(text)
		for err == nil && m != nil {
			start := advance(m.Index)
			yield(start, advance(m.Index+m.Length))
			m, err = re.FindNextMatch(m)
		}
		// After the timeout the rest of the text counts as one without a match.
	}, nil
}

// wordClass is \w of Oniguruma as members of a class, without its brackets.
const wordClass = `\p{L}\p{M}\p{Nd}\p{Pc}`

// translate writes a pattern in .NET's syntax. What the two read differently
// and is not rewritten here is an error.
func translate(expr string) (string, error) {
	unsupported := func(what string) (string, error) {
		return "", fmt.Errorf("pattern %q with %s", expr, what)
	}
	var b strings.Builder
	var open []int // where the groups begin that are not closed
	atom := -1     // where the last atom begins, -1 for none
	quantified := false
	for i := 0; i < len(expr); {
		c := expr[i]
		next := byte(0)
		if i+1 < len(expr) {
			next = expr[i+1]
		}
		switch {
		case c == '\\':
			if strings.IndexByte("hHRXKGyYzZBbgk", next) >= 0 && next != 0 {
				return unsupported(`\` + string(next))
			}
			atom, quantified = b.Len(), false
			switch {
			case next == 'w':
				b.WriteString("[" + wordClass + "]")
			case next == 'W':
				b.WriteString("[^" + wordClass + "]")
			case next == 'x' && strings.HasPrefix(expr[i+2:], "{"):
				return unsupported(`\x{`)
			case (next == 'p' || next == 'P') && strings.HasPrefix(expr[i+2:], "{"):
				n := strings.IndexByte(expr[i:], '}')
				if n < 0 {
					return unsupported("an open property")
				}
				b.WriteString(expr[i : i+n+1])
				i += n + 1
				continue
			default:
				b.WriteByte(c)
				_, n := utf8.DecodeRuneInString(expr[i+1:])
				b.WriteString(expr[i+1 : i+1+n])
				i += 1 + n
				continue
			}
			i += 2
		case c == '[':
			n, class, err := translateClass(expr[i:])
			if err != nil {
				return unsupported(err.Error())
			}
			atom, quantified = b.Len(), false
			b.WriteString(class)
			i += n
		case c == '(':
			if strings.HasPrefix(expr[i:], "(?m") || strings.HasPrefix(expr[i:], "(?#") || strings.HasPrefix(expr[i:], "(?~") {
				return unsupported(expr[i : i+3])
			}
			open = append(open, b.Len())
			atom, quantified = -1, false
			n := 1
			// The head of the group, up to and with its colon or mark.
			if next == '?' {
				n = 2 + len(expr[i+2:]) - len(strings.TrimLeft(expr[i+2:], "imsx-"))
				for i+n < len(expr) && strings.IndexByte(":=!<>", expr[i+n]) >= 0 {
					n++
				}
			}
			// (?i:'s is U+017F too, which the library does not fold.
			b.WriteString(expr[i : i+n])
			if expr[i:i+n] == "(?i:" && strings.HasPrefix(expr[i+n:], "'s|") {
				b.WriteString("'ſ|")
			}
			i += n
		case c == ')':
			if len(open) == 0 {
				return unsupported("a bracket too many")
			}
			atom, open = open[len(open)-1], open[:len(open)-1]
			quantified = false
			b.WriteByte(c)
			i++
		case c == '+' && quantified && atom >= 0:
			// Possessive: once matched, nothing is given back.
			tail := b.String()[atom:]
			head := b.String()[:atom]
			b.Reset()
			b.WriteString(head + "(?>" + tail + ")")
			quantified = false
			i++
		case c == '*' || c == '+' || c == '?':
			quantified = !quantified
			b.WriteByte(c)
			i++
		case c == '{':
			n := strings.IndexByte(expr[i:], '}')
			if n < 0 {
				return unsupported("an open quantifier")
			}
			if !strings.HasPrefix(expr[i:], "{,") {
				b.WriteString(expr[i : i+n+1])
			} else {
				b.WriteString("{0" + expr[i+1:i+n+1])
			}
			quantified = false // Ruby's {2}+ is two quantifiers
			if i+n+1 < len(expr) && expr[i+n+1] == '+' {
				return unsupported("a quantifier behind another")
			}
			i += n + 1
		default:
			_, n := utf8.DecodeRuneInString(expr[i:])
			atom, quantified = b.Len(), false
			if c == '|' || c == '^' || c == '$' {
				atom = -1
			}
			b.WriteString(expr[i : i+n])
			i += n
		}
	}
	return b.String(), nil
}

// translateClass translates the class that s begins with and returns its length.
func translateClass(s string) (n int, class string, err error) {
	var b strings.Builder
	b.WriteByte('[')
	i := 1
	if strings.HasPrefix(s[i:], "^") {
		b.WriteByte('^')
		i++
	}
	for first := true; i < len(s); first = false {
		switch {
		case s[i] == ']' && !first:
			b.WriteByte(']')
			return i + 1, b.String(), nil
		case s[i] == '[':
			return 0, "", fmt.Errorf("a class in a class")
		case strings.HasPrefix(s[i:], "&&"):
			return 0, "", fmt.Errorf("an intersection of classes")
		case s[i] == '\\' && i+1 < len(s):
			switch s[i+1] {
			case 'h', 'H', 'R', 'X', 'W', 'b':
				return 0, "", fmt.Errorf(`\%c in a class`, s[i+1])
			case 'w':
				b.WriteString(wordClass)
				i += 2
				continue
			case 'x':
				if strings.HasPrefix(s[i+2:], "{") {
					return 0, "", fmt.Errorf(`\x{`)
				}
			}
			_, size := utf8.DecodeRuneInString(s[i+1:])
			b.WriteString(s[i : i+1+size])
			i += 1 + size
		default:
			_, size := utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+size])
			i += size
		}
	}
	return 0, "", fmt.Errorf("an open class")
}
