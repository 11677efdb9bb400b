package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Stream turns token ids into text as they come. Its pieces are whole
// characters and concatenate to the same text however the ids are timed:
// bytes that are not UTF-8 become U+FFFD, one for each maximal subpart of a
// character, as the Unicode Standard recommends in chapter 3.9. A stream has
// one owner.
type Stream struct {
	t       Tokenizer
	pending []byte // the beginning of a character, at most 3 bytes
	strip   bool   // the next character may be the dummy space
	escaped bool   // U+2581 is a space even where three byte tokens spell it
}

// NewStream returns a stream for ids of t. start tells that the first id also
// starts the sequence, whose dummy space is not part of the text.
func NewStream(t Tokenizer, start bool) *Stream {
	return &Stream{t: t, strip: start && t.StripsLeadingSpace(), escaped: t.Kind() == kindSentencePiece}
}

// Push returns the text that a further token completes, often "".
func (s *Stream) Push(id int32) string {
	return s.push(s.t.Bytes(id), false)
}

// Pending reports whether the beginning of a character is held back.
func (s *Stream) Pending() bool { return len(s.pending) > 0 }

// Flush returns what is left at the end of the ids: U+FFFD for a character
// that never got complete, else "".
func (s *Stream) Flush() string {
	return s.push(nil, true)
}

func (s *Stream) push(bytes []byte, last bool) string {
	s.pending = append(s.pending, bytes...)
	text, n := decodeUTF8(s.pending, last)
	s.pending = s.pending[:copy(s.pending, s.pending[n:])]
	if s.escaped {
		text = strings.ReplaceAll(text, escapedSpace, " ")
	}
	if s.strip && text != "" {
		text = strings.TrimPrefix(text, " ")
		s.strip = false
	}
	return text
}

// Decode returns the text of ids that start a sequence.
func Decode(t Tokenizer, ids []int32) string {
	var b strings.Builder
	s := NewStream(t, true)
	for _, id := range ids {
		b.WriteString(s.Push(id))
	}
	b.WriteString(s.Flush())
	return b.String()
}

// Text is what one token spells by itself, its space included; U+FFFD stands
// for bytes that are a part of a character only.
func Text(t Tokenizer, id int32) string {
	s := NewStream(t, false)
	return s.Push(id) + s.Flush()
}

// decodeUTF8 returns the characters in p and how many bytes they take: all,
// or without last, all but the beginning of a character at the end.
func decodeUTF8(p []byte, last bool) (text string, n int) {
	var b strings.Builder
	for n < len(p) {
		r, size := utf8.DecodeRune(p[n:])
		if r == utf8.RuneError && size == 1 {
			if !last && !utf8.FullRune(p[n:]) {
				break
			}
			for n+size < len(p) && !utf8.FullRune(p[n:n+size+1]) {
				size++
			}
		}
		b.WriteRune(r)
		n += size
	}
	return b.String(), n
}

// validUTF8 returns s with U+FFFD for what is not UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	text, _ := decodeUTF8([]byte(s), true)
	return text
}
