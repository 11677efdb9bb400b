package grammar

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// runes reads one character between lo and hi as UTF-8, without escapes. The halves
// of pairs (D800 to DFFF) are not characters.
func (b *builder) runes(from, to int32, lo, hi rune) {
	for _, part := range [][2]rune{{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, utf8.MaxRune}} {
		if l, h := max(lo, part[0]), min(hi, part[1]); l <= h {
			var first, last [utf8.UTFMax]byte
			n := utf8.EncodeRune(first[:], l)
			utf8.EncodeRune(last[:], h)
			b.sequence(from, to, first[:n], last[:n])
		}
	}
}

// sequence reads what lies between two byte sequences of the same length, whose
// bytes behind the first are 80 to BF.
func (b *builder) sequence(from, to int32, lo, hi []byte) {
	if len(lo) == 1 {
		b.link(from, lo[0], hi[0], to)
		return
	}
	if lo[0] == hi[0] {
		b.sequence(b.oneOf(from, lo[0], lo[0]), to, lo[1:], hi[1:])
		return
	}
	least, most := []byte{0x80, 0x80, 0x80}[:len(lo)-1], []byte{0xBF, 0xBF, 0xBF}[:len(lo)-1]
	l, h := lo[0], hi[0]
	if string(lo[1:]) != string(least) {
		b.sequence(b.oneOf(from, l, l), to, lo[1:], most)
		l++
	}
	if string(hi[1:]) != string(most) {
		b.sequence(b.oneOf(from, h, h), to, least, hi[1:])
		h--
	}
	if l <= h {
		b.sequence(b.oneOf(from, l, h), to, least, most)
	}
}

// spelt is how a character is written in a string, where nothing says otherwise.
func spelt(r rune) string {
	switch r {
	case '"':
		return `\"`
	case '\\':
		return `\\`
	case '\b':
		return `\b`
	case '\f':
		return `\f`
	case '\n':
		return `\n`
	case '\r':
		return `\r`
	case '\t':
		return `\t`
	}
	if r < ' ' {
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// inString reads one character between lo and hi as it is spelt in a string.
func (b *builder) inString(from, to int32, lo, hi rune) {
	for r := lo; r <= min(hi, 0x1F); r++ {
		b.free(b.text(from, spelt(r)), to)
	}
	for _, r := range []rune{'"', '\\'} {
		if lo <= r && r <= hi {
			b.free(b.text(from, spelt(r)), to)
		}
	}
	for _, part := range [][2]rune{{' ', '!'}, {'#', '['}, {']', utf8.MaxRune}} {
		if l, h := max(lo, part[0]), min(hi, part[1]); l <= h {
			b.runes(from, to, l, h)
		}
	}
}

// quote is a text as a string of JSON, each character spelt in one way.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		b.WriteString(spelt(r))
	}
	b.WriteByte('"')
	return b.String()
}

// keyBut reads a key that is none of these names. Its characters are spelt in one
// way, so that no name can hide behind an escape.
func (b *builder) keyBut(from int32, names []string) int32 {
	end, body := b.node(), b.node()
	b.inString(body, body, 0, utf8.MaxRune)
	b.link(body, '"', '"', end)
	// keys reads what follows in a key that begins like these names, which are cut
	// to what follows in them.
	var keys func(from int32, names []string)
	keys = func(from int32, names []string) {
		follow := map[rune][]string{}
		named := false
		for _, name := range names {
			if r, size := utf8.DecodeRuneInString(name); size == 0 {
				named = true
			} else {
				follow[r] = append(follow[r], name[size:])
			}
		}
		if !named {
			b.link(from, '"', '"', end)
		}
		next := rune(0)
		for _, r := range slices.Sorted(maps.Keys(follow)) {
			b.inString(from, body, next, r-1)
			to := b.node()
			b.inString(from, to, r, r)
			keys(to, follow[r])
			next = r + 1
		}
		b.inString(from, body, next, utf8.MaxRune)
	}
	keys(b.text(from, `"`), names)
	return end
}
