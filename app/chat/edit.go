package chat

import (
	"context"
	"strings"

	"tern/app/settings"
)

// Edit gives the message that a segment belongs to another text, as a new
// version of it. What follows is kept after the old version, and after the new one
// too unless answer asks for a new answer to it.
func (c *Controller) Edit(segment int, text string, answer bool, g settings.Generation) {
	c.alter(func() {
		i := c.conv.document.Index(segment)
		if text = strings.TrimSpace(text); i < 0 || text == "" {
			return
		}
		answer = answer && c.conv.document.Segments[i].Author == User
		d := c.conv.document.Edited(i, c.newID(), text, answer)
		if answer {
			c.answer(d, g)
			return
		}
		c.revise(d)
		c.rest()
	})
}

// Remove takes the message that a segment belongs to out of the conversation. What
// follows stays, and Undo brings the message back.
func (c *Controller) Remove(segment int) {
	c.alter(func() {
		i := c.conv.document.Index(segment)
		if i < 0 {
			return
		}
		c.revise(c.conv.document.Without(i))
		c.rest()
	})
}

// RetryAt writes the answer that a segment belongs to again, as a new version.
// What followed the old one is kept after it.
func (c *Controller) RetryAt(segment int, g settings.Generation) {
	c.alter(func() {
		i := c.conv.document.Index(segment)
		if i < 0 || c.model == nil {
			return
		}
		first, end := c.conv.document.Message(i)
		if c.conv.document.Segments[i].Author == User {
			first = end
		}
		c.answer(c.conv.document.UpTo(first), g)
	})
}

// holds tells if the open conversation says what a passage says, where it says it.
func (c *Controller) holds(p Passage) bool {
	return c.conv.id == p.ID && c.conv.document.Holds(p)
}

// Splice replaces a passage by text, as a new version. What follows stays.
// Where the open conversation does not hold the passage, nothing is changed.
func (c *Controller) Splice(at Passage, text string) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.end(c.conv)
		if d, ok := c.conv.document.Splice(c.newID(), at.From, at.From+len(at.Text), text); ok {
			c.revise(d)
			c.rest()
		}
	})
}

// ContinueAt replaces a passage and everything after it by text, and continues
// that. What followed is kept as the other version. Where the open conversation
// does not hold the passage, nothing is changed.
func (c *Controller) ContinueAt(at Passage, text string, g settings.Generation) {
	c.do(func(context.Context) {
		if !c.holds(at) {
			return
		}
		c.end(c.conv)
		if d, ok := c.conv.document.Splice(c.newID(), at.From, len(c.conv.document.Text()), text); ok {
			d.Answer = len(d.Segments)
			c.answer(d, g)
		}
	})
}
