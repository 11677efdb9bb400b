package backend

import (
	"context"
	"iter"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"tern/app/chat/backend/backendtest"
	"tern/app/chat/document"
	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

// cutter has a token for every piece that was made of it, beside those of its letters.
type cutter struct {
	backendtest.Letters
	pieces []string
}

func (c *cutter) Bytes(id int32) []byte {
	if id >= 1000 {
		return []byte(c.pieces[id-1000])
	}
	return c.Letters.Bytes(id)
}

func (c *cutter) token(text string) int32 {
	c.pieces = append(c.pieces, text)
	return int32(999 + len(c.pieces))
}

var marks = &inference.AnswerFormat{Open: "<think>", Close: "</think>", Closing: "\n</think>\n\n"}

// writing is a session.
type writing interface {
	Logprobs(ctx context.Context, ids []int32, from, n int, yield func(pos int, c inference.TokenLogprobs) error) error
}

// script is an engine that writes the tokens of one answer, up to a place where it stops.
type script struct {
	Engine
	writing
	tok   *cutter
	ids   []int32
	texts []string
	begun bool
	stop  func(left int) int // how many of the tokens that are left are written
	t     *testing.T
}

func (s *script) Tokenizer() tokenizer.Tokenizer               { return s.tok }
func (s *script) Session(settings.Generation) (Session, error) { return s, nil }
func (s *script) AnswerFormat() *inference.AnswerFormat        { return marks }
func (s *script) ChatStops() ([]int32, []string)               { return nil, nil }
func (s *script) Tokens() []int32                              { return nil }
func (s *script) Context() int                                 { return 1 << 20 }
func (s *script) Room() int                                    { return 1 << 20 }
func (s *script) ChatPrompt([]inference.Message, inference.ChatOptions) ([]int32, inference.Thinking, error) {
	return []int32{backendtest.BOS}, inference.Thinking{Open: marks.Open, Close: marks.Close, Closing: marks.Closing, Begun: s.begun}, nil
}

func (s *script) Generate(_ context.Context, ids []int32, _ inference.GenerateOptions) iter.Seq2[inference.Event, error] {
	return func(yield func(inference.Event, error) bool) {
		from := len(ids) - 1
		if from > len(s.ids) || !slices.Equal(ids[1:], s.ids[:from]) {
			s.t.Fatalf("asked with %q, of %q", spell(s.tok, ids[1:]), s.texts)
		}
		n := from + s.stop(len(s.ids)-from)
		for i := from; i < n; i++ {
			if !yield(inference.Event{Kind: inference.EventToken, ID: s.ids[i], Text: s.texts[i]}, nil) {
				return
			}
		}
		reason := inference.StopLength
		if n == len(s.ids) {
			reason = inference.StopEOS
		}
		yield(inference.Event{Kind: inference.EventDone, Stop: reason}, nil)
	}
}

func spell(tok tokenizer.Tokenizer, ids []int32) string {
	var b []byte
	for _, id := range ids {
		b = append(b, tok.Bytes(id)...)
	}
	return string(b)
}

// cut cuts a text into tokens of up to most bytes, and where whole is set at the ends of markers, too.
func (s *script) cut(r *rand.Rand, text string, most int, whole bool) {
	var ends []int
	if whole {
		for _, at := range regexp.MustCompile(`</?think>|\s+`).FindAllStringIndex(text, -1) {
			ends = append(ends, at...)
		}
	}
	for from := 0; from < len(text); {
		to := min(len(text), from+1+r.IntN(most))
		for to < len(text) && !utf8.RuneStart(text[to]) {
			to++
		}
		for _, end := range ends {
			if end > from && end < to {
				to = end
			}
		}
		s.ids, s.texts = append(s.ids, s.tok.token(text[from:to])), append(s.texts, text[from:to])
		from = to
	}
}

// TestSorter: however a text is cut into tokens, and wherever it is stopped and gone on with, thoughts and words are
// told apart, and every token belongs to one of them; those that say both are in neither, and nothing of the text is lost.
func TestSorter(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for _, c := range []struct {
		text, thought, words string
		begun                bool
	}{
		{text: "<think>\nOne.\n\nTwo, é.\n</think>\n\nThree.\n\nFour", thought: "One.\n\nTwo, é.", words: "Three.\n\nFour"},
		{text: "\nOne</think>Two", thought: "One", words: "Two", begun: true},
		{text: "<think>\n\n</think>\n\nYes", words: "Yes"},
		{text: "No <think> here </think>.", words: "No <think> here </think>."},
		{text: " \n<think>a < b, </ b </thin </think>\n", thought: "a < b, </ b </thin"},
		{text: "<thought> is <b>bold</b>", words: "<thought> is <b>bold</b>"},
		{text: "<think>x</think>\n<tool_call>\n{\"name\": \"f_g\"}\n</tool_call>", thought: "x", words: "<tool_call>\n{\"name\": \"f_g\"}\n</tool_call>"},
		{text: "<think>never closed, as", thought: "never closed, as"},
	} {
		for round := range 400 {
			stops := round%2 == 0
			e := &script{tok: &cutter{}, begun: c.begun, t: t, stop: func(left int) int { return left }}
			e.cut(r, c.text, 1+r.IntN(12), stops)
			if stops {
				e.stop = func(left int) int { return 1 + r.IntN(left) }
			}
			m := NewLocal(e, Info{Template: "x"})
			d := document.New().WithMessage(1, "q")
			for n := 2; ; n++ {
				if _, err := m.Prepare(settings.Generation{}); err != nil {
					t.Fatal(err)
				}
				a, err := m.Begin(Prompt{Document: d, Mode: document.ChatMode}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				s := d.NewAnswer(n, document.ChatMode)
				s.Vocab = a.Vocab()
				for x, err := range a.Events(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					switch x.Kind {
					case Thinking:
						s.Think(x.Text, x.IDs, x.Known, 0)
						s.Thoughts.Open = s.Thoughts.Open && !x.Closed
					case Writing:
						s.Add(x.Text, x.IDs, x.Token)
					case Ended:
						s.By.Stop = x.Stop
					}
				}
				if s.Adds(d) { // else it is asked again
					d = d.With(s)
				}
				if s.By.Stop == document.EndedByItself {
					break
				}
			}
			turns := d.Turns()
			got := turns[len(turns)-1]
			if thought := strings.TrimSpace(got.Thoughts()); thought != c.thought || strings.TrimSpace(got.Body()) != c.words {
				t.Fatalf("%q as %q: thought %q, said %q", c.text, e.texts, thought, got.Body())
			}
			var ids []int32
			exact := true
			for _, s := range got.Segments {
				if s.Thoughts != nil {
					ids, exact = append(ids, s.Thoughts.IDs...), exact && s.Thoughts.IDs != nil
				}
				ids = append(ids, s.IDs...)
			}
			if n := len(ids); (exact || stops) && (n > len(e.ids) || !slices.Equal(ids, e.ids[:n]) || strings.TrimSpace(spell(e.tok, e.ids[n:])) != "") {
				t.Fatalf("%q as %q: the tokens spell %q", c.text, e.texts, spell(e.tok, ids))
			}
		}
	}
}
