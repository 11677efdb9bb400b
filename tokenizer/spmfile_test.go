package tokenizer

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"tern/tokenizer/vocab"
)

// message is a length-delimited field of a protobuf message.
func message(num protowire.Number, fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), slices.Concat(fields...))
}

func varint(num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, num, protowire.VarintType), v)
}

func float(num protowire.Number, v float32) []byte {
	return protowire.AppendFixed32(protowire.AppendTag(nil, num, protowire.Fixed32Type), math.Float32bits(v))
}

func pieceField(piece string, score float32, kind pieceType) []byte {
	return message(1, message(1, []byte(piece)), float(2, score), varint(3, uint64(kind)))
}

// withFields is the golden model with fields behind it, which override.
func withFields(t testing.TB, fields ...[]byte) []byte {
	t.Helper()
	return slices.Concat(append([][]byte{readFile(t, "testdata", "spm", "tokenizer.model")}, fields...)...)
}

func TestModelRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want error
		says string
	}{
		{"unigram", withFields(t, message(2, varint(3, 1))), ErrUnsupported, "UNIGRAM"},
		{"word", withFields(t, message(2, varint(3, 3))), ErrUnsupported, "WORD"},
		{"future", withFields(t, message(2, varint(3, 9))), ErrUnsupported, "type 9"},
		{"suffix", withFields(t, message(2, varint(24, 1))), ErrUnsupported, "treat_whitespace_as_suffix"},
		{"nfkc", withFields(t, message(3, message(1, []byte("nmt_nfkc")), message(2, []byte{1}))), ErrUnsupported, "nmt_nfkc"},
		{"no escape", withFields(t, message(3, varint(5, 0))), ErrUnsupported, "escape_whitespaces"},
		{"tiktoken", []byte("IQ== 0\nIg== 1\n"), ErrUnsupported, "tiktoken"},
		{"piece type", withFields(t, pieceField("x!", 0, 7)), ErrUnsupported, "type 7"},
		{"piece twice", withFields(t, pieceField("▁t", 0, pieceNormal)), ErrDamaged, "▁t"},
		{"piece empty", withFields(t, pieceField("", 0, pieceNormal)), ErrDamaged, "empty"},
		{"no score", withFields(t, pieceField("x!", float32(math.NaN()), pieceNormal)), ErrDamaged, "score"},
		{"byte piece", withFields(t, pieceField("<0xG0>", 0, pieceByte)), ErrDamaged, "<0xG0>"},
		{"empty", []byte{}, ErrDamaged, "no pieces"},
		{"noise", []byte("not a model"), ErrDamaged, "tokenizer.model"},
		{"few bytes", slices.Concat(pieceField("<0x00>", 0, pieceByte), message(2, varint(3, 2)), message(3)), ErrDamaged, "1 of 256"},
		{"no unknown", slices.Concat(pieceField("a", 0, pieceNormal), message(2, varint(3, 2)), message(3)), ErrDamaged, "unknown"},
	} {
		_, err := New(vocab.Files{SentencePiece: c.data})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %v naming %s", c.name, err, c.want, c.says)
		}
	}
}

// A model cut short anywhere is noticed.
func TestModelTruncated(t *testing.T) {
	data := readFile(t, "testdata", "spm", "tokenizer.model")
	for n := range data {
		if _, err := New(vocab.Files{SentencePiece: data[:n:n]}); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "tokenizer.model") {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestNormalizerFlags(t *testing.T) {
	plain := mustNew(t, vocab.Files{SentencePiece: withFields(t)})
	bare := mustNew(t, vocab.Files{SentencePiece: withFields(t, message(3, varint(3, 0)))})
	if got, want := bare.Encode("Hello"), plain.EncodeContinuation("Hello"); !slices.Equal(got, want) || bare.StripsLeadingSpace() {
		t.Errorf("without add_dummy_prefix: %v, want %v", got, want)
	}
	squeezed := mustNew(t, vocab.Files{SentencePiece: withFields(t, message(3, varint(4, 1)))})
	for text, want := range map[string]string{
		"Hello":         "Hello",
		"  Hello":       "Hello",
		"Hello  ":       "Hello",
		"a  b   c":      "a b c",
		"   ":           "",
		"a ▁":           "a",
		"a▁▁b":          "a▁▁b",
		"\n  Hello \t ": "\n Hello \t",
	} {
		if got := squeezed.Encode(text); !slices.Equal(got, plain.Encode(want)) {
			t.Errorf("remove_extra_whitespaces makes %q %v, want the ids of %q, %v", text, got, want, plain.Encode(want))
		}
	}
	if got, want := squeezed.EncodeContinuation("  Hello  you "), plain.EncodeContinuation(" Hello you"); !slices.Equal(got, want) {
		t.Errorf("continuation %v, want %v", got, want)
	}
}

// Pieces of every type in one small vocabulary without byte pieces.
func TestPieceTypes(t *testing.T) {
	pieces := []string{"<unk>", "<s>", "▁", "a", "b", "ab", "bb", "<x>", "aab", "[PAD]", "▁a"}
	scores := []float32{0, 0, -9, -9, -9, -2, -2, 0, -1, 0, -5}
	types := []pieceType{pieceUnknown, pieceControl, pieceNormal, pieceNormal, pieceNormal, pieceNormal,
		pieceNormal, pieceUserDefined, pieceUnused, pieceUnused, pieceNormal}
	tok, err := newSentencePiece(pieces, scores, types, spacing{prefix: true})
	if err != nil {
		t.Fatal(err)
	}
	tok.seal()
	for _, c := range []struct {
		text string
		want []int32
	}{
		{"ab", []int32{2, 5}},                   // ab beats ▁a
		{"a", []int32{10}},                      //
		{"abb", []int32{2, 5, 4}},               // equal scores: the leftmost
		{"aab", []int32{10, 5}},                 // unused pieces do not come out
		{"a<x>b", []int32{10, 7, 4}},            // user-defined ones are cut out first
		{"xya", []int32{2, 0, 3}},               // one token for a run of unknown characters
		{"x y", []int32{2, 0, 2, 0}},            //
		{"<s>", []int32{2, 0}},                  // control pieces are not text
		{"<unk>", []int32{2, 0}},                //
		{"ab<x><x>", []int32{2, 5, 7, 7}},       //
		{"[PAD]a", []int32{2, 0, 3}},            //
		{"ab ab", []int32{2, 5, 2, 5}},          //
		{"<xa", []int32{2, 0, 3}},               //
		{"\xffab\xe2\x96", []int32{2, 0, 5, 0}}, // no UTF-8: unknown
	} {
		if got := tok.Encode(c.text); !slices.Equal(got, c.want) {
			t.Errorf("Encode(%q) = %v, want %v", c.text, got, c.want)
		}
	}
	if got := tok.EncodeSpecial("a<s>a"); !slices.Equal(got, []int32{10, 1, 10}) {
		t.Errorf("EncodeSpecial = %v", got)
	}
	for id, want := range map[int32]string{0: "", 1: "", 2: " ", 7: "<x>", 10: " a", -1: "", 11: ""} {
		if got := string(tok.Bytes(id)); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", id, got, want)
		}
	}
	if tok.Literal(10) != "▁a" || tok.Literal(11) != "" || tok.Literal(-1) != "" {
		t.Errorf("Literal gives %q, %q, %q", tok.Literal(10), tok.Literal(11), tok.Literal(-1))
	}
}

func FuzzTokenizerModel(f *testing.F) {
	f.Add(withFields(f))
	f.Add(withFields(f, message(3, varint(4, 1)), pieceField("<x>", 0, pieceUserDefined)))
	f.Add(slices.Concat(pieceField("<unk>", 0, pieceUnknown), message(2, varint(3, 2), varint(41, 1<<63)), message(3)))
	f.Fuzz(func(t *testing.T, data []byte) { checkHostile(t, vocab.Files{SentencePiece: data}) })
}
