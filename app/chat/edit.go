package chat

import (
	"context"
	"slices"
	"strings"

	"tern/app/settings"
)

// index is the place of a segment in d, -1 if it is not there.
func (d document) index(id int) int {
	return slices.IndexFunc(d.segments, func(s *segment) bool { return s.id == id })
}

// message returns the place of the message that segment i belongs to: what one
// author wrote in a row.
func (d document) message(i int) (first, end int) {
	author := d.segments[i].author
	for first = i; first > 0 && d.segments[first-1].author == author; {
		first--
	}
	for end = i + 1; end < len(d.segments) && d.segments[end].author == author; {
		end++
	}
	return first, end
}

// upTo returns the first n segments of d, of which the last answer will be
// written next.
func (d document) upTo(n int) document {
	return document{segments: slices.Clip(d.segments[:n]), answer: n}
}

// Edit gives the message that a segment belongs to another text, as a new
// version of it. What follows is kept behind the old version; behind the new one
// it is too, unless answer asks for a new answer to it.
func (c *Controller) Edit(segment int, text string, answer bool, g settings.Generation) {
	c.alter(func() {
		i := c.conv.document.index(segment)
		if text = strings.TrimSpace(text); i < 0 || text == "" {
			return
		}
		first, end := c.conv.document.message(i)
		head := c.conv.document.upTo(first)
		s := head.behind(c.newID(), c.conv.document.segments[i].author, text)
		s.by = c.conv.document.segments[i].by.edited()
		d := head.with(s)
		if answer && s.author == User {
			d.answer = len(d.segments)
			c.answer(d, g)
			return
		}
		d.segments = append(d.segments, c.conv.document.segments[end:]...)
		d.answer = lastAnswer(d.segments)
		c.revise(d)
		c.rest()
	})
}

// Remove takes the message that a segment belongs to out of the conversation. What
// follows stays, and Undo brings the message back.
func (c *Controller) Remove(segment int) {
	c.alter(func() {
		i := c.conv.document.index(segment)
		if i < 0 {
			return
		}
		first, end := c.conv.document.message(i)
		d := c.conv.document.upTo(first)
		d.segments = append(d.segments, c.conv.document.segments[end:]...)
		d.answer = lastAnswer(d.segments)
		c.revise(d)
		c.rest()
	})
}

// behind makes a message that stands behind d.
func (d document) behind(id int, author Author, text string) *segment {
	s := &segment{id: id, author: author, vocab: unknown}
	s.separate(d)
	s.text.WriteString(text)
	return s
}

// RetryAt writes the answer that a segment belongs to again, as a new version.
// What followed the old one is kept behind it.
func (c *Controller) RetryAt(segment int, g settings.Generation) {
	c.alter(func() {
		i := c.conv.document.index(segment)
		if i < 0 || c.engine == nil {
			return
		}
		first, end := c.conv.document.message(i)
		if c.conv.document.segments[i].author == User {
			first = end
		}
		c.answer(c.conv.document.upTo(first), g)
	})
}

// Passage is a piece of a story: where it begins, in bytes, and what it says.
// Whoever changes one names all of it, since the story may be another one by the
// time that the change is made.
type Passage struct {
	ID   string // of the conversation
	From int
	Text string
}

// holds tells if the open conversation says what a passage says, where it says it.
func (c *Controller) holds(p Passage) bool {
	all := c.conv.document.text()
	return c.conv.id == p.ID && p.From >= 0 && p.From <= len(all) && strings.HasPrefix(all[p.From:], p.Text)
}

// Splice replaces a passage by text, as a new version. What follows stays.
// Where the open conversation does not hold the passage, nothing is changed.
func (c *Controller) Splice(at Passage, text string) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.end(c.conv)
		if d, ok := c.conv.document.splice(c.newID(), at.From, at.From+len(at.Text), text); ok {
			c.revise(d)
			c.rest()
		}
	})
}

// ContinueAt replaces a passage and everything behind it by text, and continues
// that. What followed is kept as the other version. Where the open conversation
// does not hold the passage, nothing is changed.
func (c *Controller) ContinueAt(at Passage, text string, g settings.Generation) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.end(c.conv)
		if d, ok := c.conv.document.splice(c.newID(), at.From, len(c.conv.document.text()), text); ok {
			d.answer = len(d.segments)
			c.answer(d, g)
		}
	})
}

// splice replaces the bytes from up to to by text. The segments that it touches
// become one.
func (d document) splice(id, from, to int, text string) (document, bool) {
	size := len(d.text())
	if from < 0 || from > to || to > size || d.text()[from:to] == text {
		return d, false
	}
	first, before := len(d.segments), "" // of the touched ones, and what of it stays
	last, after := -1, ""
	at := 0
	for i, s := range d.segments {
		t := s.text.String()
		end := at + len(t)
		touched := end > from && at < to
		if from == to {
			touched = at < from && from <= end || from == 0 && i == 0
		}
		if touched {
			if i < first {
				first, before = i, t[:max(0, from-at)]
			}
			last, after = i, t[min(len(t), max(0, to-at)):]
		}
		at += len(t)
	}
	if last < 0 {
		first = len(d.segments)
	}
	out := document{segments: slices.Clip(d.segments[:first])}
	if whole := before + text + after; whole != "" {
		s := &segment{id: id, author: User, vocab: unknown}
		if last >= 0 {
			s.author, s.by = d.segments[last].author, d.segments[last].by.edited()
		}
		s.text.WriteString(whole)
		out = out.with(s)
	}
	if last >= 0 {
		out.segments = append(out.segments, d.segments[last+1:]...)
	}
	out.answer = lastAnswer(out.segments)
	return out, true
}
