package ui

import (
	"strings"
	"unicode/utf8"

	"tern/app/chat"
)

// gap is what separates a paragraph from the one above it.
type gap uint8

const (
	noGap   gap = iota // the same paragraph goes on, cut because it is long
	lineGap            // a new line
	paraGap            // an empty line
)

// paragraph is a run of the document that one widget shows. Laying out a text
// costs its length, so the cost of streaming is bounded by the longest one.
type paragraph struct {
	text string
	gap  gap
	from int // offset in the document, in bytes
}

// A paragraph longer than longParagraph is cut after a sentence, and at a word
// at the latest at hardParagraph. Both in bytes.
const (
	longParagraph = 1500
	hardParagraph = 3000
)

// typesetter cuts a document into paragraphs as it grows. Only the last one
// changes while text is added.
type typesetter struct {
	seen  []chat.Segment
	paras []paragraph
	mine  []bool // of paras, those that are the user's messages
	last  int    // where the newest continuation begins; -1 if nothing precedes it
	chat  bool   // segments are messages, set off from each other
}

// setChat tells whether the document is a conversation from now on.
func (t *typesetter) setChat(on bool) {
	if on != t.chat {
		*t = typesetter{chat: on}
	}
}

// update takes the document in its newest state and returns the index of the
// first paragraph that differs, len(paras) if none does.
func (t *typesetter) update(doc []chat.Segment) int {
	added, grown := t.added(doc)
	if t.last = -1; !t.chat {
		t.last = continuation(doc)
	}
	t.seen = append(t.seen[:0], doc...)
	if grown {
		if added == "" {
			return len(t.paras)
		}
		first := t.grow(added)
		t.mark(first)
		return first
	}
	old := t.paras
	t.paras = nil
	var all strings.Builder
	for _, s := range doc {
		all.WriteString(s.Text)
	}
	t.grow(all.String())
	t.mark(0)
	same := 0
	for same < len(old) && same < len(t.paras) && old[same] == t.paras[same] {
		same++
	}
	return same
}

// mark tells the user's messages from the answers, from paragraph first on. A
// segment's first paragraph begins behind the line ends that the segment begins
// with.
func (t *typesetter) mark(first int) {
	t.mine = resize(t.mine[:first], len(t.paras))
	i, end := -1, 0 // a segment and where it ends
	for p := first; t.chat && p < len(t.paras); p++ {
		for i+1 < len(t.seen) && t.paras[p].from >= end {
			i++
			end += len(t.seen[i].Text)
		}
		t.mine[p] = i >= 0 && t.seen[i].Author == chat.User
	}
}

// added is what doc has more than what was seen, if it only grew.
func (t *typesetter) added(doc []chat.Segment) (string, bool) {
	n := len(t.seen)
	if len(doc) < n {
		return "", false
	}
	for i, s := range t.seen {
		if doc[i].ID != s.ID || len(doc[i].Text) < len(s.Text) || i < n-1 && len(doc[i].Text) != len(s.Text) {
			return "", false
		}
	}
	if len(doc) == n {
		if n == 0 {
			return "", true
		}
		return doc[n-1].Text[len(t.seen[n-1].Text):], true
	}
	var b strings.Builder
	if n > 0 {
		b.WriteString(doc[n-1].Text[len(t.seen[n-1].Text):])
	}
	for _, s := range doc[n:] {
		b.WriteString(s.Text)
	}
	return b.String(), true
}

// grow cuts the last paragraph again, with the new text behind it.
func (t *typesetter) grow(added string) int {
	first, tail := len(t.paras), paragraph{}
	if first > 0 {
		first--
		tail = t.paras[first]
		t.paras = t.paras[:first]
	}
	t.paras = cut(t.paras, tail, added)
	return first
}

// cut appends to paras the paragraphs of tail.text + added. The last one may
// be empty: it is where the text goes on.
func cut(paras []paragraph, tail paragraph, added string) []paragraph {
	text, at, g := tail.text+added, tail.from, tail.gap
	for {
		line := strings.IndexByte(text, '\n')
		if n := longCut(text, line); n > 0 {
			paras = append(paras, paragraph{text[:n], g, at})
			text, at, g = text[n:], at+n, noGap
			continue
		}
		if line < 0 {
			return append(paras, paragraph{text, g, at})
		}
		if body := strings.TrimRight(text[:line], " \t\r"); body != "" {
			paras = append(paras, paragraph{text[:line], g, at})
			g = lineGap
		} else if len(paras) > 0 {
			g = paraGap
		}
		text, at = text[line+1:], at+line+1
	}
}

// longCut is where a text that is too long for one widget is cut, 0 if it is
// not; line is the index of its first line end, -1 if it has none.
func longCut(text string, line int) int {
	if line >= 0 {
		text = text[:line]
	}
	if len(text) <= longParagraph {
		return 0
	}
	for i := longParagraph; i < min(len(text)-1, hardParagraph); i++ {
		if text[i] == ' ' && strings.IndexByte(".!?", text[i-1]) >= 0 {
			return i + 1
		}
	}
	if len(text) <= hardParagraph {
		return 0
	}
	if i := strings.LastIndexByte(text[:hardParagraph], ' '); i > longParagraph {
		return i + 1
	}
	n := hardParagraph
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// continuation is the offset at which the model's last turn begins, -1 if the
// model wrote nothing before it: then there is nothing to tell it from.
func continuation(doc []chat.Segment) int {
	n := len(doc)
	if n == 0 || doc[n-1].Author != chat.Model {
		return -1
	}
	at, before := 0, false
	for _, s := range doc[:n-1] {
		at += len(s.Text)
		before = before || s.Author == chat.Model
	}
	if !before {
		return -1
	}
	return at
}
