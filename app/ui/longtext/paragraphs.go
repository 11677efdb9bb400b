package longtext

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// gap is what separates a paragraph from the one above it.
type gap uint8

const (
	noGap      gap = iota // the same paragraph goes on, cut because it is long
	lineGap               // a new line
	paraGap               // an empty line
	messageGap            // another message
)

// paragraph is a run of the document that one widget shows. Laying out a text
// costs its length, so the cost of streaming is bounded by the longest one.
type paragraph struct {
	Text    string
	gap     gap
	From    int  // offset in the document, in bytes
	code    bool // a block of code, from its fence to its fence; in answers alone
	cont    bool // of a block that is longer than one paragraph, not the first
	mine    bool // of the user's messages
	message int  // which one it belongs to, from 0
	part    part
	fold    fold // of foldPart
}

// Segment is a part of the text with one author.
type Segment struct {
	ID                int
	Mine              bool // the user's; otherwise it was generated
	Text              string
	Version, Versions int // which of how many it is

	Thoughts string        // what the model thought before the text; empty for none
	Thinking bool          // the answer ends in these, or is there yet
	Took     time.Duration // that they took
}

// Message is a message, and what can be done with it.
type Message struct {
	Segment           int // its first
	Mine, Last, Chat  bool
	Version, Versions int // which can be stepped through at the segment step
	Step              int
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
	seen  []Segment
	paras []paragraph
	infos []Message
	last  int  // where the newest continuation begins; -1 if nothing precedes it
	chat  bool // segments are messages, set off from each other
	other bool // the next document is another one than was seen

	writing bool // the last segment grows
	folds   folds
}

// setChat reports whether the document is a conversation from now on.
func (t *typesetter) setChat(on bool) {
	if on != t.chat {
		*t = typesetter{chat: on, folds: folds{open: t.folds.open}}
	}
}

// update takes the document in its newest state and returns the index of the
// first paragraph that differs, len(paras) if none does.
func (t *typesetter) update(doc []Segment) int {
	if t.last = -1; !t.chat {
		t.last = continuation(doc)
	}
	old, first := t.paras, len(t.paras)
	grown := t.grew(doc) && !t.other
	t.other = false
	if !grown {
		t.paras, t.seen, t.folds.below = nil, nil, 0
	}
	at := 0
	for i, s := range doc {
		before, thought := 0, 0
		if i < len(t.seen) {
			before, thought = len(t.seen[i].Text), len(t.seen[i].Thoughts)
		}
		begins := i == 0 || t.chat && doc[i-1].Mine != s.Mine
		if t.chat && len(s.Thoughts) > thought {
			first = min(first, t.think(doc, i, s.Thoughts[thought:], at, begins))
		}
		if len(s.Text) > before {
			another := before == 0 && (len(t.paras) == 0 || begins) && (thought == 0 && s.Thoughts == "" || !t.chat)
			first = min(first, t.feed(s, s.Text[before:], at+before, another))
		}
		at += len(s.Text)
	}
	t.seen = append(t.seen[:0], doc...)
	first = min(first, t.headFold(doc))
	t.inform()
	if grown {
		return first
	}
	same := 0
	for same < len(old) && same < len(t.paras) && old[same] == t.paras[same] {
		same++
	}
	return same
}

// same reports whether doc is what was seen, letter by letter.
func (t *typesetter) same(doc []Segment) bool {
	return slices.EqualFunc(doc, t.seen, func(a, b Segment) bool {
		return a.ID == b.ID && len(a.Text) == len(b.Text) && len(a.Thoughts) == len(b.Thoughts) && a.Thinking == b.Thinking && a.Took == b.Took
	})
}

// grew reports whether doc is what was seen with something behind it.
func (t *typesetter) grew(doc []Segment) bool {
	n := len(t.seen)
	if len(doc) < n {
		return false
	}
	for i, s := range t.seen {
		d := &doc[i]
		if d.ID != s.ID || len(d.Text) < len(s.Text) || i < n-1 && len(d.Text) != len(s.Text) || !s.thinksOn(d, i == n-1) {
			return false
		}
	}
	return true
}

// feed adds text of a segment, which stands at an offset in the document, and
// returns the first paragraph that it changed.
func (t *typesetter) feed(s Segment, text string, at int, another bool) int {
	first := len(t.paras)
	tail := paragraph{From: at, mine: t.chat && s.Mine}
	if another {
		if t.chat {
			rest := strings.TrimLeft(text, "\n")
			tail.From += len(text) - len(rest)
			text = rest
		}
		if first > 0 {
			tail.gap, tail.message = messageGap, t.paras[first-1].message+1
		}
	} else if first > 0 && t.paras[first-1].part != wordPart {
		rest := strings.TrimLeft(text, "\n")
		if rest == "" {
			return first
		}
		tail.From, text = tail.From+len(text)-len(rest), rest
		tail.gap, tail.message = paraGap, t.paras[first-1].message
		t.paras = cut(t.paras, tail, text, t.chat && !tail.mine)
		return first - 1 // the caret goes
	} else if first > 0 {
		first--
		tail = t.paras[first]
		t.paras = t.paras[:first]
	}
	t.paras = cut(t.paras, tail, text, t.chat && !tail.mine)
	return first
}

// inform finds what can be done with each message.
func (t *typesetter) inform() {
	t.infos = t.infos[:0]
	for i, s := range t.seen {
		mine := t.chat && s.Mine
		if n := len(t.infos); n == 0 || t.chat && t.infos[n-1].Mine != mine {
			t.infos = append(t.infos, Message{Segment: s.ID, Mine: mine, Chat: t.chat})
		}
		m := &t.infos[len(t.infos)-1]
		if s.Versions > 1 {
			m.Version, m.Versions, m.Step = s.Version, s.Versions, s.ID
		}
		m.Last = i == len(t.seen)-1
	}
}

const fence = "```"

// cut appends to paras the paragraphs of tail.text + added. The last one may
// be empty: it is where the text goes on. fences says that blocks of code are
// told from prose.
func cut(paras []paragraph, tail paragraph, added string, fences bool) []paragraph {
	p := tail
	p.Text = tail.Text + added
	emit := func(n int, code bool, next gap) {
		q := p
		q.Text, q.code = p.Text[:n], code
		paras = append(paras, q)
		p.Text, p.From, p.gap = p.Text[n:], p.From+n, next
	}
	for {
		if fences && (p.cont || strings.HasPrefix(p.Text, fence)) {
			switch n, closed := codeEnd(p.Text, p.cont); {
			case closed:
				emit(n, true, paraGap)
				p.cont = false
				p.Text, p.From = strings.TrimPrefix(p.Text, "\n"), p.From+min(1, len(p.Text)-len(strings.TrimPrefix(p.Text, "\n")))
				continue
			case n > 0:
				emit(n, true, noGap)
				p.cont = true
				continue
			}
			p.code = true
			return append(paras, p)
		}
		p.code = false
		line := strings.IndexByte(p.Text, '\n')
		if n := longCut(p.Text, line); n > 0 {
			emit(n, false, noGap)
			continue
		}
		if line < 0 {
			return append(paras, p)
		}
		if body := strings.TrimRight(p.Text[:line], " \t\r"); body != "" {
			emit(line, false, lineGap)
		} else if len(paras) > 0 && p.gap != messageGap {
			p.gap = paraGap
		}
		rest := p.Text[strings.IndexByte(p.Text, '\n')+1:]
		p.From += len(p.Text) - len(rest)
		p.Text = rest
	}
}

// codeEnd is where a block of code ends, behind its closing fence; or where it
// is cut because it is long; 0 if it goes on. cont says that text begins within
// the block.
func codeEnd(text string, cont bool) (n int, closed bool) {
	at := 0
	if !cont {
		if at = strings.IndexByte(text, '\n') + 1; at == 0 {
			return 0, false
		}
	}
	for at < len(text) {
		end := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i
		}
		if line := strings.TrimSpace(text[at:end]); strings.HasPrefix(line, fence) && strings.Trim(line, "`") == "" {
			return end, true
		}
		if end > hardParagraph && end < len(text) {
			return end + 1, false
		}
		at = end + 1
	}
	return 0, false
}

// code is what a block of code says, and in which language.
func (p paragraph) CodeText() (text, language string) {
	text = p.Text
	if !p.cont {
		first, rest, _ := strings.Cut(text, "\n")
		text, language = rest, strings.TrimSpace(strings.Trim(first, "`"))
	}
	if i := strings.LastIndexByte(strings.TrimRight(text, " \t\r\n"), '\n'); strings.HasPrefix(strings.TrimSpace(text[i+1:]), fence) {
		text = text[:max(0, i)]
	}
	return strings.TrimSuffix(text, "\n"), language
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
func continuation(doc []Segment) int {
	n := len(doc)
	if n == 0 || doc[n-1].Mine {
		return -1
	}
	at, before := 0, false
	for _, s := range doc[:n-1] {
		at += len(s.Text)
		before = before || !s.Mine
	}
	if !before {
		return -1
	}
	return at
}
