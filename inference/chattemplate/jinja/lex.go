package jinja

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind int

const (
	dataToken tokenKind = iota // text between tags
	beginOutput
	endOutput
	beginBlock
	endBlock
	nameToken
	stringToken
	intToken
	floatToken
	operatorToken
	endToken
)

type token struct {
	kind tokenKind
	text string
	line int
}

// operators, longer ones first.
var operators = []string{
	"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
}

// lexer cuts a template into tokens. White space is what Jinja2 takes for it with
// trim_blocks (a line end after a tag is dropped) and lstrip_blocks (so is the
// indentation of a tag that starts its line).
type lexer struct {
	source    string
	at, line  int
	tokens    []token
	lineStart bool // the last tag or text ended with a line end
}

func lex(source string) []token {
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	l := &lexer{source: strings.TrimSuffix(source, "\n"), line: 1, lineStart: true}
	for l.at < len(l.source) {
		l.root()
	}
	l.add(endToken, "")
	return l.tokens
}

func (l *lexer) fail(format string, args ...any) {
	panic(&Error{l.line, fmt.Errorf(format, args...)})
}

func (l *lexer) add(kind tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind, text, l.line})
}

// advance goes on by n bytes.
func (l *lexer) advance(n int) {
	l.line += strings.Count(l.source[l.at:l.at+n], "\n")
	l.at += n
	l.lineStart = n > 0 && l.source[l.at-1] == '\n'
}

// sign reads the + or - after the beginning of a tag.
func sign(rest string) string {
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		return rest[:1]
	}
	return ""
}

// root reads a text and the tag after it.
func (l *lexer) root() {
	rest := l.source[l.at:]
	n := 0
	for ; ; n++ {
		next := strings.IndexByte(rest[n:], '{')
		if next < 0 || n+next+1 >= len(rest) {
			l.add(dataToken, rest)
			l.advance(len(rest))
			return
		}
		if n += next; strings.IndexByte("{%#", rest[n+1]) >= 0 {
			break
		}
	}
	kind, mark := rest[n+1], sign(rest[n+2:])
	text := l.before(rest[:n], mark, kind != '{')
	if text != "" {
		l.add(dataToken, text)
	}
	l.advance(n)
	if kind == '%' {
		if begin, ok := rawTag(rest[n:], "raw"); ok {
			l.advance(begin)
			l.raw()
			return
		}
	}
	switch l.advance(2 + len(mark)); kind {
	case '{':
		l.add(beginOutput, "")
		l.tag("}}", endOutput)
	case '%':
		l.add(beginBlock, "")
		l.tag("%}", endBlock)
	default:
		end := strings.Index(l.source[l.at:], "#}")
		if end < 0 {
			l.fail("a comment without its end")
		}
		l.advance(end)
		minus := end > 0 && l.source[l.at-1] == '-'
		l.advance(2)
		l.behind(minus, end > 0 && l.source[l.at-3] == '+')
	}
}

// before is the text before a tag without the white space that goes.
func (l *lexer) before(text, mark string, block bool) string {
	switch {
	case mark == "-":
		return strings.TrimRightFunc(text, isSpace)
	case mark == "" && block:
		if at := strings.LastIndexByte(text, '\n') + 1; (at > 0 || l.lineStart) && strings.TrimLeftFunc(text[at:], isSpace) == "" {
			return text[:at]
		}
	}
	return text
}

// behind drops the white space after a tag.
func (l *lexer) behind(all, none bool) {
	rest := l.source[l.at:]
	switch {
	case all:
		l.advanceOver(len(rest) - len(strings.TrimLeftFunc(rest, isSpace)))
	case !none && strings.HasPrefix(rest, "\n"):
		l.advance(1)
	}
}

// advanceOver is advance, but that nothing passed over starts no line.
func (l *lexer) advanceOver(n int) {
	if n > 0 {
		l.advance(n)
	}
}

// rawTag tells how long a {% raw %} or {% endraw %} at the start of s is, with
// the white space that a minus at its end takes along.
func rawTag(s, word string) (n int, ok bool) {
	rest := strings.TrimLeftFunc(s[2+len(sign(s[2:])):], isSpace)
	if rest, ok = strings.CutPrefix(rest, word); !ok {
		return 0, false
	}
	rest = strings.TrimLeftFunc(rest, isSpace)
	if word == "endraw" {
		rest = strings.TrimPrefix(rest, "+")
	}
	minus := strings.HasPrefix(rest, "-%}")
	rest = strings.TrimPrefix(rest, "-")
	if rest, ok = strings.CutPrefix(rest, "%}"); !ok {
		return 0, false
	}
	switch {
	case minus:
		rest = strings.TrimLeftFunc(rest, isSpace)
	case word == "endraw":
		rest = strings.TrimPrefix(rest, "\n")
	}
	return len(s) - len(rest), true
}

// raw reads a text up to {% endraw %}.
func (l *lexer) raw() {
	rest := l.source[l.at:]
	for n := 0; ; n += 2 {
		next := strings.Index(rest[n:], "{%")
		if next < 0 {
			l.fail("a raw block without its end")
		}
		n += next
		if length, ok := rawTag(rest[n:], "endraw"); ok {
			if text := l.before(rest[:n], sign(rest[n+2:]), true); text != "" {
				l.add(dataToken, text)
			}
			l.advance(n + length)
			return
		}
	}
}

// tag reads the tokens of a tag and its end.
func (l *lexer) tag(closer string, end tokenKind) {
	var open []byte
	for {
		rest := l.source[l.at:]
		switch {
		case rest == "":
			l.fail("a tag without its end %s", quote(closer))
		case len(open) == 0 && strings.HasPrefix(rest, closer):
			l.add(end, closer)
			l.advance(2)
			l.behind(false, end == endOutput)
			return
		case len(open) == 0 && (rest[0] == '-' || rest[0] == '+' && end == endBlock) && strings.HasPrefix(rest[1:], closer):
			l.add(end, closer)
			l.advance(3)
			l.behind(rest[0] == '-', true)
			return
		}
		if n := len(rest) - len(strings.TrimLeftFunc(rest, isSpace)); n > 0 {
			l.advance(n)
			continue
		}
		kind, n := l.next(rest)
		text := rest[:n]
		if kind == operatorToken {
			open = l.balance(open, text)
		}
		switch kind {
		case stringToken:
			l.add(kind, l.unescape(text[1:n-1]))
		case intToken, floatToken:
			l.add(kind, strings.ReplaceAll(text, "_", ""))
		default:
			l.add(kind, text)
		}
		l.advance(n)
	}
}

// balance keeps the brackets that are open.
func (l *lexer) balance(open []byte, op string) []byte {
	switch op {
	case "(", "[", "{":
		return append(open, ")]}"[strings.Index("([{", op)])
	case ")", "]", "}":
		if len(open) == 0 {
			l.fail("unexpected %s", quote(op))
		}
		if want := open[len(open)-1]; want != op[0] {
			l.fail("unexpected %s, expected %s", quote(op), quote(string(want)))
		}
		return open[:len(open)-1]
	}
	return open
}

// next tells what token begins s, and its length.
func (l *lexer) next(s string) (tokenKind, int) {
	c, _ := utf8.DecodeRuneInString(s)
	switch {
	case c >= '0' && c <= '9':
		return number(s, l.at > 0 && l.source[l.at-1] == '.')
	case c == '\'' || c == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case byte(c):
				return stringToken, i + 1
			}
		}
		l.fail("a string without its end: %s", quote(s))
	case c == '_' || unicode.IsLetter(c):
		n := strings.IndexFunc(s, func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
		})
		if n < 0 {
			n = len(s)
		}
		return nameToken, n
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return operatorToken, len(op)
		}
	}
	l.fail("unexpected character %s", quote(string(c)))
	return 0, 0
}

// number tells what number begins s. Behind a dot, as in a.0, it has no fraction.
func number(s string, behindDot bool) (tokenKind, int) {
	digits := func(i int, ok func(byte) bool) int {
		for i < len(s) && (ok(s[i]) || s[i] == '_' && i > 0 && i+1 < len(s) && ok(s[i+1])) {
			i++
		}
		return i
	}
	decimal := func(c byte) bool { return c >= '0' && c <= '9' }
	if len(s) > 2 && s[0] == '0' {
		if base := strings.IndexByte("bBoOxX", s[1]); base >= 0 {
			if n := digits(2, func(c byte) bool {
				return strings.IndexByte("0123456789abcdefABCDEF"[:[]int{2, 8, 22}[base/2]], c) >= 0
			}); n > 2 {
				return intToken, n
			}
		}
	}
	n := digits(0, decimal)
	kind, end := intToken, n
	if behindDot {
		return kind, end
	}
	if end+1 < len(s) && s[end] == '.' && decimal(s[end+1]) {
		kind, end = floatToken, digits(end+1, decimal)
	}
	if e := end; e < len(s) && (s[e] == 'e' || s[e] == 'E') {
		if e++; e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		if e < len(s) && decimal(s[e]) {
			kind, end = floatToken, digits(e, decimal)
		}
	}
	return kind, end
}

// unescape reads the escapes of a string as Python does; unknown ones stay.
func (l *lexer) unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		if at := strings.IndexByte(`\'"abfnrtv`, s[i]); at >= 0 {
			b.WriteByte("\\'\"\a\b\f\n\r\t\v"[at])
			continue
		}
		switch c := s[i]; {
		case c == '\n':
		case c == 'x' || c == 'u' || c == 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			code, err := strconv.ParseUint(s[i+1:min(i+1+n, len(s))], 16, 32)
			if err != nil || i+n >= len(s) || code > unicode.MaxRune {
				l.fail("a string with a broken escape: %s", quote(s[i-1:]))
			}
			b.WriteRune(rune(code))
			i += n
		case c >= '0' && c <= '7':
			n := 1
			for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' {
				n++
			}
			code, _ := strconv.ParseUint(s[i:i+n], 8, 32) // digits, as the loop says
			b.WriteRune(rune(code))
			i += n - 1
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isSpace is what Python's str.strip takes for white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
