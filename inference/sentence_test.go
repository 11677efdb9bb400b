package inference

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSentenceEnds(t *testing.T) {
	for _, c := range []struct {
		text, next string
		ends       bool
	}{
		{"He ran.", " She", true},
		{"He ran", " away", false},
		{"He ran", ".", false},
		{"He ran,", " She", false},
		{"He ran.", " and", false}, // an ellipsis, an abbreviation
		{"He ran...", " and", false},
		{"He ran…", " The", true},
		{"He ran!", "\n", true},
		{"He ran!", "\nThe", true},
		{"He ran. ", "The", true}, // the space was a token
		{"He ran.", " ", false},   // what follows it decides
		{"He ran. ", "and", false},
		{`"Run!`, `"`, false},
		{`"Run!"`, " she", false},
		{`"Run!"`, " She", true},
		{`"Run!"`, ` "I`, true},
		{"“Run!”", " She", true},
		{"(He ran.)", " She", true},
		{"It is 3.", "14", false},
		{"See tern.", "example", false},
		{"Then Mr.", " Fox", false},
		{"Then “Dr.", " Fox", false},
		{"by J.", " Smith", false},
		{"He said no.", " She", true},
		{"\"Mrs.", " Fox", false},
		{"It was I.", " She", true},
		{"She has 3 dogs.", " 4", true},
		{"他跑了。", "她", true},
		{"他说：“跑！", "”", false},
		{"他说：“跑！”", "她", true},
		{"他跑了", "。", false},
		{"", " The", false},
		{"   ", "The", false},
		{"Größe.", " Ärger", true},
		{"Größe.", " ärger", false},
		{strings.Repeat("ä", 200) + ".", " She", true},
	} {
		var whole, bytewise sentence
		whole.push(c.text)
		for i := range len(c.text) {
			bytewise.push(c.text[i : i+1])
		}
		for how, s := range map[string]*sentence{"at once": &whole, "byte by byte": &bytewise} {
			if got := s.endsBefore([]byte(c.next)); got != c.ends {
				t.Errorf("%q before %q, %s: %v", c.text, c.next, how, got)
			}
		}
	}
}

// TestEndSentence: a text that reaches MaxTokens goes on to the end of its
// sentence, and no further; the tokens up to there are those of a longer text.
func TestEndSentence(t *testing.T) {
	e := builtin(t)
	ids := e.Prompt("Once upon a time")
	for _, sampling := range []Sampling{{}, {Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1.1, Seed: 3}} {
		long, all := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Sampling: sampling})
		if len(long) < 60 {
			t.Fatalf("the story has %d tokens", len(long))
		}
		for n := 1; n < 60; n += 4 {
			o := GenerateOptions{Sampling: sampling, MaxTokens: n, EndSentence: SentenceRoom}
			s := session(t, e, SessionOptions{})
			got, g := collect(t, s, ids, o)
			if !slices.Equal(got, long[:len(got)]) || len(got) < n || g.text != all.text[:len(g.text)] {
				t.Fatalf("%d: %d tokens, %q", n, len(got), g.text)
			}
			if last, _ := utf8.DecodeLastRuneInString(strings.TrimSpace(g.text)); !strings.ContainsRune(`.!?"`, last) {
				t.Errorf("%d: ends with %q", n, g.text)
			}
			if g.last.Stop != StopLength && len(got) != len(long) || g.last.Stats.Generated != len(got) {
				t.Errorf("%d: stopped by %q after %d tokens, %d said", n, g.last.Stop, len(got), g.last.Stats.Generated)
			}
			// One token less would not end a sentence at or after n.
			if short := len(got) - 1; short >= n {
				cut, _ := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{Sampling: sampling, MaxTokens: short, EndSentence: SentenceRoom})
				if len(cut) != len(got) {
					t.Errorf("%d: ended after %d tokens, though a sentence ends after %d", n, len(got), len(cut))
				}
			}
		}
	}
	t.Run("bound", func(t *testing.T) {
		got, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{MaxTokens: 2, EndSentence: 3})
		if len(got) != 5 || g.last.Stop != StopLength {
			t.Errorf("%d tokens, %q", len(got), g.last.Stop)
		}
	})
	t.Run("without a limit", func(t *testing.T) {
		free, _ := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{})
		got, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{EndSentence: 9})
		if !slices.Equal(got, free) || g.last.Stop != StopEOS {
			t.Errorf("%d tokens, %q", len(got), g.last.Stop)
		}
	})
	t.Run("context", func(t *testing.T) {
		got, g := collect(t, session(t, e, SessionOptions{Context: len(ids) + 2}), ids, GenerateOptions{MaxTokens: 2, EndSentence: 9})
		if len(got) != 3 || g.last.Stop != StopContext {
			t.Errorf("%d tokens, %q", len(got), g.last.Stop)
		}
	})
	t.Run("stop string", func(t *testing.T) {
		_, g := collect(t, session(t, e, SessionOptions{}), ids, GenerateOptions{MaxTokens: 2, EndSentence: 60, Stop: []string{"girl"}})
		if g.last.Stop != StopString || g.text != ", there was a little " {
			t.Errorf("%q, %q", g.last.Stop, g.text)
		}
	})
	t.Run("drafts", func(t *testing.T) {
		for n := 5; n < 50; n += 9 {
			sameWithDrafts(t, "end of the sentence", e, e.Prompt("Lily found a red box under the tree."),
				GenerateOptions{MaxTokens: n, EndSentence: 30}, SessionOptions{})
		}
	})
}

// TestSentenceAllocates: nothing per token, up to the limit.
func TestSentenceAllocates(t *testing.T) {
	var s sentence
	if n := testing.AllocsPerRun(100, func() { s.push(" word"); s.push("…") }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
