package longtext

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []paragraph
	}{
		{"empty", "", []paragraph{{Text: "", gap: noGap, From: 0}}},
		{"one", "Once upon", []paragraph{{Text: "Once upon", gap: noGap, From: 0}}},
		{"lines", "a\nb", []paragraph{{Text: "a", gap: noGap, From: 0}, {Text: "b", gap: lineGap, From: 2}}},
		{"empty line", "a\n\nb", []paragraph{{Text: "a", gap: noGap, From: 0}, {Text: "b", gap: paraGap, From: 3}}},
		{"blank line with spaces", "a\n  \nb", []paragraph{{Text: "a", gap: noGap, From: 0}, {Text: "b", gap: paraGap, From: 5}}},
		{"leading empty lines", "\n\na", []paragraph{{Text: "a", gap: noGap, From: 2}}},
		{"open end", "a\n\n", []paragraph{{Text: "a", gap: noGap, From: 0}, {Text: "", gap: paraGap, From: 3}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := cut(nil, paragraph{}, c.text, false)
			if d := cmp.Diff(c.want, got, cmp.AllowUnexported(paragraph{}, fold{})); d != "" {
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
			if len(p.Text) > hardParagraph {
				t.Errorf("%s: paragraph %d has %d bytes", name, i, len(p.Text))
			}
			if !utf8.ValidString(p.Text) {
				t.Errorf("%s: paragraph %d cuts a character", name, i)
			}
			if p.From != len(joined) {
				t.Errorf("%s: paragraph %d begins at %d, want %d", name, i, p.From, len(joined))
			}
			joined += p.Text
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
		doc := []Segment{{ID: 1, Mine: true}, {ID: 2}}
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
		if d := cmp.Diff(want, ts.paras, cmp.AllowUnexported(paragraph{}, fold{})); d != "" {
			t.Fatal(d)
		}
	}
}

func TestTypesetterReplaces(t *testing.T) {
	var ts typesetter
	ts.update([]Segment{{ID: 1, Mine: true, Text: "One.\n\nTwo.\n\n"}, {ID: 2, Text: "Three."}})
	if got := ts.update([]Segment{{ID: 1, Mine: true, Text: "One.\n\nTwo.\n\n"}, {ID: 3, Text: "Four."}}); got != 2 {
		t.Errorf("a retry changes from paragraph %d, want 2", got)
	}
	if got := ts.update([]Segment{{ID: 1, Mine: true, Text: "One.\n\nTwo.\n\n"}, {ID: 3, Text: "Four."}}); got != len(ts.paras) {
		t.Errorf("the same document changes from paragraph %d, want none", got)
	}
	if ts.update(nil); len(ts.paras) != 0 {
		t.Errorf("an empty document has %v", ts.paras)
	}
}

func TestContinuation(t *testing.T) {
	for _, c := range []struct {
		name string
		doc  []Segment
		want int
	}{
		{"empty", nil, -1},
		{"first answer", []Segment{{ID: 1, Mine: true, Text: "abc"}, {ID: 2, Text: "def"}}, -1},
		{"second answer", []Segment{{ID: 1, Mine: true, Text: "abc"}, {ID: 2, Text: "def"}, {ID: 3, Mine: true, Text: "g"}, {ID: 4, Text: "h"}}, 7},
		{"words added", []Segment{{ID: 1, Mine: true, Text: "abc"}, {ID: 2, Text: "def"}, {ID: 3, Mine: true, Text: "g"}}, -1},
	} {
		if got := continuation(c.doc); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// However an answer arrives, its blocks are those of the whole text, and an open
// block of code ends with its message.
func TestMarkdownGrows(t *testing.T) {
	var whole typesetter
	whole.setChat(true)
	doc := []Segment{{ID: 1, Mine: true, Text: "How?"}, {ID: 2, Text: "\n\nRead **it** so:\n\n```go\nx := 1\n\ny := 2\n```\nThen `go`.\n- item" + "\n```\nopen"}, {ID: 3, Mine: true, Text: "\n\nAnd ```?"}, {ID: 4, Text: "\n\nYes."}}
	whole.update(doc)
	for step := 1; step < 7; step++ {
		var ts typesetter
		ts.setChat(true)
		for i := range doc {
			for n := 0; n < len(doc[i].Text); {
				n = min(len(doc[i].Text), n+step)
				part := append([]Segment{}, doc[:i+1]...)
				part[i].Text = doc[i].Text[:n]
				ts.update(part)
			}
		}
		if fmt.Sprint(ts.paras) != fmt.Sprint(whole.paras) {
			t.Errorf("by %d:\n%+v\nwhole:\n%+v", step, ts.paras, whole.paras)
		}
	}
	last := whole.paras[len(whole.paras)-1]
	if last.code || last.message != 3 || last.Text != "Yes." {
		t.Errorf("the last message is %+v", last)
	}
}
