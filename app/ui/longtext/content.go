package longtext

import (
	"sort"
	"strings"
)

// content is what a page shows: paragraphs, and the messages that they belong to.
type content struct {
	paras   []paragraph
	shown   int // of paras
	infos   []Message
	chat    bool         // messages stand apart; a story is one text
	writing bool         // the last paragraph grows
	plain   map[int]bool // answers, by their first segment, that are shown as they were written
}

// formatted reports whether a message has anything that is shown with formatting.
func (c *content) formatted(m Message) bool {
	for _, x := range c.paras[:c.shown] {
		if c.infos[x.message].Segment == m.Segment && x.part == wordPart && (x.code || formatted(x.Text)) {
			return true
		}
	}
	return false
}

// unit is the paragraphs that the reader goes to at once: those of message i of a
// conversation, or paragraph i of a story.
func (c *content) unit(i int) run {
	if !c.chat {
		return run{i, i + 1}
	}
	from := func(m int) int { return sort.Search(c.shown, func(k int) bool { return c.paras[k].message >= m }) }
	return run{from(i), from(i + 1)}
}

// units is how many there are.
func (c *content) units() int {
	if c.shown == 0 || !c.chat {
		return c.shown
	}
	return c.paras[c.shown-1].message + 1
}

// unitAt is the one that a paragraph belongs to.
func (c *content) unitAt(i int) int {
	if !c.chat {
		return i
	}
	return c.paras[i].message
}

// replaced is the first paragraph of a message that was another one, which may
// have been shown as it was written, or is now.
func (c *content) replaced(t *typesetter) int {
	n := min(len(c.infos), len(t.infos))
	for m := range n {
		if c.infos[m].Segment != t.infos[m].Segment {
			n = m
			break
		}
	}
	return sort.Search(min(c.shown, len(c.paras)), func(i int) bool { return c.paras[i].message >= n })
}

// text is what is shown of a paragraph.
func (c *content) text(i int) string {
	if c.growing(i) {
		return c.paras[i].Text + Caret
	}
	return strings.TrimRight(c.paras[i].Text, " \t\r\n") // code that is shown as it was written may end in empty lines
}

// growing reports whether a paragraph is the one that is being written.
func (c *content) growing(i int) bool {
	return c.writing && i == c.shown-1 && !c.paras[i].mine && c.paras[i].part != foldPart
}

// kind is the widget that a paragraph takes. One that grows is plain: it is laid
// out once it is done. So is all of an answer that the user wants to see as it
// was written.
func (c *content) kind(i int) blockKind {
	switch x := c.paras[i]; {
	case x.part == foldPart:
		return foldKind
	case x.part == thoughtPart:
		return thoughtKind
	case c.boxed(i):
		return codeKind
	case c.chat && !x.mine && !c.growing(i) && !c.asWritten(i) && formatted(x.Text):
		return richKind
	}
	return proseKind
}

// boxed reports whether a paragraph is a block of code, and shown as one.
func (c *content) boxed(i int) bool { return c.paras[i].code && !c.asWritten(i) }

// asWritten reports whether a paragraph is of an answer that is shown as it was written.
func (c *content) asWritten(i int) bool {
	m := c.paras[i].message
	return len(c.plain) > 0 && m < len(c.infos) && c.plain[c.infos[m].Segment]
}

// ends reports whether a message ends with paragraph i.
func (c *content) ends(i int) bool {
	return i == c.shown-1 || c.paras[i+1].message != c.paras[i].message
}
