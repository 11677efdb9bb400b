package backend

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"tern/app/chat/backend/backendtest"
	"tern/app/chat/document"
	"tern/app/history"
	"tern/tokenizer"
)

// vocabs are those of some models.
var vocabs [5]document.Vocab

// TestJoinInTokens builds documents word by word: the ids must spell what the
// document shows, and each word but the first carries exactly one space, as it
// would in a text that was written in one go.
func TestJoinInTokens(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		tok := backendtest.Vocabulary(t, "../../..", name)
		t.Run(name, func(t *testing.T) {
			d := document.New()
			for i, words := range []string{"The little", "tern", " flew", ", and then", "\n\nOne day ", "it", `"said"`, "hé你好"} {
				d = d.WithWords(i, words)
				if got, want := tokenizer.Decode(tok, encode(d, tok, &vocabs[1])), d.Text(); got != want {
					t.Errorf("the ids spell %q, the document is %q", got, want)
				}
			}
			if want := "The little tern flew, and then\n\nOne day it \"said\" hé你好"; d.Text() != want {
				t.Errorf("%q, want %q", d.Text(), want)
			}
			d = document.New().WithWords(1, "the").WithWords(2, "the")
			_ = encode(d, tok, &vocabs[1])
			if ids := d.Segments[1].IDs; string(tok.Bytes(ids[0])[:1]) != " " || fmt.Sprint(ids) != fmt.Sprint(tok.EncodeContinuation(" the")) {
				t.Errorf("the second word is %v", ids)
			}
		})
	}
}

// TestPrompt checks that another model's ids replace those of the one before,
// and that a document which the model itself began is not given a second space.
func TestPrompt(t *testing.T) {
	spm, bpe := backendtest.Vocabulary(t, "../../..", "spm"), backendtest.Vocabulary(t, "../../..", "bpe")
	d := document.New().WithWords(1, "Hello")
	answer := document.NewSegment(2, document.Model, " world")
	answer.Vocab, answer.IDs = &vocabs[1], backendtest.LetterByLetter(t, spm, " world")
	d = d.With(answer)

	first := encode(d, spm, &vocabs[1])
	if fmt.Sprint(first[len(first)-6:]) != fmt.Sprint(answer.IDs) {
		t.Error("generated ids were encoded again")
	}
	if got := tokenizer.Decode(bpe, encode(d, bpe, &vocabs[2])); got != "Hello world" {
		t.Errorf("the other model reads %q", got)
	}
	if fmt.Sprint(encode(d, spm, &vocabs[3])) == fmt.Sprint(first) {
		t.Error("ids of a model that was closed are still in use")
	}

	start, _ := spm.BOS()
	answer = document.NewSegment(3, document.Model, "Once")
	answer.Vocab, answer.IDs = &vocabs[4], spm.Encode("Once")
	d = document.New().With(answer).WithWords(4, "upon")
	if got := encode(d, spm, &vocabs[4]); got[0] != start || tokenizer.Decode(spm, got) != "Once upon" {
		t.Errorf("%v spells %q", got, tokenizer.Decode(spm, got))
	}
}

// TestTrim cuts an answer at every character: its ids must spell what is left,
// the whole tokens of it as they were sampled.
func TestTrim(t *testing.T) {
	for _, name := range []string{"spm", "bpe"} {
		tok := backendtest.Vocabulary(t, "../../..", name)
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
				s := document.NewSegment(1, document.Model, full[:cut])
				s.IDs = encode(full)
				sampled := append([]int32{}, s.IDs...)
				trim(s, tok, first)
				var got strings.Builder
				stream := tokenizer.NewStream(tok, first)
				for _, id := range s.IDs {
					got.WriteString(stream.Push(id))
				}
				if got.String()+stream.Flush() != full[:cut] {
					t.Errorf("%s, first %v: %q is spelled %q", name, first, full[:cut], got.String())
				}
				if cut == len(full) && fmt.Sprint(s.IDs) != fmt.Sprint(sampled) {
					t.Errorf("%s, first %v: whole tokens were encoded again", name, first)
				}
			}
		}
	}
}

// spanning has a token that ends one character and begins the next words.
type spanning struct {
	backendtest.Letters
	t *testing.T
}

func (s spanning) Bytes(id int32) []byte {
	if id == backendtest.BOS+1 {
		return []byte("\xa9 The")
	}
	return s.Letters.Bytes(id)
}

func (s spanning) EncodeContinuation(text string) []int32 {
	if !utf8.ValidString(text) {
		s.t.Errorf("half a character is to be encoded: %q", text)
	}
	return s.Letters.EncodeContinuation(text)
}

func TestTrimWithinACharacter(t *testing.T) {
	s := document.NewSegment(1, document.Model, "xé")
	s.IDs = []int32{'x', 0xC3, backendtest.BOS + 1} // "xé The", where " The" is cut off
	trim(s, spanning{t: t}, false)
	if got := fmt.Sprint(s.IDs); got != fmt.Sprint([]int32{'x', 0xC3, 0xA9}) {
		t.Errorf("ids %v", got)
	}
}

// TestSpelling: an answer is read by the ids that it was generated as in another run of the program,
// unless they are of another vocabulary or spell another text.
func TestSpelling(t *testing.T) {
	spm, bpe := backendtest.Vocabulary(t, "../../..", "spm"), backendtest.Vocabulary(t, "../../..", "bpe")
	for _, first := range []bool{true, false} {
		made := document.Vocab{Key: vocabKey(spm)}
		answer := document.NewSegment(2, document.Model, " world")
		answer.Vocab, answer.IDs = &made, backendtest.LetterByLetter(t, spm, " world")
		d := document.New().WithWords(1, "Hello").With(answer)
		if first {
			d = document.New().With(answer)
			answer.IDs = backendtest.LetterByLetter(t, spm, "  world") // a space goes
		}
		answer.Spelled()
		var tree document.Tree
		tree.Add(d)
		again := func(change func(*history.Message)) document.Document {
			f := &history.Conversation{Messages: []history.Message{{}}}
			f.Messages, f.Leaf = tree.Messages(d, document.StoryMode)
			change(&f.Messages[len(f.Messages)-1])
			id := 10
			_, d := document.Read(f, func() int { id++; return id })
			return d
		}
		want := fmt.Sprint(encode(d, spm, &made))
		plain := fmt.Sprint(encode(again(func(m *history.Message) { m.IDs = nil }), spm, &document.Vocab{Key: made.Key}))
		if plain == want {
			t.Fatal("the ids are the usual ones")
		}
		if got := fmt.Sprint(encode(again(func(*history.Message) {}), spm, &document.Vocab{Key: vocabKey(spm)})); got != want {
			t.Errorf("first %t: read again as %s, want %s", first, got, want)
		}
		for what, change := range map[string]func(*history.Message){
			"another text":       func(m *history.Message) { m.Text = " worle" },
			"less text":          func(m *history.Message) { m.Text = " worl" },
			"another vocabulary": func(m *history.Message) { m.Vocab = vocabKey(bpe) },
			"ids cut short":      func(m *history.Message) { m.IDs = m.IDs[:len(m.IDs)-1] },
			"ids of nothing":     func(m *history.Message) { m.IDs = []byte{0xff, 0xff, 0xff, 0xff, 7} },
			"half an id":         func(m *history.Message) { m.IDs = append(m.IDs, 0x80) },
		} {
			d := again(change)
			if got := encode(d, spm, &document.Vocab{Key: vocabKey(spm)}); fmt.Sprint(got) == want || tokenizer.Decode(spm, got) != d.Text() {
				t.Errorf("%s: %v spells %q", what, got, tokenizer.Decode(spm, got))
			}
		}
	}
}
