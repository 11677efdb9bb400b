package chat

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

	"tern/tokenizer"
)

func TestJoin(t *testing.T) {
	for _, c := range []struct{ text, words, want string }{
		{"", "Once upon a time", "Once upon a time"},
		{"", " x", " x"},
		{"Once", "upon", " upon"},
		{"Once ", "upon", "upon"},
		{"Once", " upon", " upon"},
		{"Once", "\n\nupon", "\n\nupon"},
		{"The end.\n\n", "Then", "Then"},
		{"The end.\n", "Then", "Then"},
		{"The end.", "Then", " Then"},
		{"He came", ", saw", ", saw"},
		{"He came", "...", "..."},
		{"He came", "?!", "?!"},
		{"the cat", "'s tail", "'s tail"},
		{"the cat", "’s tail", "’s tail"},
		{"well", "-known", "-known"},
		{"he came", "— and went", "— and went"},
		{"he (once", ") came", ") came"},
		{"he", "(once) came", " (once) came"},
		{"Tom said,", `"Hello"`, ` "Hello"`},
		{"Tom said,", "“Hello”", " “Hello”"},
		{`Tom said, "Hello,`, `" and went`, `" and went`},
		{"Tom said, “Hello,", "” and went", "” and went"},
		{"\"One.\n", `"Two."`, `"Two."`},
		{"\"One.\nTom said,", `"Two."`, ` "Two."`},
		{"Tom", "& Jerry", " & Jerry"},
		{"cost", "$5", " $5"},
		{"3", "4", " 4"},
		{"Größe", "ändert", " ändert"},
		{"他说", "你好", "你好"},
		{"他说", "hello", " hello"},
		{"he said", "你好", " 你好"},
		{"他说", "，你好", "，你好"},
		{"Once", "upon \t ", " upon"},
		{"Once", "upon\n", " upon\n"},
		{"Once", "", ""},
		{"Once", "   ", ""},
		{"Once\u00a0", "upon", "upon"},
		{"a\xff", "b", " b"},
	} {
		if got := join(c.text, c.words); got != c.want {
			t.Errorf("join(%q, %q) = %q, want %q", c.text, c.words, got, c.want)
		}
	}
}

// TestJoinInTokens builds documents word by word: the ids must spell what the
// document shows, and each word but the first carries exactly one space, as it
// would in a text that was written in one go.
func TestJoinInTokens(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		tok := vocabulary(t, name)
		t.Run(name, func(t *testing.T) {
			d := empty
			for i, words := range []string{"The little", "tern", " flew", ", and then", "\n\nOne day ", "it", `"said"`, "hé你好"} {
				d = d.withWords(i, words)
				if got, want := tokenizer.Decode(tok, d.prompt(tok, 1)), d.text(); got != want {
					t.Errorf("the ids spell %q, the document is %q", got, want)
				}
			}
			if want := "The little tern flew, and then\n\nOne day it \"said\" hé你好"; d.text() != want {
				t.Errorf("%q, want %q", d.text(), want)
			}
			d = empty.withWords(1, "the").withWords(2, "the")
			_ = d.prompt(tok, 1)
			if ids := d.segments[1].ids; string(tok.Bytes(ids[0])[:1]) != " " || fmt.Sprint(ids) != fmt.Sprint(tok.EncodeContinuation(" the")) {
				t.Errorf("the second word is %v", ids)
			}
		})
	}
}

// TestPrompt checks that another model's ids replace those of the one before,
// and that a document which the model itself began is not given a second space.
func TestPrompt(t *testing.T) {
	spm, bpe := vocabulary(t, "spm"), vocabulary(t, "bpe")
	d := empty.withWords(1, "Hello")
	answer := &segment{id: 2, author: Model, vocab: 1, ids: letterByLetter(t, spm, " world")}
	answer.text.WriteString(" world")
	d = d.with(answer)

	first := d.prompt(spm, 1)
	if fmt.Sprint(first[len(first)-6:]) != fmt.Sprint(answer.ids) {
		t.Error("generated ids were encoded again")
	}
	if got := tokenizer.Decode(bpe, d.prompt(bpe, 2)); got != "Hello world" {
		t.Errorf("the other model reads %q", got)
	}
	if fmt.Sprint(d.prompt(spm, 3)) == fmt.Sprint(first) {
		t.Error("ids of a model that was closed are still in use")
	}

	start, _ := spm.BOS()
	answer = &segment{id: 3, author: Model, vocab: 4, ids: spm.Encode("Once")}
	answer.text.WriteString("Once")
	d = empty.with(answer).withWords(4, "upon")
	if got := d.prompt(spm, 4); got[0] != start || tokenizer.Decode(spm, got) != "Once upon" {
		t.Errorf("%v spells %q", got, tokenizer.Decode(spm, got))
	}
}

// letterByLetter encodes an ASCII text as no encoder would.
func letterByLetter(t testing.TB, tok tokenizer.Tokenizer, text string) []int32 {
	t.Helper()
	var ids []int32
	for i := range len(text) {
		one := tok.EncodeContinuation(text[i : i+1])
		if len(one) != 1 {
			t.Fatalf("%q takes %d tokens", text[i:i+1], len(one))
		}
		ids = append(ids, one...)
	}
	return ids
}

// TestTrim cuts an answer at every character: its ids must spell what is left,
// the whole tokens of it as they were sampled.
func TestTrim(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		tok := vocabulary(t, name)
		for _, first := range []bool{true, false} {
			full := "The little tern 你好 flew"
			encode := tok.EncodeContinuation
			if first {
				encode = tok.Encode
			}
			for cut := 1; cut <= len(full); cut++ {
				if !utf8.ValidString(full[:cut]) {
					continue
				}
				s := &segment{ids: encode(full)}
				sampled := append([]int32{}, s.ids...)
				s.text.WriteString(full[:cut])
				s.trim(tok, first)
				var got strings.Builder
				stream := tokenizer.NewStream(tok, first)
				for _, id := range s.ids {
					got.WriteString(stream.Push(id))
				}
				if got.String()+stream.Flush() != full[:cut] {
					t.Errorf("%s, first %v: %q is spelled %q", name, first, full[:cut], got.String())
				}
				if cut == len(full) && fmt.Sprint(s.ids) != fmt.Sprint(sampled) {
					t.Errorf("%s, first %v: whole tokens were encoded again", name, first)
				}
			}
		}
	}
}

// spanning has a token that ends one character and begins the next words.
type spanning struct {
	letters
	t *testing.T
}

func (s spanning) Bytes(id int32) []byte {
	if id == bos+1 {
		return []byte("\xa9 The")
	}
	return s.letters.Bytes(id)
}

func (s spanning) EncodeContinuation(text string) []int32 {
	if !utf8.ValidString(text) {
		s.t.Errorf("half a character is to be encoded: %q", text)
	}
	return s.letters.EncodeContinuation(text)
}

func TestTrimWithinACharacter(t *testing.T) {
	s := &segment{ids: []int32{'x', 0xC3, bos + 1}} // "xé The", of which " The" is cut off
	s.text.WriteString("xé")
	s.trim(spanning{t: t}, false)
	if got := fmt.Sprint(s.ids); got != fmt.Sprint([]int32{'x', 0xC3, 0xA9}) {
		t.Errorf("ids %v", got)
	}
}

func TestMiddle(t *testing.T) {
	long := strings.Repeat("word ", 20)
	for _, c := range []struct{ name, text, rest string }{
		{"paragraph nearest to the middle", "One two.\nThree four. Five.\nSix", "Three four. Five.\nSix"},
		{"sentence where no paragraph is near", "A.\n" + "one two three. “Four five.” six seven eight nine", "six seven eight nine"},
		{"word where no sentence is near", long + "end.", strings.Repeat("word ", 10) + "end."},
		{"blank lines go with the first half", "aaaa\n\n\nbbbb", "bbbb"},
		{"no place at all", strings.Repeat("x", 10), "xxxxx"},
		{"not within a character", "ééééé", "éé"},
		{"nothing", "", ""},
		{"one character", "x", "x"},
	} {
		if got := c.text[middle(c.text):]; got != c.rest {
			t.Errorf("%s: %q, want %q", c.name, got, c.rest)
		}
	}
}

func TestNewerHalf(t *testing.T) {
	build := func(texts ...string) document {
		d := empty
		for i, s := range texts {
			author := Author(i % 2)
			part := &segment{id: i, author: author, vocab: unknown}
			part.text.WriteString(s)
			d = d.with(part)
		}
		d.answer = len(d.segments) - 1
		return d
	}
	for _, c := range []struct {
		name   string
		d      document
		text   string
		ids    []int
		answer int
	}{
		{"within a segment", build("a", " b.\n", "cc", " dd\n", "eeee", "fff ff"), "eeeefff ff", []int{9, 5}, 1},
		{"the answer itself", build("a", " one two three\nfour five"), "four five", []int{9}, -1},
		{"at a border", build("aaaa\n", "bbbb"), "bbbb", []int{9}, -1},
		{"nothing", empty, "", nil, -1},
	} {
		half := c.d.newerHalf(9)
		if half.text() != c.text || half.answer != c.answer {
			t.Errorf("%s: %q, answer %d", c.name, half.text(), half.answer)
		}
		var ids []int
		for _, s := range half.segments {
			ids = append(ids, s.id)
		}
		if fmt.Sprint(ids) != fmt.Sprint(c.ids) {
			t.Errorf("%s: ids %v, want %v", c.name, ids, c.ids)
		}
	}
}

// TestNewerHalfAlwaysShrinks halves random documents down to nothing much.
func TestNewerHalfAlwaysShrinks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		d := empty
		for i := range 1 + r.IntN(8) {
			s := &segment{id: i}
			for range r.IntN(40) {
				s.text.WriteString([]string{"a", "é", " ", ". ", "\n", "你", "word"}[r.IntN(7)])
			}
			d = d.with(s)
		}
		for n := len(d.text()); n > 8; n = len(d.text()) {
			half := d.newerHalf(99)
			if !strings.HasSuffix(d.text(), half.text()) || len(half.text()) > n*3/4+1 {
				t.Fatalf("%q became %q", d.text(), half.text())
			}
			d = half
		}
	}
}

// TestViewSharesText proves that a snapshot does not copy the text, and that a
// growing answer does not change a snapshot.
func TestViewSharesText(t *testing.T) {
	s := &segment{}
	s.text.Grow(1 << 20)
	s.text.WriteString("one")
	d := empty.with(s)
	first := new(tree).view(d)
	s.text.WriteString(" two")
	second := new(tree).view(d)
	if first[0].Text != "one" || second[0].Text != "one two" {
		t.Errorf("%q, then %q", first[0].Text, second[0].Text)
	}
	if unsafe.StringData(first[0].Text) != unsafe.StringData(second[0].Text) {
		t.Error("the text was copied")
	}
}
