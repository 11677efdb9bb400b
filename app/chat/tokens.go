package chat

import (
	"context"
	"slices"
	"strings"

	"tern/app/chat/document"
	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

// alternatives is how many of the most likely tokens are kept for each token.
const alternatives = 10

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

// figures makes the figures of a token.
func figures(tok tokenizer.Tokenizer, id int32, text string, c inference.Choice) document.Token {
	t := Token{
		ID: id, Text: text, Prob: c.Prob(), Rank: c.Rank, Surprise: c.Surprise(), Entropy: c.Entropy,
		Top: make([]Alternative, len(c.Top)),
	}
	for i, a := range c.Top {
		t.Top[i] = Alternative{ID: a.ID, Text: tokenizer.Text(tok, a.ID), Prob: a.Prob()}
	}
	return t
}

// idsUpTo returns the ids of the first n segments, with what makes the model
// write behind them.
func (c *Controller) idsUpTo(n int) ([]int32, error) {
	d := c.conv.document.UpTo(n)
	if c.conv.mode == ChatMode {
		return c.messageIDs(c.conv, d)
	}
	if ids := encode(d, c.engine.Tokenizer(), c.vocab); len(ids) > 0 {
		return ids, nil
	}
	return start(c.engine.Tokenizer()), nil
}

// Examine computes what Answer misses of a segment. It is done beside nothing else: while
// a command runs it is refused, and the next command ends it.
func (c *Controller) Examine(id int) {
	c.aside(func(ctx context.Context) {
		first, end := c.conv.document.AnswerOf(id)
		if c.engine == nil || first == end {
			return
		}
		segments := slices.Clone(c.conv.document.Segments[first:end])
		before, err := c.idsUpTo(first)
		if err != nil {
			return
		}
		ids, err := c.idsUpTo(end)
		from := len(before)
		if err != nil || from < 1 || from >= len(ids) || !slices.Equal(ids[:from], before) {
			return
		}
		// Which ids belong to which segment.
		ends := []int{len(ids)}
		if len(segments) > 1 {
			ends = ends[:0]
			at := from
			for _, s := range segments {
				if s.Vocab != c.vocab {
					return
				}
				at += len(s.IDs)
				ends = append(ends, at)
			}
			if at != len(ids) {
				return
			}
		}
		session, err := c.engine.Session(c.generation)
		if err != nil || len(ids) > session.Context() {
			return
		}
		looks, able := session.(chooser)
		if !able {
			return
		}
		tok := c.engine.Tokenizer()
		stream := tokenizer.NewStream(tok, len(before) <= 1)
		i := 0
		found := make([]*document.Segment, len(segments)) // only their tokens
		for j, s := range segments {
			found[j] = &document.Segment{ID: s.ID}
		}
		err = looks.Choices(ctx, ids, from, alternatives, func(pos int, choice inference.Choice) error {
			for pos >= ends[i] {
				i++
			}
			found[i].Note(figures(tok, ids[pos], stream.Push(ids[pos]), choice))
			return ctx.Err()
		})
		if err != nil {
			return // another command ended it, or the model cannot: nothing is known
		}
		c.change(func(*View) {
			for j, s := range segments {
				s.Tokens = found[j].Tokens
			}
		})
	})
}

// Choose writes another version of an answer: the same up to a token of it, then
// the token id instead, then what the model makes of that.
func (c *Controller) Choose(at Token, id int32, g settings.Generation) {
	c.alter(func() {
		d := c.conv.document
		i := d.Index(at.Segment)
		if i < 0 || c.engine == nil {
			return
		}
		s, tok := d.Segments[i], c.engine.Tokenizer()
		text := tokenizer.Text(tok, id)
		if s.Vocab != c.vocab || at.Index < 0 || at.Index >= len(s.Tokens) || !(Alternative{Text: text}).Choosable() {
			return
		}
		if i == 0 && at.Index == 0 && tok.StripsLeadingSpace() {
			text = strings.TrimPrefix(text, " ") // as the stream of an answer does
		}
		c.answer(d.Chosen(i, at, c.newID(), id, text), g)
	})
}
