package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tern/tokenizer/vocab"
)

// table is a Tokenizer with the given bytes by id, for decoding only.
type table struct {
	Tokenizer
	bytes  [][]byte
	kind   string
	strips bool
}

func (t table) Bytes(id int32) []byte    { return t.bytes[id] }
func (t table) Kind() string             { return t.kind }
func (t table) StripsLeadingSpace() bool { return t.strips }

// byteTable has the 256 bytes as tokens.
func byteTable() table {
	t := table{kind: kindByteLevel}
	for b := range 256 {
		t.bytes = append(t.bytes, []byte{byte(b)})
	}
	return t
}

func idsOf(s string) (ids []int32) {
	for i := range len(s) {
		ids = append(ids, int32(s[i]))
	}
	return ids
}

// The examples of the Unicode Standard, tables 3-8 to 3-11, and the edges of
// its table 3-7.
func TestStreamReplacesInvalid(t *testing.T) {
	const x = "\uFFFD"
	for _, c := range []struct{ in, want string }{
		{"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", strings.Repeat(x, 8) + "A"},
		{"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", strings.Repeat(x, 8) + "A"},
		{"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", strings.Repeat(x, 5) + "A" + x + x + "B"},
		{"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", strings.Repeat(x, 4) + "A"},
		{"\xE4\xBDa", x + "a"},
		{"\xE4\xBD", x},
		{"\xF0\x9F\x99", x},
		{"\xF0\x9F\x99\x82", "🙂"},
		{"\xF5\x80", x + x},
		{"\xF4\x8F\xBF\xBF", "\U0010FFFF"},
		{"\xEF\xBF\xBD\x80", x + x},
		{"", ""},
	} {
		if got := Decode(byteTable(), idsOf(c.in)); got != c.want {
			t.Errorf("%q decodes to %q, want %q", c.in, got, c.want)
		}
	}
}

// checkStream streams ids and demands of every piece what Stream promises.
func checkStream(t testing.TB, tok Tokenizer, ids []int32, start bool) string {
	t.Helper()
	s := NewStream(tok, start)
	var text strings.Builder
	piece := func(p string) {
		if !utf8.ValidString(p) {
			t.Fatalf("ids %v: piece %q is not UTF-8", ids, p)
		}
		if len(s.pending) > 3 {
			t.Fatalf("ids %v: %d bytes held", ids, len(s.pending))
		}
		if tok.Kind() == kindSentencePiece && strings.Contains(p, escapedSpace) {
			t.Fatalf("ids %v: piece %q shows U+2581", ids, p)
		}
		text.WriteString(p)
	}
	for _, id := range ids {
		piece(s.Push(id))
	}
	piece(s.Flush())
	if len(s.pending) != 0 {
		t.Fatalf("ids %v: %d bytes held after Flush", ids, len(s.pending))
	}
	return text.String()
}

// The same bytes give the same text, in whatever tokens they come.
func TestStreamAnySplit(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	parts := []string{"a", " ", "é", "中", "🙂", "\xF0", "\x9F", "\x99", "\xE2", "\x96", "\x81", "\xC0", "\xFF", "\xED\xA0", "▁"}
	for range 2000 {
		var whole string
		for range random.IntN(12) {
			whole += parts[random.IntN(len(parts))]
		}
		for _, kind := range []string{kindByteLevel, kindSentencePiece} {
			for _, strips := range []bool{false, true} {
				bytewise := byteTable()
				bytewise.kind, bytewise.strips = kind, strips
				cut := table{kind: kind, strips: strips}
				var ids []int32
				for rest := whole; rest != ""; {
					n := random.IntN(len(rest) + 1)
					ids = append(ids, int32(len(ids)))
					cut.bytes = append(cut.bytes, []byte(rest[:n]))
					rest = rest[n:]
				}
				want := checkStream(t, bytewise, idsOf(whole), true)
				if got := checkStream(t, cut, ids, true); got != want {
					t.Fatalf("%q in %d tokens is %q, in bytes %q", whole, len(ids), got, want)
				}
				if kind == kindByteLevel && !strips && want != validUTF8(whole) {
					t.Fatalf("%q streams to %q, want %q", whole, want, validUTF8(whole))
				}
			}
		}
	}
}

func TestStreamLeadingSpace(t *testing.T) {
	tok := mustNew(t, vocab.Files{SentencePiece: readFile(t, "testdata", "spm", "tokenizer.model")})
	for _, c := range []struct {
		text  string
		start bool
		want  string
	}{
		{"Hello", true, "Hello"},
		{"Hello", false, " Hello"},
		{"  Hello", true, "  Hello"},
		{" ", true, " "},
		{"▁x", true, " x"},
	} {
		ids := append([]int32{1}, tok.Encode(c.text)...)
		if got := checkStream(t, tok, ids, c.start); got != c.want {
			t.Errorf("%q, start %v, streams to %q, want %q", c.text, c.start, got, c.want)
		}
	}
	// Only the very first space goes, not that of a later text.
	ids := slices.Concat(tok.Encode("a"), []int32{2}, tok.Encode("b"))
	if got := checkStream(t, tok, ids, true); got != "a b" {
		t.Errorf("two texts stream to %q", got)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("Hello"), true)
	f.Add([]byte{0xE2, 0x96, 0x81, 0xF0, 0x9F, 0x99}, true)
	f.Add([]byte{1, 2, 3, 0x80, 0xFF}, false)
	spm := mustNew(f, vocab.Files{SentencePiece: readFile(f, "testdata", "spm", "tokenizer.model")})
	bpe := mustNew(f, vocab.Files{JSON: readFile(f, "testdata", "bpe", "tokenizer.json")})
	f.Fuzz(func(t *testing.T, data []byte, start bool) {
		ids := make([]int32, 0, len(data))
		for i, b := range data {
			// All ids of the vocabularies, and some beyond.
			ids = append(ids, int32(b)+200*int32(i%2)-5)
		}
		var bytes []byte
		for _, id := range ids {
			bytes = append(bytes, bpe.Bytes(id)...)
		}
		if got, want := checkStream(t, bpe, ids, start), validUTF8(string(bytes)); got != want {
			t.Fatalf("ids %v stream to %q, want %q", ids, got, want)
		}
		got := checkStream(t, spm, ids, start)
		if start && got != Decode(spm, ids) {
			t.Fatalf("ids %v stream to %q, decode to %q", ids, got, Decode(spm, ids))
		}
	})
}
