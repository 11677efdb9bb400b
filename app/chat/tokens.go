package chat

import (
	"context"
	"math"
	"slices"
	"strings"

	"tern/app/settings"
	"tern/inference"
	"tern/tokenizer"
)

// alternatives is how many of the most likely tokens are kept for each token.
const alternatives = 10

// Token is one token of an answer and what the model thought of it, at
// temperature 1 and before any other setting. It is never changed.
type Token struct {
	Segment, Index int    // its segment, and its place among the tokens of that
	Text           string // what it adds to the text; empty for a part of a character
	Prob           float64
	Rank           int     // 1 is the most likely token
	Surprise       float64 // bits
	Entropy        float64 // of the whole distribution, in bits
	Top            []Alternative

	id int32
}

// Alternative is a token that could have stood in the place of another.
type Alternative struct {
	ID   int32
	Text string // empty where the text would have ended
	Prob float64
}

// Choosable tells if Choose can put the alternative into the text: it is no
// control token and no part of a character.
func (a Alternative) Choosable() bool { return a.Text != "" && !strings.Contains(a.Text, "\uFFFD") }

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
	first, end := c.conv.document.run(id)
	for _, s := range c.conv.document.segments[first:end] {
		missing = missing || len(s.tokens) == 0 && s.text.Len() > s.lead
		if tokens == nil {
			tokens = slices.Clip(s.tokens)
		} else {
			tokens = append(tokens, s.tokens...)
		}
	}
	return tokens, missing && c.jobOf(c.conv) == nil
}

// run returns where the answer begins and ends that a segment belongs to, the
// last one if it belongs to none.
func (d document) run(id int) (first, end int) {
	if i := d.index(id); i >= 0 && d.segments[i].author == Model {
		return d.message(i)
	}
	end = len(d.segments)
	for end > 0 && d.segments[end-1].author != Model {
		end--
	}
	for first = end; first > 0 && d.segments[first-1].author == Model; {
		first--
	}
	return first, end
}

// note keeps a token that was added, and what the model thought of it. It is
// called with the lock held.
func (s *segment) note(tok tokenizer.Tokenizer, id int32, text string, c inference.Choice) {
	t := Token{
		Segment: s.id, Index: len(s.tokens), Text: text, id: id,
		Prob: c.Prob(), Rank: c.Rank, Surprise: c.Surprise(), Entropy: c.Entropy, Top: make([]Alternative, len(c.Top)),
	}
	for i, a := range c.Top {
		t.Top[i] = Alternative{a.ID, tokenizer.Text(tok, a.ID), a.Prob()}
	}
	s.tokens = append(s.tokens, t)
}

// adopt takes over the tokens of a segment that this one replaces.
func (s *segment) adopt(tokens []Token) {
	for _, t := range tokens {
		t.Segment = s.id
		s.tokens = append(s.tokens, t)
	}
}

// idsUpTo returns the ids of the first n segments, with what makes the model
// write behind them.
func (c *Controller) idsUpTo(n int) ([]int32, error) {
	d := c.conv.document.upTo(n)
	if c.conv.mode == ChatMode {
		return c.messageIDs(c.conv, d)
	}
	if ids := d.prompt(c.engine.Tokenizer(), c.vocab); len(ids) > 0 {
		return ids, nil
	}
	return start(c.engine.Tokenizer()), nil
}

// Examine computes what Answer misses of a segment. It is done beside nothing else: while
// a command runs it is refused, and the next command ends it.
func (c *Controller) Examine(id int) {
	c.aside(func(ctx context.Context) {
		first, end := c.conv.document.run(id)
		if c.engine == nil || first == end {
			return
		}
		segments := slices.Clone(c.conv.document.segments[first:end])
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
				if s.vocab != c.vocab {
					return
				}
				at += len(s.ids)
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
		found := make([]*segment, len(segments)) // only their tokens
		for j, s := range segments {
			found[j] = &segment{id: s.id}
		}
		err = looks.Choices(ctx, ids, from, alternatives, func(pos int, choice inference.Choice) error {
			for pos >= ends[i] {
				i++
			}
			found[i].note(tok, ids[pos], stream.Push(ids[pos]), choice)
			return ctx.Err()
		})
		if err != nil {
			return // another command ended it, or the model cannot: nothing is known
		}
		c.change(func(*View) {
			for j, s := range segments {
				s.tokens = found[j].tokens
			}
		})
	})
}

// Choose writes another version of an answer: the same up to a token of it, then
// the token id instead, then what the model makes of that.
func (c *Controller) Choose(at Token, id int32, g settings.Generation) {
	c.alter(func() {
		i := slices.IndexFunc(c.conv.document.segments, func(s *segment) bool { return s.id == at.Segment })
		if i < 0 || c.engine == nil {
			return
		}
		s, tok := c.conv.document.segments[i], c.engine.Tokenizer()
		text := tokenizer.Text(tok, id)
		if s.vocab != c.vocab || at.Index < 0 || at.Index >= len(s.tokens) || !(Alternative{Text: text}).Choosable() {
			return
		}
		if i == 0 && at.Index == 0 && tok.StripsLeadingSpace() {
			text = strings.TrimPrefix(text, " ") // as the stream of an answer does
		}
		b := &segment{id: c.newID(), author: Model, lead: s.lead, vocab: s.vocab, by: s.by.edited()}
		b.text.WriteString(s.text.String()[:s.lead])
		for n, t := range s.tokens[:at.Index] {
			t.Segment, t.Index = b.id, n
			b.tokens = append(b.tokens, t)
			b.ids = append(b.ids, t.id)
			b.text.WriteString(t.Text)
		}
		t := s.tokens[at.Index]
		t.Segment, t.Text, t.id = b.id, text, id
		t.Prob, t.Rank, t.Surprise = 0, 0, math.Inf(1)
		for n, a := range t.Top {
			if a.ID == id {
				t.Prob, t.Rank, t.Surprise = a.Prob, n+1, -math.Log2(a.Prob)
			}
		}
		b.tokens, b.ids = append(b.tokens, t), append(b.ids, id)
		b.text.WriteString(text)
		d := c.conv.document.upTo(i).with(b)
		d.answer = i
		c.answer(d, g)
	})
}
