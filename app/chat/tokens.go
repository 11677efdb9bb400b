package chat

import (
	"context"

	"tern/app/settings"
)

// SetInspect says whether answers are written with the figures of their tokens,
// from the next one on. They cost time, with a large vocabulary the more.
func (c *Controller) SetInspect(on bool) {
	c.mu.Lock()
	c.inspect = on
	c.mu.Unlock()
}

// Answer returns the tokens of the answer that a segment belongs to, of the last
// one if it belongs to none, as far as their figures are known. missing says that
// there is more of it, which Examine would find out. The tokens of a snapshot are
// those of the next one too, as long as the answer only grows.
func (c *Controller) Answer(id int) (tokens []Token, missing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	tokens, missing = c.conv.document.Tokens(id)
	return tokens, missing && c.jobOf(c.conv) == nil
}

// Written tells how the answer that a segment belongs to was written, the last
// one if it belongs to none: one entry for each time that the model was asked, in order.
func (c *Controller) Written(segment int) []Written {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conv.document.Written(segment, c.conv.mode)
}

// Examine computes what Answer misses of a segment. It is done beside nothing else: while
// a command runs it is refused, and the next command ends it.
func (c *Controller) Examine(id int) {
	c.aside(func(ctx context.Context) {
		d := c.conv.document
		first, end := d.AnswerOf(id)
		if c.model == nil || c.model.Local == nil || first == end {
			return
		}
		found := c.model.Local.Examine(ctx, c.prompt(c.conv, d), first, end, c.generation)
		if found == nil {
			return
		}
		c.change(func(*View) {
			for i, s := range d.Segments[first:end] {
				s.Tokens = nil
				for _, t := range found[i] {
					s.Note(t)
				}
			}
		})
	})
}

// Choose writes another version of an answer: the same up to a token of it, then
// the token id instead, then what the model makes of that.
func (c *Controller) Choose(at Token, id int32, g settings.Generation) {
	c.alter(func() {
		if c.model == nil || c.model.Local == nil {
			return
		}
		if d, ok := c.model.Local.Choose(c.conv.document, at, id, c.newID()); ok {
			c.answer(d, g)
		}
	})
}
