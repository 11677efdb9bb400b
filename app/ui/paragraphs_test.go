package ui

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"tern/app/chat"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []paragraph
	}{
		{"empty", "", []paragraph{{text: "", gap: noGap, from: 0}}},
		{"one", "Once upon", []paragraph{{text: "Once upon", gap: noGap, from: 0}}},
		{"lines", "a\nb", []paragraph{{text: "a", gap: noGap, from: 0}, {text: "b", gap: lineGap, from: 2}}},
		{"empty line", "a\n\nb", []paragraph{{text: "a", gap: noGap, from: 0}, {text: "b", gap: paraGap, from: 3}}},
		{"blank line with spaces", "a\n  \nb", []paragraph{{text: "a", gap: noGap, from: 0}, {text: "b", gap: paraGap, from: 5}}},
		{"leading empty lines", "\n\na", []paragraph{{text: "a", gap: noGap, from: 2}}},
		{"open end", "a\n\n", []paragraph{{text: "a", gap: noGap, from: 0}, {text: "", gap: paraGap, from: 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cut(nil, paragraph{}, c.text, false)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(paragraph{})); d != "" {
				t.Error(d)
			}
		})
	}
}

// A text without any line end must not become one widget.
func TestCutLong(t *testing.T) {
	for name, text := range map[string]string{
		"sentences": strings.Repeat("The bird flew over the sea. ", 500),
		"words":     strings.Repeat("bird ", 2000),
		"no spaces": strings.Repeat("海", 4000),
	} {
		paras := cut(nil, paragraph{}, text, false)
		joined := ""
		for i, p := range paras {
			if len(p.text) > hardParagraph {
				t.Errorf("%s: paragraph %d has %d bytes", name, i, len(p.text))
			}
			if !utf8.ValidString(p.text) {
				t.Errorf("%s: paragraph %d cuts a character", name, i)
			}
			if p.from != len(joined) {
				t.Errorf("%s: paragraph %d begins at %d, want %d", name, i, p.from, len(joined))
			}
			joined += p.text
		}
		if joined != text {
			t.Errorf("%s: text lost", name)
		}
	}
}

// However a text arrives, the paragraphs are those of the whole text, and
// nothing before the last one known changes.
func TestTypesetterGrows(t *testing.T) {
	text := "One day.\nTwo days.\n\n" + strings.Repeat("A long sentence of the story. ", 200) + "\n\n\nThe end.\n"
	want := cut(nil, paragraph{}, text, false)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var ts typesetter
		doc := []chat.Segment{{ID: 1, Author: chat.User}, {ID: 2, Author: chat.Model}}
		split := rng.IntN(40)
		for n := 0; n < len(text); {
			n = min(len(text), n+1+rng.IntN(60))
			doc[0].Text, doc[1].Text = text[:min(n, split)], text[min(n, split):n]
			show := doc
			if n <= split {
				show = doc[:1]
			}
			before := len(ts.paras)
			if first := ts.update(show); first < before-1 {
				t.Fatalf("paragraph %d of %d changed", first, before)
			}
		}
		if d := cmp.Diff(want, ts.paras, cmp.AllowUnexported(paragraph{})); d != "" {
			t.Fatal(d)
		}
	}
}

func TestTypesetterReplaces(t *testing.T) {
	var ts typesetter
	ts.update([]chat.Segment{{ID: 1, Text: "One.\n\nTwo.\n\n"}, {ID: 2, Author: chat.Model, Text: "Three."}})
	if got := ts.update([]chat.Segment{{ID: 1, Text: "One.\n\nTwo.\n\n"}, {ID: 3, Author: chat.Model, Text: "Four."}}); got != 2 {
		t.Errorf("a retry changes from paragraph %d, want 2", got)
	}
	if got := ts.update([]chat.Segment{{ID: 1, Text: "One.\n\nTwo.\n\n"}, {ID: 3, Author: chat.Model, Text: "Four."}}); got != len(ts.paras) {
		t.Errorf("the same document changes from paragraph %d, want none", got)
	}
	if ts.update(nil); len(ts.paras) != 0 {
		t.Errorf("an empty document has %v", ts.paras)
	}
}

func TestContinuation(t *testing.T) {
	user, model := chat.User, chat.Model
	for _, c := range []struct {
		name string
		doc  []chat.Segment
		want int
	}{
		{"empty", nil, -1},
		{"first answer", []chat.Segment{{ID: 1, Author: user, Text: "abc"}, {ID: 2, Author: model, Text: "def"}}, -1},
		{"second answer", []chat.Segment{{ID: 1, Author: user, Text: "abc"}, {ID: 2, Author: model, Text: "def"}, {ID: 3, Author: user, Text: "g"}, {ID: 4, Author: model, Text: "h"}}, 7},
		{"words added", []chat.Segment{{ID: 1, Author: user, Text: "abc"}, {ID: 2, Author: model, Text: "def"}, {ID: 3, Author: user, Text: "g"}}, -1},
	} {
		if got := continuation(c.doc); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
