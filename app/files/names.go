package files

import (
	"strings"
	"unicode/utf8"
)

// nameless is the first of 256 private characters; each stands for one
// byte of a path that is not text.
const nameless = 0x10FE00

// Text writes a path as text that Path reads back. On most systems a path is bytes,
// which JSON cannot hold: it would put U+FFFD in place of what is not UTF-8, and the
// file would not be found again. Paths that are text stay as they are.
func Text(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, isNameless) {
		return path
	}
	var b strings.Builder
	for len(path) > 0 {
		r, n := utf8.DecodeRuneInString(path)
		if r == utf8.RuneError && n == 1 || isNameless(r) {
			for _, c := range []byte(path[:n]) {
				b.WriteRune(nameless + rune(c))
			}
		} else {
			b.WriteString(path[:n])
		}
		path = path[n:]
	}
	return b.String()
}

// Path is the path that Text wrote.
func Path(text string) string {
	if !strings.ContainsFunc(text, isNameless) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if isNameless(r) {
			b.WriteByte(byte(r - nameless))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isNameless(r rune) bool { return r >= nameless && r < nameless+256 }
